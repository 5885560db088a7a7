import { expect, test } from "vitest";
import { type OpenModelDeps, openModel } from "../../../packages/core/src/model/open.ts";
import type { ModelChoice } from "../../../packages/core/src/model/resolve.ts";
import { createTransport } from "../../../packages/core/src/model/transport.ts";
import { startModelServer, text } from "../../kit/model-server.ts";
import { ask, lastEvent, noon } from "./support.ts";

async function opened(
  choice: Partial<Extract<ModelChoice, { kind: "endpoint" }>> = {},
  deps: Partial<OpenModelDeps> = {},
) {
  const server = await startModelServer(() => text("Hello"));
  const transport = createTransport();
  const model = openModel(
    {
      kind: "resolved",
      choice: { kind: "endpoint", model: "test-model", baseURL: server.baseURL, reason: "test", ...choice },
    },
    {
      clock: { now: () => noon },
      makeId: () => "id",
      transport,
      artefacts: {
        cacheFolder: "",
        environment: {},
        consent: "never",
        sources: [],
      } as unknown as OpenModelDeps["artefacts"],
      gpu: false,
      ...deps,
    },
  );
  return {
    model,
    server,
    async [Symbol.asyncDispose]() {
      await transport.close();
      await server.close();
    },
  };
}

test("an endpoint is spoken to over the API its provider is said to speak", async () => {
  await using chat = await opened();
  expect(await lastEvent(chat.model, ask("Hi"))).toMatchObject({ reason: "stop" });
  expect(chat.server.requests.map(({ path }) => path)).toEqual(["/v1/chat/completions"]);

  await using responses = await opened({ api: "responses" });
  expect(await lastEvent(responses.model, ask("Hi"))).toMatchObject({ reason: "stop" });
  expect(responses.server.requests.map(({ path }) => path)).toEqual(["/v1/responses"]);
});

test("a server on this machine is not probed: it is known by its models, and may take minutes to load one", async () => {
  const cards = { read: async () => undefined, write: async () => {} };
  await using local = await opened({}, { cards });
  await lastEvent(local.model, ask("Hi"));
  expect(local.server.requests).toHaveLength(1);
});

test("a resolution that failed is a model that answers with the failure", async () => {
  const failure = { code: "model_unavailable", message: "There is no model.", hint: "Run `chingu setup`." };
  const model = openModel({ kind: "failed", failure }, {} as OpenModelDeps);
  expect(await lastEvent(model, ask("Hi"))).toEqual({ type: "failed", error: { ...failure, retryable: false } });
});
