import assert from "node:assert/strict";
import { test } from "node:test";
import { reason, stageRow, status } from "./stages";
import { boot } from "./testing";

const states = (parts: Parameters<typeof boot>[0]) => stageRow(boot(parts)).map((step) => step.state).join(" ");

test("the row marks where the boot is and how it ended", () => {
  assert.equal(states({ stage: "dhcp" }), "current ahead ahead ahead ahead ahead");
  assert.equal(states({ stage: "script" }), "done done done current ahead ahead");
  assert.equal(states({ stage: "rom", outcome: "stalled" }), "done failed ahead ahead ahead ahead");
  assert.equal(states({ stage: "system", outcome: "booted" }), "done done done done done ended");
  assert.equal(states({ stage: "system", outcome: "installing" }), "done done done done done current");
});

test("a stage or outcome of a newer server is shown as it came", () => {
  assert.equal(states({ stage: "afterlife" }), "ahead ahead ahead ahead ahead ahead");
  assert.deepEqual(status(boot({ stage: "rom", outcome: "gone_home" })), { word: "gone home", tone: "neutral" });
});

test("outcomes in words name the stage where it matters", () => {
  const word = (stage: string, outcome: string) => status(boot({ stage, outcome })).word;
  assert.equal(word("loading", "under_way"), "loading");
  assert.equal(word("rom", "under_way"), "at its ROM");
  assert.equal(word("dhcp", "stalled"), "stalled at DHCP");
  assert.equal(word("loading", "failed"), "failed while loading");
  assert.equal(word("system", "booted"), "booted");
});

test("reasons are words, in whichever spelling they come", () => {
  assert.equal(reason("own_script"), "own script");
  assert.equal(reason("own-script"), "own script");
  assert.equal(reason("by_magic"), "by magic");
});
