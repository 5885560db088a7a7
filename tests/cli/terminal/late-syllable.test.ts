import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createComposer } from "../../../packages/cli/src/terminal/composer.ts";
import { createLateSyllable } from "../../../packages/cli/src/terminal/input/late-syllable.ts";
import { createInputParser } from "../../../packages/cli/src/terminal/input/parser.ts";
import { english } from "../../../packages/cli/src/terminal/labels.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function keyboard() {
  const sent: string[] = [];
  const composer = createComposer({ labels: english, sent: [], width: () => 40 });
  const late = createLateSyllable({
    beforeCaret: composer.beforeCaret,
    deliver(events) {
      for (const event of events) {
        const text = composer.take(event);
        if (text !== undefined) sent.push(text);
      }
    },
  });
  const parser = createInputParser(late.take);
  return { sent, composer, read: parser.write };
}

test("a syllable that comes just after the Enter that completed it is sent with its text", () => {
  const { sent, composer, read } = keyboard();
  read("안녕하세");
  read("\r");
  vi.advanceTimersByTime(10);
  read("요");
  vi.advanceTimersByTime(100);
  expect(sent).toEqual(["안녕하세요"]);
  expect(composer.state().text).toBe("");
});

test("without a late syllable Enter after Hangul sends by itself", () => {
  const { sent, read } = keyboard();
  read("안녕\r");
  vi.advanceTimersByTime(25);
  expect(sent).toEqual(["안녕"]);
});

test("after Latin text Enter does not wait", () => {
  const { sent, read } = keyboard();
  read("hello\r");
  expect(sent).toEqual(["hello"]);
});

test("what is not one lone syllable belongs to the next text", () => {
  const { sent, composer, read } = keyboard();
  read("안녕\r");
  read("다음 글");
  expect(sent).toEqual(["안녕"]);
  expect(composer.state().text).toBe("다음 글");
});
