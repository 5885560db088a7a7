import type { MakeId, ToolCall } from "../protocol/index.ts";

/** A piece of a tool call, as a stream brings it. Every field may be missing: endpoints differ. */
export interface CallFragment {
  readonly index?: number | undefined;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly arguments?: string | undefined;
}

interface OpenCall {
  readonly index: number | undefined;
  /** Its place in order of appearance. */
  readonly position: number;
  id: string | undefined;
  name: string;
  arguments: string;
}

export interface CallAssembly {
  /** Takes the next fragment and says which call it belongs to, for display. */
  add(fragment: CallFragment): { readonly position: number; readonly name: string };
  /** The calls so far, in the order of their indexes; ids are ours, the provider's is kept apart (rule 2). */
  calls(makeId: MakeId): ToolCall[];
}

/**
 * Puts tool calls together (rule 1): a fragment belongs to the call with its `index`, else to the one with its id, else
 * to the last one. Arguments stay as they came, malformed or cut (rules 3 and 4).
 *
 * Two habits of endpoints are told apart by the name, which opens a call: some give every parallel call index 0, so a
 * fragment that brings another id *and* a name opens a new call; others put a fresh id on every fragment of one call,
 * so another id alone does not. Whole calls without index and id likewise open by their name.
 */
export function assembleCalls(): CallAssembly {
  const open: OpenCall[] = [];

  function find({ index, id, name }: CallFragment): OpenCall | undefined {
    if (index !== undefined) {
      const call = open.findLast((one) => one.index === index);
      const another = call?.id !== undefined && id !== undefined && call.id !== id && name !== undefined;
      return another ? undefined : call;
    }
    if (id !== undefined) return open.find((one) => one.id === id);
    const last = open.at(-1);
    return last && name !== undefined && last.name !== "" ? undefined : last;
  }

  return {
    add(raw) {
      const fragment = { ...raw, id: raw.id || undefined, name: raw.name || undefined };
      let call = find(fragment);
      if (!call) {
        call = { index: fragment.index, position: open.length, id: undefined, name: "", arguments: "" };
        open.push(call);
      }
      call.id ??= fragment.id;
      // Some endpoints repeat the name on every fragment.
      call.name ||= fragment.name ?? "";
      call.arguments += fragment.arguments ?? "";
      return call;
    },
    calls: (makeId) =>
      open
        .toSorted((a, b) => (a.index ?? a.position) - (b.index ?? b.position) || a.position - b.position)
        .map(({ id, name, arguments: args }) => ({
          id: makeId(),
          name,
          arguments: args,
          ...(id !== undefined && { providerId: id }),
        })),
  };
}
