/** A text that a pattern is held against. */
export interface ArgumentText {
  readonly text: string;
  /** Where it leads when it is a path or an address: `.` and `..` walked, however they are written. */
  readonly place: string;
  /** It has steps upwards, so that it may lead elsewhere than its beginning says. */
  readonly goesUp: boolean;
}

/** The texts of an argument's value: a string itself, those of each member of a list, anything else as JSON. */
export function argumentTexts(value: unknown): readonly ArgumentText[] {
  if (Array.isArray(value)) return value.flatMap(argumentTexts);
  if (typeof value === "string") {
    const text = value.normalize("NFC");
    return [{ text, place: walk(text), goesUp: /(^|\/)\.\.(\/|$)/.test(plainSteps(text)) }];
  }
  const text = (JSON.stringify(value) ?? "").normalize("NFC");
  return [{ text, place: text, goesUp: false }];
}

/** `\`, `%2f` and `%2e` are what `/` and `.` are to some file system or server. */
function plainSteps(text: string): string {
  return text.replaceAll(/%2e/gi, ".").replaceAll(/%2f|%5c|\\/gi, "/");
}

function walk(text: string): string {
  const steps = plainSteps(text).split("/");
  if (steps.length === 1) return text;
  const address = /^[a-z][a-z0-9+.-]+:$/i.test(steps[0] ?? "") && steps[1] === "";
  // A root and a host are never left, whatever the number of steps upwards.
  const floor = address ? 3 : steps[0] === "" ? 1 : 0;
  const kept = steps.slice(0, floor);
  for (const step of steps.slice(floor)) {
    if (step === "." || step === "") continue;
    if (step !== "..") kept.push(step);
    else if (kept.length > floor && kept.at(-1) !== "..") kept.pop();
    else if (floor === 0) kept.push(step);
  }
  return kept.join("/");
}
