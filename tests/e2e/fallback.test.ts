import { expect, test } from "vitest";
import { freshMachine } from "../kit/cli.ts";
import { startModelServer, text } from "../kit/model-server.ts";

test("a model that cannot be had is replaced by the configured fallback, and that is said", async () => {
  await using server = await startModelServer([text("from the other")]);
  await using machine = await freshMachine();
  await machine.write(
    "home/.config/chingu/config.yaml",
    `model: down/first
providers:
  down: { baseURL: "http://127.0.0.1:9/v1" }
  up: { baseURL: "${server.baseURL}" }
fallback: [up/second]
`,
  );
  const answered = await machine.run(["-p", "hi", "--output", "json"]);
  expect(answered).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(answered.stdout)).toMatchObject({ answer: "from the other", model: "second" });
  expect(answered.stderr).toMatch(/second/);
});
