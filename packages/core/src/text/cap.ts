export interface CapLimits {
  readonly bytes: number;
  readonly lines: number;
}

export interface Capped {
  readonly text: string;
  /** Bytes left out in the middle; 0 when the text was short enough. */
  readonly omittedBytes: number;
}

const newline = 0x0a;
/** A line end in the last tenth of what fits is near enough to cut there. */
const near = 0.9;

/**
 * Head and tail of a long text (rule 23): three quarters of the limits go to the head, one quarter to the tail, cut at
 * line ends where there are any near, never inside a UTF-8 character. `describe` words the gap.
 */
export function capText(text: string, limits: CapLimits, describe: (omittedBytes: number) => string): Capped {
  const whole = Buffer.from(text, "utf8");
  const lines = text.split("\n");
  if (whole.length <= limits.bytes && lines.length <= limits.lines) return { text, omittedBytes: 0 };
  const headLines = Math.ceil(limits.lines * 0.75);
  const headSource = lines.slice(0, headLines).join("\n");
  const tailSource =
    lines.length > limits.lines ? lines.slice(lines.length - limits.lines + headLines).join("\n") : text;
  const head = cutBytes(Buffer.from(headSource, "utf8"), Math.ceil(limits.bytes * 0.75), "head");
  const tail = cutBytes(Buffer.from(tailSource, "utf8"), Math.floor(limits.bytes * 0.25), "tail");
  const omittedBytes = Math.max(0, whole.length - Buffer.byteLength(head) - Buffer.byteLength(tail));
  return { text: `${head}\n${describe(omittedBytes)}\n${tail}`, omittedBytes };
}

function cutBytes(bytes: Buffer, limit: number, end: "head" | "tail"): string {
  if (bytes.length <= limit) return bytes.toString("utf8");
  const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
  if (end === "head") {
    let stop = limit;
    while (stop > 0 && isContinuation(bytes[stop])) stop--;
    const lineEnd = bytes.lastIndexOf(newline, stop - 1);
    return bytes.toString("utf8", 0, stop > 0 && lineEnd > stop * near ? lineEnd : stop);
  }
  let start = bytes.length - limit;
  while (start < bytes.length && isContinuation(bytes[start])) start++;
  const lineEnd = bytes.indexOf(newline, start);
  return bytes.toString("utf8", lineEnd >= 0 && lineEnd < start + limit * (1 - near) ? lineEnd + 1 : start);
}
