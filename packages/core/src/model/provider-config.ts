/** An endpoint the user named: `provider/model` then means that model there. */
export interface ProviderConfig {
  /** Up to `/v1`. */
  readonly baseURL: string;
  readonly apiKey?: string | undefined;
  /** The variable that holds the key: better than the key in a file. */
  readonly apiKeyEnv?: string | undefined;
  /** Which API it speaks, where the capability table does not know: `chat` is what everyone speaks. */
  readonly api?: "chat" | "responses" | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Models to offer where the endpoint does not list them itself. */
  readonly models?: readonly string[] | undefined;
}

export type Providers = Readonly<Record<string, ProviderConfig>>;

/** Names of the user's own for models: `fast: ollama/qwen3`. */
export type Aliases = Readonly<Record<string, string>>;
