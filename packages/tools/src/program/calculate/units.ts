/** A unit beside those of mathjs: so many of another one, exactly; without `of` it is a dimension of its own. */
export interface OwnUnit {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly of?: { readonly amount: readonly [bigint, bigint]; readonly unit: string };
  /** Said with every result in which it was used, where people mean different things by it. */
  readonly note?: string;
}

const made = (name: string, top: bigint, bottom: bigint, unit: string, note?: string): OwnUnit => ({
  name,
  of: { amount: [top, bottom], unit },
  ...(note !== undefined && { note }),
});

const litres = "되 is 2401/1331 L, often rounded to 1.8 L; 홉, 말 and 섬 are 1/10, 10 and 100 of it";

/** The traditional units of Korea by their legal definitions (1 자 = 10/33 m, 1 돈 = 3.75 g), and money. */
export const ownUnits: readonly OwnUnit[] = [
  made("평", 400n, 121n, "m^2"),
  made("자", 10n, 33n, "m"),
  made("치", 1n, 33n, "m"),
  made("리", 4320n, 11n, "m", "리 alone is the distance (about 393 m); the rate 0.001 is written after 할 or 푼"),
  made("돈", 375n, 100n, "g"),
  made("냥", 375n, 10n, "g"),
  made("관", 3750n, 1n, "g"),
  made("근", 600n, 1n, "g", "근 is 600 g, as for meat; vegetables and fruit are sold at 400 g: write 채소근"),
  made("고기근", 600n, 1n, "g"),
  made("채소근", 400n, 1n, "g"),
  made("홉", 2401n, 13310n, "L", litres),
  made("되", 2401n, 1331n, "L", litres),
  made("말", 24010n, 1331n, "L", litres),
  made("섬", 240100n, 1331n, "L", litres),
  { name: "원", aliases: ["KRW"] },
  { name: "USD" },
  { name: "EUR" },
  { name: "JPY" },
  { name: "CNY" },
];

/** Korean names of what mathjs has under another. */
export const unitNames: ReadonlyMap<string, string> = new Map([
  ["밀리미터", "mm"],
  ["센티미터", "cm"],
  ["센티", "cm"],
  ["미터", "m"],
  ["킬로미터", "km"],
  ["제곱센티미터", "cm^2"],
  ["제곱미터", "m^2"],
  ["제곱킬로미터", "km^2"],
  ["세제곱센티미터", "cm^3"],
  ["세제곱미터", "m^3"],
  ["헥타르", "hectare"],
  ["밀리그램", "mg"],
  ["그램", "g"],
  ["킬로그램", "kg"],
  ["톤", "tonne"],
  ["밀리리터", "mL"],
  ["리터", "L"],
  ["초", "second"],
  ["분", "minute"],
  ["시간", "hour"],
  ["일", "day"],
  ["주", "week"],
  ["개월", "month"],
  ["년", "year"],
  ["인치", "inch"],
  ["피트", "ft"],
  ["야드", "yard"],
  ["마일", "mile"],
  ["온스", "oz"],
  ["파운드", "lb"],
  ["갤런", "gallon"],
  ["달러", "USD"],
  ["유로", "EUR"],
  ["엔", "JPY"],
  ["위안", "CNY"],
  ["퍼센트", "%"],
  ["프로", "%"],
  ...ownUnits.map(({ name }) => [name, name] as const),
]);

const averages = "a year is 365.25 days here and a month 30.4375: for days of the calendar use run_python";

/** Said of units of mathjs that people understand in several ways; under the singular. */
export const unitNotes: ReadonlyMap<string, string> = new Map([
  ["month", averages],
  ["year", averages],
  ["ton", "ton is the short ton, 907.18474 kg: write tonne for 1000 kg"],
  ["gallon", "gallon is that of the US, 3.785411784 L"],
  ["cup", "cup is that of the US, 236.5882365 mL"],
  ["pint", "pint is that of the US, 473.176473 mL"],
  ["teaspoon", "teaspoon is 5 mL"],
  ["tablespoon", "tablespoon is 15 mL"],
]);

/** Signs that stand for a unit. */
export const unitSigns: ReadonlyMap<string, string> = new Map([
  ["℃", "degC"],
  ["℉", "degF"],
  ["°", "deg"],
  ["㎜", "mm"],
  ["㎝", "cm"],
  ["㎞", "km"],
  ["㎠", "cm^2"],
  ["㎡", "m^2"],
  ["㎢", "km^2"],
  ["㎥", "m^3"],
  ["㎎", "mg"],
  ["㎏", "kg"],
  ["㎖", "mL"],
  ["ℓ", "L"],
]);

export const currencySigns: ReadonlyMap<string, string> = new Map([
  ["₩", "원"],
  ["$", "USD"],
  ["€", "EUR"],
  ["¥", "JPY"],
]);
