/** How a program may come to its end: by a limit, or by `itself`: with a value, an error, or the end of its interpreter. */
export type End = "itself" | "time" | "memory" | "output" | "recursion";

/**
 * The ends that are right for a case. An end by time is right only where the program runs for ever, or as long as it
 * likes, on any machine: elsewhere it would hide that the limit which is meant no longer works.
 */
export type Ends = End | readonly End[];

export const named = (ends: Ends = "itself"): readonly End[] => (typeof ends === "string" ? [ends] : ends);
