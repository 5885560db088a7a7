export { ulid as makeId } from "ulid";
export { outputSchemaFailure } from "./agent/answer-schema.ts";
export type { CompactOutcome, LeftOut } from "./agent/compaction/by-hand.ts";
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
export type { SystemSource, SystemText } from "./agent/turn-opening.ts";
export type { CallContext } from "./approval/call-context.ts";
export { openRememberedRules, type RememberedRules } from "./approval/remembered.ts";
export {
  builtInRules,
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
export { createInstructionsReader, type Instructions, projectRoot } from "./config/instructions.ts";
export { type ApprovalLayer, type LoadedConfig, loadConfig } from "./config/load.ts";
export { saveSettings } from "./config/save.ts";
export { type Config, configSchema } from "./config/schema.ts";
export { serveToolsOverStdio } from "./mcp/serve-stdio.ts";
export { type LoadedServers, loadServers, type ServersFiles } from "./mcp/servers-file.ts";
export { createToolServer } from "./mcp/tool-server.ts";
export { createToolbox, type Toolbox } from "./mcp/toolbox.ts";
export { allThreads } from "./memory/all-threads.ts";
export { type Conversation, conversationOf, type Placed } from "./memory/conversation.ts";
export type { FactRow, FactStore } from "./memory/fact-store.ts";
export { factLine, importFacts } from "./memory/facts/fact-lines.ts";
export {
  currentFacts,
  findFactId,
  holdsIn,
  type Place,
  readableFacts,
  shortIds,
  versionsOf,
} from "./memory/facts/fact-view.ts";
export { createFacts, type Facts, type NewFact, type SaveOutcome } from "./memory/facts/facts.ts";
export { isTime } from "./memory/facts/time.ts";
export { type FactOrigin, originOf } from "./memory/facts/why.ts";
export { type FallbackNotice, openWithFallback } from "./memory/fallback.ts";
export { openThreadStore } from "./memory/open.ts";
export { parseDay } from "./memory/recall/calendar.ts";
export { type Embedder, openRecall, type Passage, type Recall, removeIndex } from "./memory/recall/recall.ts";
export { type RewindOutcome, rewind } from "./memory/rewind.ts";
export {
  type Row,
  StoreError,
  type ThreadInfo,
  type ThreadKey,
  type ThreadStore,
} from "./memory/thread-store.ts";
export { exportThread, type ImportedThread, type ImportOutcome, importThreads } from "./memory/transfer.ts";
export { type CardCache, createCardFolder } from "./model/capability-card.ts";
export type { ChatModel, ModelEvent, ModelRequest } from "./model/chat-model.ts";
export { discoverLocal, type LocalServer, listModels } from "./model/discover.ts";
export { embeddedModels } from "./model/embedded/catalogue.ts";
export { fetchEmbeddings } from "./model/embeddings.ts";
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
