import { afterAll, expect, test } from "vitest";
import { startPrograms } from "./harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

test.each([
  ["0.1 + 0.2", "0.3"],
  ["1/3 + 1/7", "10/21"],
  ["2^200", String(2n ** 200n)],
  ["15% * 80", "12"],
  ["80 + 15%", "92"],
  ["17 * 24 * (1 - 3/8)", "255"],
  ["12345678901234567890 * 98765432109876543210", "1219326311370217952237463801111263526900"],
  ["sqrt(4/9)", "2/3"],
  ["20!", "2432902008176640000"],
  ["combinations(45, 6)", "8145060"],
  ["7 mod 3", "1"],
  ["1e3", "1000"],
  ["median(3, 1, 2)", "2"],
  ["round(1000 * 1.035^10, 2)", "1410.6"],
  ["f(x) = x^2; f(3/7)", "9/49"],
  ["inv([1, 2; 3, 4])", "[[-2, 1], [1.5, -0.5]]"],
  ["[1, 2; 3, 4] * [5; 6]", "[[17], [39]]"],
  ["sqrt(-4)", "2i"],
  ["(1 + 2i) * 3", "3 + 6i"],
  ["25 degC to degF", "77 degF"],
  ["5 kg * 9.81 m/s^2", "49.05 N"],
  ["3 > 2", "true"],
  ["-1/3", "-1/3"],
  ["10^-3", "0.001"],
])("%s is exactly %s", async (expression, exact) => {
  const { structured, receipt } = await programs.calculate(expression);
  expect(structured).toMatchObject({ ok: true, exact, is_exact: true });
  expect(receipt).toMatchObject({ kind: "computation", language: "mathjs", program: expression, value: exact });
});

test("a conversion gives the exact value, the decimal and the unit", async () => {
  const { structured, content } = await programs.calculate("5 cm to inch");
  expect(structured).toMatchObject({ exact: "250/127 inch", decimal: "1.9685039370078740157", unit: "inch" });
  expect(content).toBe("= 250/127 inch ≈ 1.9685039370078740157 inch");
});

test("what has no exact form is marked as rounded", async () => {
  const { structured, content } = await programs.calculate("sqrt(2)");
  expect(structured).toMatchObject({ exact: "1.4142135623730950488", is_exact: false });
  expect(content).toMatch(/^≈/);
});

test("an angle is never passed off as a fraction", async () => {
  const { structured } = await programs.calculate("90 deg to rad");
  expect(structured).toMatchObject({ decimal: "1.5707963267948966192", is_exact: false });
});

test("precision asks for more or fewer digits", async () => {
  const [many, few] = await Promise.all([
    programs.calculate("pi", { precision: 50 }),
    programs.calculate("2/3", { precision: 3 }),
  ]);
  expect(many.structured.decimal).toBe("3.1415926535897932384626433832795028841971693993751");
  expect(few.structured).toMatchObject({ exact: "2/3", decimal: "0.667" });
});

test.each([
  ["3 +* 4", /Value expected at character 4/],
  ["1,234,567", /thousands separators/],
  ["2 + wrong", /Undefined symbol wrong at character 5/],
  ["1/0", /infinite/],
  ["3 cm + 2 kg", /Units do not match/],
  ["", /no value/],
  ["12 + 한", /character 6/],
])("%s is refused with what is wrong and where", async (expression, message) => {
  const { isError, content, receipt } = await programs.calculate(expression);
  expect(isError).toBe(true);
  expect(content).toMatch(message);
  expect(receipt).toBeUndefined();
});

test("nothing is kept from one call to the next", async () => {
  await programs.calculate("x = 5; pi = 3; f(a) = a");
  expect((await programs.calculate("x")).structured.error?.message).toMatch(/Undefined symbol x/);
  expect((await programs.calculate("pi", { precision: 5 })).structured.decimal).toBe("3.1416");
});
