import { mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** Where all tests keep snapshots of interpreters. A test that needs a start from nothing gives a folder of its own. */
export const interpreterFolder = join(tmpdir(), `chingu-test-interpreters-${userInfo().uid}`);
mkdirSync(interpreterFolder, { recursive: true, mode: 0o700 });
