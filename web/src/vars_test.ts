import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, sameVars, textOf, valueOf, varsOf } from "./vars";

const values: [string, unknown][] = [
  ["/dev/sda", "/dev/sda"], ["", ""], [" a ", " a "], ["7", 7], ["-1.5", -1.5], ["true", true], ['["a", 2]', ["a", 2]],
  ['{"size": 3}', { size: 3 }], ['"7"', "7"], ['"a\\nb"', "a\nb"], ["{{mac}}", "{{mac}}"], ["[x", "[x"],
];

test("a text stands for a value", () => {
  for (const [text, value] of values) assert.deepEqual(valueOf(text), value, text);
});

test("what only looks like a number or null is text", () => {
  for (const text of ["1.10", "007", "1e3", " 7", "12345678901234567890", "1e400", "null"]) assert.equal(valueOf(text), text);
});

test("each value is its text's value again, on one line", () => {
  const more = ["7", "true", "null", "[]", '"', '"x"', "a\nb", "\t", "ä", { a: [{ b: "1\n2" }] }, 0, false];
  for (const value of [...values.map(([, value]) => value), ...more]) {
    const text = textOf(value);
    assert.deepEqual(valueOf(text), value, text);
    assert.doesNotMatch(text, /\n/);
  }
});

test("lines make variables, in the order of their names", () => {
  const vars = { disk: "/dev/vda", cores: 4, a: ["x"] };
  const lines = linesOf(vars);
  assert.deepEqual(lines.map((line) => line.name), ["a", "cores", "disk"]);
  assert.deepEqual(varsOf(lines), { vars });
  assert.deepEqual(varsOf([{ name: " disk ", text: "x" }, { name: "", text: "" }]), { vars: { disk: "x" } });
  assert.deepEqual(varsOf([]), { vars: {} });
});

test("a mistake in the lines is told", () => {
  const mistake = (...lines: [string, string][]) => {
    const told = varsOf(lines.map(([name, text]) => ({ name, text })));
    return "mistake" in told ? told.mistake : "";
  };
  assert.match(mistake(["", "x"]), /value x has no name/);
  assert.match(mistake(["a b", "x"]), /^a b can't be a name/);
  assert.match(mistake(["1a", "x"]), /can't be a name/);
  assert.match(mistake(["a", "x"], ["a", "y"]), /^a is there twice/);
  assert.equal(mistake(["__proto__", "x"], ["_a-1", ""]), "");
});

test("variables are the same whatever the order of their names", () => {
  assert.ok(sameVars({ a: 1, b: { c: [1, 2], d: 2 } }, { b: { d: 2, c: [1, 2] }, a: 1 }));
  assert.ok(!sameVars({ a: [1, 2] }, { a: [2, 1] }));
  assert.ok(!sameVars({ a: "1" }, { a: 1 }));
  assert.ok(!sameVars({}, { a: "" }));
  assert.ok(!sameVars({ a: {} }, { a: [] }));
});
