import type { Figures, Order } from "./worker.ts";

/** One run of a worker on each side, and the figures that come of it. */
export interface Case {
  readonly name: string;
  readonly kind: Order["kind"];
  readonly model: string;
  readonly store: "memory" | "sqlite" | "redis";
  readonly warmUp: number;
  readonly measured: number;
  readonly figures: readonly Figure[];
}

export interface Figure {
  /** Absent: the case's own name. */
  readonly name?: string;
  readonly unit: string;
  readonly of: keyof Figures & string;
  /** What ours is measured against: the same figure of the floor, or another of ours. */
  readonly against?: keyof Figures & string;
  /** More is better: the ratio is then floor to ours. */
  readonly rate?: true;
  /** The highest ratio that is good enough; null where there is none. */
  readonly target: number | null;
}

const cpu = (target: number): Figure => ({ unit: "cpu_ms", of: "cpu_ms", target });

const growth = (store: Case["store"]): Case => ({
  name: `200-turn thread, ${store}`,
  kind: "thread",
  model: "thread",
  store,
  warmUp: 200,
  measured: 2,
  figures: [
    { name: `200-turn thread, ${store}: turns 1-10`, unit: "cpu_ms", of: "first_ms", target: null },
    { name: `200-turn thread, ${store}: turns 191-200`, unit: "cpu_ms", of: "last_ms", target: null },
    {
      name: `200-turn thread, ${store}: turns 191-200 to 1-10`,
      unit: "cpu_ms",
      of: "last_ms",
      against: "first_ms",
      target: store === "memory" ? null : 1.5,
    },
  ],
});

const turns = (name: string, model: string, measured: number, store: Case["store"] = "memory"): Case => ({
  name: store === "memory" ? name : `${name}, ${store}`,
  kind: "turns",
  model,
  store,
  warmUp: Math.ceil(measured / 2),
  measured,
  figures: [cpu(store === "memory" ? 0.8 : 1)],
});

export const cases: readonly Case[] = [
  turns("one turn", "answer", 600),
  turns("one turn", "answer", 600, "sqlite"),
  turns("one turn", "answer", 600, "redis"),
  turns("10 sequential calls", "calls-10-1", 60),
  turns("10 sequential calls", "calls-10-1", 60, "sqlite"),
  turns("8 parallel calls", "calls-1-8", 300),
  turns("8 parallel calls", "calls-1-8", 300, "sqlite"),
  turns("streaming 1000 tokens", "stream", 100),
  turns("streaming 1000 tokens", "stream", 100, "sqlite"),
  {
    name: "100 concurrent turns",
    kind: "concurrent",
    model: "calls-3-1",
    store: "memory",
    warmUp: 2,
    measured: 6,
    figures: [
      { name: "100 concurrent turns: rate", unit: "turns_per_s", of: "turns_per_s", rate: true, target: 1 / 1.5 },
      { name: "100 concurrent turns: p99", unit: "wall_ms", of: "p99_ms", target: 0.7 },
      { name: "100 concurrent turns: memory", unit: "rss_mb", of: "rss_mb", target: null },
    ],
  },
  growth("memory"),
  growth("sqlite"),
  growth("redis"),
];

/** The same case, short, but warm: the code of both sides must be compiled before it is measured. */
export function shortened(one: Case): Case {
  if (one.kind !== "turns") return { ...one, warmUp: Math.ceil(one.warmUp / 2), measured: Math.ceil(one.measured / 3) };
  return { ...one, measured: Math.ceil(one.measured / 3) };
}
