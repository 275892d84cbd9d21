// Writes the API's TypeScript types from its OpenAPI document, or (check) fails when the committed ones are stale.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../offchain/api/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.gen.ts", import.meta.url);
const mode = process.argv[2];

const banner = "// Generated from offchain/api/openapi.json by `npm run api:generate`. Do not edit.\n\n";
const text = banner + astToString(await openapiTS(source));
if (mode === "write") {
  writeFileSync(target, text);
  console.log("src/api/schema.gen.ts written");
} else if (mode === "check") {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/api/schema.gen.ts is not what offchain/api/openapi.json says: npm run api:generate -w frontend");
    process.exit(1);
  }
  console.log("src/api/schema.gen.ts is up to date");
} else {
  console.error("usage: node scripts/api-types.mjs write|check");
  process.exit(2);
}
