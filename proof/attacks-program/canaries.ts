import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What no program may reach: a file with a secret, a variable of our environment, a server on loopback. */
export interface Canaries {
  /** Points a case's placeholders at them. */
  aim(code: string): string;
  /** What has been touched, and what of it is said in `said`. */
  faults(said: string): readonly string[];
  close(): void;
}

export async function openCanaries(): Promise<Canaries> {
  const secret = "canary-7f3a-sings";
  const folder = mkdtempSync(join(tmpdir(), "chingu-canary-"));
  const secretFile = join(folder, "secret.txt");
  writeFileSync(secretFile, secret);
  process.env["CANARY"] = secret;
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const touch = `touch ${join(folder, "touched")}`;
  return {
    aim: (code) =>
      code.replaceAll("SECRET_FILE", secretFile).replaceAll("TOUCH", touch).replaceAll("PORT", String(port)),
    faults(said) {
      const faults: string[] = [];
      if (said.includes(secret)) faults.push("it says the secret");
      if (/uid=\d/.test(said)) faults.push("it ran a command");
      if (/(python|javascript|math)-child/.test(said)) faults.push("it knows where it runs");
      if (readdirSync(folder).join() !== "secret.txt") faults.push("it left a file");
      else if (readFileSync(secretFile, "utf8") !== secret) faults.push("it changed a file");
      if (connections > 0) faults.push("it reached the network");
      return faults;
    },
    close() {
      server.close();
      rmSync(folder, { recursive: true, force: true });
      delete process.env["CANARY"];
    },
  };
}
