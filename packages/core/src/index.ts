export { ulid as makeId } from "ulid";
export { outputSchemaFailure } from "./agent/answer-schema.ts";
export {
  type Agent,
  type AgentOptions,
  createAgent,
  type Endpoint,
  type Turn,
  type TurnOptions,
} from "./agent/create-agent.ts";
export { runTurn, type TurnDeps, type TurnInput } from "./agent/loop.ts";
export { type Pal, palOf } from "./agent/pal.ts";
export { type WaitingCalls, waitingCalls } from "./agent/pending.ts";
export { defaultPolicy, type Policy, type Timeouts } from "./agent/policy.ts";
export { systemPrompt } from "./agent/system-prompt.ts";
export { openRememberedRules, type RememberedRules } from "./approval/remembered.ts";
export {
  builtInRules,
  type CallContext,
  createRules,
  type Decide,
  type Decision,
  type RuleSource,
} from "./approval/rules.ts";
export { type Budget, createBudget, type Limits } from "./budget/budget.ts";
export { createFileLedger, type SpendLedger } from "./budget/ledger.ts";
export { allPrices, costOf, type Price, type Prices, priceOf } from "./budget/price.ts";
export { loadPrices } from "./budget/price-file.ts";
export { type Folders, foldersOf } from "./config/folders.ts";
export { type ApprovalLayer, type LoadedConfig, loadConfig } from "./config/load.ts";
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
export { type CardCache, createCardFolder } from "./model/capability-card.ts";
export type { ChatModel, ModelEvent, ModelRequest } from "./model/chat-model.ts";
export { discoverLocal, type LocalServer, listModels } from "./model/discover.ts";
export { embeddedModels } from "./model/embedded/catalogue.ts";
export { createEndpointModel } from "./model/endpoint.ts";
export { createFallbackModel } from "./model/fallback.ts";
export { embeddedEngineInstalled, openModel } from "./model/open.ts";
export { probeEndpoint } from "./model/probe.ts";
export { describeChoice, type ModelChoice, type Resolution, resolveModel } from "./model/resolve.ts";
export { createTransport, type Transport } from "./model/transport.ts";
export * from "./protocol/index.ts";
export { sealHolds } from "./receipts/make.ts";
export { type Rerun, rerunReceipts } from "./receipts/rerun.ts";
export { receiptsOf, type ThreadReceipt } from "./receipts/thread-receipts.ts";
