// node wasm_reader.mjs PACKAGE FILE SETTINGS: what @contentauth/c2pa-wasm says of an MP4, as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [folder, file, settings] = process.argv.slice(2);
const wasm = await import(pathToFileURL(join(folder, "pkg", "c2pa.js")));
await wasm.default({ module_or_path: readFileSync(join(folder, "pkg", "c2pa_bg.wasm")) });
try {
  const reader = await wasm.WasmReader.fromBytes("video/mp4", readFileSync(file), settings);
  const store = JSON.parse(reader.json());
  const results = store.validation_results;
  console.log(JSON.stringify({
    state: store.validation_state,
    list: results.trustListUri,
    manifest: store.active_manifest,
    failures: results.activeManifest.failure.map((one) => one.code),
    successes: results.activeManifest.success.map((one) => one.code),
  }));
} catch (error) {
  console.log(JSON.stringify({ state: "Error", error: String(error) }));
}
process.exit(0);
