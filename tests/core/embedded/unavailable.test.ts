import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../artefacts/kit.ts";
import { eventsOf, modelOf, requestOf, user } from "./kit.ts";

test("a refused download ends in one failure that says how to agree", async () => {
  const model = modelOf("small", { cacheFolder: await temporaryFolder(), consent: async () => false, offline: false });

  const events = await eventsOf(model, requestOf([user("Hi!")]));

  expect(events.at(-1)).toEqual({
    type: "failed",
    error: {
      code: "model_unavailable",
      message: expect.stringMatching(/Qwen2\.5-Coder 0\.5B \(491 MB, Apache-2\.0\)/),
      hint: expect.stringContaining("CHINGU_DOWNLOAD=1"),
      retryable: false,
    },
  });
  await model.dispose?.();
});

test("offline without weights says that the model is not there", async () => {
  const model = modelOf("default", { cacheFolder: await temporaryFolder(), offline: true });

  expect((await eventsOf(model, requestOf([user("Hi!")]))).at(-1)).toMatchObject({
    type: "failed",
    error: { code: "model_unavailable", message: expect.stringContaining("CHINGU_OFFLINE") },
  });
});

test("without the optional library the failure names it, before anything is fetched", async () => {
  const child = fork(join(import.meta.dirname, "without-library.ts"), { stdio: "inherit" });
  const [event] = await once(child, "message");

  expect(event).toMatchObject({
    type: "failed",
    error: { code: "model_unavailable", message: expect.stringContaining("node-llama-cpp"), retryable: false },
  });
});
