import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineTable, matches, page, profileOf, sorted, type SortKey } from "./machines";
import { boot, machine } from "./testing";

const macs = (table: MachineTable) => table.all().map((one) => one.mac).sort();

test("a page that was asked for before the stream told of a machine does not overwrite it", () => {
  const table = new MachineTable();
  const mark = table.mark();
  table.told(machine({ mac: "a", ip: "10.0.0.2" }));
  table.fetched([machine({ mac: "a", ip: "10.0.0.1" }), machine({ mac: "b" })], mark);
  assert.equal(table.get("a")?.ip, "10.0.0.2");
  assert.deepEqual(macs(table), ["a", "b"]);
});

test("a later page does overwrite it", () => {
  const table = new MachineTable();
  table.told(machine({ mac: "a", ip: "10.0.0.2" }));
  table.fetched([machine({ mac: "a", ip: "10.0.0.3" })], table.mark());
  assert.equal(table.get("a")?.ip, "10.0.0.3");
});

test("after a whole reading, what was not in it is gone, unless the stream told of it meanwhile", () => {
  const table = new MachineTable();
  table.fetched([machine({ mac: "old" }), machine({ mac: "kept" })], table.mark());
  table.told(machine({ mac: "forgotten" }));
  const mark = table.mark();
  table.told(machine({ mac: "new" }));
  table.fetched([machine({ mac: "kept" })], mark);
  table.finish(new Set(["kept"]), mark);
  assert.deepEqual(macs(table), ["kept", "new"]);
});

test("a page that was asked for before a machine was forgotten does not bring it back", () => {
  const table = new MachineTable();
  const mark = table.mark();
  table.told(machine({ mac: "a" }));
  table.remove("a");
  table.fetched([machine({ mac: "a" })], mark);
  assert.deepEqual(macs(table), []);
  table.finish(new Set(["a"]), mark);
  table.fetched([machine({ mac: "a" })], mark);
  assert.deepEqual(macs(table), []);
  // It came again.
  table.told(machine({ mac: "a" }));
  table.remove("a");
  table.fetched([machine({ mac: "a" })], table.mark());
  assert.deepEqual(macs(table), ["a"]);
});

const order = (key: SortKey, descending: boolean, ...machines: ReturnType<typeof machine>[]) =>
  sorted(machines, { key, descending }).map((one) => one.mac).join(" ");

test("addresses sort by their numbers, unknown ones last", () => {
  const rows = [machine({ mac: "a", ip: "10.0.0.10" }), machine({ mac: "b", ip: null }), machine({ mac: "c", ip: "10.0.0.9" }),
    machine({ mac: "d", ip: "fd00::1" })];
  assert.equal(order("ip", false, ...rows), "c a d b");
});

test("sorted by status, what needs a look comes first and what never booted last", () => {
  const rows = [machine({ mac: "a" }), machine({ mac: "b", boot: boot({ outcome: "booted" }) }),
    machine({ mac: "c", boot: boot() }), machine({ mac: "d", boot: boot({ outcome: "stalled" }) })];
  assert.equal(order("status", false, ...rows), "d c b a");
});

test("equal rows keep the order of their addresses in both directions", () => {
  const rows = [machine({ mac: "c" }), machine({ mac: "a" }), machine({ mac: "b" })];
  assert.equal(order("seen", true, ...rows), "a b c");
  assert.equal(order("seen", false, ...rows), "a b c");
});

test("a machine that boots keeps the place of its boot's start", () => {
  const booting = machine({ mac: "a", last_seen: "2026-03-01T12:09:00.000Z", boot: boot({ started: "2026-03-01T12:00:00.000Z" }) });
  const other = machine({ mac: "b", last_seen: "2026-03-01T12:01:00.000Z" });
  assert.equal(order("seen", true, booting, other), "b a");
});

test("every word of the filter must be somewhere, in any case and either spelling of the address", () => {
  const one = machine({ hostname: "web1", product: "PowerEdge R640", firmware: "uefi", boot: boot({ outcome: "stalled", stage: "rom" }) });
  for (const filter of ["", "  ", "WEB1", "poweredge stalled", "52-54-00-00-00-01", "52:54:00", "rom uefi", "debian12"]) {
    assert.ok(matches(one, filter), filter);
  }
  assert.ok(!matches(one, "web1 arm64"));
});

test("the profile is the boot's, else what is assigned", () => {
  const assignment = { profile: "rescue", once: null, vars: {} };
  assert.deepEqual(profileOf(machine({ boot: boot(), assignment })), { name: "debian12", why: "by a rule" });
  assert.deepEqual(profileOf(machine({ boot: boot({ because: null, profile: null }), assignment })), { name: "rescue", why: "assigned" });
  assert.deepEqual(profileOf(machine({ boot: boot({ because: "own_script", profile: null }) })), { name: "own script", why: "" });
  assert.equal(profileOf(machine()), null);
});

test("pages stay within what is there", () => {
  const rows = [1, 2, 3, 4, 5];
  assert.deepEqual(page(rows, 0, 2), { rows: [1, 2], page: 0, pages: 3 });
  assert.deepEqual(page(rows, 9, 2), { rows: [5], page: 2, pages: 3 });
  assert.deepEqual(page([], -1, 2), { rows: [], page: 0, pages: 1 });
});
