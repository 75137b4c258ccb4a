import assert from "node:assert/strict";
import { test } from "node:test";
import { boot } from "./testing";
import { caret } from "./views/parts";
import { bar } from "./views/timeline";

test("a caret stands below its column, counted in bytes", () => {
  assert.equal(caret("kernl = 1", 1), "^");
  assert.equal(caret("\tkernl", 2), "\t^");
  assert.equal(caret("äb", 3), " ^");
  assert.equal(caret("", 0), "^");
});

test("a step's bar ends when the step was told of", () => {
  const whole = { ...boot(), steps: [], steps_left_out: 0 };
  const at = "2026-03-01T12:00:05.000Z";
  assert.deepEqual(bar(whole, { at, event: "", text: "", bytes: 0, seconds: 2.5 }), { start: 25, width: 25 });
  assert.deepEqual(bar(whole, { at, event: "", text: "", bytes: 0, seconds: 60 }), { start: 0, width: 50 });
});
