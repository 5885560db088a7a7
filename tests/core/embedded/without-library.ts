// Run as a process of its own, in which node-llama-cpp cannot be found.
import { registerHooks } from "node:module";
import { createEmbeddedModel } from "../../../packages/core/src/model/embedded/index.ts";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "node-llama-cpp") return next(specifier, context);
    throw Object.assign(new Error("Cannot find package 'node-llama-cpp'"), { code: "ERR_MODULE_NOT_FOUND" });
  },
});
const model = createEmbeddedModel({
  size: "small",
  gpu: false,
  makeId: () => "c",
  artefacts: {
    cacheFolder: "/nowhere",
    consent: async () => {
      throw new Error("nobody may be asked");
    },
    offline: false,
    environment: {},
  },
});
const request = { system: "", messages: [], tools: [], toolChoice: "auto" } as const;
for await (const event of model.stream(request, new AbortController().signal)) {
  if (event.type === "failed") process.send?.(event);
}
process.disconnect?.();
