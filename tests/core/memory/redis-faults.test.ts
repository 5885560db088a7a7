import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import { StoreError, type ThreadStore } from "../../../packages/core/src/memory/thread-store.ts";
import { freePort, startRedis, type TemporaryRedis } from "../../kit/redis.ts";
import { idsOf, message, messages, textsOf } from "./messages.ts";
import { startLossyProxy } from "./proxy.ts";

const never = new AbortController().signal;
const thread = { namespace: "default", id: "t" };
const keyOf = (kind: string) => `m1:{ZGVmYXVsdA}:${kind}:dA`;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const serve = async (...args: string[]): Promise<TemporaryRedis> => {
  const server = await startRedis({ args });
  cleanups.push(() => server.stop());
  return server;
};
let ids = 0;
const open = async (url: string, signal = never): Promise<ThreadStore> => {
  const environment = { clock: { now: () => Date.now() }, makeId: () => `id-${ids++}`, home: "/nowhere" };
  const store = await openThreadStore(url, environment, signal);
  cleanups.push(() => store.close());
  return store;
};
/** A client of its own, to look and to break things. */
const administer = (server: TemporaryRedis): Redis => {
  const admin = new Redis(server.port);
  admin.on("error", () => {});
  cleanups.push(async () => admin.disconnect());
  return admin;
};
/** Something on a port that is no Redis; it never closes its side by itself. */
const listen = async (answer: (socket: Socket) => void): Promise<number> => {
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    answer(socket);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  cleanups.push(async () => void listener.close());
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
};
const failureOf = async (use: Promise<unknown>) => {
  const error = await use.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return (error as StoreError).failure;
};
const appendOne = (store: ThreadStore, n: number) => store.append(thread, [message(`m${n}`, `text ${n}`)]);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("opening Redis", () => {
  test("that is not there fails with its address and the way out", async () => {
    const port = await freePort();
    const failure = await failureOf(open(`redis://:hunter2@127.0.0.1:${port}`));
    expect(failure.code).toBe("store_unavailable");
    expect(failure.message).toContain(`127.0.0.1:${port} cannot be reached`);
    expect(failure.hint).toMatch(/Start it.*check the URL.*name no store \(CHINGU_MEMORY_URL, --memory\)/);
    expect(JSON.stringify(failure)).not.toContain("hunter2");
  });

  test("that takes the connection and says nothing fails too", async () => {
    const port = await listen(() => {});
    expect(await failureOf(open(`redis://127.0.0.1:${port}`))).toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("no answer"),
    });
  });

  test("at a port where something else answers says so", async () => {
    const port = await listen((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await failureOf(open(`redis://127.0.0.1:${port}`))).toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("does not speak Redis"),
    });
  });

  test("with a wrong password or none says which, shows neither, and the right one opens it", async () => {
    const server = await serve("--requirepass", "s3:c/r@t");
    const address = `127.0.0.1:${server.port}`;
    const wrong = await failureOf(open(`redis://:hunter2@${address}`));
    expect(wrong).toMatchObject({ code: "store_unavailable", message: expect.stringContaining("password") });
    expect(wrong.message).toContain(address);
    expect(JSON.stringify(wrong)).not.toContain("hunter2");
    expect(await failureOf(open(`redis://${address}`))).toMatchObject({ message: /asks for a password/ });
    const store = await open(`redis://:${encodeURIComponent("s3:c/r@t")}@${address}/1`);
    expect(store.url).toBe(`redis://${address}/1`);
  });

  test("with a database it does not have is refused, not answered from database 0", async () => {
    const server = await serve();
    expect(await failureOf(open(`${server.url}/999`))).toMatchObject({
      message: /out of range/,
      hint: /Check the URL/,
    });
  });

  test("stops when the caller gives up", async () => {
    const server = await serve();
    server.freeze();
    const caller = new AbortController();
    const opening = open(server.url, caller.signal);
    caller.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });
});

describe("Redis going away", () => {
  test("by kill -9 between appends loses nothing that was acknowledged, and the store goes on by itself", async () => {
    const server = await serve("--appendfsync", "always");
    const store = await open(server.url);
    for (const n of upTo(12)) {
      if (n % 4 === 3) await server.restart();
      expect(await appendOne(store, n)).toEqual({ kind: "appended", seq: n + 1 });
    }
    expect(idsOf(await store.read(thread))).toEqual(upTo(12).map((n) => `m${n}`));
  });

  test("by kill -9 in the middle of a run of appends keeps each exactly once", async () => {
    const server = await serve("--appendfsync", "always");
    const store = await open(server.url);
    for (let round = 0; round < 3; round++) {
      const appends = Promise.all(upTo(200).map((n) => appendOne(store, round * 200 + n)));
      await new Promise((resolve) => setImmediate(resolve));
      await server.restart();
      await appends;
    }
    const rows = await store.read(thread);
    expect(rows.map(({ seq }) => seq)).toEqual(upTo(600).map((n) => n + 1));
    expect(new Set(idsOf(rows)).size).toBe(600);
  });

  test("for good is a failure after a bounded wait; the same operation stores it once the server is back", async () => {
    const server = await serve("--appendfsync", "always");
    const store = await open(server.url);
    await appendOne(store, 0);
    await server.kill();
    const append = () => store.append(thread, messages(2, "x"), { op: "turn-1" });
    for (const failure of await Promise.all([failureOf(append()), failureOf(store.read(thread))])) {
      expect(failure).toMatchObject({ code: "store_unavailable", message: /cannot be reached/ });
    }
    await server.restart();
    expect(await append()).toEqual({ kind: "appended", seq: 3 });
    expect(idsOf(await store.read(thread))).toEqual(["m0", "x-0", "x-1"]);
  });

  test("without a word, the connection open but dead, is noticed, and what was sent into it is stored once", async () => {
    const server = await serve();
    const proxy = await startLossyProxy(server.port);
    cleanups.push(() => proxy.stop());
    const store = await open(`redis://127.0.0.1:${proxy.port}`);
    await appendOne(store, 0);
    proxy.deaden();
    expect(await appendOne(store, 1)).toEqual({ kind: "appended", seq: 2 });
    expect(idsOf(await store.read(thread))).toEqual(["m0", "m1"]);
  });

  test("with a reply lost on every second append doubles nothing, with or without an operation name", async () => {
    const server = await serve();
    const proxy = await startLossyProxy(server.port);
    cleanups.push(() => proxy.stop());
    const store = await open(`redis://127.0.0.1:${proxy.port}`);
    for (const n of upTo(20)) {
      if (n % 2) proxy.dropNextReply();
      const options = n % 4 === 1 ? { op: `turn ${n}`, expect: n } : {};
      expect(await store.append(thread, [message(`m${n}`, "x")], options)).toEqual({ kind: "appended", seq: n + 1 });
    }
    expect(proxy.dropped()).toBe(10);
    expect(idsOf(await store.read(thread))).toEqual(upTo(20).map((n) => `m${n}`));
  });

  test("does not break a store that is closed while it waits", async () => {
    const server = await serve();
    const store = await open(server.url);
    await server.kill();
    const waiting = [failureOf(appendOne(store, 0)), failureOf(store.read(thread))];
    await new Promise((resolve) => setTimeout(resolve, 50));
    await store.close();
    for (const failure of await Promise.all(waiting)) expect(failure.message).toMatch(/is closed/);
  });
});

describe("Redis refusing", () => {
  test("a forgotten script is sent again", async () => {
    const server = await serve();
    const store = await open(server.url);
    await appendOne(store, 0);
    await administer(server).script("FLUSH");
    expect(await appendOne(store, 1)).toEqual({ kind: "appended", seq: 2 });
  });

  test("writes on a replica: reading works, appending says where to go", async () => {
    const server = await serve();
    const store = await open(server.url);
    await appendOne(store, 0);
    await administer(server).replicaof("127.0.0.1", await freePort());
    expect(await failureOf(appendOne(store, 1))).toMatchObject({ code: "store_read_only", hint: /primary/ });
    expect(textsOf(await store.read(thread))).toEqual(["text 0"]);
  });

  test("writes without enough replicas says so", async () => {
    const server = await serve("--min-replicas-to-write", "1");
    const store = await open(server.url);
    expect(await failureOf(appendOne(store, 0))).toMatchObject({ code: "store_read_only", message: /replicas/ });
  });

  test("writes because it was demoted a moment ago is connected to anew, until it is the primary again", async () => {
    const server = await serve();
    const store = await open(server.url);
    const admin = administer(server);
    await appendOne(store, 0);
    await admin.replicaof("127.0.0.1", await freePort());
    const appended = appendOne(store, 1);
    await new Promise((resolve) => setTimeout(resolve, 250));
    await admin.call("REPLICAOF", "NO", "ONE");
    expect(await appended).toEqual({ kind: "appended", seq: 2 });
    expect(idsOf(await store.read(thread))).toEqual(["m0", "m1"]);
  });

  test("writes when its memory is full: nothing is half stored, and everything before stays readable", async () => {
    const server = await serve("--maxmemory", "4mb", "--maxmemory-policy", "noeviction");
    const store = await open(server.url);
    const batch = (n: number) => [message(`m${n}`, "가".repeat(20_000)), message(`n${n}`, "b")];
    let stored = 0;
    const full = await failureOf(
      (async () => {
        for (; stored < 200; stored++) await store.append(thread, batch(stored), { op: `op ${stored}` });
      })(),
    );
    expect(full).toMatchObject({ code: "store_full", hint: /maxmemory/ });
    expect(idsOf(await store.read(thread))).toEqual(upTo(stored).flatMap((n) => [`m${n}`, `n${n}`]));
    await administer(server).config("SET", "maxmemory", "0");
    const again = await store.append(thread, batch(stored), { op: `op ${stored}` });
    expect(again).toEqual({ kind: "appended", seq: stored * 2 + 2 });
  });

  test("writes because its disk fails says so", async () => {
    // A snapshot cannot take the place of a folder, so every attempt to save fails.
    const server = await serve("--save", "3600 1", "--dbfilename", "appendonlydir");
    const store = await open(server.url);
    const admin = administer(server);
    await appendOne(store, 0);
    await admin.bgsave();
    while (!(await admin.info("persistence")).includes("rdb_last_bgsave_status:err")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await failureOf(appendOne(store, 1))).toMatchObject({ code: "store_read_only", message: /disk/ });
  });

  test("everything while it loads its data is waited for", async () => {
    // While it loads, it looks at its connections once in 1024 commands: here about ten times a second, for long.
    const server = await serve("--key-load-delay", "100");
    const store = await open(server.url);
    await appendOne(store, 0);
    const filler = administer(server).pipeline();
    for (const n of upTo(60_000)) filler.set("other", n);
    await filler.exec();

    const restarted = server.restart();
    const admin = new Redis(server.port, { enableReadyCheck: false });
    admin.on("error", () => {});
    cleanups.push(async () => admin.disconnect());
    while (!(await admin.info("persistence")).includes("loading:1")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await failureOf(open(server.url))).toMatchObject({ code: "store_unavailable", message: /loading/ });
    const appended = appendOne(store, 1);
    await admin.config("SET", "key-load-delay", "0");
    expect(await appended).toEqual({ kind: "appended", seq: 2 });
    await restarted;
  });

  test("a user who may not write names the permission", async () => {
    const server = await serve();
    await administer(server).acl("SETUSER", "reader", "on", ">pw", "~*", "+@read", "+ping", "+hello", "+select");
    const store = await open(`redis://reader:pw@127.0.0.1:${server.port}`);
    expect(await store.read(thread)).toEqual([]);
    expect(await failureOf(appendOne(store, 0))).toMatchObject({ code: "store_unavailable", hint: /EVALSHA/ });
  });
});

describe("what others did to our keys", () => {
  test("a key of another kind is reported and not overwritten", async () => {
    const server = await serve();
    const store = await open(server.url);
    const admin = administer(server);
    await admin.set(keyOf("t"), "mine");
    for (const use of [store.read(thread), appendOne(store, 0)]) {
      expect(await failureOf(use)).toMatchObject({ code: "store_corrupt", hint: /Nothing was overwritten/ });
    }
    expect(await admin.get(keyOf("t"))).toBe("mine");
  });

  test("a header that was evicted costs the title, not the rows or their numbers", async () => {
    const server = await serve();
    const store = await open(server.url);
    await store.append(thread, messages(3, "x"), { title: "사과" });
    await administer(server).del(keyOf("h"));
    expect(await store.info(thread)).toBeUndefined();
    expect((await store.threads(thread.namespace)).threads).toEqual([]);
    expect(await appendOne(store, 0)).toEqual({ kind: "appended", seq: 4 });
    expect(await store.info(thread)).toMatchObject({ seq: 4, title: "text 0" });
    expect(await store.read(thread)).toHaveLength(4);
  });

  test("a damaged header hides no thread, and the next append mends it", async () => {
    const server = await serve();
    const store = await open(server.url);
    await store.append(thread, messages(3, "x"), { folder: "/a" });
    await administer(server).hset(keyOf("h"), { seq: "x", updated: "y", created: "z", folder: '="' });
    expect((await store.threads(thread.namespace)).threads).toMatchObject([{ id: "t", seq: 0 }]);
    expect(await appendOne(store, 0)).toEqual({ kind: "appended", seq: 4 });
    expect(await store.info(thread)).toMatchObject({ id: "t", seq: 4 });
    expect(await store.read(thread)).toHaveLength(4);
  });

  test("a thread of a newer format is refused", async () => {
    const server = await serve();
    const store = await open(server.url);
    await appendOne(store, 0);
    await administer(server).hset(keyOf("h"), "v", "2");
    expect(await failureOf(appendOne(store, 1))).toMatchObject({ code: "store_corrupt", message: /newer Chingu/ });
    expect(await store.read(thread)).toHaveLength(1);
  });
});

describe("the process", () => {
  const runWriter = async (url: string) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "writer.ts"), url, "3", "a"]);
    const said = { out: "", err: "" };
    child.stdout.on("data", (text) => {
      said.out += text;
    });
    child.stderr.on("data", (text) => {
      said.err += text;
    });
    const [code] = await once(child, "exit");
    return { code, ...said };
  };

  test("ends when the store is closed and writes nothing of its own", async () => {
    const server = await serve();
    expect(await runWriter(server.url)).toEqual({ code: 0, out: "1\n2\n3\n", err: "" });
    expect(await runWriter(`redis://:unasked@127.0.0.1:${server.port}`)).toEqual({
      code: 0,
      out: "4\n5\n6\n",
      err: "",
    });
  });

  test("ends although the server it gave up on never closes its side", async () => {
    const port = await listen(() => {});
    expect(await runWriter(`redis://127.0.0.1:${port}`)).toMatchObject({ code: 1, out: "" });
  });

  test("ends when the store cannot be opened, with that error alone", async () => {
    const { code, out, err } = await runWriter(`redis://:hunter2@127.0.0.1:${await freePort()}`);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("cannot be reached");
    expect(err).not.toContain("hunter2");
    expect(err).not.toContain("ioredis");
  });
});
