import assert from "node:assert/strict";
import { test } from "node:test";
import type { UploadState } from "./api";
import { ApiError } from "./client";
import { encodePath, isImageName, secondsLeft, Uploads, type Put, type Sending, type Source } from "./upload";

const source = (size: number): Source => ({ name: "a.iso", size, slice: (from, to) => new Blob([new Uint8Array(to - from)]) });

/** A server that keeps what it gets; `cut` breaks the connection after so many bytes of the next requests. */
class Server {
  received = 0;
  /** So many questions are answered as if somebody else had sent all, and not yet ended. */
  elsewhere = 0;
  readonly asked: string[] = [];
  cut: (number | ApiError)[] = [];

  readonly put: Put = async (path, range, body, onSent) => {
    this.asked.push(`${path} ${range}`);
    const size = Number(range.split("/")[1]);
    const state = (): UploadState => ({ file: path, received: this.received, size, whole: this.received === size });
    if (!body && this.elsewhere-- > 0) return { ...state(), received: size, whole: false };
    if (!body) return state();
    const cut = this.cut.shift();
    if (cut instanceof ApiError) throw cut;
    this.received += cut ?? body.size;
    onSent(cut ?? body.size);
    if (cut !== undefined) throw new ApiError("offline", "The server does not answer.");
    return state();
  };
}

/** Runs until nothing is sent any more. */
async function run(server: Server, add: (uploads: Uploads) => void): Promise<Uploads> {
  const uploads = new Uploads(server.put, () => undefined, async () => undefined);
  add(uploads);
  while (uploads.busy) await new Promise((go) => setImmediate(go));
  return uploads;
}

test("a file is sent in one request after the question how much is there", async () => {
  const server = new Server();
  const uploads = await run(server, (all) => all.add(source(100), "images/a.iso"));
  assert.deepEqual(server.asked, ["images/a.iso bytes */100", "images/a.iso bytes 0-99/100"]);
  assert.equal(uploads.all[0]?.state, "done");
  assert.equal(uploads.all[0]?.sent, 100);
});

test("what broke goes on where the server's copy ends", async () => {
  const server = new Server();
  server.cut = [40, 10];
  const uploads = await run(server, (all) => all.add(source(100), "images/a.iso"));
  assert.deepEqual(server.asked.filter((line) => !line.includes("*")),
    ["images/a.iso bytes 0-99/100", "images/a.iso bytes 40-99/100", "images/a.iso bytes 50-99/100"]);
  assert.equal(uploads.all[0]?.state, "done");
});

test("what is whole already is not sent again", async () => {
  const server = new Server();
  server.received = 100;
  const uploads = await run(server, (all) => all.add(source(100), "images/a.iso"));
  assert.equal(server.asked.length, 1);
  assert.equal(uploads.all[0]?.state, "done");
});

test("what somebody else sends the last of is asked for until it is whole", async () => {
  const server = new Server();
  server.received = 100;
  server.elsewhere = 2;
  const uploads = await run(server, (all) => all.add(source(100), "images/a.iso"));
  assert.deepEqual(server.asked, Array(3).fill("images/a.iso bytes */100"));
  assert.equal(uploads.all[0]?.state, "done");
});

test("a refusal ends one file with its sentence, and the next is sent", async () => {
  const server = new Server();
  server.cut = [new ApiError("server", "There is no room.", 507)];
  const uploads = await run(server, (all) => {
    all.add(source(100), "images/a.iso");
    all.add(source(50), "images/b.iso");
  });
  assert.deepEqual(uploads.all.map(({ state, reason }) => [state, reason]), [["failed", "There is no room."], ["done", ""]]);
});

test("a name is an image's by its ending, and no path", () => {
  for (const name of ["a.iso", "Win 11.ISO", "b.c.img", "x.efi", "boot.wim"]) assert.ok(isImageName(name), name);
  for (const name of ["a.zip", ".iso", "iso", "a/b.iso", "..\\b.iso"]) assert.ok(!isImageName(name), name);
  assert.equal(encodePath("tools/a b#.iso"), "tools/a%20b%23.iso");
});

test("the rest takes as long as what was sent since it began", () => {
  const sending: Sending = { source: source(100), path: "", sent: 50, state: "going", reason: "", began: 1000, beganAt: 40 };
  assert.equal(secondsLeft(sending, 11000), 50);
  assert.equal(secondsLeft({ ...sending, began: 10000 }, 11000), null);
  assert.equal(secondsLeft({ ...sending, state: "waiting" }, 11000), null);
});
