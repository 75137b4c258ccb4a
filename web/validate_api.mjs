// node validate_api.mjs OPENAPI.JSON: whether the document is OpenAPI 3.1 by the specification's own schema, and every
// reference in it leads somewhere. A copy that is spoilt in either way must be refused, or this would prove nothing.
import { Validator } from "@seriousme/openapi-schema-validator";
import { readFile } from "node:fs/promises";

const wanted = "3.1";

/** What is wrong with a document; empty if nothing is. */
async function mistakes(document) {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  if (!valid) return typeof errors === "string" ? errors : JSON.stringify(errors, null, 2);
  if (validator.version !== wanted) return `It is OpenAPI ${validator.version}, not ${wanted}.`;
  try {
    validator.resolveRefs();
    return "";
  } catch (error) {
    return error.message;
  }
}

async function spoilt(document, spoil) {
  const copy = structuredClone(document);
  spoil(copy);
  return mistakes(copy);
}

const document = JSON.parse(await readFile(process.argv[2], "utf8"));
const found = await mistakes(document);
if (found) {
  console.error(`The API's document is no OpenAPI ${wanted}: ${found}`);
  process.exit(1);
}
const refused = [
  await spoilt(document, (copy) => delete copy.info.title),
  await spoilt(document, (copy) => (copy.paths["/version"].get.parameters = [{ name: "x", in: "nowhere" }])),
  await spoilt(document, (copy) => (copy.components.responses.Unauthorized.content["application/problem+json"].schema.$ref += "s")),
];
if (!refused.every(Boolean)) {
  console.error("The validator takes documents that are wrong.");
  process.exit(1);
}
console.log(`The API's document is OpenAPI ${wanted}: ${Object.keys(document.paths).length} paths`);
