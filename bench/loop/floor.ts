import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { OpenAI } from "openai";
import type { ChatCompletionMessageParam, ChatCompletionTool } from "openai/resources/chat/completions";
import { z } from "zod";
import { type Side, type SideOptions, system } from "./side.ts";

/** A thread's messages, kept in the plainest way each store has. */
interface Log {
  load(threadId: string): Promise<ChatCompletionMessageParam[]>;
  append(threadId: string, messages: readonly ChatCompletionMessageParam[]): Promise<void>;
  close(): Promise<void>;
}

const tools: ChatCompletionTool[] = [
  {
    type: "function",
    function: {
      name: "add",
      description: "Adds two numbers.",
      parameters: z.toJSONSchema(z.object({ a: z.number(), b: z.number() })),
    },
  },
];

/** The loop one would write by hand over the `openai` SDK: streamed answers, calls side by side, a log. No more. */
export async function createFloor({ baseURL, model, memory }: SideOptions): Promise<Side> {
  const client = new OpenAI({ baseURL, apiKey: "key" });
  const log = openLog(memory);
  return {
    async turn(text, threadId) {
      const user: ChatCompletionMessageParam = { role: "user", content: text };
      const messages = [...(await log.load(threadId)), user];
      const fresh: ChatCompletionMessageParam[] = [user];
      const say = (message: ChatCompletionMessageParam) => {
        messages.push(message);
        fresh.push(message);
      };
      for (;;) {
        const { content, calls } = await ask(client, model, messages);
        say({
          role: "assistant",
          content,
          ...(calls.length > 0 && {
            tool_calls: calls.map(({ id, name, args }) => ({
              id,
              type: "function" as const,
              function: { name, arguments: args },
            })),
          }),
        });
        if (calls.length === 0) {
          await log.append(threadId, fresh);
          return content;
        }
        const results = await Promise.all(calls.map(async ({ args }) => run(args)));
        for (const [index, { id }] of calls.entries()) {
          say({ role: "tool", tool_call_id: id, content: results[index] ?? "" });
        }
      }
    },
    close: () => log.close(),
  };
}

interface Call {
  id: string;
  name: string;
  args: string;
}

async function ask(client: OpenAI, model: string, messages: readonly ChatCompletionMessageParam[]) {
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: "system", content: system }, ...messages],
    tools,
    stream: true,
    stream_options: { include_usage: true },
  });
  let content = "";
  const calls: Call[] = [];
  for await (const { choices } of stream) {
    const delta = choices[0]?.delta;
    content += delta?.content ?? "";
    for (const { index, id, function: called } of delta?.tool_calls ?? []) {
      calls[index] ??= { id: "", name: "", args: "" };
      const call = calls[index];
      call.id ||= id ?? "";
      call.name ||= called?.name ?? "";
      call.args += called?.arguments ?? "";
    }
  }
  return { content, calls };
}

function run(args: string): string {
  const { a, b } = JSON.parse(args) as { a: number; b: number };
  return String(a + b);
}

function openLog(url: string): Log {
  if (url.startsWith("sqlite:")) return sqliteLog(url.slice("sqlite:".length));
  return url.startsWith("redis:") ? redisLog(url) : memoryLog();
}

function memoryLog(): Log {
  const threads = new Map<string, ChatCompletionMessageParam[]>();
  return {
    load: async (id) => threads.get(id) ?? [],
    append: async (id, messages) => void threads.set(id, [...(threads.get(id) ?? []), ...messages]),
    close: async () => {},
  };
}

function sqliteLog(path: string): Log {
  const database = new DatabaseSync(path);
  database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  database.exec("create table if not exists message (id integer primary key, thread text, body text)");
  database.exec("create index if not exists by_thread on message (thread, id)");
  const read = database.prepare("select body from message where thread = ? order by id");
  const write = database.prepare("insert into message (thread, body) values (?, ?)");
  return {
    load: async (id) => read.all(id).map(({ body }) => JSON.parse(String(body))),
    append: async (id, messages) => {
      database.exec("begin immediate");
      for (const message of messages) write.run(id, JSON.stringify(message));
      database.exec("commit");
    },
    close: async () => database.close(),
  };
}

function redisLog(url: string): Log {
  const client = new Redis(url);
  return {
    load: async (id) => (await client.lrange(`floor:${id}`, 0, -1)).map((body) => JSON.parse(body)),
    append: async (id, messages) => {
      await client.rpush(`floor:${id}`, ...messages.map((message) => JSON.stringify(message)));
    },
    close: async () => client.disconnect(),
  };
}
