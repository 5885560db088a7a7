import { clusterFaults } from "./cluster.ts";
import { connectionFaults } from "./connection.ts";
import { damage } from "./damage.ts";
import { diskFaults } from "./disk.ts";
import type { Counts } from "./ledger.ts";
import { refusals } from "./refusals.ts";
import { type Fault, openStage, Skipped, type StageOptions } from "./stage.ts";
import { writerFaults } from "./writers.ts";

export const faults: readonly Fault[] = [
  ...connectionFaults,
  ...refusals,
  ...clusterFaults,
  ...diskFaults,
  ...damage,
  ...writerFaults,
];

/** One fault and what came of it. */
export interface Trial extends Counts {
  readonly fault: string;
  readonly store: Fault["store"];
  /** Empty when all that was promised was kept, once, and everything else held. */
  readonly faults: readonly string[];
  readonly notes: readonly string[];
  /** Why it could not be tried here. */
  readonly skipped?: string;
}

export interface ProofOptions extends StageOptions {
  readonly only?: (fault: Fault) => boolean;
  readonly onTrial?: (trial: Trial) => void;
}

/** Meets every fault, one after the other, each on servers and files of its own. */
export async function prove({ only = () => true, onTrial, ...options }: ProofOptions): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const fault of faults.filter(only)) {
    const trial = await meet(fault, options);
    onTrial?.(trial);
    trials.push(trial);
  }
  return trials;
}

async function meet({ name, store, meet: run }: Fault, options: StageOptions): Promise<Trial> {
  await using stage = await openStage(options);
  let skipped: string | undefined;
  try {
    await run(stage);
  } catch (error) {
    if (error instanceof Skipped) skipped = error.message;
    else stage.faults.push(`it threw: ${error instanceof Error ? error.message : error}`);
  }
  const { counts } = stage.ledger;
  const lost = counts.acked - counts.kept - counts.taken;
  if (!skipped && lost > 0) stage.faults.push(`${lost} acknowledged messages are gone`);
  if (counts.duplicated > 0) stage.faults.push(`${counts.duplicated} messages are there twice`);
  const { faults: found, notes } = stage;
  return { fault: name, store, ...counts, faults: [...new Set(found)], notes, ...(skipped && { skipped }) };
}
