/**
 * The zone in which programs read the clock: `TZ` where it names one, else the system's; on a machine that knows no zone
 * but UTC, as servers and containers do, Korean users get Korean time.
 */
export function programTimeZone(
  environment: { readonly [name: string]: string | undefined },
  systemZone = Intl.DateTimeFormat().resolvedOptions().timeZone,
): string {
  const asked = environment["TZ"]?.replace(/^:/, "");
  if (asked !== undefined && asked !== "" && isZone(asked)) return asked;
  const language = environment["LC_ALL"] || environment["LC_TIME"] || environment["LANG"] || "";
  const unknown = /^(|UTC|Etc\/.*)$/.test(systemZone);
  return unknown && language.toLowerCase().startsWith("ko") ? "Asia/Seoul" : systemZone || "UTC";
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
