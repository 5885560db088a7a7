import type { Profile } from "./profile.ts";

/** One thing known about a kind of endpoint, a kind of model, or one at the other. Later rows win. */
export interface CapabilityRow {
  readonly what: string;
  /** Host and port, in lower case. */
  readonly host?: RegExp;
  /** The model's name in lower case, without the maker's name before a slash. */
  readonly model?: RegExp;
  readonly set: Partial<Profile>;
}

/** What is taken for granted of an endpoint nobody knows: the common denominator of Chat Completions. */
const common: Profile = {
  api: "chat",
  tools: true,
  logprobs: true,
  structuredOutput: false,
  structuredOutputWithTools: false,
  forcedTool: true,
  reasoningEffort: [],
  reasoningField: "reasoning_effort",
  sealedReasoning: false,
  replayReasoning: false,
  temperature: true,
  maxTokensField: "max_tokens",
  streamUsage: true,
  toolIds: "64-word-characters",
  systemRole: "system",
  mergeUserMessages: false,
  dialects: [],
};

export interface ModelAddress {
  readonly baseURL: string;
  readonly model: string;
}

/** What the table knows of a model at an endpoint. */
export function profileOf({ baseURL, model }: ModelAddress): Profile {
  const host = hostOf(baseURL);
  const name = bareName(model);
  const fits = (row: CapabilityRow) => (row.host?.test(host) ?? true) && (row.model?.test(name) ?? true);
  return Object.assign({}, common, ...rows.filter(fits).map(({ set }) => set));
}

/** Whether a row names the endpoint. One that none names is asked once what it takes (`probe.ts`). */
export function isKnownEndpoint(baseURL: string): boolean {
  const host = hostOf(baseURL);
  return rows.some((row) => row.host?.test(host));
}

/** `openai/gpt-5` and `GPT-5` are `gpt-5`. */
function bareName(model: string): string {
  const name = model.toLowerCase();
  return name.slice(name.lastIndexOf("/") + 1);
}

function hostOf(baseURL: string): string {
  return URL.canParse(baseURL) ? new URL(baseURL).host.toLowerCase() : "";
}

const openai = /^api\.openai\.com$/;
const openaiOrAzure = /^api\.openai\.com$|\.openai\.azure\.com$|\.(cognitiveservices|services\.ai)\.azure\.com$/;
const million = 1_000_000;

/**
 * What is known of endpoints and models, from their documentation and from the errors they give. From the general to
 * the particular: later rows win. A new quirk is a row here and a line in `tests/core/model/capability-table.test.ts`.
 */
const rows: readonly CapabilityRow[] = [
  // Endpoints.
  {
    what: "OpenAI and Azure have renamed the output limit",
    host: openaiOrAzure,
    set: { maxTokensField: "max_completion_tokens", structuredOutput: true, structuredOutputWithTools: true },
  },
  {
    what: "Mistral refuses stream_options (usage comes anyway) and checks the form of call ids",
    host: /^(api|codestral)\.mistral\.ai$/,
    set: { streamUsage: false, toolIds: "9-alphanumerics", structuredOutput: true },
  },
  {
    what: "DeepSeek refuses a thread whose reasoning does not come back",
    host: /^api\.deepseek\.com$/,
    set: { replayReasoning: true, images: false },
  },
  {
    what: "… and, while it thinks, one that names the tool to call",
    host: /^api\.deepseek\.com$/,
    set: { forcedTool: false },
  },
  {
    what: "OpenRouter has its own field for the effort",
    host: /^openrouter\.ai$/,
    set: { reasoningField: "reasoning" },
  },
  {
    what: "Groq gives no probabilities",
    host: /^api\.groq\.com$/,
    set: { logprobs: false, maxTokensField: "max_completion_tokens" },
  },
  {
    what: "Anthropic's compatible endpoint gives none either",
    host: /^api\.anthropic\.com$/,
    set: { logprobs: false },
  },
  {
    what: "Gemini's compatible endpoint",
    host: /^generativelanguage\.googleapis\.com$/,
    set: { structuredOutput: true },
  },
  {
    what: "llama.cpp makes several calls in a step only when asked to, and passes over a tool that is named",
    host: /^(127\.0\.0\.1|localhost|\[::1\]):8080$/,
    set: { parallelToolCalls: true, structuredOutput: true, forcedTool: false },
  },
  {
    what: "Ollama passes over a tool that is named, too",
    host: /^(127\.0\.0\.1|localhost|\[::1\]):11434$/,
    set: { structuredOutput: true, forcedTool: false },
  },
  {
    what: "LM Studio refuses it",
    host: /^(127\.0\.0\.1|localhost|\[::1\]):1234$/,
    set: { structuredOutput: true, forcedTool: false },
  },

  // OpenAI's models.
  { what: "GPT-3.5", model: /^gpt-3\.5/, set: { contextWindow: 16_385, images: false } },
  { what: "GPT-4o", model: /^(gpt-4o|chatgpt-4o)/, set: { contextWindow: 128_000, images: true } },
  { what: "GPT-4.1", model: /^gpt-4\.1/, set: { contextWindow: 1_047_576, images: true } },
  {
    what: "OpenAI's reasoning models take an effort, and neither temperature nor logprobs",
    model: /^(o[134]|gpt-([5-9]|\d\d))(?!.*-chat)/,
    set: {
      temperature: false,
      logprobs: false,
      images: true,
      reasoningEffort: ["low", "medium", "high"],
      maxTokensField: "max_completion_tokens",
    },
  },
  {
    what: "… and are told what to do by the developer",
    host: openaiOrAzure,
    model: /^(o[134]|gpt-([5-9]|\d\d))(?!.*-chat)/,
    set: { systemRole: "developer" },
  },
  {
    what: "… and keep their train of thought over the Responses API",
    host: openai,
    model: /^(o[134]|gpt-([5-9]|\d\d))(?!.*-chat)/,
    set: { api: "responses", sealedReasoning: true, files: true },
  },
  { what: "o1, o3, o4", model: /^o[134]/, set: { contextWindow: 200_000 } },
  { what: "the small ones read text alone", model: /^o[13]-mini/, set: { images: false } },
  {
    what: "GPT-5",
    model: /^gpt-5(?!\.)(?!.*-chat)/,
    set: { contextWindow: 400_000, reasoningEffort: ["minimal", "low", "medium", "high"] },
  },
  {
    what: "GPT-5.1",
    model: /^gpt-5\.1(?!.*-chat)/,
    set: { contextWindow: 400_000, reasoningEffort: ["none", "low", "medium", "high"] },
  },
  {
    what: "GPT-5.2 and later",
    model: /^gpt-5\.([2-9])(?!.*-chat)/,
    set: { contextWindow: 400_000, reasoningEffort: ["none", "low", "medium", "high", "xhigh"] },
  },
  {
    what: "the large windows",
    model: /^gpt-5\.([4-6])(-pro|-cyber)?(-\d{4}-\d\d-\d\d)?$/,
    set: { contextWindow: 1_050_000 },
  },
  { what: "GPT-5 and later without reasoning", model: /^gpt-5.*-chat/, set: { contextWindow: 128_000, images: true } },
  { what: "GPT-5 Pro thinks hard or not at all", model: /^gpt-5-pro/, set: { reasoningEffort: ["high"] } },
  {
    what: "gpt-oss",
    model: /^gpt-oss/,
    set: { contextWindow: 131_072, images: false, reasoningEffort: ["low", "medium", "high"] },
  },

  // Others'.
  { what: "Claude", model: /^claude-/, set: { contextWindow: 200_000, images: true } },
  {
    what: "Claude with the large window",
    model: /^claude-(opus-4-[6-9]|sonnet-4-6|opus-5|sonnet-5|fable-5|mythos)/,
    set: { contextWindow: million },
  },
  {
    what: "newer Claude models choose how they sample",
    model: /^claude-(opus-4-[7-9]|opus-5|sonnet-5|fable-5|mythos-5)/,
    set: { temperature: false },
  },
  {
    what: "Gemini",
    model: /^gemini-([2-9])/,
    set: { contextWindow: 1_048_576, images: true, reasoningEffort: ["minimal", "low", "medium", "high"] },
  },
  { what: "DeepSeek V4", model: /^deepseek-v4/, set: { contextWindow: million, forcedTool: false } },
  { what: "DeepSeek V4 with eyes", model: /^deepseek-v4.*vision/, set: { images: true } },
  { what: "DeepSeek's older names", model: /^deepseek-(chat|reasoner)$/, set: { contextWindow: 131_072 } },

  // Models that run on other people's machines, whatever serves them: their chat templates speak here.
  {
    what: "Mistral's templates check the form of call ids",
    model: /^(mistral|ministral|mixtral|codestral|devstral|magistral)/,
    set: { toolIds: "9-alphanumerics" },
  },
  {
    what: "the older templates want user and assistant in turn",
    model: /^(mixtral|mistral:?-?7b)/,
    set: { mergeUserMessages: true, images: false },
  },
  {
    what: "Gemma 1 to 3 know no tools and want user and assistant in turn",
    model: /^gemma(:|-?[123]|$)/,
    set: { tools: false, mergeUserMessages: true },
  },
  {
    what: "Gemma 1 and 2 know no system role",
    model: /^gemma(:|-?[12](?!\d)|$)/,
    set: { systemRole: "user", images: false },
  },
  { what: "Llama 3 writes calls as JSON now and then", model: /^llama-?3/, set: { dialects: ["json-text"] } },
  { what: "Llama 3 without eyes", model: /^llama-?3(\.[13])?(?!\.2)/, set: { images: false } },
  {
    what: "Hermes and Qwen leave their tags in the text where the server does not read them",
    model: /^((nous-)?hermes-?[234]|qwen-?(2\.5|3))/,
    set: { dialects: ["tagged"] },
  },
  {
    what: "Qwen2.5-Coder writes calls as JSON, bare or fenced",
    model: /^qwen-?2\.5-?coder/,
    set: { dialects: ["json-text", "tagged"], images: false },
  },
  {
    what: "… and its small ones a program in place of a call",
    model: /^qwen-?2\.5-?coder[:-](0\.5|1\.5|3)b/,
    set: { dialects: ["json-text", "tagged", "fenced-code"] },
  },
];
