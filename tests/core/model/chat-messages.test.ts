import { describe, expect, test } from "vitest";
import { profileOf } from "../../../packages/core/src/model/capability-table.ts";
import * as chat from "../../../packages/core/src/model/chat-messages.ts";
import type { Message, Part, ToolOutcome } from "../../../packages/core/src/protocol/index.ts";
import { message, user } from "./support.ts";

const model = "test-model";
const toChatMessages = (system: string, messages: readonly Message[]) =>
  chat.toChatMessages(system, messages, { ...profileOf({ baseURL: "http://127.0.0.1/v1", model }), model });

const call = (id: string, args = "{}"): Part => ({
  type: "tool_call",
  call: { id, name: "calculate", arguments: args },
});
const result = (callId: string, outcome: ToolOutcome): Part => ({
  type: "tool_result",
  callId,
  name: "calculate",
  outcome,
});
const value = (content: string): ToolOutcome => ({ kind: "value", content });
const sentCall = (id: string, args = "{}") => ({
  id,
  type: "function",
  function: { name: "calculate", arguments: args },
});

describe("a thread is sent", () => {
  test("with text, calls and results; reasoning stays here", () => {
    expect(
      toChatMessages("Be brief.", [
        user("17*3?"),
        message("assistant", [
          { type: "reasoning", text: "Multiply." },
          { type: "text", text: "Let me calculate." },
          call("a", '{"expression":"17*3"}'),
        ]),
        message("tool", [result("a", value("51"))]),
        message("assistant", [{ type: "text", text: "51" }]),
      ]),
    ).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "17*3?" },
      { role: "assistant", content: "Let me calculate.", tool_calls: [sentCall("a", '{"expression":"17*3"}')] },
      { role: "tool", tool_call_id: "a", content: "51" },
      { role: "assistant", content: "51" },
    ]);
  });

  test("rule 24: with results in the order of the calls, from one message or several", () => {
    expect(
      toChatMessages("", [
        message("assistant", [call("a"), call("b"), call("c")]),
        message("tool", [result("c", value("3")), result("a", value("1"))]),
        message("tool", [result("b", { kind: "error", code: "timeout", message: "too slow", hint: "ask for less" })]),
      ]),
    ).toEqual([
      { role: "assistant", content: null, tool_calls: [sentCall("a"), sentCall("b"), sentCall("c")] },
      { role: "tool", tool_call_id: "a", content: "1" },
      { role: "tool", tool_call_id: "b", content: "timeout: too slow (ask for less)" },
      { role: "tool", tool_call_id: "c", content: "3" },
    ]);
  });

  test.each(["incomplete", "refused", "aborted", "failed"] as const)(
    "rule 9: without what is %s, and without the results of its calls",
    (state) => {
      expect(
        toChatMessages("", [
          user("Hi"),
          message("assistant", [{ type: "text", text: "Hel" }, call("a")], { state }),
          message("tool", [result("a", value("1"))]),
          user("Still there?"),
        ]),
      ).toEqual([
        { role: "user", content: "Hi" },
        { role: "user", content: "Still there?" },
      ]);
    },
  );

  test("rule 8: with a result for every call, also where none was recorded", () => {
    expect(toChatMessages("", [message("assistant", [call("a")]), user("Well?")])).toEqual([
      { role: "assistant", content: null, tool_calls: [sentCall("a")] },
      {
        role: "tool",
        tool_call_id: "a",
        content: "No result was recorded for this call: it may have run. Check before calling again.",
      },
      { role: "user", content: "Well?" },
    ]);
  });

  test("rule 2: with ids that every provider takes, the same for call and result, never two alike", () => {
    const long = "x".repeat(80);
    const ids = ["a:b", "a/b", long, `${long}y`];
    const sentMessages = toChatMessages("", [
      message(
        "assistant",
        ids.map((id) => call(id)),
      ),
      message(
        "tool",
        ids.map((id) => result(id, value(id))),
      ),
    ]);
    const [first, ...results] = sentMessages;
    const sent = first?.role === "assistant" ? (first.tool_calls ?? []).map(({ id }) => id) : [];
    expect(sent).toEqual(["a_b", "a_b_2", "x".repeat(64), `${"x".repeat(58)}_2`]);
    expect(results).toEqual(sent.map((id, i) => ({ role: "tool", tool_call_id: id, content: ids[i] })));
  });

  test.each([
    ["", "{}"],
    ['{"a": 1}', '{"a": 1}'],
    ['{"a": ', '{"malformed_arguments":"{\\"a\\": "}'],
    ["[1]", '{"malformed_arguments":"[1]"}'],
    ["print(1)", '{"malformed_arguments":"print(1)"}'],
  ])("rule 4: with the arguments `%s` as the object %s", (args, sent) => {
    expect(
      toChatMessages("", [message("assistant", [call("a", args)]), message("tool", [result("a", value("1"))])]),
    ).toEqual([
      { role: "assistant", content: null, tool_calls: [sentCall("a", sent)] },
      { role: "tool", tool_call_id: "a", content: "1" },
    ]);
  });

  test("in words alone to a model that knows no tools", () => {
    const gemma = "gemma-3-4b";
    const options = { ...profileOf({ baseURL: "http://127.0.0.1/v1", model: gemma }), model: gemma };
    const thread = [
      user("17*3?"),
      message("assistant", [call("a", '{"expression":"17*3"}')]),
      message("tool", [result("a", value("51"))]),
      message("assistant", [{ type: "text", text: "51" }]),
    ];
    expect(chat.toChatMessages("", thread, options)).toEqual([
      { role: "user", content: "17*3?" },
      { role: "assistant", content: 'calculate {"expression":"17*3"}' },
      { role: "user", content: "Result:\n51" },
      { role: "assistant", content: "51" },
    ]);
  });

  test("rule 29: without lone surrogates and NULs", () => {
    expect(toChatMessages("", [user("a\ud800b\u0000c")])).toEqual([{ role: "user", content: "a\ufffdb\ufffdc" }]);
  });
});
