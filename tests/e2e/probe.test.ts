import { expect, test } from "vitest";
import { freshMachine } from "../kit/cli.ts";
import { startModelServer, text } from "../kit/model-server.ts";

test("models probe asks the endpoint what it takes, and says it as JSON too", async () => {
  await using server = await startModelServer(() => text("OK"));
  await using machine = await freshMachine({ OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: "key" });
  const probed = await machine.run(["models", "probe", "test-model", "--output", "json"]);
  expect(probed).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(probed.stdout)).toMatchObject([{ model: "test-model", baseURL: server.baseURL, profile: {} }]);
  expect(server.requests.length).toBeGreaterThan(0);
});

test("models probe of an endpoint that is down is exit 5 with the way out", async () => {
  await using machine = await freshMachine({ OPENAI_BASE_URL: "http://127.0.0.1:9/v1", OPENAI_API_KEY: "key" });
  const probed = await machine.run(["models", "probe", "test-model"]);
  expect(probed).toMatchObject({ exitCode: 5, stdout: "" });
  expect(probed.stderr).toContain("chingu doctor");
});
