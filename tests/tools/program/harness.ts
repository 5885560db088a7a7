import type { Json, ReceiptDraft, ToolReturn } from "../../../packages/core/src/protocol/index.ts";
import { createProgramTools, type ProgramResult, type ProgramToolsOptions } from "../../../packages/tools/src/index.ts";
import { interpreterFolder } from "../../kit/interpreters.ts";

export interface CallOptions {
  readonly thread?: string;
  readonly session?: string;
  readonly fresh?: boolean;
  readonly expect?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Answer<Structured> {
  readonly content: string;
  readonly display: string;
  readonly structured: Structured;
  readonly receipt: ReceiptDraft | undefined;
  readonly isError: boolean;
}

export interface Calculation {
  readonly ok: boolean;
  readonly exact?: string;
  readonly decimal?: string;
  readonly unit?: string;
  readonly is_exact?: boolean;
  readonly read_as?: string;
  readonly notes?: readonly string[];
  readonly error?: { readonly message: string; readonly position?: number };
  readonly limit?: string;
}

/** The tools as a turn calls them, on real child processes. */
export function startPrograms(options: ProgramToolsOptions = {}) {
  const { tools, close, prepare, keepSnapshot } = createProgramTools({ snapshotFolder: interpreterFolder, ...options });
  async function call<Structured>(name: string, input: { readonly [key: string]: Json }, where: CallOptions) {
    const tool = tools.find((candidate) => candidate.name === name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    const answer = (await tool.run(tool.input.parse(input), {
      signal: where.signal ?? new AbortController().signal,
      onProgress: () => undefined,
      threadId: where.thread ?? "thread",
    })) as ToolReturn;
    if (answer.structured !== undefined) tool.output?.parse(answer.structured);
    return {
      content: answer.content,
      display: answer.display ?? "",
      structured: answer.structured as unknown as Structured,
      receipt: answer.receipt,
      isError: answer.isError === true,
    } satisfies Answer<Structured>;
  }
  return {
    tools,
    close,
    prepare,
    keepSnapshot,
    python: (code: string, where: CallOptions = {}) =>
      call<ProgramResult>(
        "run_python",
        {
          code,
          ...(where.timeoutMs !== undefined && { timeout_ms: where.timeoutMs }),
          ...(where.session !== undefined && { session_id: where.session }),
          ...(where.fresh !== undefined && { fresh: where.fresh }),
          ...(where.expect !== undefined && { expect: where.expect }),
        },
        where,
      ),
    javascript: (code: string, where: CallOptions & { readonly session?: string; readonly fresh?: boolean } = {}) =>
      call<ProgramResult>(
        "run_javascript",
        {
          code,
          ...(where.timeoutMs !== undefined && { timeout_ms: where.timeoutMs }),
          ...(where.session !== undefined && { session_id: where.session }),
          ...(where.fresh !== undefined && { fresh: where.fresh }),
        },
        where,
      ),
    calculate: (
      expression: string,
      where: CallOptions & { readonly precision?: number; readonly unit?: string } = {},
    ) =>
      call<Calculation>(
        "calculate",
        {
          expression,
          ...(where.precision !== undefined && { precision: where.precision }),
          ...(where.unit !== undefined && { unit: where.unit }),
        },
        where,
      ),
  };
}
