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
  ["1,23", /groups of three/],
  ["5 m to kg", /Units do not match/],
  ["30000 원 + 5", /both sides a unit/],
  ["200 USD + 5 원", /no exchange rates/],
  ["사과 3개", /Undefined symbol 사과 at character 1/],
  ["3억 5천", /two ways: write 3억 5천만/],
  ["1억 5000", /two ways/],
  ["3.5억 2천만", /one unit/],
  ["5만 3억", /go down/],
  ["25도", /write degC or deg/],
  ["5의 배수", /before a share/],
  ["% of 5", /between a share/],
  ["의 3배", /between a share/],
  ["17% of", /between a share/],
  ["max(1,234,567, 2,000,000)", /one number or 3: write 1234567, or 1, 234, 567 at character 5/],
  ["1 + 3억 5천", /at character 5/],
  ["3만 + 없는것", /없는것 at character 6/],
  ["3만 +* 4", /Value expected at character 5/],
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

test.each([
  ["1,234,567 + 1", "1234568"],
  ["(1,234.5 + 1) * 2", "2471"],
  ["１２３＋４５×２÷３", "153"],
  ["7 − 2", "5"],
  ["3억 5천만", "350000000"],
  ["1조 2,345억 6,789만 1,234", "1234567891234"],
  ["3.5억", "350000000"],
  ["2만 3천", "23000"],
  ["3천5백", "3500"],
  ["천만", "10000000"],
  ["삼만 오천", "35000"],
  ["이십만 * 2", "400000"],
  ["10만 / 3만", "10/3"],
  ["17% of 2340", "397.8"],
  ["2340의 17%", "397.8"],
  ["2,340의 17 퍼센트", "397.8"],
  ["100 + 2340의 17%", "497.8"],
  ["100 / 50% of 4", "50"],
  ["(10 + 7)% of 2340", "397.8"],
  ["500의 3할", "150"],
  ["3할 5푼 2리", "0.352"],
  ["1000 * 5푼", "50"],
  ["90의 1/3", "30"],
  ["1/3 of 90", "30"],
  ["90의 3분의 1", "30"],
  ["5의 3배", "15"],
  ["2의 10제곱", "1024"],
  ["(1 + 2)의 제곱", "9"],
  ["√16 + √(9)", "7"],
  ["3²", "9"],
  ["mean(1만, 2만)", "15000"],
  ["값 = 3만; 값의 10%", "3000"],
  ["32 평 to m^2", "12800/121 m^2"],
  ["32평을 제곱미터로", "12800/121 m^2"],
  ["400/121 m^2 to 평", "1 평"],
  ["3근 to g", "1800 g"],
  ["3 채소근 to g", "1200 g"],
  ["1관 to kg", "3.75 kg"],
  ["3돈 to g", "11.25 g"],
  ["1 말 to 되", "10 되"],
  ["1되 to L", "2401/1331 L"],
  ["10리 to m", "43200/11 m"],
  ["3만 원 * 17%", "5100 원"],
  ["3만원 + ₩5,000", "35000 원"],
  ["50000 원/평 * 32 평", "1600000 원"],
  ["200 USD * 1350 원/USD", "270000 원"],
  ["$200 * 3", "600 USD"],
  ["90분 to 시간", "1.5 hour"],
  ["5 °C to degF", "41 degF"],
  ["섭씨 25도 to degF", "77 degF"],
  ["5 ㎡ to cm^2", "50000 cm^2"],
])("%s, as people write it, is exactly %s", async (expression, exact) => {
  const { structured, receipt } = await programs.calculate(expression);
  expect(structured).toMatchObject({ ok: true, exact, is_exact: true });
  expect(receipt).toMatchObject({ program: expression, value: exact });
});

test("what was put differently is shown, and what was written plainly is not", async () => {
  const { structured, content } = await programs.calculate("3억 5천만 / 12");
  expect(structured.read_as).toBe("350000000 / 12");
  expect(content).toContain("Read as: 350000000 / 12");
  expect((await programs.calculate("max(1,234)")).structured).toMatchObject({ exact: "234", read_as: "max(1, 234)" });
  expect((await programs.calculate("1 + 2")).structured.read_as).toBeUndefined();
});

test("a unit that people understand in several ways says which was meant", async () => {
  expect((await programs.calculate("2근 to g")).content).toContain("600 g, as for meat");
  expect((await programs.calculate("2 kg to g")).structured.notes).toBeUndefined();
});

test("the result is given in the unit asked for", async () => {
  expect((await programs.calculate("100 km/h", { unit: "m/s" })).structured.exact).toBe("250/9 m / s");
  expect((await programs.calculate("32평", { unit: "㎡" })).structured).toMatchObject({
    exact: "12800/121 m^2",
    unit: "m^2",
  });
  expect((await programs.calculate("5", { unit: "m" })).content).toContain("no unit");
  expect((await programs.calculate("5 m", { unit: "kg" })).isError).toBe(true);
  expect((await programs.calculate("5 m", { unit: "m); config(1" })).isError).toBe(true);
});

test("a number that is too long to be carried whole is not called exact", async () => {
  expect((await programs.calculate("10^(10^12) - 1")).structured.is_exact).toBe(false);
});
