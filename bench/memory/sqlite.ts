import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { longMessage } from "./messages.ts";
import { type Case, compare, fill, namespace } from "./stage.ts";

const key = { namespace, id: "t" };

/** Against one bare insert into a table of the same shape, and against the bytes that were said. */
export const sqliteCases: readonly Case[] = [
  {
    name: "sqlite: append one message",
    async measure(stage) {
      const store = await stage.open(`sqlite:${join(stage.folder, "ours.db")}`);
      const raw = new DatabaseSync(join(stage.folder, "floor.db"));
      stage.defer(() => raw.close());
      raw.exec("pragma journal_mode = wal; pragma synchronous = normal");
      raw.exec(
        `create table message (
           id integer primary key, thread integer, seq integer, at text, role text, body text, unique (thread, seq)
         ) strict`,
      );
      const insert = raw.prepare("insert into message (thread, seq, at, role, body) values (1, ?, ?, ?, ?)");
      return [
        await compare(stage, {
          name: "sqlite: append one message, to one insert",
          target: 6,
          times: 1_000,
          ours: (n) => store.append(key, [longMessage(n)]),
          floor: (n) => {
            const message = longMessage(n);
            insert.run(n, message.at, message.role, JSON.stringify(message));
          },
        }),
      ];
    },
  },
  {
    name: "sqlite: file",
    async measure(stage) {
      const path = join(stage.folder, "chingu.db");
      const store = await stage.open(`sqlite:${path}`);
      const payload = await fill(store, "t", 2_000, longMessage);
      await store.close();
      const stored = statSync(path).size;
      const name = "sqlite: file of 2,000 messages, to their JSON";
      return [
        { case: name, unit: "bytes", ours: stored, floor: payload, ratio: stored / payload, target: 1.45, rounds: 1 },
      ];
    },
  },
];
