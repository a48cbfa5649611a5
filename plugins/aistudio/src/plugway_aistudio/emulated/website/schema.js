// What the dialog of function declarations takes, and what it refuses (reference: "Front
// features", tools).

const REFUSED = [
  "title", "default", "additionalProperties", "const", "anyOf", "oneOf", "allOf", "$ref",
  "$defs", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "strict",
];
const TYPES = ["string", "number", "integer", "boolean", "array", "object"];
const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/;

/** Says what is wrong with declarations; empty: nothing. */
export function wrong(text) {
  let declared;
  try {
    declared = JSON.parse(text);
  } catch {
    return "Invalid JSON.";
  }
  if (!Array.isArray(declared)) return "Function declarations must be an array.";
  const names = new Set();
  for (const [number, each] of declared.entries()) {
    const where = `[${number}]`;
    if (typeof each !== "object" || each === null) return `${where}: not an object.`;
    if (!NAME.test(each.name ?? "")) return `${where}.name: invalid function name.`;
    if (names.has(each.name)) return `${where}.name: duplicate function name.`;
    names.add(each.name);
    for (const key of Object.keys(each)) {
      if (!["name", "description", "parameters"].includes(key)) {
        return `${where}: unknown field "${key}".`;
      }
    }
    if (each.parameters !== undefined) {
      const found = wrongSchema(each.parameters, `${where}.parameters`);
      if (found) return found;
    }
  }
  return "";
}

function wrongSchema(schema, where) {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return `${where}: not a schema.`;
  }
  for (const key of Object.keys(schema)) {
    if (REFUSED.includes(key)) return `${where}: unknown field "${key}".`;
  }
  const type = schema.type;
  if (typeof type !== "string" || !TYPES.includes(type.toLowerCase())) {
    return `${where}.type: must be one of ${TYPES.join(", ")}.`;
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const found = wrongSchema(inner, `${where}.properties.${name}`);
    if (found) return found;
  }
  return schema.items === undefined ? "" : wrongSchema(schema.items, `${where}.items`);
}
