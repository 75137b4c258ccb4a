import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "./api";
import { Client } from "./client";
import { Model, announcement } from "./model";
import { boot, machine } from "./testing";

test("the end of a boot is said once, in words", () => {
  const under = machine({ hostname: "web1", boot: boot() });
  const ended = machine({ hostname: "web1", boot: boot({ outcome: "stalled", stage: "rom" }) });
  assert.equal(announcement(under, ended), "web1: stalled at its ROM");
  assert.equal(announcement(ended, ended), "");
  assert.equal(announcement(undefined, under), "");
  assert.equal(announcement(ended, machine({ boot: boot({ id: 2 }) })), "");
});

const keep = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };

/** A server with these machines, two to a page; whatever else is asked for fails with `status`. */
function staged(machines: Machine[], status = 200): { model: Model; asked: string[] } {
  const asked: string[] = [];
  const fetcher = async (input: unknown) => {
    const url = new URL(String(input), "http://made.up/");
    asked.push(url.pathname + url.search);
    const after = url.searchParams.get("after") ?? "";
    const rest = machines.filter((one) => one.mac > after);
    const bodies: Record<string, unknown> = {
      "/api/v1/machines": { machines: rest.slice(0, 2), next: rest.length > 2 ? rest[1]!.mac : null },
      "/api/v1/problems": { problems: [{ file: "pixie.toml", line: 1, column: 1, text: "x", excerpt: "" }] },
      "/api/v1/version": { version: "1.2" },
    };
    return new Response(JSON.stringify(bodies[url.pathname] ?? {}), { status, headers: { "content-type": "application/json" } });
  };
  return { model: new Model(new Client(fetcher as typeof fetch, keep)), asked };
}

test("all pages are read, and the mistakes and the version", async () => {
  const { model, asked } = staged(["a", "b", "c", "d", "e"].map((mac) => machine({ mac })));
  await model.load();
  assert.equal(model.machines.size, 5);
  assert.equal(model.truncated, false);
  assert.equal(model.mistakes.length, 1);
  assert.equal(model.version, "1.2");
  assert.deepEqual(asked.slice(0, 3), ["/api/v1/machines?limit=1000", "/api/v1/machines?limit=1000&after=b", "/api/v1/machines?limit=1000&after=d"]);
});

test("readings at the same time are one", async () => {
  const { model, asked } = staged([]);
  await Promise.all([model.load(), model.load()]);
  assert.equal(asked.filter((url) => url.startsWith("/api/v1/machines")).length, 1);
});

test("a refusal for want of a token asks for one", async () => {
  const { model } = staged([], 401);
  await model.load();
  assert.equal(model.tokenWanted, true);
  assert.equal(model.loaded, false);
  assert.notEqual(model.trouble, "");
});

test("what the server finds is taken in", async () => {
  const { model, asked } = staged([machine({ mac: "a" })]);
  assert.deepEqual(await model.find("7b&x", new AbortController().signal), new Set(["a"]));
  assert.equal(model.machines.size, 1);
  assert.equal(asked[0], "/api/v1/machines?limit=1000&q=7b%26x");
});
