import { expect, test } from "vitest";
import { findCommand, typedCommand } from "../../../packages/cli/src/terminal/commands.ts";
import { latinKey, latinKeys } from "../../../packages/cli/src/terminal/input/hangul.ts";

test("each jamo of the 2-set layout has its Latin key", () => {
  expect([..."ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ"].map(latinKey).join("")).toBe(
    "qwertyuiopasdfghjklzxcvbnm",
  );
  expect([..."ㅃㅉㄸㄲㅆㅒㅖ"].map(latinKey).join("")).toBe("QWERTOP");
});

test("words typed with the Korean layout on read as the keys pressed", () => {
  expect(latinKeys("ㅗ디ㅔ")).toBe("help");
  expect(latinKeys("벼ㅑㅅ")).toBe("quit");
  expect(latinKeys("값")).toBe("rkqt");
  expect(latinKeys("ㅗ디ㅔ".normalize("NFD"))).toBe("help");
  expect(latinKeys("why 1")).toBe("why 1");
});

test("a command is found by its name in either layout; a path is a message", () => {
  const help = { name: "help", description: "", run: async () => ({}) };
  expect(findCommand([help], "ㅗ디ㅔ")).toBe(help);
  expect(findCommand([help], "helpp")).toBeUndefined();
  expect(typedCommand("/why  r1 ")).toEqual({ name: "why", argument: "r1" });
  expect(typedCommand("/etc/hosts 설명해줘")).toBeUndefined();
});
