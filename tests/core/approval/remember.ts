import { openRememberedRules } from "../../../packages/core/src/approval/remembered.ts";

// A process that remembers rules: `remember.ts FILE FOLDER NAME COUNT`.
const [file = "", folder = "", name = "", count = "0"] = process.argv.slice(2);
const rules = openRememberedRules(file);
for (let n = 0; n < Number(count); n++) {
  const failure = await rules.save(folder, `${name}_${n}`);
  if (failure) throw new Error(failure.message);
}
