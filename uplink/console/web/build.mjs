// Builds ../dist: node build.mjs FOLDER, where FOLDER has the tools' node_modules.
// The same sources give the same bytes.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "dist");
const { buildSync } = createRequire(join(process.argv[2], "node_modules", "x"))("esbuild");

rmSync(dist, { recursive: true, force: true });
const { metafile } = buildSync({
	absWorkingDir: here,
	entryPoints: ["src/app.ts", "src/app.css", "src/icon.svg"],
	entryNames: "[name]-[hash]",
	outdir: join(dist, "assets"),
	loader: { ".svg": "copy" },
	bundle: true,
	minify: true,
	format: "esm",
	target: ["es2022", "chrome123", "firefox120", "safari17.5"],
	legalComments: "none",
	metafile: true,
});
const built = Object.keys(metafile.outputs).map((name) => basename(name));
const page = readFileSync(join(here, "src", "index.html"), "utf8").replace(/\{\{(\w+)\.(\w+)\}\}/g, (_, name, kind) => {
	const found = built.filter((b) => b.startsWith(`${name}-`) && b.endsWith(`.${kind}`));
	if (found.length !== 1) throw new Error(`${name}.${kind} was built ${found.length} times`);
	return `/assets/${found[0]}`;
});
mkdirSync(dist, { recursive: true });
writeFileSync(join(dist, "index.html"), page);
