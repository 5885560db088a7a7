import type { Usage } from "../protocol/index.ts";
import type { Capabilities } from "./chat-model.ts";

/** How providers say that a request is larger than the model's context. A new one is a row here and a line in the test. */
const patterns: readonly { readonly provider: string; readonly pattern: RegExp }[] = [
  { provider: "OpenAI, Azure (code)", pattern: /context_length_exceeded/i },
  { provider: "OpenAI, vLLM, DeepSeek, OpenRouter", pattern: /maximum context length/i },
  { provider: "vLLM", pattern: /longer than the maximum model length/i },
  { provider: "OpenAI (Responses)", pattern: /exceeds the context window/i },
  { provider: "llama.cpp", pattern: /exceeds? the available context size|exceed_context_size_error/i },
  { provider: "LM Studio", pattern: /greater than the context length|context the overflows/i },
  { provider: "Anthropic", pattern: /prompt is too long|exceed context limit/i },
  { provider: "Gemini", pattern: /input token count.{0,40}exceeds the maximum number of tokens/i },
  { provider: "Mistral", pattern: /too large for model with \d+ maximum context/i },
  { provider: "Groq", pattern: /reduce the length of the messages/i },
  { provider: "xAI", pattern: /maximum prompt length is \d+/i },
  { provider: "Together, TGI", pattern: /`?inputs`? tokens \+ `?max_new_tokens`? must be/i },
  { provider: "TGI", pattern: /`?inputs`? must have less than \d+ tokens/i },
  { provider: "Bedrock", pattern: /input is too long for requested model/i },
  { provider: "Ollama", pattern: /prompt (is )?too long|exceed(s|ed)? (the )?(max(imum)? )?context (length|size)/i },
  { provider: "SGLang, vLLM", pattern: /input length .{0,60}exceeds .{0,40}(maximum|allowed|context) /i },
  { provider: "Cohere", pattern: /too many tokens: (size limit|total number)/i },
  { provider: "Kimi", pattern: /exceeded model token limit/i },
  { provider: "GitHub Models, Copilot", pattern: /prompt token count of \d+ exceeds the limit|tokens_limit_reached/i },
  { provider: "MiniMax, Z.ai", pattern: /context window exceeds limit|model_context_window_exceeded/i },
  { provider: "Naver HyperCLOVA X", pattern: /too many tokens?.{0,20}(input|prompt)|context length exceeded/i },
];

/** Statuses under which an overflow is reported. Not 429: "too many tokens per minute" is no overflow. */
const statuses = new Set([400, 413, 422, 500]);

/** Whether an error says that the request does not fit the model's context. Without a status it came inside a stream. */
export function isOverflow(status: number | undefined, text: string): boolean {
  if (status === 413) return true;
  if (status !== undefined && !statuses.has(status)) return false;
  return patterns.some(({ pattern }) => pattern.test(text));
}

/**
 * Whether a request was larger than the model's window although nothing said so: some endpoints cut it silently and
 * still count what they were sent. One that counts after the cut (Ollama) cannot be caught so.
 */
export function overflowed(usage: Usage, { contextWindow }: Pick<Capabilities, "contextWindow">): boolean {
  return contextWindow !== undefined && usage.input + usage.cacheRead + usage.cacheWrite > contextWindow;
}
