import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    globalSetup: ["tests/setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real servers and child processes on a small machine: more files at once only wait for each other.
    maxWorkers: 2,
    env: { CI: "false" },
  },
});
