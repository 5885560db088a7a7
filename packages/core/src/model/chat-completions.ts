import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import { type ApiReader, createApiModel, type EndpointOptions, profileFor } from "./api-model.ts";
import { toChatMessages, toChatTools } from "./chat-messages.ts";
import type { ChatModel, ModelRequest } from "./chat-model.ts";
import { ProtocolError, ProviderError } from "./failure.ts";
import { parseWire } from "./parse-wire.ts";
import type { Profile } from "./profile.ts";
import { readAnswer } from "./read-answer.ts";
import { answerSchema } from "./wire.ts";

/** A model behind the Chat Completions API of any endpoint. The contract is `ChatModel`'s; it never retries by itself. */
export function createChatCompletionsModel(options: EndpointOptions): ChatModel {
  const profile = profileFor(options);
  return createApiModel(options, profile, {
    send: (client, request, { stream, signal }) =>
      client.chat.completions
        .create(toBody(request, { model: options.model, stream, profile }), { signal })
        .asResponse(),
    reader: () => chatReader(options, profile),
  });
}

interface BodyOptions {
  readonly model: string;
  readonly stream: boolean;
  readonly profile: Profile;
}

/** The request body. What changes from step to step stands last, so that consecutive bodies share their beginning (rule 30). */
function toBody(request: ModelRequest, { model, stream, profile }: BodyOptions): ChatCompletionCreateParams {
  const { toolChoice, maxOutputTokens, temperature, outputSchema, logprobs } = request;
  const tools = profile.tools ? request.tools : [];
  const effort = profile.reasoningEffort.find((level) => level === request.reasoningEffort);
  return {
    model,
    stream,
    ...(stream && profile.streamUsage && { stream_options: { include_usage: true } }),
    ...(tools.length > 0 && { tools: toChatTools(tools) }),
    messages: toChatMessages(request.system, request.messages, { ...profile, model }),
    ...(tools.length > 0 && {
      tool_choice:
        typeof toolChoice === "string" ? toolChoice : { type: "function", function: { name: toolChoice.tool } },
      ...(profile.parallelToolCalls !== undefined && { parallel_tool_calls: profile.parallelToolCalls }),
    }),
    ...(maxOutputTokens !== undefined && { [profile.maxTokensField]: maxOutputTokens }),
    ...(temperature !== undefined && profile.temperature && { temperature }),
    ...(effort && (profile.reasoningField === "reasoning" ? { reasoning: { effort } } : { reasoning_effort: effort })),
    ...(outputSchema &&
      profile.structuredOutput && {
        response_format: { type: "json_schema", json_schema: { name: "answer", ...outputSchema } },
      }),
    ...(logprobs !== undefined && profile.logprobs && { logprobs: true, top_logprobs: logprobs }),
  } as ChatCompletionCreateParams;
}

function chatReader({ model, makeId }: EndpointOptions, profile: Profile): ApiReader {
  const reader = readAnswer({ makeId, model, keepReasoning: profile.replayReasoning });
  return {
    finished: reader.finished,
    finish: reader.finish,
    takeEvent(data) {
      if (data === "[DONE]") return "end";
      const answer = parseWire(answerSchema, data, "a malformed stream event");
      if (answer instanceof ProtocolError) return answer;
      throwReported(answer, data);
      return reader.take(answer);
    },
    takeWhole(body) {
      const answer = parseWire(answerSchema, body, "an answer that is not valid JSON");
      if (answer instanceof ProtocolError) throw answer;
      throwReported(answer, body);
      if (!answer.choices) throw new ProtocolError("its answer has no `choices`", { wrongAddress: true });
      return reader.take(answer);
    },
  };
}

/** An error object inside an answer whose status was good. */
function throwReported({ error }: { readonly error?: unknown }, text: string): void {
  if (error !== undefined && error !== null) throw new ProviderError(text);
}
