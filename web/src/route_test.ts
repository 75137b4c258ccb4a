import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalMac, formatRoute, parseRoute, type Route } from "./route";

test("routes survive being written and read", () => {
  const routes: Route[] = [{ view: "machines" }, { view: "machine", mac: "52:54:00:12:34:56" }, { view: "profiles" }, { view: "images" }, { view: "roms" }, { view: "mirror" },
    { view: "log", mac: "" }, { view: "log", mac: "52:54:00:12:34:56" }];
  for (const route of routes) assert.deepEqual(parseRoute(formatRoute(route)), route);
});

test("what is not understood is the start", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/machines", "#/machines/", "#/machines/%zz", "#/machines/../../api", "#javascript:1"]) {
    assert.deepEqual(parseRoute(hash), { view: "machines" }, hash);
  }
});

test("an address is taken in any spelling", () => {
  for (const text of ["52-54-00-AB-CD-EF", "5254.00ab.cdef", "525400abcdef", "52:54:00:ab:cd:ef"]) {
    assert.equal(canonicalMac(text), "52:54:00:ab:cd:ef");
  }
  for (const text of ["", "52:54:00:ab:cd", "52:54:00:ab:cd:eg", "52:54:00:ab:cd:ef:00"]) assert.equal(canonicalMac(text), null);
  assert.deepEqual(parseRoute("#/machines/52%3A54%3A00%3AAB%3ACD%3AEF"), { view: "machine", mac: "52:54:00:ab:cd:ef" });
});
