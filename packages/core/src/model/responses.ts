import type { ResponseCreateParams } from "openai/resources/responses/responses";
import { toValidUnicode } from "../text/index.ts";
import { createApiModel, type EndpointOptions, profileFor } from "./api-model.ts";
import type { ChatModel, ModelRequest } from "./chat-model.ts";
import type { Profile } from "./profile.ts";
import { readResponse } from "./read-response.ts";
import { toInput, toResponsesTools } from "./responses-input.ts";

/**
 * A model behind the Responses API. Nothing is kept at the endpoint: each request carries the whole thread, and sealed
 * reasoning of this model goes back with it (rule 28). The contract is `ChatModel`'s; it never retries by itself.
 */
export function createResponsesModel(options: EndpointOptions): ChatModel {
  const profile = profileFor(options);
  const { model, makeId } = options;
  return createApiModel(options, profile, {
    send: (client, request, { stream, signal }) =>
      client.responses.create(toBody(request, { model, stream, profile }), { signal }).asResponse(),
    reader: () => readResponse({ makeId, model }),
  });
}

interface BodyOptions {
  readonly model: string;
  readonly stream: boolean;
  readonly profile: Profile;
}

/** The request body; what changes stands last (rule 30). */
function toBody(request: ModelRequest, { model, stream, profile }: BodyOptions): ResponseCreateParams {
  const { toolChoice, maxOutputTokens, temperature, outputSchema } = request;
  const tools = profile.tools ? request.tools : [];
  const effort = profile.reasoningEffort.find((level) => level === request.reasoningEffort);
  return {
    model,
    stream,
    store: false,
    ...(profile.sealedReasoning && { include: ["reasoning.encrypted_content" as const] }),
    ...(request.system !== "" && { instructions: toValidUnicode(request.system) }),
    ...(tools.length > 0 && { tools: toResponsesTools(tools) }),
    input: toInput(request.messages, { ...profile, model }),
    ...(tools.length > 0 && {
      tool_choice: typeof toolChoice === "string" ? toolChoice : { type: "function" as const, name: toolChoice.tool },
      ...(profile.parallelToolCalls !== undefined && { parallel_tool_calls: profile.parallelToolCalls }),
    }),
    ...(maxOutputTokens !== undefined && { max_output_tokens: maxOutputTokens }),
    ...(temperature !== undefined && profile.temperature && { temperature }),
    ...(effort && { reasoning: { effort } }),
    ...(outputSchema &&
      profile.structuredOutput && { text: { format: { type: "json_schema", name: "answer", ...outputSchema } } }),
  } as ResponseCreateParams;
}
