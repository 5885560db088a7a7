import { ulid } from "ulid";
import type { MakeId } from "../protocol/index.ts";

/**
 * Makes ULIDs. Randomness is taken from the system a block at a time: the library's own way asks for it sixteen times an
 * id, which costs more than the rest of a message.
 */
export function createMakeId(): MakeId {
  const block = new Uint16Array(1024);
  let next = block.length;
  const random = () => {
    if (next === block.length) {
      crypto.getRandomValues(block);
      next = 0;
    }
    return (block[next++] ?? 0) / 0x10000;
  };
  return () => ulid(undefined, random);
}
