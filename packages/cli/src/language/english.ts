import { englishCompaction } from "./compaction.ts";
import { englishMemory } from "./memory.ts";
import type { Messages } from "./messages.ts";
import { englishSearch } from "./search.ts";
import { englishStore } from "./store.ts";
import { englishThreads } from "./threads.ts";

export const english: Messages = {
  error: "error",
  warning: "warning",
  stopped: "stopped",
  compaction: englishCompaction,
  withdrawn: "(the text above is withdrawn: the answer starts again)",
  retry: (attempt, why) => `trying again (${attempt}): ${why}`,
  running: (tool) => `running ${tool}…`,
  unsupported: (numbers) => `≈ not computed: ${numbers} (in no tool result, message or quote)`,
  denied: (tool, reason) => `denied: ${tool} (${reason})`,
  spent: (steps, input, output, cost) =>
    `${steps} ${steps === 1 ? "step" : "steps"}, ${input} tokens in and ${output} out, ${cost}`,
  unknownCost: "cost unknown",
  smallModel: "This is a small model that runs on your machine. For another: chingu setup",
  newThread: "no earlier thread in this folder: starting a new one",
  noThreads: "no threads yet",
  corruptRow: (seq, why) => `row ${seq} cannot be read (${why})`,
  terminalHint: "/help shows the commands; Ctrl-D quits.",
  downloadQuestion: (name, megabytes, licence) => `Download ${name}, ${megabytes} MB, ${licence}, once?`,
  consentQuestion: (file) => `${file} wants to start these tool servers. Allow it?`,
  more: (command) => `more: ${command}`,
  installed: "on this machine",
  notInstalled: "not downloaded",
  damaged: "damaged: pull it again",
  keepingInterpreter: "loading sympy once, so that programs start with it…",
  ownPackages: (folder) => `the wheels in ${folder} come before these`,
  removed: (name) => `removed ${name}`,
  removeQuestion: (name) => `Remove ${name} from this machine?`,
  toolsCommand: "list the tools",
  palCommand: "answer by a program's output, or as usual again; /pal 5 takes the majority of five",
  palOn: (samples) =>
    samples === 1
      ? "Answers are now what a program gives. /pal off ends that."
      : `Answers are now what most of ${samples} programs give. /pal off ends that.`,
  palOff: "Answers are the model's own words again.",
  palUsage: "/pal switches, /pal 5 asks for five programs (at most 40), /pal off ends it.",
  agree: (programs, of) => `${programs} of ${of} agree`,
  noReceipts: "this thread has no receipts",
  receiptHolds: "the hash holds",
  receiptBroken: "the hash does not fit: program, value or output was changed after the run",
  rerunSame: "same",
  rerunDiffers: "differs",
  rerunFailed: (why) => `cannot run: ${why}`,
  newCommand: "start a new thread",
  newStarted: "A new thread begins.",
  allowQuestion: "Allow it?",
  alwaysQuestion: (rule, folder) => `Keep the rule "allow ${rule}" for ${folder}, and allow this call?`,
  callWaits: "A tool call of this thread waits for your answer.",
  checking: (url) => `Checking ${url} with one small call…`,
  setUp: (model, file) => `${model} answers. Written to ${file}.`,
  whichEndpoint: "Which endpoint?",
  whichUrl: "Its address, up to /v1",
  whichKey: "The key (kept in your configuration file, readable by you alone)",
  whichModel: "Which model?",
  store: englishStore,
  threads: englishThreads,
  memory: englishMemory,
  search: englishSearch,
};
