// Run as a process of its own: fetches the artefact described in its argument and prints what became of it.
import { obtain } from "../../../packages/core/src/artefacts/index.ts";

const { artefact, cacheFolder } = JSON.parse(process.argv[2] ?? "");
const phases = new Set<string>();
const result = await obtain(
  artefact,
  {
    cacheFolder,
    consent: async () => true,
    offline: false,
    environment: {},
    onProgress: ({ phase }) => {
      phases.add(phase);
      if (phase === "fetching" || phase === "waiting") process.send?.(phase);
    },
  },
  new AbortController().signal,
);
console.log(JSON.stringify({ result, phases: [...phases] }));
process.disconnect?.();
