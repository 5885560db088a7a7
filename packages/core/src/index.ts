export { ulid as makeId } from "ulid";
export {
  type Agent,
  type AgentOptions,
  createAgent,
  type Endpoint,
  type Turn,
  type TurnOptions,
} from "./agent/create-agent.ts";
export { runTurn, type TurnDeps, type TurnInput } from "./agent/loop.ts";
export { defaultPolicy, type Policy, type Timeouts } from "./agent/policy.ts";
export { systemPrompt } from "./agent/system-prompt.ts";
export { createRules, type Decide, type Decision } from "./approval/rules.ts";
export { type Folders, foldersOf } from "./config/folders.ts";
export { type LoadedConfig, loadConfig } from "./config/load.ts";
export { saveSettings } from "./config/save.ts";
export { type Config, configSchema } from "./config/schema.ts";
export { serveToolsOverStdio } from "./mcp/serve-stdio.ts";
export { type LoadedServers, loadServers, type ServersFiles } from "./mcp/servers-file.ts";
export { createToolServer } from "./mcp/tool-server.ts";
export { createToolbox, type Toolbox } from "./mcp/toolbox.ts";
export { openThreadStore } from "./memory/open.ts";
export {
  StoreError,
  type ThreadInfo,
  type ThreadKey,
  type ThreadStore,
} from "./memory/thread-store.ts";
export type { ChatModel, ModelEvent, ModelRequest } from "./model/chat-model.ts";
export { discoverLocal, type LocalServer, listModels } from "./model/discover.ts";
export { embeddedModels } from "./model/embedded/catalogue.ts";
export { embeddedEngineInstalled, openModel } from "./model/open.ts";
export { describeChoice, type ModelChoice, type Resolution, resolveModel } from "./model/resolve.ts";
export { createTransport, type Transport } from "./model/transport.ts";
export * from "./protocol/index.ts";
