import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openThreadStore } from "../../../../packages/core/src/memory/open.ts";
import type { ThreadStore } from "../../../../packages/core/src/memory/thread-store.ts";
import { startRedis, type TemporaryRedis } from "../../../kit/redis.ts";
import { best, chatter, clock, namespace, now, patient, recallOver, said, textsOf } from "./support.ts";

let redis: TemporaryRedis;
let folder: string;
beforeAll(async () => {
  [redis, folder] = await Promise.all([startRedis(), mkdtemp(join(tmpdir(), "chingu-recall-"))]);
});
afterAll(async () => {
  await Promise.all([redis.stop(), rm(folder, { recursive: true })]);
});

const urls: readonly (readonly [string, () => string])[] = [
  ["memory", () => "memory:"],
  ["SQLite", () => `sqlite:${join(folder, "chingu.db")}`],
  ["Redis", () => redis.url],
];

describe.each(urls)("over %s", (_, url) => {
  let store: ThreadStore;
  beforeAll(async () => {
    let ids = 0;
    const makeId = () => `op-${process.pid}-${++ids}`;
    store = await openThreadStore(url(), { clock, makeId, home: "" }, patient());
  });
  afterAll(() => store.close());

  test("what was said is found as soon as it is stored, in every thread, until its thread is erased", async () => {
    await using memory = await recallOver(
      { trip: ["We fly to Lisbon in March.", said("Noted.", { role: "assistant" })] },
      { store },
    );
    await chatter(store, 100);
    expect(best((await memory.search("when do we fly to Lisbon?")).passages)).toBe("trip#1");
    await memory.say("일정", "리스본 비행기는 3월 4일 오전 9시야");
    expect(best((await memory.search("리스본 비행기 몇 시지?")).passages)).toBe("일정#1");
    await store.erase({ namespace, thread: "trip" });
    expect(await memory.find("Lisbon")).toEqual([]);
    expect(await memory.find("리스본")).toEqual(["리스본 비행기는 3월 4일 오전 9시야"]);
  });
});

describe("what is found", () => {
  test.each([
    ["예약은 어디에 했어?", "성수동 식당을 예약했어"],
    ["밥", "아침밥은 먹었니"],
    ["useEffect", "useEffect에서 두 번 불린다"],
    ["한글 정규화".normalize("NFD"), "한글 정규화는 NFC로 한다"],
    ["max steps", "Set max_steps to 40 in the config"],
  ])("%s finds %s", async (query, text) => {
    await using memory = await recallOver({ one: [text] });
    await chatter(memory.store, 60);
    expect((await memory.find(query))[0]).toBe(text);
  });

  test("a question without a word to look for finds nothing", async () => {
    await using memory = await recallOver({ one: ["What was it? 그게 뭐였지?", "anything at all"] });
    for (const query of ["", "  ", "what was it?", "그게 뭐였지?", "?!"]) expect(await memory.find(query)).toEqual([]);
  });

  test("an answer that shares no word with the question is found beside it", async () => {
    await using memory = await recallOver({
      one: ["Where did the team have its summer party?", said("At the brewery by the river.", { role: "assistant" })],
    });
    await chatter(memory.store, 60);
    expect(await memory.find("summer party of the team")).toContain("At the brewery by the river.");
  });

  test("what tools gave back is found as a tool's; reasoning and what a search quoted are not", async () => {
    const quoted = said("the zebra was quoted", { role: "tool" });
    await using memory = await recallOver({
      one: [
        said("the zebra page says hello", { role: "tool" }),
        {
          ...quoted,
          parts: [
            {
              type: "tool_result",
              callId: "c",
              name: "memory_search",
              outcome: { kind: "value", content: "a zebra again" },
            },
          ],
        },
        {
          ...said("done", { role: "assistant" }),
          parts: [
            { type: "reasoning", text: "zebra, the user means" },
            { type: "text", text: "done" },
          ],
        },
      ],
    });
    const { passages } = await memory.search("zebra");
    const found = passages.flatMap(({ messages }) => messages.filter(({ text }) => text.includes("zebra")));
    expect(found.map(({ role, text }) => `${role}: ${text}`)).toEqual(["tool: the zebra page says hello"]);
  });

  test("rows that a rewind took out of the conversation are still found", async () => {
    await using memory = await recallOver({ one: ["the code word is heliotrope"] });
    await memory.store.append({ namespace, id: "one" }, [
      { type: "rewind", id: "r", at: "2026-11-20T10:00:00Z", to: 0 },
    ]);
    expect(await memory.find("heliotrope")).toEqual(["the code word is heliotrope"]);
  });

  test("another namespace's words are not", async () => {
    await using memory = await recallOver({ one: ["nothing of interest"] });
    await memory.store.append({ namespace: "other", id: "one" }, [said("the secret is heliotrope")]);
    expect(await memory.find("heliotrope")).toEqual([]);
  });

  test("a text that was said ten times is shown once", async () => {
    const copies = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`t${n}`, ["Remember: the pin of the bike is nine!"]]),
    );
    await using memory = await recallOver({
      ...copies,
      other: ["The bike has a new lock with another pin, bought in May."],
    });
    const found = await memory.find("pin of the bike", { limit: 5 });
    expect(found.filter((text) => text.startsWith("Remember"))).toHaveLength(1);
    expect(found).toContain("The bike has a new lock with another pin, bought in May.");
  });
});

test("of two texts that differ in a number alone both are shown: one may correct the other", async () => {
  await using memory = await recallOver({
    old: [said("The meeting with the bank is on Monday at 3 pm.", { at: "2026-01-01T00:00:00Z" })],
    new: [said("The meeting with the bank is on Monday at 4 pm.", { at: "2026-10-01T00:00:00Z" })],
  });
  expect(await memory.find("meeting with the bank")).toHaveLength(2);
});

describe("what comes first", () => {
  test("whose words they are decides where the question names somebody", async () => {
    await using memory = await recallOver({
      mine: ["식당은 을지로 만선호프가 좋더라"],
      yours: [said("식당은 성수동 화로구이를 추천합니다", { role: "assistant" })],
    });
    await chatter(memory.store, 60);
    expect(best((await memory.search("네가 말한 식당")).passages)).toBe("yours#1");
    expect(best((await memory.search("내가 말한 식당")).passages)).toBe("mine#1");
  });

  test("the time a question names decides, on the user's clock", async () => {
    const meeting = (at: string) => [said(`회의에서 이야기한 것: 예산 ${at.slice(5, 7)}`, { at })];
    await using memory = await recallOver({
      july: meeting("2026-07-15T03:00:00Z"),
      yesterday: meeting("2026-11-20T01:00:00Z"),
      // In Seoul this is the 20th already.
      night: [said("야근하며 정한 이름은 해오름", { at: "2026-11-19T16:00:00Z" })],
      older: [said("야근하며 정한 이름은 달맞이", { at: "2026-10-01T16:00:00Z" })],
    });
    expect(best((await memory.search("7월에 한 회의")).passages)).toBe("july#1");
    expect(best((await memory.search("어제 한 회의")).passages)).toBe("yesterday#1");
    expect(best((await memory.search("어제 야근하며 정한 이름")).passages)).toBe("night#1");
  });

  test("of two that fit alike, the newer", async () => {
    await using memory = await recallOver({
      old: [said("password of the wifi: alpha", { at: "2026-01-01T00:00:00Z" })],
      new: [said("password of the wifi: bravo", { at: "2026-10-01T00:00:00Z" })],
    });
    expect(await memory.find("wifi password")).toEqual(["password of the wifi: bravo", "password of the wifi: alpha"]);
  });
});

describe("a question can be narrowed", () => {
  const threads = {
    a: [said("budget of a", { at: "2026-05-01T00:00:00Z" })],
    b: [said("budget of b", { at: "2026-06-01T00:00:00Z" })],
  };

  test("to a thread, and to a stretch of time", async () => {
    await using memory = await recallOver(threads);
    expect(await memory.find("budget", { thread: "b" })).toEqual(["budget of b"]);
    expect(await memory.find("budget", { before: Date.parse("2026-05-15") })).toEqual(["budget of a"]);
    expect(await memory.find("budget", { after: Date.parse("2026-05-15") })).toEqual(["budget of b"]);
    expect(await memory.find("budget", { after: now })).toEqual([]);
  });

  test("to a folder", async () => {
    await using memory = await recallOver(threads);
    await memory.store.append({ namespace, id: "c" }, [said("budget of c")], { folder: "/work" });
    expect(await memory.find("budget", { folder: "/work" })).toEqual(["budget of c"]);
  });

  test("and leaves out the turn that asks", async () => {
    await using memory = await recallOver(threads);
    await memory.say(
      "a",
      said("what was the budget?", { turnId: "now" }),
      said("let me see", { role: "assistant", turnId: "now" }),
    );
    const found = await memory.find("budget", { asking: "a" });
    expect(found.toSorted()).toEqual(["budget of a", "budget of b"]);
  });
});

describe("passages", () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, n) => `filler number ${n} of many`);

  test("finds that stand at most two messages apart are one, with what lies between", async () => {
    await using memory = await recallOver({
      one: ["the kraken wakes", "hm", "the kraken sleeps", ...numbered(5), "the kraken leaves for good"],
    });
    const { passages } = await memory.search("kraken", { limit: 3 });
    expect(
      passages.map(({ messages }) => messages.map(({ seq, fits }) => `${seq}${fits ? "" : "-"}`).join(" ")).toSorted(),
    ).toEqual(expect.arrayContaining([expect.stringMatching(/^1 2-? 3$/)]));
  });

  test("a long message is shown where it has what was looked for, and says where", async () => {
    const long = `${"lorem ipsum dolor ".repeat(200)}the wifi password is heliotrope ${"sit amet ".repeat(200)}`;
    await using memory = await recallOver({ one: [long] });
    const message = (await memory.search("heliotrope", { charactersEach: 200 })).passages[0]?.messages[0];
    expect(message?.text).toMatch(/^….*the wifi password is heliotrope.*…$/);
    expect(message?.text.length).toBeLessThanOrEqual(202);
    expect(message?.matches.map(({ start, end }) => message.text.slice(start, end))).toEqual(["heliotrope"]);
  });

  test("together they take no more room than they are given", async () => {
    const texts = Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [`t${n}`, [`kraken ${String(n).repeat(300)}`]]),
    );
    await using memory = await recallOver(texts);
    const { passages } = await memory.search("kraken", { bytes: 1_000 });
    expect(passages.length).toBeGreaterThan(1);
    expect(Buffer.byteLength(textsOf(passages).join(""))).toBeLessThanOrEqual(1_000);
  });

  test("control characters of what was said do not come through", async () => {
    await using memory = await recallOver({ one: ["the kraken\u001b[2J\u202e wakes"] });
    expect(await memory.find("kraken")).toEqual(["the kraken wakes"]);
  });
});

test("a stopped search rejects with the reason it was stopped for", async () => {
  await using memory = await recallOver({ one: ["kraken"] });
  const reason = new Error("enough");
  await expect(memory.recall.search({ text: "kraken" }, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("a store that cannot be used is told as such", async () => {
  await using memory = await recallOver({ one: ["kraken"] });
  await memory.store.close();
  await expect(memory.search("kraken")).rejects.toMatchObject({ failure: { code: "store_unavailable" } });
});
