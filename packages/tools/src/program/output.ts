export type StreamName = "stdout" | "stderr";

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  /** All that was printed, kept or not. */
  readonly bytes: number;
}

export interface OutputKeeper {
  add(stream: StreamName, text: string): void;
  readonly bytes: number;
  read(): Printed;
}

/**
 * Keeps the beginning and the end of what a program prints: `headBytes` over both streams in order of arrival, and a
 * tail of each, together `tailBytes`. What lies between is counted and named where it is missing.
 */
export function createOutputKeeper(limits: { readonly headBytes: number; readonly tailBytes: number }): OutputKeeper {
  const tailBytes = limits.tailBytes / 2;
  const streams = {
    stdout: { head: "", tail: "", bytes: 0 },
    stderr: { head: "", tail: "", bytes: 0 },
  };
  let headLeft = limits.headBytes;

  const render = ({ head, tail, bytes }: (typeof streams)["stdout"]) => {
    const missing = bytes - Buffer.byteLength(head) - Buffer.byteLength(tail);
    return missing === 0 ? head + tail : `${head}\n[${missing} bytes left out]\n${tail}`;
  };

  return {
    add(name, text) {
      const stream = streams[name];
      stream.bytes += Buffer.byteLength(text);
      // Once a tail has begun, the head is closed for good: text keeps its order.
      const forHead = stream.tail === "" ? firstBytes(text, headLeft) : "";
      stream.head += forHead;
      headLeft -= Buffer.byteLength(forHead);
      stream.tail = lastBytes(stream.tail + text.slice(forHead.length), tailBytes);
    },
    get bytes() {
      return streams.stdout.bytes + streams.stderr.bytes;
    },
    read() {
      const kept = [streams.stdout, streams.stderr].map(
        ({ head, tail }) => Buffer.byteLength(head) + Buffer.byteLength(tail),
      );
      return {
        stdout: render(streams.stdout),
        stderr: render(streams.stderr),
        truncated: this.bytes > kept.reduce((sum, bytes) => sum + bytes, 0),
        bytes: this.bytes,
      };
    },
  };
}

const continues = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function firstBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (end > 0 && continues(bytes[end])) end--;
  return bytes.toString("utf8", 0, end);
}

function lastBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let start = bytes.length - limit;
  while (continues(bytes[start])) start++;
  return bytes.toString("utf8", start);
}
