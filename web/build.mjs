// node build.mjs FOLDER: bundles the page into FOLDER: index.html, assets/ with the hash of their content in their names,
// a .gz beside each, and manifest.json, which says what is to be served how. Fails above the size budget.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Of everything together, compressed, in bytes. */
const budget = 40_000;

const types = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** The page's files: path to bytes. */
export async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: { app: "src/main.tsx" },
    outdir: "/assets",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    publicPath: "assets",
    loader: { ".svg": "file" },
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    charset: "utf8",
    write: false,
    logLevel: "warning",
  });
  const files = new Map(result.outputFiles.map((file) => [`assets/${basename(file.path)}`, Buffer.from(file.contents)]));
  const named = (ending) => [...files.keys()].find((path) => path.endsWith(ending));
  const html = (await readFile(join(here, "index.html"), "utf8"))
    .replace("@ICON@", named(".svg"))
    .replace("@CSS@", named(".css"))
    .replace("@JS@", named(".js"));
  return new Map([["index.html", Buffer.from(html)], ...[...files].sort()]);
}

async function main(out) {
  const files = await bundle();
  await rm(join(out, "assets"), { recursive: true, force: true });
  await mkdir(join(out, "assets"), { recursive: true });
  const manifest = [];
  let total = 0;
  for (const [path, bytes] of files) {
    const gzip = gzipSync(bytes, { level: 9 });
    gzip[9] = 255; // no word of the system that it was made on: the same everywhere
    await writeFile(join(out, path), bytes);
    await writeFile(join(out, `${path}.gz`), gzip);
    total += gzip.length;
    manifest.push({
      path,
      content_type: types[path.split(".").pop()],
      size: bytes.length,
      gzip_size: gzip.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      immutable: path !== "index.html",
    });
    console.log(`${path.padEnd(28)} ${String(bytes.length).padStart(7)} B, compressed ${String(gzip.length).padStart(6)} B`);
  }
  await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  console.log(`The page is ${total} B compressed, of ${budget} B that it may have`);
  if (total > budget) throw new Error(`The page is ${total - budget} B too large (web/build.mjs)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv[2]) throw new Error("node build.mjs FOLDER");
  await main(resolve(process.argv[2]));
}
