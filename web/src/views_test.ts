import assert from "node:assert/strict";
import { test } from "node:test";
import { boot } from "./testing";
import { summary } from "./views/mirror";
import { caret } from "./views/parts";
import { bar } from "./views/timeline";

test("a caret stands below its column, counted in bytes", () => {
  assert.equal(caret("kernl = 1", 1), "^");
  assert.equal(caret("\tkernl", 2), "\t^");
  assert.equal(caret("äb", 3), " ^");
  assert.equal(caret("", 0), "^");
});

test("the mirror's counts are told as far as there is something to tell", () => {
  const idle = { on: true, hits: 0, misses: 0, stale: 0, hit_rate: null, fetched_bytes: 0, fetching: 0, files: 0, bytes: 0,
    limit_bytes: 2e10, entries: [] };
  assert.equal(summary(idle), "0 files, 0 B of 20.0 GB");
  const busy = { ...idle, hits: 199, misses: 1, stale: 2, hit_rate: 0.995, fetching: 1, files: 3, bytes: 5e8 };
  assert.equal(summary(busy), "3 files, 500 MB of 20.0 GB, 99 % of 200 from here, 2 maybe outdated, 1 being fetched");
});

test("a step's bar ends when the step was told of", () => {
  const whole = { ...boot(), steps: [], steps_left_out: 0 };
  const at = "2026-03-01T12:00:05.000Z";
  assert.deepEqual(bar(whole, { at, event: "", text: "", bytes: 0, seconds: 2.5 }), { start: 25, width: 25 });
  assert.deepEqual(bar(whole, { at, event: "", text: "", bytes: 0, seconds: 60 }), { start: 0, width: 50 });
});
