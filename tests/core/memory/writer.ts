import { openThreadStore } from "../../../packages/core/src/memory/open.ts";
import { message } from "./messages.ts";

// A process that appends and says on stdout, line by line, which numbers it was promised: `writer.ts URL COUNT WHO`.
const [url = "", count = "0", who = ""] = process.argv.slice(2);
const clock = { now: () => Date.now() };
const makeId = () => crypto.randomUUID();
const store = await openThreadStore(url, { clock, makeId, home: "/nowhere" }, new AbortController().signal);
for (let n = 0; n < Number(count); n++) {
  const { seq } = await store.append({ namespace: "default", id: "t" }, [message(`${who}${n}`, "x")]);
  process.stdout.write(`${seq}\n`);
}
await store.close();
