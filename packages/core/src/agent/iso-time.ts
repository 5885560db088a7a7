/** Times as ISO 8601, UTC. One is written only when the millisecond has changed: the events of a stream share theirs. */
export function createIsoTime(): (ms: number) => string {
  let newest = Number.NaN;
  let text = "";
  return (ms) => {
    if (ms !== newest) {
      newest = ms;
      text = new Date(ms).toISOString();
    }
    return text;
  };
}
