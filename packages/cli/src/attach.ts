import { basename, extname } from "node:path";
import type { Attachment } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "./io.ts";
import { readNamedFile, unusableFile } from "./read-file.ts";

/** Of all files together. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Reads the files of `--file`: texts as quoted blocks, pictures and PDF files as they are. Throws a `CommandFailure` for one that cannot be read, is too large, or is neither text, picture nor PDF.
 */
export async function attach(paths: readonly string[], io: Pick<Io, "folder" | "signal">): Promise<Attachment[]> {
  const parts: Attachment[] = [];
  let left = maxBytes;
  for (const path of paths) {
    const bytes = await readNamedFile(path, left, io);
    left -= bytes.length;
    const name = sanitizeLine(basename(path)) || "file";
    const mediaType = magic.find(({ head }) => head.test(bytes.toString("latin1", 0, 16)))?.mediaType;
    if (mediaType === undefined) parts.push(attachedText(block(name, textOf(path, bytes)), name));
    else if (mediaType.startsWith("image/"))
      parts.push({ type: "image", mediaType, data: bytes.toString("base64"), name });
    else parts.push({ type: "file", mediaType, data: bytes.toString("base64"), name });
  }
  return parts;
}

/** A text behind the user's own words, marked as not being theirs. */
export function attachedText(text: string, from: string): Attachment {
  return { type: "text", text: `\n\n${text}`, from };
}

/** What a file is, by its first bytes: names lie. */
const magic: readonly { readonly head: RegExp; readonly mediaType: string }[] = [
  { head: /^\x89PNG\r\n/, mediaType: "image/png" },
  { head: /^\xff\xd8\xff/, mediaType: "image/jpeg" },
  { head: /^GIF8[79]a/, mediaType: "image/gif" },
  { head: /^RIFF.{4}WEBP/s, mediaType: "image/webp" },
  { head: /^%PDF-/, mediaType: "application/pdf" },
];

function textOf(path: string, bytes: Buffer): string {
  if (bytes.includes(0)) {
    throw unusableFile(path, "it is a binary file", "attach text, PNG, JPEG, GIF, WebP or PDF");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unusableFile(path, "it is not UTF-8 text", `convert it first, for example: iconv -f cp949 -t utf-8`);
  }
}

/** The fence is longer than any in the text, so that the text cannot close it. */
function block(name: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${name}:\n${fence}${extname(name)
    .slice(1)
    .replace(/[^\w+-]/g, "")}\n${text}${text.endsWith("\n") ? "" : "\n"}${fence}`;
}
