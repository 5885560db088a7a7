import ms, { type StringValue } from "ms";
import { z } from "zod";

/** A duration as people write it, `20s` or `5m`, read as milliseconds. */
export const durationSchema = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, "is not a duration such as 20s or 5m")
  .transform((text) => ms(text as StringValue));
