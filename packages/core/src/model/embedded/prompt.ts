import type { LlamaModel, Token } from "node-llama-cpp";

/**
 * A prompt in pieces. A plain string is always text: what a user, a tool or a page says can never become one of the
 * model's control tokens, only a `control` piece can.
 */
export type Prompt = readonly Piece[];
export type Piece = string | { readonly control: string };

const start: Piece = { control: "<|im_start|>" };
const end: Piece = { control: "<|im_end|>" };

/** One whole message of the model's chat format. */
export function turn(role: "system" | "user" | "assistant", text: string): Prompt {
  return [start, `${role}\n${text}`, end, "\n"];
}

/** The beginning of the assistant's message; `opening` is put into its mouth. */
export function reply(opening = ""): Prompt {
  return [start, `assistant\n${opening}`];
}

export function tokenize(model: LlamaModel, prompt: Prompt): Token[] {
  const tokens: Token[] = [];
  let text = "";
  const flush = () => {
    if (text) tokens.push(...model.tokenize(text, false));
    text = "";
  };
  for (const piece of prompt) {
    if (typeof piece === "string") text += piece;
    else {
      flush();
      tokens.push(...model.tokenize(piece.control, true));
    }
  }
  flush();
  return tokens;
}
