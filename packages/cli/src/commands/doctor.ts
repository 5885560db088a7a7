import { access, constants, mkdir } from "node:fs/promises";
import { describeChoice, embeddedModels, StoreError } from "@chingu/core";
import { listArtefacts } from "@chingu/core/artefacts";
import type { Failure } from "@chingu/core/protocol";
import { sanitizeLine } from "@chingu/core/text";
import type { Io } from "../io.ts";
import { openAgent } from "../open-agent.ts";
import { instructionLine } from "../open-instructions.ts";
import { exitCodes } from "../output/exit-code.ts";
import { writeRows } from "../output/rows.ts";
import {
  artefactOptions,
  namespace,
  openStore,
  openTransport,
  readSettings,
  resolve,
  type SettingFlags,
  type Settings,
} from "../settings.ts";
import { checkModel } from "./check-model.ts";

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** It works, and yet something may be lost one day. */
  readonly warning?: true;
  readonly detail: string;
  /** The way out, where something is wrong. */
  readonly hint?: string;
}

/** `chingu doctor`: looks at every part of a turn by itself, so that what is wrong has a name. Exit 1 when something is; a warning alone is exit 0. */
export async function doctor(flags: SettingFlags, io: Io): Promise<number> {
  const settings = await readSettings(flags, io);
  const findings: Finding[] = [
    { check: "node", ok: true, detail: `${process.version} on ${process.platform} ${process.arch}` },
    { check: "config", ok: true, detail: settings.files.join(", ") || "defaults: no file" },
    ...(await checkFolders(settings)),
    ...(await checkStore(settings, io)),
    await checkChosenModel(settings, io),
    ...(await checkTools(settings, io)),
  ];
  writeRows(findings, findingText, flags.output, io);
  return findings.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.failed;
}

function findingText({ check, ok, warning, detail, hint }: Finding): string {
  const line = `${!ok ? "FAIL" : warning ? "warn" : "ok  "}  ${check.padEnd(12)}  ${sanitizeLine(detail)}`;
  return hint ? `${line}\n${" ".repeat(20)}${sanitizeLine(hint)}` : line;
}

function failing(check: string, { message, hint }: Failure): Finding {
  return { check, ok: false, detail: message, ...(hint && { hint }) };
}

async function checkFolders({ folders }: Settings): Promise<Finding[]> {
  return Promise.all(
    (["data", "cache", "state"] as const).map(async (name) => {
      const folder = folders[name];
      try {
        await mkdir(folder, { recursive: true });
        await access(folder, constants.W_OK);
        return { check: `${name} folder`, ok: true, detail: folder };
      } catch (error) {
        const hint = "make it writable, or choose another with the XDG variables";
        return { check: `${name} folder`, ok: false, detail: error instanceof Error ? error.message : folder, hint };
      }
    }),
  );
}

/** How many threads, newest first, are read whole. */
const threadsRead = 50;

async function checkStore(settings: Settings, io: Io): Promise<Finding[]> {
  const { store: words, corruptRow } = settings.messages;
  try {
    const store = await openStore(settings, io);
    const { threads } = await store.threads(namespace, { limit: threadsRead });
    const newest = threads[0] ? `, newest thread ${threads[0].updatedAt}` : ", empty";
    const findings: Finding[] = [{ check: "store", ok: true, detail: `${store.url}${newest}` }];
    for (const warning of await store.warnings()) {
      const found = failing("store", words.warning(warning));
      findings.push(warning.code === "store_corrupt" ? found : { ...found, ok: true, warning: true });
    }
    for (const thread of threads) {
      for (const row of await store.read(thread)) {
        if (!("corrupt" in row)) continue;
        const detail = `${thread.id}: ${corruptRow(row.seq, row.corrupt)}`;
        findings.push({ check: "store", ok: true, warning: true, detail });
      }
    }
    return findings;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return [failing("store", error.failure)];
  }
}

async function checkChosenModel(settings: Settings, io: Io): Promise<Finding> {
  const transport = openTransport(io);
  const resolution = await resolve(settings, io, transport);
  if (resolution.kind === "failed") return failing("model", resolution.failure);
  const detail = describeChoice(resolution.choice);
  if (resolution.choice.kind === "embedded") {
    const { artefact, id } = embeddedModels[resolution.choice.size];
    const [found] = await listArtefacts(artefactOptions(settings, io).cacheFolder, [artefact]);
    // A doctor does not download a gigabyte unasked.
    if (found?.state !== "present") {
      return { check: "model", ok: false, detail: `${detail}: not downloaded yet`, hint: `chingu models pull ${id}` };
    }
  }
  const failure = await checkModel(resolution, settings, io, transport);
  return failure ? failing("model", failure) : { check: "model", ok: true, detail: `${detail}: it answers` };
}

/** One computation by each tool of ours, and whether the user's tool servers start. */
async function checkTools(settings: Settings, io: Io): Promise<Finding[]> {
  const opened = await openAgent(settings, io, "memory:");
  const { toolbox } = opened.agent;
  const context = {
    signal: AbortSignal.any([io.signal, AbortSignal.timeout(30_000)]),
    onProgress: () => {},
    threadId: "doctor",
  };
  const checks = [
    { name: "calculate", input: { expression: "1/3 + 1/7" }, wanted: "10/21" },
    { name: "run_python", input: { code: "sum(range(10))" }, wanted: "45" },
  ];
  const computed = await Promise.all(
    checks.map(async ({ name, input, wanted }): Promise<Finding> => {
      const call = { id: "doctor", name, arguments: JSON.stringify(input) };
      const { outcome } = await toolbox.call(call, input, context);
      if (outcome.kind === "value" && outcome.content.includes(wanted))
        return { check: name, ok: true, detail: "computes" };
      return { check: name, ok: false, detail: outcome.kind === "value" ? outcome.content : outcome.message };
    }),
  );
  const instructions = opened.instructions.files().map(instructionLine).join(", ");
  const servers = new Set(opened.agent.tools().map(({ server }) => server));
  servers.delete("chingu");
  return [
    ...computed,
    { check: "instructions", ok: true, detail: instructions || "no AGENTS.md file is followed" },
    ...[...servers].map((server) => ({ check: "tool server", ok: true, detail: server })),
    ...opened.agent.failures.map((failure) =>
      failing(/^instructions/.test(failure.code) ? "instructions" : "tool server", failure),
    ),
  ];
}
