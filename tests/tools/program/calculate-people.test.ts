import { afterAll, expect, test } from "vitest";
import { startPrograms } from "./harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

test.each([
  ["5% + 5%", "0.1"],
  ["5퍼센트 + 5퍼센트", "0.1"],
  ["50% - 20%", "0.3"],
  ["100% - 30%", "0.7"],
  ["15% + 3", "3.15"],
  ["10% + 5", "5.1"],
  ["(5% + 5%) + 5%", "0.15"],
  ["2 * (50% - 20%)", "0.6"],
  ["80 + 15%", "92"],
  ["80 + 15% + 3", "95"],
  ["(80 + 15%) - 10%", "82.8"],
  ["3 + 15% * 80", "15"],
  ["mean(5% + 5%, 2)", "1.05"],
  ["10% mod 3", "0.1"],
  ["10 % 3", "1"],
  ["10%3", "1"],
  ["30분의 20%", "6 minute"],
])("the percentages of %s make exactly %s", async (expression, exact) => {
  expect((await programs.calculate(expression)).structured).toMatchObject({ ok: true, exact, is_exact: true });
});

test.each([
  ["325 더하기 7", "332"],
  ["100 빼기 3억", "-299999900"],
  ["7곱하기 8", "56"],
  ["10나누기4", "2.5"],
  ["12만 원 나누기 5", "24000 원"],
  ["80 더하기 15%", "92"],
  ["루트(16)", "4"],
  ["루트 81 곱하기 2", "18"],
])("the words of %s are signs: it is exactly %s", async (expression, exact) => {
  expect((await programs.calculate(expression)).structured).toMatchObject({ ok: true, exact, is_exact: true });
});

test("a word that only begins like a sign is none", async () => {
  expect((await programs.calculate("원주율이 * 3")).isError).toBe(true);
  expect((await programs.calculate("원주율 * 3^2", { precision: 5 })).structured.exact).toBe("28.274");
});

test.each([
  ["1시간 30분", "1.5 hour"],
  ["2시간30분", "2.5 hour"],
  ["5 ft 3 inch", "5.25 ft"],
  ["-5 ft 3 in", "-5.25 ft"],
  ["6 ft 2 in to cm", "187.96 cm"],
  ["2m 50cm", "2.5 m"],
  ["5 kg 300 g", "5.3 kg"],
  ["1년 6개월", "1.5 year"],
  ["2시간 30분 * 12000 원/시간", "30000 원"],
  ["100 km / 1시간 15분", "80 km / hour"],
])("%s is one amount, %s, and the result says how it was read", async (expression, exact) => {
  const { structured } = await programs.calculate(expression);
  expect(structured).toMatchObject({ ok: true, exact, is_exact: true });
  expect(structured.read_as).toContain(" + ");
});

test.each([
  ["1 + 5% + 5%", /\(80 \+ 15%\) - 10%/],
  ["80 + (15%)", /two ways/],
  ["10% 3", /percentage or a remainder/],
  ["10 % -3", /percentage or a remainder/],
  ["3평 5자", /side by side/],
  ["50 cm 2 m", /side by side/],
  ["5 m 3", /side by side/],
  ["60 km/h 2 h", /side by side/],
  ["2 m 50 cm/s", /side by side/],
  ["2 3분의 1", /side by side/],
  ["$2½", /side by side/],
  ["12:30", /time or a range.*run_python/],
  ["2026-11-21 - 2026-01-01", /a date .*run_python/],
  ["1/3 to 5", /^to turns a quantity into a unit/],
  ["5 m > 3", /a quantity and a plain number/],
  ["max(5 m, 3)", /a quantity and a plain number/],
])("%s is refused with the way out", async (expression, message) => {
  const { isError, content } = await programs.calculate(expression);
  expect(isError).toBe(true);
  expect(content).toMatch(message);
});

// By the agreement of 1959 on yard and pound, the definitions of NIST Handbook 44 and the SI of 2019.
test.each([
  ["1 lb to kg", "0.45359237 kg"],
  ["1 oz to g", "28.349523125 g"],
  ["1 stone to kg", "6.35029318 kg"],
  ["1 ton to kg", "907.18474 kg"],
  ["1 grain to mg", "64.79891 mg"],
  ["1 cwt to kg", "45.359237 kg"],
  ["1 inch to cm", "2.54 cm"],
  ["1 mile to m", "1609.344 m"],
  ["1 rd to m", "5.0292 m"],
  ["1 acre to m^2", "4046.8564224 m^2"],
  ["640 acre to sqmi", "1 sqmi"],
  ["1 gallon to L", "3.785411784 L"],
  ["1 cup to mL", "236.5882365 mL"],
  ["1 floz to mL", "29.5735295625 mL"],
  ["231 cuin to gallon", "1 gallon"],
  ["1 lbf to N", "4.4482216152605 N"],
  ["1 kip to lbf", "1000 lbf"],
  ["1 hp to W", "745.69987158227022 W"],
  ["1 psi to Pa", "8896443230521/1290320000 Pa"],
  ["1 atm to torr", "760 torr"],
  ["1 mmHg to Pa", "133.322387415 Pa"],
  ["1 BTU to J", "1055.05585262 J"],
  ["1 eV to J", "0.0000000000000000001602176634 J"],
  ["1 nm to m", "0.000000001 m"],
  ["1 ng to kg", "0.000000000001 kg"],
])("%s is %s, as it is defined", async (expression, exact) => {
  expect((await programs.calculate(expression)).structured).toMatchObject({ ok: true, exact, is_exact: true });
});

test.each(["3 drop to mL", "1 stick to g", "gravitationConstant", "format(1/3)", "string(2/3)"])(
  "%s is not called exact",
  async (expression) => {
    const { structured, content } = await programs.calculate(expression);
    expect(structured).toMatchObject({ ok: true, is_exact: false });
    expect(content).toMatch(/^≈/);
  },
);

test.each([
  ["3억 5천만 / 12", "87500000/3"],
  ["32평을 m^2로", "12800/121 m^2"],
])("%s is understood in decomposed Hangul too", async (expression, exact) => {
  expect((await programs.calculate(expression.normalize("NFD"))).structured).toMatchObject({ ok: true, exact });
});

test.each([
  ["½ + ¼", "0.75"],
  ["2½ * 2", "5"],
  ["2 ½", "2.5"],
  ["삼분의 일", "1/3"],
  ["십이분의 오 * 2", "5/6"],
  ["90의 삼분의 일", "30"],
  ["ln(1)", "0"],
])("%s is exactly %s", async (expression, exact) => {
  expect((await programs.calculate(expression)).structured).toMatchObject({ ok: true, exact });
});
