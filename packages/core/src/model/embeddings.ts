import { z } from "zod";
import { displayUrl, failureOf, ProtocolError } from "./failure.ts";
import { parseWire } from "./parse-wire.ts";
import { readText, type Transport } from "./transport.ts";

export interface EmbeddingsEndpoint {
  readonly model: string;
  /** Up to `/v1`. */
  readonly baseURL: string;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const answerSchema = z.object({
  data: z.array(z.object({ index: z.number().int().nonnegative(), embedding: z.array(z.number()).min(1) })),
});
const longestAnswer = 64 * 1024 * 1024;

/**
 * Vectors for texts, in their order, from an endpoint that speaks OpenAI's `/embeddings`. Rejects with an error whose
 * message says what went wrong, and under abort; the caller's signal is the only limit of time.
 */
export async function fetchEmbeddings(
  { model, baseURL, apiKey, headers }: EmbeddingsEndpoint,
  texts: readonly string[],
  options: { readonly transport: Transport; readonly now: number; readonly signal: AbortSignal },
): Promise<Float32Array[]> {
  const { transport, now, signal } = options;
  try {
    const { body } = await transport.send(`${baseURL.replace(/\/+$/, "")}/embeddings`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...headers,
      },
      body: JSON.stringify({ model, input: texts, encoding_format: "float" }),
      signal,
    });
    const answer = parseWire(answerSchema, await readText(body, longestAnswer), "something other than embeddings");
    if (answer instanceof ProtocolError) throw answer;
    const vectors = answer.data
      .toSorted((a, b) => a.index - b.index)
      .map(({ embedding }) => new Float32Array(embedding));
    const alike = vectors.every(({ length }) => length === vectors[0]?.length);
    if (vectors.length === texts.length && alike) return vectors;
    throw new ProtocolError("something other than one embedding for each text", { wrongAddress: false });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const failure = failureOf(error, { url: displayUrl(baseURL), secrets: [apiKey ?? ""], now });
    throw new Error(failure.message, { cause: error });
  }
}
