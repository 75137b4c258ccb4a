import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsmasqLines, exampleAddress, serverAddress } from "./dhcp";

test("the address that the browser came by is taken if machines can reach it", () => {
  assert.equal(serverAddress("10.0.0.2"), "10.0.0.2");
  for (const host of ["localhost", "127.0.0.1", "pixie.lan", "[fd00::1]"]) assert.equal(serverAddress(host), exampleAddress);
});

test("the lines name the ROMs and the address", () => {
  const lines = dnsmasqLines("10.0.0.2").split("\n");
  assert.equal(lines.length, 5);
  assert.equal(lines.filter((line) => line.endsWith(",pixie,10.0.0.2")).length, 3);
});
