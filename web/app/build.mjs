// Builds src/ into transport/app/: a plain index.html, assets stored as gzip, and the bundled packages' licences.
import { build } from "esbuild";
import { gzipSync } from "fflate";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
// Another folder may be named, to compare a build with the committed one.
const target = process.argv[2] ?? join(here, "../../transport/app");
const address = "/static/assets";

const result = await build({
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: "assets",
  publicPath: address,
  format: "esm",
  splitting: true,
  jsx: "automatic",
  entryPoints: { main: "src/main.tsx", style: "src/style.css" },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});

const assets = join(target, "assets");
rmSync(assets, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });
for (const { path, contents } of result.outputFiles) {
  writeFileSync(join(assets, `${basename(path)}.gz`), zipped(contents));
}
const html = readFileSync(join(here, "src/index.html"), "utf8")
  .replace("%STYLE%", `${address}/${named("style-", ".css")}`)
  .replace("%SCRIPT%", `${address}/${named("main-", ".js")}`)
  .replace("%PRELOAD%", preloads());
writeFileSync(join(target, "index.html"), html);
writeFileSync(join(target, "LICENSES.txt.gz"), zipped(Buffer.from(licences(result.metafile))));
writeFileSync(join(target, "sources.txt"), `${digestOfSources()}\n`);

/** A test compares this with the sources, so nobody forgets to build; it needs no Node. */
function digestOfSources() {
  const names = readdirSync(join(here, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "generated.ts")
    .map((entry) => relative(here, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  const digest = createHash("sha256");
  for (const name of [...names, "build.mjs", "package-lock.json"].sort()) {
    digest.update(`${name}\0`).update(readFileSync(join(here, name))).update("\0");
  }
  return digest.digest("hex");
}

function named(prefix, suffix) {
  const names = result.outputFiles.map(({ path }) => basename(path));
  return names.find((name) => name.startsWith(prefix) && name.endsWith(suffix));
}

/** Files that the first one imports, named in the page, so that the browser asks for them at once. */
function preloads() {
  const main = Object.entries(result.metafile.outputs).find(([path]) => basename(path) === named("main-", ".js"))[1];
  const paths = main.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
  return paths.sort().map((path) => `<link rel="modulepreload" href="${address}/${path}">`).join("\n    ");
}

/** The same bytes on every machine: no time stamp, and no dependence on Node's zlib. */
function zipped(contents) {
  return gzipSync(contents, { level: 9, mtime: 0 });
}

function licences({ inputs }) {
  const folders = Object.keys(inputs).map((input) => /^node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders.filter(Boolean))].sort().map(licence).join(`\n${"-".repeat(80)}\n`);
}

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
  const texts = readdirSync(join(here, folder)).filter((file) => /^(licen[cs]e|thirdpartynotices)/i.test(file));
  return [`${name} ${version} (${license})`, ...texts.sort().map((file) => readFileSync(join(here, folder, file), "utf8"))].join("\n\n");
}
