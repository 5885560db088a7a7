import { z } from "zod";

/** Any JSON value: what crosses a process or network boundary before a schema has looked at it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const jsonSchema: z.ZodType<Json> = z.json();

/** A JSON Schema document (2020-12), as tools and output contracts carry it. */
export type JsonSchema = { readonly [key: string]: Json };
