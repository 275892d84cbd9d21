// Fails the build when what a first visit loads grows beyond its budget. Sizes are gzip, in kB of 1000 bytes.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const INITIAL_MAX_KB = 200;
const TRADE_MAX_KB = 120;
const TRADE_ENTRIES = ["TradeScreen", "Chart", "DepositDialog", "WithdrawDialog", "ChangeDialog"].map(
  (name) => `src/screens/trade/${name}.tsx`,
);

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** Every file that loading a manifest entry brings along, without what only a later import() would load. */
function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`${key} is not in the build: correct the list in scripts/check-size.mjs`);
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) if (!seen.has(manifest[next].file)) filesOf(next, seen);
  return seen;
}

const gzipKb = (files) =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length, 0) / 1000;

const initial = filesOf("index.html");
const trade = new Set(TRADE_ENTRIES.flatMap((key) => [...filesOf(key)]).filter((file) => !initial.has(file)));
let failed = false;
for (const [name, files, max] of [
  ["initial load", initial, INITIAL_MAX_KB],
  ["trade screen, loaded after", trade, TRADE_MAX_KB],
]) {
  const size = gzipKb(files);
  failed ||= size > max;
  console.log(`${size > max ? "TOO LARGE " : ""}${name}: ${size.toFixed(1)} kB gzip (at most ${max})`);
}
process.exit(failed ? 1 : 0);
