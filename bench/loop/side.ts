/** What both sides are measured as. */
export interface Side {
  turn(text: string, threadId: string): Promise<string>;
  close(): Promise<void>;
}

export interface SideOptions {
  readonly baseURL: string;
  readonly model: string;
  /** `memory:`, `sqlite:PATH` or `redis://…` */
  readonly memory: string;
}

export const system = "You are a helpful assistant. Use the tools where they help.";
