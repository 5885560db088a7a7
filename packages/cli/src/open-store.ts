import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import {
  type FallbackNotice,
  makeId,
  openThreadStore,
  openWithFallback,
  removeIndex,
  type ThreadStore,
} from "@chingu/core";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "./io.ts";
import type { Messages } from "./language/index.ts";

export interface StorePlace {
  readonly url: string;
  /** Where the spare of a store behind a network is kept, and its index. */
  readonly folder: string;
  readonly indexFolder: string;
  readonly namespace: string;
  readonly clock: { now(): number };
  /** What to do when such a store cannot be reached. */
  readonly fallback: "none" | "embedded";
  readonly messages: Messages;
}

/**
 * Opens a store for this command; what a person must know about it stands on stderr, at the end when a screen may be
 * in the way. Throws a `StoreError`.
 */
export async function openStoreAt(place: StorePlace, io: Io): Promise<ThreadStore> {
  const { url, namespace, clock, fallback, messages } = place;
  const open = (at: string) => openThreadStore(at, { clock, makeId, home: io.home }, io.signal);
  if (!/^\s*rediss?:/i.test(url)) return closing(await open(url), io);

  const spare = join(place.folder, `unsent-${nameOf(url)}.db`);
  const held: string[] = [];
  let say = (line: string): void => void io.stderr.write(`${line}\n`);
  io.cleanup.defer(() => {
    for (const line of held) io.stderr.write(`${line}\n`);
  });
  const store = await openWithFallback({
    openStore: () => open(url),
    openSpare: () => open(`sqlite:${spare}`),
    spareExists: () =>
      access(spare).then(
        () => true,
        () => false,
      ),
    ...{ namespace, clock, beginWithSpare: fallback === "embedded" },
    onNotice: (notice) => {
      say(sanitizeLine(noticeText(notice, messages)));
      // The spare is empty now; what it held may be deleted in the store, and must not live on here.
      if (notice.kind !== "merged") return;
      const removing = removeIndex({ store: { url: notice.spare }, namespace, folder: place.indexFolder });
      io.cleanup.defer(() => removing.catch(() => undefined));
    },
  });
  say = (line) => void held.push(line);
  return closing(store, io);
}

function closing(store: ThreadStore, io: Io): ThreadStore {
  io.cleanup.defer(() => store.close());
  return store;
}

/** The same for every user and password of a server: they reach the same threads. */
function nameOf(url: string): string {
  const place = URL.canParse(url.trim()) ? new URL(url.trim()) : { host: url, pathname: "" };
  const name = `${place.host}${place.pathname.replace(/^\/$|^$/, "/0")}`;
  return createHash("sha256").update(name).digest("hex").slice(0, 12);
}

function noticeText(notice: FallbackNotice, { store: words }: Messages): string {
  if (notice.kind === "merged") return words.merged(notice.threads, notice.facts);
  return words[notice.kind](notice.failure.message, notice.spare);
}

/** What endangers threads in a store behind a network: one sentence and the way out each. */
export async function networkWarnings(store: ThreadStore, { store: words }: Messages): Promise<readonly string[]> {
  if (!store.url.startsWith("redis")) return [];
  const warnings = await store.warnings();
  return warnings.map((warning) => {
    const { message, hint } = words.warning(warning);
    return sanitizeLine(`${message} ${hint ?? ""}`);
  });
}
