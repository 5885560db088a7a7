const units: Readonly<Record<string, number>> = {
  천: 1e3,
  만: 1e4,
  십만: 1e5,
  백만: 1e6,
  천만: 1e7,
  억: 1e8,
  조: 1e12,
};
const digits = String.raw`\d[\d,]*(?:\.\d+)?`;
const unit = "조|억|천만|백만|십만|만|천";
/** `1,000만`, `3억 5천만`, `1만 2,500`: one or more numbers with units, perhaps a plain one behind them. */
const withUnits = new RegExp(
  `(?:${digits}(?:${unit})(?![가-힣]*년대)\\s?)+(?:${digits}(?=\\s?(?:원|명|개|권|km|m|g)))?`,
  "g",
);
const piece = new RegExp(`(${digits})(${unit})?`, "g");

/**
 * Korean counting in ten thousands as digits, grouped as a program writes them: a small model takes `1,000만` for a
 * million, and miscounts the zeros of 10000000.
 */
export function plainNumbers(text: string): string {
  return text.replace(withUnits, (match) => {
    const sum = [...match.matchAll(piece)].reduce(
      (total, [, number = "", of]) => total + Number(number.replaceAll(",", "")) * (of ? (units[of] ?? 1) : 1),
      0,
    );
    return `${grouped(Math.round(sum))}${/\s$/.test(match) ? " " : ""}`;
  });
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, "_");
}

/** Whether the text says every number of a result; 24 and 24.0 are the same, and 2.67 says 2.6666. */
export function saysNumbersOf(result: string, text: string): boolean {
  const said = numbersIn(text);
  return numbersIn(result).every((number) => said.some((one) => Math.abs(one - number) <= Math.abs(number) * 0.005));
}

function numbersIn(text: string): number[] {
  const plain = text.replace(/(?<=\d),(?=\d{3})/g, "");
  return [...plain.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
}
