import type { IFlattenedRuleSet } from "dependency-cruiser";

/** The rooms of core, floor by floor: a room may use the floors below it, never one beside or above it. */
const floors: readonly (readonly string[])[] = [
  ["protocol"],
  ["text", "net", "artefacts"],
  ["model", "memory", "mcp", "prompt", "config"],
  ["receipts", "approval", "budget"],
  ["agent"],
  ["chain"],
  ["eval"],
];

const core = (rooms: readonly string[]) => `^packages/core/src/(${rooms.join("|")})/`;
const groundFloor = ["protocol", "text", "net", "artefacts"];

const roomRules = floors.flatMap((rooms, floor) =>
  rooms.map((room) => ({
    name: `core-${room}-looks-down-only`,
    comment: "Data flows one way: a room uses the floors below it, never one beside or above it.",
    severity: "error" as const,
    from: { path: core([room]) },
    to: {
      path: "^packages/",
      pathNot: core([room, ...floors.slice(0, floor).flat()]),
    },
  })),
);

export const structureRules: IFlattenedRuleSet = {
  forbidden: [
    ...roomRules,
    {
      name: "tools-use-the-ground-floor",
      comment: "Tools depend on core's ground floor alone, through its public subpaths.",
      severity: "error",
      from: { path: "^packages/tools/" },
      to: { path: "^packages/", pathNot: `^packages/(tools/|core/src/(${groundFloor.join("|")})/index\\.ts$)` },
    },
    {
      name: "cli-uses-public-faces",
      comment: "The command line sees core and tools through their public faces.",
      severity: "error",
      from: { path: "^packages/cli/" },
      to: {
        path: "^packages/",
        pathNot: `^packages/(cli/|tools/src/index\\.ts$|core/src/(index\\.ts$|(${groundFloor.join("|")})/index\\.ts$))`,
      },
    },
    {
      name: "commands-load-the-terminal-lazily",
      comment: "ink and react cost start-up time and are wanted only on a terminal.",
      severity: "error",
      from: { path: "^packages/cli/src/(commands|output)/|^packages/cli/src/[^/]+$" },
      to: { path: "^packages/cli/src/terminal/", dynamic: false },
    },
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-unresolved",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
};
