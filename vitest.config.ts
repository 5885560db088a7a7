import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    globalSetup: ["tests/setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real servers and child processes: three files keep two cores busy, more only wait for each other.
    maxWorkers: 3,
    env: { CI: "false" },
  },
});
