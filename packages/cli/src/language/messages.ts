/** What the command line says to a person. Codes, keys and flags are never translated. */
export interface Messages {
  readonly error: string;
  readonly stopped: string;
  readonly withdrawn: string;
  readonly compacted: (messages: number) => string;
  readonly retry: (attempt: number, why: string) => string;
  readonly running: (tool: string) => string;
  readonly unsupported: (numbers: string) => string;
  readonly denied: (tool: string, reason: string) => string;
  readonly spent: (steps: number, input: string, output: string, cost: string) => string;
  readonly unknownCost: string;
  readonly smallModel: string;
  readonly newThread: string;
  readonly noThreads: string;
  readonly corruptRow: (seq: number, why: string) => string;
  readonly terminalHint: string;
  readonly downloadQuestion: (name: string, megabytes: number, licence: string) => string;
  readonly consentQuestion: (file: string) => string;
  readonly more: (command: string) => string;
  readonly installed: string;
  readonly notInstalled: string;
  readonly ownPackages: (folder: string) => string;
  readonly removed: (name: string) => string;
  readonly removeQuestion: (name: string) => string;
  readonly toolsCommand: string;
  readonly newCommand: string;
  readonly newStarted: string;
  readonly allowQuestion: string;
  readonly alwaysQuestion: (rule: string, folder: string) => string;
  readonly callWaits: string;
  readonly checking: (url: string) => string;
  readonly setUp: (model: string, file: string) => string;
  readonly whichEndpoint: string;
  readonly whichUrl: string;
  readonly whichKey: string;
  readonly whichModel: string;
}
