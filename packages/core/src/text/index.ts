export * from "./cap.ts";
export * from "./sanitize.ts";
export * from "./tokens.ts";
export * from "./width.ts";
