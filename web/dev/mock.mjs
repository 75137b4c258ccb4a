// npm run dev [-- OPTIONS]: the page on http://127.0.0.1:5173 with a MADE-UP server behind it, for work on the page alone.
// Nothing here is pixie: machines, boots and answers are invented. The page is bundled anew at each request.
//   --machines N  how many (24)   --mistakes  the files have mistakes   --token TEXT  calls need it   --port N
//   --still  no machine boots by itself
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { bundle } from "../build.mjs";
import { images, MadeUpMachine, mirror, mistakes, profiles, roms, rules } from "./fleet.mjs";

const { values: options } = parseArgs({
  options: {
    machines: { type: "string", default: "24" }, mistakes: { type: "boolean", default: false }, token: { type: "string", default: "" },
    port: { type: "string", default: "5173" }, still: { type: "boolean", default: false },
  },
});

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const types = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

const fleet = new Map();
for (let number = 1; number <= Number(options.machines); number++) {
  const made = new MadeUpMachine(number, Date.now());
  fleet.set(made.machine.mac, made);
}
const subscribers = new Set();

function publish(event, data) {
  for (const response of subscribers) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function tick() {
  const now = Date.now();
  for (const made of fleet.values()) {
    const change = made.advance(now);
    if (!change) continue;
    publish("machine", made.machine);
    if (!change.event) continue;
    const { level, event, ...fields } = change;
    publish("log", { time: new Date(now).toISOString(), level, event, sentence: "Made up.",
      fields: { mac: made.machine.mac, client: made.machine.ip, ...fields } });
  }
}

function startOne() {
  const idle = [...fleet.values()].filter((made) => made.boot?.outcome !== "under_way");
  const made = idle[Math.floor(Math.random() * idle.length)];
  const under = fleet.size - idle.length;
  if (!made || under >= 6) return;
  made.begin(Date.now());
  publish("machine", made.machine);
}

const problem = (status, title, detail) => ({ status, body: { type: "about:blank", title, status, detail } });

function list(query) {
  const limit = Number(query.get("limit") ?? 100);
  const after = query.get("after") ?? "";
  const text = (query.get("q") ?? "").toLowerCase();
  const all = [...fleet.values()].filter((made) => made.machine.mac > after &&
    (!text || JSON.stringify(made.detail()).toLowerCase().includes(text)))
    .map((made) => made.machine).sort((a, b) => (a.mac < b.mac ? -1 : 1));
  return { machines: all.slice(0, limit), next: all.length > limit ? all[limit - 1].mac : null };
}

function change(made, method, body, ifMatch) {
  if (ifMatch && ifMatch !== `"${made.machine.version}"`) return problem(412, "Precondition Failed", "The machine was changed meanwhile.");
  for (const name of [body.profile, body.once]) {
    if (name && !profiles.some((profile) => profile.name === name)) return problem(422, "Unprocessable Content", `There is no profile ${name}.`);
  }
  const clean = method === "PUT" ? { profile: null, once: null, vars: {} } : made.machine.assignment;
  made.machine.assignment = { ...clean, ...body };
  made.machine.version++;
  publish("machine", made.machine);
  return { body: made.detail(), etag: `"${made.machine.version}"` };
}

function ofMachine(method, mac, rest, body, request) {
  const made = fleet.get(decodeURIComponent(mac));
  if (!made) return problem(404, "Not Found", "No such machine was seen.");
  if (rest === "boots") return { body: { boots: made.boots } };
  if (rest) return problem(404, "Not Found", "The made-up server has no more than the page needs.");
  if (method === "DELETE") {
    fleet.delete(made.machine.mac);
    publish("forgotten", { mac: made.machine.mac });
    return { status: 204 };
  }
  if (method !== "GET") return change(made, method, body, request.headers["if-match"]);
  return { body: made.detail(), etag: `"${made.machine.version}"` };
}

function api(method, path, query, body, request) {
  const [what, mac, rest] = path.split("/");
  if (what === "version") return { body: { version: "made up" } };
  if (options.token && request.headers.authorization !== `Bearer ${options.token}`) return problem(401, "Unauthorized", "A token is needed.");
  if (what === "machines") return mac ? ofMachine(method, mac, rest, body, request) : { body: list(query) };
  if (what === "images") {
    const uploads = [{ file: "rest.iso", received: 400_000_000, size: 900_000_000, modified: "2026-03-01T12:00:00.000Z" }];
    return { body: { folder: "/srv/images", writable: true, free: 123_000_000_000, images, uploads } };
  }
  if (what === "explain") return fleet.has(mac) ? { body: fleet.get(mac).explain() } : problem(404, "Not Found", "No such machine.");
  const plain = { profiles: { profiles }, rules: { rules }, roms: { roms }, mirror, problems: { problems: options.mistakes ? mistakes : [] } }[what];
  return plain ? { body: plain } : problem(404, "Not Found", "The made-up server has no more than the page needs.");
}

function stream(request, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(": made up\n\n");
  subscribers.add(response);
  const alive = setInterval(() => response.write(": still here\n\n"), 15000);
  request.on("close", () => (clearInterval(alive), subscribers.delete(response)));
}

async function read(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return text ? JSON.parse(text) : {};
}

const server = createServer(async (request, response) => {
  try {
    const url = new URL(request.url, "http://made.up");
    if (url.pathname.startsWith("/api/v1/")) {
      const path = url.pathname.slice("/api/v1/".length);
      const answer = api(request.method, path, url.searchParams, await read(request), request);
      if (path === "events" && answer.status !== 401) return stream(request, response);
      const { status = 200, body, etag } = answer;
      response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json", ...(etag ? { etag } : {}) });
      return response.end(body === undefined ? undefined : JSON.stringify(body));
    }
    const files = await bundle();
    const path = url.pathname === "/" ? "index.html" : url.pathname.slice(1);
    if (!files.has(path)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[path.split(".").pop()], "content-security-policy": policy, "cache-control": "no-store" });
    response.end(files.get(path));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
});
server.listen(Number(options.port), "127.0.0.1", () => {
  console.log(`A made-up pixie with ${fleet.size} machines: http://127.0.0.1:${options.port}/`);
});
setInterval(tick, 250);
if (!options.still) setInterval(startOne, 2500);
