export {
  type Artefact,
  describeSource,
  type Obtained,
  type Source,
  type WheelMember,
} from "./artefact.ts";
export { type CachedArtefact, isReady, listArtefacts, removeArtefact } from "./cache.ts";
export { withLock } from "./lock.ts";
export { type ObtainOptions, obtain } from "./obtain.ts";
export { type ArtefactProgress, describeProgress, formatBytes } from "./progress.ts";
export { wheelMembers } from "./wheel.ts";
