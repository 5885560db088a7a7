import { join } from "node:path";
import {
  type Agent,
  type CallContext,
  createAgent,
  defaultPolicy,
  describeChoice,
  embeddedModels,
  loadServers,
  makeId,
  projectRoot,
  type Resolution,
  type ThreadStore,
  type Timeouts,
} from "@chingu/core";
import { describeProgress, obtain } from "@chingu/core/artefacts";
import { confirmServers } from "./confirm.ts";
import type { Io } from "./io.ts";
import type { Messages } from "./language/index.ts";
import { openBudget } from "./open-budget.ts";
import { type OpenedInstructions, openInstructions } from "./open-instructions.ts";
import { openModels } from "./open-models.ts";
import { openPrograms } from "./open-programs.ts";
import { recallSettings } from "./open-recall.ts";
import { type OpenedRules, openRules } from "./open-rules.ts";
import { createProgressLine } from "./output/progress-line.ts";
import { artefactOptions, clock, namespace, openTransport, type Settings } from "./settings.ts";

export interface OpenedAgent {
  readonly agent: Agent;
  readonly resolution: Resolution;
  /** Which model answers and, for the embedded one, that it is small: one line each. */
  readonly modelLines: readonly string[];
  /** Keeps a rule that a person answered "always" with for this folder, from the next call on. */
  readonly remember: OpenedRules["remember"];
  /** The folder whose facts hold here. */
  readonly project: string;
  /** The `AGENTS.md` files that are followed. */
  readonly instructions: OpenedInstructions;
}

/** Puts the agent of this command together: model, our tools, the user's tool servers and the given store. */
export async function openAgent(settings: Settings, io: Io, store: ThreadStore | "memory:"): Promise<OpenedAgent> {
  const { flags, config, messages } = settings;
  // First, because a rule that cannot be read ends the command.
  const { decide, remember, failures: ruleFailures } = await openRules(settings, io);
  const transport = openTransport(io);
  const programs = await openPrograms(settings, io);
  const [{ model, resolution, candidates }, { servers, failures }, project] = await Promise.all([
    openModels(settings, io, transport),
    loadServers(serverFiles(settings, io)),
    projectRoot(io.folder, io.home),
  ]);
  const instructions = await openInstructions(settings, io, () => model.capabilities.contextWindow);
  const agent = await createAgent({
    model,
    tools: programs.tools,
    mcpServers: servers,
    memory: store,
    namespace,
    system: instructions.system,
    facts: { project },
    recall: recallSettings(settings, io, transport),
    environment: io.environment,
    signal: io.signal,
    clock,
    ids: makeId,
    policy: {
      decide: (call, tool, context) => decide(call, tool, { ...context, ...ofProject(instructions, settings) }),
      maxSteps: flags.maxSteps ?? config.budget?.maxSteps ?? config.maxSteps ?? defaultPolicy.maxSteps,
      timeouts: timeoutsOf(settings),
      summaries: config.memory?.summaries ?? defaultPolicy.summaries,
    },
    ...(await openBudget(settings, candidates)),
  });
  io.cleanup.defer(() => agent.close());
  return {
    agent: { ...agent, failures: [...ruleFailures, ...instructions.failures, ...failures, ...agent.failures] },
    remember,
    project,
    instructions,
    resolution,
    modelLines: modelLines(resolution, messages),
  };
}

/** Whose words a call may come from besides the user's: a project's file says what its author likes. */
function ofProject({ files }: OpenedInstructions, { systemFrom }: Settings): Pick<CallContext, "projectInstructions"> {
  const file = files().find(({ whose }) => whose === "project")?.path ?? systemFrom;
  return file === undefined ? {} : { projectInstructions: file };
}

function timeoutsOf({ flags, config }: Settings): Timeouts {
  const timeouts = { ...defaultPolicy.timeouts, ...(config.timeouts as Partial<Timeouts> | undefined) };
  return { ...timeouts, turn: flags.maxTime ?? config.budget?.maxTime ?? timeouts.turn };
}

function modelLines(resolution: Resolution, messages: Messages): string[] {
  if (resolution.kind === "failed") return [];
  const { choice } = resolution;
  return [describeChoice(choice), ...(choice.kind === "embedded" ? [messages.smallModel] : [])];
}

/**
 * Sees to it that the embedded model's file is here before a screen is drawn, asking and showing progress on stderr. A
 * refusal or a failure is no error yet: the first turn says what is missing.
 */
export async function fetchEmbedded({ resolution }: OpenedAgent, settings: Settings, io: Io): Promise<void> {
  if (resolution.kind === "failed" || resolution.choice.kind !== "embedded") return;
  const progress = createProgressLine(io.stderr, { quiet: settings.flags.quiet ?? false, now: clock.now });
  const { artefact } = embeddedModels[resolution.choice.size];
  await obtain(
    artefact,
    {
      ...artefactOptions(settings, io),
      onProgress: (now) => progress.show(describeProgress(now), now.bytes / now.total),
    },
    io.signal,
  );
  progress.clear();
}

function serverFiles({ flags, folders, messages }: Settings, io: Io): Parameters<typeof loadServers>[0] {
  return {
    userFile: join(folders.config, "mcp.json"),
    projectFile: join(io.folder, ".mcp.json"),
    environment: io.environment,
    consent: (file, hash, servers) => {
      const answers = join(folders.state, "allowed-servers.json");
      return confirmServers({ file, hash, servers, answers, mayAsk: !flags.print, messages }, io);
    },
  };
}
