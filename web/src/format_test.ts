import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, between, bytes, clock, duration, moment, share } from "./format";

test("bytes have at most three digits and one unit", () => {
  const cases: [number, string][] = [[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [99_949, "99.9 kB"], [99_960, "100 kB"],
    [999_400, "999 kB"], [999_600, "1.0 MB"], [51_380_224, "51.4 MB"], [4.2e9, "4.2 GB"], [7.5e15, "7500 TB"], [-3, "0 B"]];
  for (const [count, text] of cases) assert.equal(bytes(count), text);
});

test("durations grow in units and never show sixty of one", () => {
  const cases: [number, string][] = [[0, "0.0 s"], [0.43, "0.4 s"], [9.94, "9.9 s"], [9.97, "10 s"], [59.4, "59 s"], [59.6, "1 min 00 s"],
    [185, "3 min 05 s"], [3599.7, "1 h 00 min"], [8040, "2 h 14 min"], [273600, "3 d 4 h"], [-1, "0.0 s"]];
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
});

test("how long ago, also for what lies ahead or is no time", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.equal(ago(now + 5000, now), "now");
  assert.equal(ago(now - 59_999, now), "59 s ago");
  assert.equal(ago(now - 60_000, now), "1 min ago");
  assert.equal(ago(now - 3_600_000 * 23.9, now), "23 h ago");
  assert.equal(ago(now - 86_400_000 * 8, now), "8 d ago");
  assert.equal(ago(NaN, now), "");
});

test("times of day are the browser's", () => {
  const text = new Date(2026, 2, 1, 4, 3, 7, 9).toISOString();
  assert.equal(clock(text), "04:03:07");
  assert.equal(clock(text, true), "04:03:07.009");
  assert.equal(moment(text), "2026-03-01 04:03:07");
  assert.equal(moment("soon"), "");
});

test("between and share stay within their bounds", () => {
  assert.equal(between("2026-03-01T12:00:00.000Z", "2026-03-01T12:00:01.500Z"), 1.5);
  assert.equal(between("2026-03-01T12:00:01Z", "2026-03-01T12:00:00Z"), 0);
  assert.equal(between("", "2026-03-01T12:00:00Z"), 0);
  assert.equal(share(5, 10), 0.5);
  assert.equal(share(12, 10), 1);
  assert.equal(share(5, 0), null);
});
