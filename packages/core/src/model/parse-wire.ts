import type { z } from "zod";
import { ProtocolError } from "./failure.ts";

/** Reads JSON by its schema; what does not fit is returned as the fault it is. */
export function parseWire<Wire>(schema: z.ZodType<Wire>, text: string, fault: string): Wire | ProtocolError {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return new ProtocolError(fault, { wrongAddress: false });
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : new ProtocolError(fault, { wrongAddress: false });
}
