import assert from "node:assert/strict";
import { test } from "node:test";
import { Keys } from "./keys";

test("single keys are commands, others nothing", () => {
  const keys = new Keys();
  assert.equal(keys.press("/", 0), "filter");
  assert.equal(keys.press("j", 0), "down");
  assert.equal(keys.press("?", 0), "help");
  assert.equal(keys.press("m", 0), null);
});

test("g and a letter go somewhere, if the letter comes in time", () => {
  const keys = new Keys();
  assert.equal(keys.press("g", 0), null);
  assert.equal(keys.press("m", 100), "machines");
  assert.equal(keys.press("m", 200), null);
  keys.press("g", 1000);
  assert.equal(keys.press("l", 9000), null);
});

test("g and a key that goes nowhere is that key", () => {
  const keys = new Keys();
  keys.press("g", 0);
  assert.equal(keys.press("j", 1), "down");
});
