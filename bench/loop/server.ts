// The model of the bench in a process of its own: answers at once, as the name of the model asks. Prints its port.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";

const requestSchema = z.object({ model: z.string(), messages: z.array(z.object({ role: z.string() })) });

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const { model, messages } = requestSchema.parse(JSON.parse(Buffer.concat(pieces).toString()));
    const newest = messages.findLastIndex(({ role }) => role === "user");
    void send(response, eventsOf(model, messages.length - newest - 1));
  });
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));

/** `answer`, `stream`, or `calls-N-M`: N rounds of M calls each before the answer. */
function eventsOf(model: string, since: number): string[] {
  const [kind, rounds = 0, atOnce = 1] = model.split("-").map((part, index) => (index === 0 ? part : Number(part)));
  // A round is one message of the model and one result for each of its calls.
  const round = since / (Number(atOnce) + 1);
  if (kind === "calls" && round < Number(rounds)) return callEvents(round, Number(atOnce));
  if (kind === "stream") return streamEvents;
  return kind === "thread" ? threadEvents : answerEvents;
}

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 0, model: "bench", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
const ending = (finish: string) => [
  chunk({}, finish),
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 0, model: "bench", choices: [], usage })}\n\n`,
  "data: [DONE]\n\n",
];
const textEvents = (tokens: readonly string[]) => [
  chunk({ role: "assistant", content: "" }),
  ...tokens.map((content) => chunk({ content })),
  ...ending("stop"),
];
// No two alike: a text that repeats itself is rightly stopped.
const word = (n: number) =>
  `${[n, n / 26, n / 676].map((part) => String.fromCharCode(97 + (Math.floor(part) % 26))).join("")} `;
const words = (count: number) => Array.from({ length: count }, (_, n) => word(n));
const answerEvents = textEvents(words(10));
const streamEvents = textEvents(words(1000));
const threadEvents = textEvents([words(100).join("")]);

function callEvents(round: number, atOnce: number): string[] {
  const calls = Array.from({ length: atOnce }, (_, index) => index);
  return [
    chunk({ role: "assistant", content: null }),
    ...calls.flatMap((index) => [
      chunk({
        tool_calls: [
          { index, id: `call_${round}_${index}`, type: "function", function: { name: "add", arguments: "" } },
        ],
      }),
      // Different each time: the same call with the same result over and over is rightly stopped.
      chunk({ tool_calls: [{ index, function: { arguments: `{"a":${round},"b":${index}}` } }] }),
    ]),
    ...ending("tool_calls"),
  ];
}

async function send(response: ServerResponse, events: readonly string[]): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let from = 0; from < events.length; from += 10) {
    if (from > 0) await breathe();
    response.write(events.slice(from, from + 10).join(""));
  }
  response.end();
}
