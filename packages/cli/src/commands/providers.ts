/** An endpoint people commonly have, so that setting it up is a choice and a key. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** Absent: the user must say it. */
  readonly baseURL?: string;
  /** The variable its users commonly keep the key in; absent: no key is needed. */
  readonly keyEnv?: string;
}

export const presets: readonly Preset[] = [
  { name: "openai", title: "OpenAI", baseURL: "https://api.openai.com/v1", keyEnv: "OPENAI_API_KEY" },
  { name: "azure", title: "Azure OpenAI (https://NAME.openai.azure.com/openai/v1)", keyEnv: "AZURE_OPENAI_API_KEY" },
  {
    name: "gemini",
    title: "Google Gemini",
    baseURL: "https://generativelanguage.googleapis.com/v1beta/openai",
    keyEnv: "GEMINI_API_KEY",
  },
  { name: "anthropic", title: "Anthropic", baseURL: "https://api.anthropic.com/v1", keyEnv: "ANTHROPIC_API_KEY" },
  { name: "openrouter", title: "OpenRouter", baseURL: "https://openrouter.ai/api/v1", keyEnv: "OPENROUTER_API_KEY" },
  {
    name: "clova",
    title: "Naver HyperCLOVA X",
    baseURL: "https://clovastudio.stream.ntruss.com/v1/openai",
    keyEnv: "CLOVASTUDIO_API_KEY",
  },
  { name: "ollama", title: "Ollama", baseURL: "http://127.0.0.1:11434/v1" },
  { name: "lmstudio", title: "LM Studio", baseURL: "http://127.0.0.1:1234/v1" },
  { name: "llamacpp", title: "llama.cpp server", baseURL: "http://127.0.0.1:8080/v1" },
  { name: "vllm", title: "vLLM", baseURL: "http://127.0.0.1:8000/v1" },
  { name: "custom", title: "another OpenAI-compatible endpoint", keyEnv: "OPENAI_API_KEY" },
];
