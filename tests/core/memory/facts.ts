import type { Fact, FactScope } from "../../../packages/core/src/protocol/index.ts";

export function factIn(scope: FactScope, id: string, text: string): Fact {
  const at = "2026-01-02T03:04:05.006Z";
  return { id, text, scope, source: [], by: "user", at, validFrom: at, pinned: false };
}
