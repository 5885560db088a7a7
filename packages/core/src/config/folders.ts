import { join } from "node:path";
import { type Environment, variable } from "../protocol/index.ts";

/** Where Chingu keeps its files: the XDG folders, `%APPDATA%` and `%LOCALAPPDATA%` on Windows. */
export interface Folders {
  readonly config: string;
  readonly data: string;
  readonly cache: string;
  readonly state: string;
}

// `env-paths` reads the process's own environment and puts macOS configuration where terminal users do not look for it.
export function foldersOf(environment: Environment, home: string, platform: string = process.platform): Folders {
  const windows = platform === "win32";
  const folder = (name: string, onWindows: string, otherwise: string) =>
    join(
      variable(environment, name) ?? (windows ? (variable(environment, onWindows) ?? home) : join(home, otherwise)),
      "chingu",
    );
  return {
    config: folder("XDG_CONFIG_HOME", "APPDATA", ".config"),
    data: folder("XDG_DATA_HOME", "LOCALAPPDATA", ".local/share"),
    cache: folder("XDG_CACHE_HOME", "LOCALAPPDATA", ".cache"),
    state: folder("XDG_STATE_HOME", "LOCALAPPDATA", ".local/state"),
  };
}
