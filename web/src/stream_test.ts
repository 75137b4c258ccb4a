import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "./client";
import { EventParser, follow, pause, type Connection, type StreamEvent } from "./stream";

const text = ": hello\n\nevent: log\ndata: {\"a\":1}\n\nevent: machine\r\ndata:one\r\ndata: two\r\n\r\ndata\n\nevent: nothing\n\nid: 7\rdata: last\r\r";
const events: StreamEvent[] = [
  { type: "log", data: '{"a":1}' },
  { type: "machine", data: "one\ntwo" },
  { type: "message", data: "" },
  { type: "message", data: "last" },
];

test("events are read, however the text is cut", () => {
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventParser();
    const found: StreamEvent[] = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
    assert.deepEqual(found, events, `in pieces of ${size}`);
  }
});

test("an event that is not whole is not told", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push("event: log\ndata: x\n"), []);
  assert.deepEqual(parser.push("\n"), [{ type: "log", data: "x" }]);
});

test("pauses grow to fifteen seconds and a fifth", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 40].map((tries) => pause(tries, 0)), [1000, 2000, 4000, 8000, 15000, 15000]);
  assert.equal(pause(5, 1), 18000);
});

const stream = (body: string) => new Response(body);

test("a stream that ends is connected again, and what it says arrives", async () => {
  const controller = new AbortController();
  const states: Connection[] = [];
  const heard: string[] = [];
  let tries = 0;
  await follow({
    open: async () => {
      if (++tries === 2) throw new ApiError("offline", "gone");
      return stream(`data: ${tries}\n\n`);
    },
    onState: (state) => states.push(state),
    onEvent: (event) => heard.push(event.data),
    wait: async () => {
      if (tries === 3) controller.abort();
    },
  }, controller.signal);
  assert.deepEqual(heard, ["1", "3"]);
  assert.deepEqual(states, ["connecting", "live", "waiting", "connecting", "waiting", "connecting", "live", "waiting"]);
});

test("without a token it stops and says so", async () => {
  const states: Connection[] = [];
  await follow({
    open: async () => {
      throw new ApiError("token", "A token is needed.", 401);
    },
    onState: (state) => states.push(state),
    onEvent: () => assert.fail(),
  }, new AbortController().signal);
  assert.deepEqual(states, ["connecting", "token"]);
});

test("a stream that falls silent is given up", async () => {
  const controller = new AbortController();
  let waited = 0;
  await follow({
    open: async (signal) => new Response(new ReadableStream({
      start: (inner) => signal.addEventListener("abort", () => inner.error(new Error("aborted"))),
    })),
    onState: () => undefined,
    onEvent: () => assert.fail(),
    silenceMs: 5,
    wait: async () => {
      waited++;
      controller.abort();
    },
  }, controller.signal);
  assert.equal(waited, 1);
});
