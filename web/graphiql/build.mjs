// Builds src/ into transport/graphiql/: a plain index.html, assets stored as gzip, and the bundled packages' licences.
import { build } from "esbuild";
import { gzipSync } from "fflate";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../transport/graphiql");
const address = "/graphiql/assets";

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: "assets",
  publicPath: address,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".ttf": "file", ".graphql": "text" },
  logLevel: "warning",
};

const workers = await build({
  ...common,
  format: "iife",
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
});
const worker = (label) => `${address}/${named(workers, `${label}.worker-`, ".js")}`;
const page = await build({
  ...common,
  format: "esm",
  splitting: true,
  jsx: "automatic",
  entryPoints: { main: "src/main.jsx" },
  define: {
    ...common.define,
    WORKERS: JSON.stringify({ editor: worker("editor"), json: worker("json"), graphql: worker("graphql") }),
  },
});

const assets = join(target, "assets");
rmSync(assets, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });
for (const { path, contents } of [...workers.outputFiles, ...page.outputFiles].filter(isUsed)) {
  writeFileSync(join(assets, `${basename(path)}.gz`), zipped(contents));
}
const html = readFileSync(join(here, "src/index.html"), "utf8")
  .replace("%STYLE%", `${address}/${named(page, "main-", ".css")}`)
  .replace("%SCRIPT%", `${address}/${named(page, "main-", ".js")}`);
writeFileSync(join(target, "index.html"), html);
writeFileSync(join(target, "LICENSES.txt.gz"), zipped(Buffer.from(licences([workers, page]))));

/** esbuild repeats Monaco's styles for each lazy chunk; the page's own sheet holds them all. */
function isUsed({ path }) {
  return !path.endsWith(".css") || basename(path).startsWith("main-");
}

function named({ outputFiles }, prefix, suffix) {
  const names = outputFiles.map(({ path }) => basename(path));
  return names.find((name) => name.startsWith(prefix) && name.endsWith(suffix));
}

/** The same bytes on every machine: no time stamp, and no dependence on Node's zlib. */
function zipped(contents) {
  return gzipSync(contents, { level: 9, mtime: 0 });
}

function licences(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.map((input) => /^node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders.filter(Boolean))].sort().map(licence).join(`\n${"-".repeat(80)}\n`);
}

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
  const texts = readdirSync(join(here, folder)).filter((file) => /^(licen[cs]e|thirdpartynotices)/i.test(file));
  return [`${name} ${version} (${license})`, ...texts.sort().map((file) => readFileSync(join(here, folder, file), "utf8"))].join("\n\n");
}
