import type { Readable } from "node:stream";
import { createParser } from "eventsource-parser";
import { BodyTooLargeError } from "./transport.ts";

const longestEvent = 8 * 1024 * 1024;
const longestStream = 256 * 1024 * 1024;

/**
 * The `data` of server-sent events, in the batches the network brings. Ends with the body, an event that was not
 * finished by then included; rejects when the body fails, or grows beyond all reason (`BodyTooLargeError`).
 *
 * Stopping early leaves the body open: its owner closes it.
 */
export async function* readEvents(body: Readable): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let events: string[] = [];
  let tooLarge = false;
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: ({ data }) => void events.push(data),
    onError: ({ type }) => {
      tooLarge ||= type === "max-buffer-size-exceeded";
    },
  });

  let size = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (tooLarge || size > longestStream) throw new BodyTooLargeError("a stream too large to be an answer");
    if (events.length > 0) yield events;
    events = [];
  }
  parser.feed("\n\n");
  if (events.length > 0) yield events;
}
