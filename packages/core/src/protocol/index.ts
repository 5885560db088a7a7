export * from "./environment.ts";
export * from "./event.ts";
export * from "./json.ts";
export * from "./message.ts";
export * from "./receipt.ts";
export * from "./result.ts";
export * from "./tool.ts";
export * from "./usage.ts";
