import { reveal, sanitizeLine } from "@chingu/core/text";

/** A call's arguments in a few words: the one value where there is one, else the JSON as the model wrote it. */
export function shortArguments(raw: string): string {
  const entries = parse(raw);
  const only = entries?.length === 1 ? entries[0]?.[1] : undefined;
  if (entries?.length === 0) return "";
  if (typeof only !== "string") return sanitizeLine(raw);
  const lines = only.trim().split(/\r?\n/);
  return sanitizeLine(lines[0] ?? "") + (lines.length > 1 ? " ..." : "");
}

/** A call's arguments for a person who must judge them: every character is there, the invisible ones made visible. */
export function exactArguments(raw: string): { readonly name: string; readonly value: string }[] {
  const entries = parse(raw);
  if (entries === undefined) return [{ name: "", value: reveal(raw) }];
  return entries.map(([name, value]) => ({
    name: exactName(name),
    value: reveal(typeof value === "string" ? value : JSON.stringify(value)),
  }));
}

/** A name on one row, with every character that could hide or move something made visible. */
export function exactName(name: string): string {
  return reveal(name).replaceAll("\n", "\u2424");
}

function parse(raw: string): [string, unknown][] | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  } catch {
    return undefined;
  }
}
