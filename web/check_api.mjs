// node check_api.mjs OPENAPI.JSON: whether the types of src/api.ts say the same as the schemas of the API's document:
// names, members, what may be null or absent, and kinds of values.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Schemas that the page has no use for. */
const unused = new Set(["Health", "Problem", "UploadProblem", "BootSummaryList"]);

/** Of each interface its members: name to type, `?` behind the name of one that may be absent. */
export function typesOf(source) {
  const types = new Map();
  for (const [, name, parent, body] of source.matchAll(/^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}/gms)) {
    const members = new Map(parent ? types.get(parent) : []);
    for (const [, member, type] of body.matchAll(/^ {2}(\w+\??): (.+);$/gm)) members.set(member, ordered(type.split(" | ")));
    types.set(name, members);
  }
  return types;
}

function ordered(alternatives) {
  return [...new Set(alternatives)].sort().join(" | ");
}

/** A schema as TypeScript writes it. */
function typeOf(schema, schemas) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    if (name === "Variable") return "unknown"; // anything that JSON can say, within itself
    return schemas[name].properties ? name : typeOf(schemas[name], schemas);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return ordered(choices.flatMap((choice) => typeOf(choice, schemas).split(" | ")));
  if (Array.isArray(schema.type)) return ordered(schema.type.map((type) => typeOf({ ...schema, type }, schemas)));
  switch (schema.type) {
    case "integer":
    case "number":
      return "number";
    case "array":
      return `${typeOf(schema.items, schemas)}[]`;
    case "object": {
      const values = schema.additionalProperties;
      const inner = typeof values === "object" ? typeOf(values, schemas) : "unknown";
      return `Record<string, ${inner}>`;
    }
    default:
      return schema.type ?? "unknown";
  }
}

/** What the document says, in the form of typesOf(). */
export function schemasOf(document) {
  const schemas = document.components.schemas;
  const types = new Map();
  for (const [name, schema] of Object.entries(schemas)) {
    if (!schema.properties || unused.has(name)) continue;
    const required = new Set(schema.required ?? []);
    types.set(name, new Map(Object.entries(schema.properties).map(
      ([member, inner]) => [required.has(member) ? member : `${member}?`, typeOf(inner, schemas)])));
  }
  return types;
}

/** Every difference, in words. */
export function differences(types, schemas) {
  const found = [];
  for (const name of schemas.keys()) if (!types.has(name)) found.push(`src/api.ts has no ${name}`);
  for (const [name, members] of types) {
    const schema = schemas.get(name);
    if (!schema) {
      found.push(`The API's document has no ${name}`);
      continue;
    }
    for (const member of new Set([...members.keys(), ...schema.keys()])) {
      const [ours, theirs] = [members.get(member) ?? "nothing", schema.get(member) ?? "nothing"];
      if (ours !== theirs) found.push(`${name}.${member}: ${ours} in src/api.ts, ${theirs} in the API's document`);
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = await readFile(new URL("src/api.ts", import.meta.url), "utf8");
  const types = typesOf(source);
  const found = differences(types, schemasOf(JSON.parse(await readFile(process.argv[2], "utf8"))));
  for (const difference of found) console.error(difference);
  if (found.length > 0 || types.size === 0) process.exit(1);
  console.log(`${types.size} types agree with the API's document`);
}
