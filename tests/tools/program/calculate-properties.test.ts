import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { normaliseKorean } from "../../../packages/tools/src/program/calculate/normalise-korean.ts";
import { startPrograms } from "./harness.ts";

const programs = startPrograms();
afterAll(() => programs.close());

/** A fraction in lowest terms, as the tool writes one that does not end as a decimal. */
interface Ratio {
  readonly top: bigint;
  readonly bottom: bigint;
}
interface Sum {
  readonly text: string;
  readonly value: Ratio;
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
const ratio = (top: bigint, bottom: bigint): Ratio => {
  const sign = bottom < 0n ? -1n : 1n;
  const common = gcd(top < 0n ? -top : top, bottom < 0n ? -bottom : bottom) || 1n;
  return { top: (sign * top) / common, bottom: (sign * bottom) / common };
};

const number = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map((n): Sum => ({ text: String(n), value: ratio(n, 1n) })),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.integer({ min: 1, max: 12 })).map(
    ([n, places]): Sum => ({
      text: `${n / 10n ** BigInt(places)}.${String(n % 10n ** BigInt(places)).padStart(places, "0")}`,
      value: ratio(n, 10n ** BigInt(places)),
    }),
  ),
);

const { sum } = fc.letrec<{ sum: Sum }>((tie) => ({
  sum: fc.oneof(
    { maxDepth: 4 },
    number,
    fc.tuple(tie("sum"), fc.constantFrom("+", "-", "*", "/"), tie("sum")).map(([a, operator, b]): Sum => {
      const [x, y] = [a.value, b.value];
      const divides = operator === "/" && y.top !== 0n;
      const shown = operator === "/" && !divides ? "*" : operator;
      const value =
        shown === "+"
          ? ratio(x.top * y.bottom + y.top * x.bottom, x.bottom * y.bottom)
          : shown === "-"
            ? ratio(x.top * y.bottom - y.top * x.bottom, x.bottom * y.bottom)
            : shown === "*"
              ? ratio(x.top * y.top, x.bottom * y.bottom)
              : ratio(x.top * y.bottom, x.bottom * y.top);
      return { text: `(${a.text} ${shown} ${b.text})`, value };
    }),
  ),
}));

/** What the tool wrote, back as a fraction. */
function read(exact: string): Ratio {
  const [top = "", bottom = "1"] = exact.split("/");
  const [whole = "", places = ""] = top.split(".");
  return ratio(BigInt(whole + places), 10n ** BigInt(places.length) * BigInt(bottom));
}

test("sums, products and quotients are what whole-number arithmetic says, to the last digit", async () => {
  await fc.assert(
    fc.asyncProperty(sum, async ({ text, value }) => {
      const { structured } = await programs.calculate(text);
      expect(structured).toMatchObject({ ok: true, is_exact: true });
      expect(read(structured.exact ?? "")).toEqual(value);
    }),
    { numRuns: 150, endOnFailure: true },
  );
});

test("a plain expression stays as it was written", () => {
  const word = fc.constantFrom("x", "pi", "sqrt(2)", "max(1, 2)", "5 cm", "[1, 2; 3, 4]", "f(x) = x^2", '"a, 1,234"');
  const plain = fc
    .array(
      fc.oneof(
        sum.map(({ text }) => text),
        word,
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join(" + "));
  fc.assert(
    fc.property(plain, (text) => {
      const { expression, changed } = normaliseKorean(text);
      expect(expression).toBe(text);
      expect(changed).toBe(false);
    }),
  );
});

test("a whole number written with 만, 억 and 조, or with separators, is that number", () => {
  const korean = (n: bigint): string => {
    const parts = ["", "만", "억", "조", "경"].map((unit, i) => [(n / 10_000n ** BigInt(i)) % 10_000n, unit] as const);
    return parts
      .filter(([part]) => part > 0n)
      .map(([part, unit]) => `${part}${unit}`)
      .reverse()
      .join(" ");
  };
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n - 1n }), (n) => {
      // Without 만 before it, a last part after 억 is read in two ways.
      const clear = n < 10n ** 8n || (n / 10_000n) % 10_000n > 0n || n % 10_000n === 0n;
      if (clear) expect(normaliseKorean(korean(n)).expression).toBe(String(n));
      const separated = String(n).replace(/\B(?=(\d{3})+$)/g, ",");
      expect(normaliseKorean(separated).expression).toBe(String(n));
    }),
  );
});

test("any text is put differently or refused, and never takes long or breaks", () => {
  const piece = fc.constantFrom(
    ..."0123456789.,()[]+-*/^%만억조천백십할푼리의을로평근도원분일 of$₩√'\"#²°C\n".split(""),
    "분의",
    "제곱",
    "섭씨",
    "of",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      try {
        const { expression, origin } = normaliseKorean(pieces.join(""));
        for (let at = 0; at < expression.length; at++) expect(origin(at)).toBeGreaterThanOrEqual(0);
      } catch (error) {
        expect(error).toHaveProperty("char");
      }
    }),
    { numRuns: 2_000 },
  );
});
