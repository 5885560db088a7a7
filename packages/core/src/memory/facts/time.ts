/** Whether a text is a time that exists: `Date` takes 30 February for 2 March. */
export function isTime(text: string): boolean {
  if (Number.isNaN(Date.parse(text))) return false;
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? [];
  if (year === undefined) return true;
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
}
