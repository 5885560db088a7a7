interface CommandResult {
  /** Shown under the command. */
  readonly text?: string;
  /** Leave the terminal. */
  readonly quit?: boolean;
}

interface CommandContext {
  /** Aborted when the person stops the command or leaves. */
  readonly signal: AbortSignal;
}

/** A command typed as `/name argument`. */
export interface TerminalCommand {
  readonly name: string;
  readonly description: string;
  /** A rejection is shown as an error; the terminal goes on. */
  readonly run: (argument: string, context: CommandContext) => Promise<CommandResult>;
}
