/**
 * The side of run_javascript that lives inside QuickJS: what the language's engine lacks (console, timers, number and
 * date formatting), and the wording of values and errors. It is handed to the child at start. It answers in JSON text,
 * which is data like all the rest: the code it runs can reach and change it. What it needs of the language it takes at
 * the start and calls without looking it up, so that a changed prototype spoils no later result.
 */
export const javascriptDriver = String.raw`
(function (print, format, limits) {
  "use strict";
  const bound = (f) => Function.prototype.call.bind(f);
  const getter = (type, name) => bound(Object.getOwnPropertyDescriptor(type.prototype, name).get);
  const { ownKeys, getOwnPropertyDescriptor: descriptorOf, getPrototypeOf: prototypeOf, apply } = Reflect;
  const { is, setPrototypeOf, defineProperty } = Object;
  const { isArray } = Array;
  const { stringify, parse } = JSON;
  const now = Date.now;
  const asString = String;
  const fixed = bound(Number.prototype.toString);
  const bigDigits = bound(BigInt.prototype.toString);
  const slice = bound(String.prototype.slice);
  const codeAt = bound(String.prototype.charCodeAt);
  const startsWith = bound(String.prototype.startsWith);
  const eachOfMap = bound(Map.prototype.forEach);
  const eachOfSet = bound(Set.prototype.forEach);
  const isoDate = bound(Date.prototype.toISOString);
  const time = bound(Date.prototype.getTime);
  const regexText = bound(RegExp.prototype.toString);
  const symbolText = bound(Symbol.prototype.toString);
  const functionText = bound(Function.prototype.toString);
  const TypedArray = prototypeOf(Uint8Array);
  const sizes = {
    __proto__: null,
    Map: getter(Map, "size"),
    Set: getter(Set, "size"),
    typed: getter(TypedArray, "length"),
    buffer: getter(ArrayBuffer, "byteLength"),
  };
  const typedName = getter(TypedArray, Symbol.toStringTag);
  const regexSource = getter(RegExp, "source");
  const longestBigInt = 10n ** BigInt(limits.intDigits);
  const root = globalThis;
  const objectPrototype = Object.prototype;
  const regexPrototype = RegExp.prototype;
  const ErrorType = Error;
  const PromiseType = Promise;

  /** What a brand check gives, or undefined where it is another kind of object. */
  const probe = (check, value) => {
    try {
      return check(value);
    } catch {
      return undefined;
    }
  };

  const nameOfType = (value) => {
    if (value === null) return "null";
    if (typeof value !== "object") return typeof value;
    if (isArray(value)) return "Array";
    const prototype = prototypeOf(value);
    const maker = prototype && descriptorOf(prototype, "constructor")?.value;
    const name = typeof maker === "function" ? descriptorOf(maker, "name")?.value : undefined;
    return typeof name === "string" && name !== "" ? slice(name, 0, 100) : "Object";
  };

  const hex = (code, width) => slice("0000" + fixed(code, 16), -width);
  const quoted = (text) => {
    let out = "'";
    for (let i = 0; i < text.length; i++) {
      const code = codeAt(text, i);
      const lone = (code & 0xf800) === 0xd800 && !(code < 0xdc00
        ? (codeAt(text, i + 1) & 0xfc00) === 0xdc00
        : i > 0 && (codeAt(text, i - 1) & 0xfc00) === 0xd800);
      if (code === 10) out += "\\n";
      else if (code === 9) out += "\\t";
      else if (code === 13) out += "\\r";
      else if (code === 39 || code === 92) out += "\\" + text[i];
      else if (code < 32 || code === 127) out += "\\x" + hex(code, 2);
      else out += lone ? "\\u" + hex(code, 4) : text[i];
    }
    return out + "'";
  };
  const plainName = (key) => {
    for (let i = 0; i < key.length; i++) {
      const code = codeAt(key, i);
      const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 36 || code > 0xa0;
      if (!letter && (i === 0 || code < 48 || code > 57)) return false;
    }
    return key !== "";
  };

  /** The text of a value in at most so many characters: a big or deep one is cut while it is written. */
  function inspect(value, room, bare) {
    let text = "";
    const tooLong = {};
    const above = { __proto__: null, length: 0 };
    const put = (piece) => {
      if (text.length + piece.length > room) {
        text += slice(piece, 0, room - text.length);
        throw tooLong;
      }
      text += piece;
    };
    const list = (open, close) => {
      let first = true;
      put(open);
      return {
        item(write) {
          if (!first) put(", ");
          first = false;
          write();
        },
        end: () => put(close),
      };
    };
    const properties = (value, depth, members, skip) => {
      const keys = ownKeys(value);
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        if (skip && skip(key)) continue;
        const property = descriptorOf(value, key);
        if (!property || !property.enumerable) continue;
        members.item(() => {
          put((typeof key === "symbol" ? "[" + symbolText(key) + "]" : plainName(key) ? key : quoted(key)) + ": ");
          if ("value" in property) write(property.value, depth + 1);
          else put(property.get ? "[Getter]" : "[Setter]");
        });
      }
    };
    function writeObject(value, depth) {
      const type = nameOfType(value);
      let size;
      if (isArray(value) || (size = probe(sizes.typed, value)) !== undefined) {
        const count = size ?? value.length;
        const members = list(size === undefined ? "[" : typedName(value) + "(" + count + ") [", "]");
        for (let i = 0; i < count; i++) {
          members.item(() => (i in value ? write(value[i], depth + 1) : put("<empty>")));
        }
        if (size === undefined) {
          properties(value, depth, members, (key) => typeof key === "string" && codeAt(key, 0) >= 48 && codeAt(key, 0) <= 57);
        }
        return members.end();
      }
      if ((size = probe(sizes.Map, value)) !== undefined) {
        const members = list("Map(" + size + ") {", "}");
        eachOfMap(value, (item, key) => members.item(() => { write(key, depth + 1); put(" => "); write(item, depth + 1); }));
        return members.end();
      }
      if ((size = probe(sizes.Set, value)) !== undefined) {
        const members = list("Set(" + size + ") {", "}");
        eachOfSet(value, (item) => members.item(() => write(item, depth + 1)));
        return members.end();
      }
      const date = probe(time, value);
      if (date !== undefined) return put(date === date ? isoDate(value) : "Invalid Date");
      if (value !== regexPrototype && probe(regexSource, value) !== undefined) return put(regexText(value));
      if (probe(sizes.buffer, value) !== undefined) return put("ArrayBuffer(" + sizes.buffer(value) + ")");
      if (value instanceof ErrorType) return put("[" + slice(asString(value.name) + ": " + asString(value.message), 0, room) + "]");
      if (value instanceof PromiseType) return put("Promise");
      const prototype = prototypeOf(value);
      const prefix = prototype === null ? "[Object: null prototype] " : prototype === objectPrototype ? "" : type + " ";
      const members = list(prefix + "{", "}");
      properties(value, depth, members);
      members.end();
    }
    function write(value, depth) {
      switch (typeof value) {
        case "string":
          if (bare && depth === 0) return put(value);
          return put(quoted(value.length > room ? slice(value, 0, room) : value));
        case "number":
          return put(is(value, -0) ? "-0" : fixed(value));
        case "bigint":
          return put(value < longestBigInt && value > -longestBigInt ? bigDigits(value) + "n" : "<bigint of more than " + limits.intDigits + " digits>");
        case "symbol":
          return put(symbolText(value));
        case "function": {
          const name = descriptorOf(value, "name")?.value;
          const kind = startsWith(functionText(value), "class") ? "class" : "Function";
          return put(typeof name === "string" && name !== "" ? "[" + kind + ": " + slice(name, 0, 200) + "]" : "[" + kind + "]");
        }
        case "object": {
          if (value === null) return put("null");
          if (depth > 40) return put("...");
          for (let i = 0; i < above.length; i++) if (above[i] === value) return put("[Circular]");
          above[above.length++] = value;
          writeObject(value, depth);
          above.length--;
          return;
        }
        default:
          return put(asString(value));
      }
    }
    try {
      write(value, 0);
    } catch (error) {
      if (error !== tooLong) throw error;
      return { __proto__: null, text: text + "...", cut: true };
    }
    return { __proto__: null, text, cut: false };
  }

  const notPlain = {};
  /** A copy that JSON holds without loss and no prototype can colour; throws where there is none. */
  function plain(value, depth) {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "number" && value - value === 0 && !is(value, -0)) return value;
    if (typeof value !== "object" || depth > 20) throw notPlain;
    if (isArray(value)) {
      const copy = setPrototypeOf([], null);
      for (let i = 0; i < value.length; i++) defineProperty(copy, i, { __proto__: null, value: plain(value[i], depth + 1), enumerable: true });
      return copy;
    }
    const prototype = prototypeOf(value);
    if (prototype !== null && prototype !== objectPrototype) throw notPlain;
    const copy = { __proto__: null };
    const keys = ownKeys(value);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const property = descriptorOf(value, key);
      if (typeof key !== "string" || !("value" in property)) throw notPlain;
      if (key === "__proto__") throw notPlain;
      if (property.enumerable) copy[key] = plain(property.value, depth + 1);
    }
    return copy;
  }

  const describe = (value, from) => {
    const { text, cut } = inspect(value, limits.valueBytes / 3, false);
    const out = { __proto__: null, repr: text, type: nameOfType(value), from, truncated: cut };
    if (!cut) {
      try {
        out.json = plain(value, 0);
      } catch {}
      if (typeof value === "bigint") out.exact = bigDigits(value);
      if (typeof value === "number" && value - value === 0) {
        if (value % 1 === 0 && value <= 2 ** 53 && value >= -(2 ** 53)) out.exact = fixed(value);
        else out.decimal = fixed(value);
      }
    }
    return stringify(out);
  };

  const short = (text, room) => (text.length > room ? slice(text, 0, room) + "..." : text);
  const describeError = (error) => {
    const out = { __proto__: null, type: "Thrown", message: "", stack: "" };
    try {
      const stack = typeof error === "object" && error !== null ? error.stack : undefined;
      if (typeof stack === "string") out.stack = slice(stack, 0, 8000);
      if (error instanceof ErrorType) {
        const own = nameOfType(error);
        const name = short(asString(error.name), 200);
        out.type = name === "Error" && own !== "Object" ? own : name;
        out.message = short(asString(error.message), 1000);
      } else {
        out.message = inspect(error, 1000, true).text;
      }
    } catch {}
    return stringify(out);
  };

  // console
  const worded = (parts) => {
    let from = 0;
    let text = "";
    if (typeof parts[0] === "string" && parts.length > 1) {
      from = 1;
      const pattern = parts[0];
      for (let i = 0; i < pattern.length; i++) {
        const letter = pattern[i] === "%" ? pattern[i + 1] : undefined;
        if (letter === "%") text += "%";
        else if (from < parts.length && letter === "s") text += inspect(parts[from++], limits.printBytes, true).text;
        else if (from < parts.length && (letter === "d" || letter === "f")) text += asString(+parts[from++]);
        else if (from < parts.length && letter === "i") text += asString(Math.trunc(+parts[from++]));
        else if (from < parts.length && (letter === "o" || letter === "O" || letter === "j")) text += inspect(parts[from++], limits.printBytes, false).text;
        else { text += pattern[i]; continue; }
        i++;
      }
      if (from < parts.length) text += " ";
    }
    for (let i = from; i < parts.length; i++) text += (i > from ? " " : "") + inspect(parts[i], limits.printBytes, true).text;
    return text;
  };
  let indent = "";
  const printer = (stream) => (...parts) => print(stream, indent + worded(parts) + "\n");
  const out = printer("stdout");
  const err = printer("stderr");
  const nothing = () => undefined;
  const counts = { __proto__: null };
  root.console = {
    log: out, info: out, debug: out, dir: (value) => out(value), table: (value) => out(value),
    error: err, warn: err, trace: err,
    assert: (truth, ...parts) => { if (!truth) { err("Assertion failed"); if (parts.length > 0) apply(err, undefined, parts); }; },
    group: (...parts) => { if (parts.length > 0) apply(out, undefined, parts); indent += "  "; },
    groupEnd: () => { indent = slice(indent, 2); },
    count: (label = "default") => out(label + ": " + (counts[label] = (counts[label] ?? 0) + 1)),
    time: nothing, timeEnd: nothing, timeLog: nothing,
  };

  // Timers keep their order but nobody waits for them.
  const timers = { __proto__: null, length: 0 };
  let clock = 0;
  let ids = 0;
  const addTimer = (callback, delay, args, every) => {
    const wait = delay > 0 ? +delay : 0;
    timers[timers.length++] = { __proto__: null, id: ++ids, at: clock + wait, callback, args, every: every ? (wait || 1) : 0 };
    return ids;
  };
  const removeTimer = (id) => {
    for (let i = 0; i < timers.length; i++) {
      if (timers[i].id !== id) continue;
      timers[i] = timers[--timers.length];
      delete timers[timers.length];
      return;
    }
  };
  const runTimer = () => {
    let next;
    for (let i = 0; i < timers.length; i++) {
      const timer = timers[i];
      if (!next || timer.at < next.at || (timer.at === next.at && timer.id < next.id)) next = timer;
    }
    if (!next) return false;
    clock = next.at;
    if (next.every) { next.at += next.every; } else removeTimer(next.id);
    if (typeof next.callback === "function") apply(next.callback, undefined, next.args);
    return true;
  };
  const clearTimers = () => { for (; timers.length > 0; ) delete timers[--timers.length]; };
  root.setTimeout = (callback, delay, ...args) => addTimer(callback, delay, args, false);
  root.setInterval = (callback, delay, ...args) => addTimer(callback, delay, args, true);
  root.setImmediate = (callback, ...args) => addTimer(callback, 0, args, false);
  root.clearTimeout = root.clearInterval = root.clearImmediate = removeTimer;

  const started = now();
  root.performance ??= { now: () => now() - started };

  // Formatting is done by the child's own Intl: only text crosses.
  const ask = (kind, locales, options, value) =>
    format(kind, stringify(locales) ?? "", stringify(options) ?? "", value);
  const numberText = (value) => (typeof value === "bigint" ? bigDigits(value) : asString(+value));
  const method = (prototype, name, value) => defineProperty(prototype, name, { value, writable: true, configurable: true });
  const formatter = (kind, worded) => class {
    #locales;
    #options;
    constructor(locales, options) {
      this.#locales = locales;
      this.#options = options;
      ask(kind, locales, options, "resolve");
      const format = (value) => ask(kind, this.#locales, this.#options, worded(value));
      defineProperty(this, "format", { value: format, configurable: true });
    }
    resolvedOptions() {
      return parse(ask(kind, this.#locales, this.#options, "resolve"));
    }
  };
  const dateText = (value) => asString(value === undefined ? now() : +value);
  class Collator {
    constructor(locales, options) {
      defineProperty(this, "compare", { value: (a, b) => compare(a, b, locales, options) });
    }
  }
  const compare = (a, b, locales, options) => +ask("compare", locales, options, stringify([asString(a), asString(b)]));
  root.Intl = { NumberFormat: formatter("number", numberText), DateTimeFormat: formatter("date", dateText), Collator };
  method(Number.prototype, "toLocaleString", function (locales, options) { return ask("number", locales, options, numberText(this)); });
  method(BigInt.prototype, "toLocaleString", function (locales, options) { return ask("number", locales, options, bigDigits(this)); });
  for (const [name, kind] of [["toLocaleString", "moment"], ["toLocaleDateString", "day"], ["toLocaleTimeString", "time"]]) {
    method(Date.prototype, name, function (locales, options) { return ask(kind, locales, options, asString(time(this))); });
  }
  method(String.prototype, "localeCompare", function (other, locales, options) { return compare(this, other, locales, options); });

  root.structuredClone = (value) => {
    const seen = new Map();
    const copy = (value) => {
      if (typeof value === "function" || typeof value === "symbol") throw new TypeError("functions and symbols cannot be cloned");
      if (typeof value !== "object" || value === null) return value;
      if (seen.has(value)) return seen.get(value);
      const made = (result) => { seen.set(value, result); return result; };
      if (value instanceof Date) return made(new Date(+value));
      if (value instanceof RegExp) return made(new RegExp(value.source, value.flags));
      if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return made(value.slice());
      if (value instanceof Map) { const map = made(new Map()); for (const [k, v] of value) map.set(copy(k), copy(v)); return map; }
      if (value instanceof Set) { const set = made(new Set()); for (const v of value) set.add(copy(v)); return set; }
      const result = made(isArray(value) ? new Array(value.length) : {});
      for (const key of Object.keys(value)) result[key] = copy(value[key]);
      return result;
    };
    return copy(value);
  };

  const answers = ["ans", "answer", "result"];
  let before = {};
  const remember = () => {
    before = { __proto__: null };
    for (let i = 0; i < answers.length; i++) before[answers[i]] = root[answers[i]];
  };
  /** The answer this call has set: named in its own declarations, or other than it was. */
  const answer = (declared) => {
    for (let i = 0; i < answers.length; i++) {
      const name = answers[i];
      const value = root[name];
      if (value === undefined || typeof value === "function") continue;
      if (!is(value, before[name]) || declared[name] === true) return describe(value, "variable");
    }
    return "";
  };

  const roomy = (bytes) => { new ArrayBuffer(bytes); };
  return { describe, describeError, remember, answer: (declared) => answer(parse(declared)), runTimer, clearTimers, roomy };
})
`;
