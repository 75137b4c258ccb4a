import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, Client } from "./client";

class Memory {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

interface Asked {
  url: string;
  init: RequestInit;
}

function staged(answer: () => Response): { client: Client; asked: Asked[] } {
  const asked: Asked[] = [];
  const fetcher = async (url: unknown, init?: RequestInit) => {
    asked.push({ url: String(url), init: init ?? {} });
    return answer();
  };
  return { client: new Client(fetcher as typeof fetch, new Memory()), asked };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

const failure = async (answer: () => Response): Promise<ApiError> => {
  const error = await staged(answer).client.get("machines").catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ApiError);
  return error;
};

test("an answer's value and tag come back", async () => {
  const { client, asked } = staged(() => json(200, { mac: "a" }, { etag: '"7"' }));
  assert.deepEqual(await client.call("machines/a"), { value: { mac: "a" }, etag: '"7"' });
  assert.equal(asked[0]?.url, "api/v1/machines/a");
});

test("the token goes along once there is one, and never as a cookie", async () => {
  const { client, asked } = staged(() => json(200, {}));
  await client.get("machines");
  client.token = "secret";
  await client.get("machines");
  client.token = "";
  await client.get("machines");
  const sent = asked.map(({ init }) => (init.headers as Record<string, string>)["authorization"]);
  assert.deepEqual(sent, [undefined, "Bearer secret", undefined]);
  assert.ok(asked.every(({ init }) => init.credentials === "omit"));
});

test("every write says that it is JSON, and which version it changes", async () => {
  const { client, asked } = staged(() => new Response(null, { status: 204 }));
  await client.call("machines/a", { method: "PATCH", body: { once: null }, ifMatch: '"3"' });
  await client.call("machines/a", { method: "DELETE" });
  for (const { init } of asked) assert.equal((init.headers as Record<string, string>)["content-type"], "application/json");
  assert.equal((asked[0]?.init.headers as Record<string, string>)["if-match"], '"3"');
  assert.equal(asked[0]?.init.body, '{"once":null}');
});

test("statuses become troubles, in the words of the problem document", async () => {
  const problem = (status: number) => () => json(status, { type: "about:blank", title: "Title", status, detail: "Said so." });
  for (const [status, trouble] of [[401, "token"], [403, "forbidden"], [404, "missing"], [412, "changed"], [422, "refused"], [503, "server"]]) {
    const error = await failure(problem(status as number));
    assert.equal(error.trouble, trouble);
    assert.equal(error.message, "Said so.");
    assert.equal(error.status, status);
  }
});

test("an error without a problem document is told by its status", async () => {
  const error = await failure(() => new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
  assert.equal(error.message, "The server answered 502 Bad Gateway.");
  assert.equal((await failure(() => json(400, { detail: 5, title: "" }))).message, "The server answered 400.");
  assert.equal((await failure(() => json(400, null))).message, "The server answered 400.");
});

test("no answer, or one that is not JSON, is an error too", async () => {
  const broken = await failure(() => {
    throw new TypeError("network");
  });
  assert.equal(broken.trouble, "offline");
  const odd = await failure(() => new Response("{", { headers: { "content-type": "application/json" } }));
  assert.equal(odd.trouble, "server");
});

test("an empty answer is no broken one", async () => {
  const { client } = staged(() => new Response(null, { status: 204, headers: { "content-type": "application/json" } }));
  assert.equal((await client.call("machines/a", { method: "DELETE" })).value, "");
});

test("text answers come as text", async () => {
  const { client } = staged(() => new Response("#!ipxe\n", { headers: { "content-type": "text/plain" } }));
  assert.equal(await client.get("machines/a/script"), "#!ipxe\n");
});

test("the server's clock counts when it is far from ours", async () => {
  let date = new Date(Date.now() + 3_600_000).toUTCString();
  const { client } = staged(() => json(200, {}, { date }));
  await client.get("version");
  assert.ok(client.skew > 3_590_000 && client.skew <= 3_600_000);
  date = new Date().toUTCString();
  await client.get("version");
  assert.equal(client.skew, 0);
});
