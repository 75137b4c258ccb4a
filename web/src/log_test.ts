import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord } from "./api";
import { LogBuffer, fieldsText, type LogFilter } from "./log";

const entry = (level: string, event: string, fields: LogRecord["fields"] = {}): LogRecord =>
  ({ time: "2026-03-01T12:00:00.000Z", level, event, sentence: "A sentence.", fields });
const all: LogFilter = { level: "debug", text: "", mac: "" };

function filled(): LogBuffer {
  const log = new LogBuffer();
  log.add(entry("error", "a", { mac: "52:54:00:00:00:01" }));
  log.add(entry("warning", "b", { file: "linux one" }));
  log.add(entry("info", "c"));
  log.add(entry("debug", "d"));
  return log;
}
const shown = (log: LogBuffer, filter: Partial<LogFilter>, count = 10, until?: number) =>
  log.select({ ...all, ...filter }, count, until).map((line) => line.entry.event).join("");

test("a level shows itself and what is worse", () => {
  assert.equal(shown(filled(), { level: "error" }), "a");
  assert.equal(shown(filled(), { level: "info" }), "abc");
  assert.equal(shown(filled(), {}), "abcd");
});

test("text is looked for in event, sentence and fields; the machine must be the very one", () => {
  assert.equal(shown(filled(), { text: "LINUX sentence" }), "b");
  assert.equal(shown(filled(), { text: "file=" }), "b");
  assert.equal(shown(filled(), { mac: "52:54:00:00:00:01" }), "a");
  assert.equal(shown(filled(), { mac: "52:54:00:00:00:02" }), "");
});

test("the newest lines are shown, in their order, up to where the view is paused", () => {
  const log = filled();
  assert.equal(shown(log, {}, 2), "cd");
  const paused = log.newest;
  log.add(entry("info", "e"));
  assert.equal(shown(log, {}, 2, paused), "cd");
});

test("the oldest lines fall out, and are counted", () => {
  const log = new LogBuffer(100);
  for (let i = 0; i < 500; i++) log.add(entry("info", `e${i}`));
  assert.ok(log.size >= 100 && log.size <= 110);
  assert.equal(log.size + log.dropped, 500);
  assert.equal(log.select(all, 1)[0]?.entry.event, "e499");
});

test("fields are written as the log writes them", () => {
  assert.equal(fieldsText({ file: "a b", bytes: 5, empty: "", quote: 'x"y' }), 'file="a b" bytes=5 empty="" quote="x\\"y"');
});
