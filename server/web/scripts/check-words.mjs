/** Fails the build when a code of the API has no Chinese or no English text.
 *
 * Every enumeration of strings in openapi.json must be a kind of words.json, or be named here as one that people never see.
 */
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const words = read("../src/generated/words.json");
const { schemas } = read("../openapi.json").components;

/** Where an enumeration stands → the kind of its words; by the schema's or the property's name. */
const KIND = {
  hazard: "hazard",
  certainty: "certainty",
  quiet: "quiet",
  reason: "quiet",
  state: "state",
  outcome: "state",
  from_state: "state",
  to_state: "state",
  act: "act",
  wanted: "act",
  code: "problem",
  level: "level",
  role: "role",
  rights: "right",
  contact_roles: "contact",
  liveness: "liveness",
  metric: "metric",
  ActName: "act",
  Code: "problem",
  Hazard: "hazard",
  Level: "level",
  Metric: "metric",
  DeviceKind: "device",
  "Contact.role": "contact",
  "Device.kind": "device",
  "Event.kind": "event",
  "LastEvent.kind": "event",
  "MapProperties.kind": "point",
  "Point.kind": "point",
};
/** Words of the wire that no page shows as they are. */
const UNSEEN = new Set([
  "ActDone.outcome",
  "AuditEntry.what",
  "BoxLane.lane",
  "Evidence.removed_why",
  "Geometry.type",
  "MapProperties.what",
  "MapTiles.datum",
  "SessionRow.how",
  "lang",
  "languages",
]);

const faults = [];
for (const [kind, pairs] of Object.entries(words))
  for (const [code, { zh, en }] of Object.entries(pairs))
    if (!zh?.trim() || !en?.trim()) faults.push(`${kind} ${code} lacks a text`);

function check(schema, property, codes) {
  const place = `${schema}.${property}`;
  if (UNSEEN.has(place) || UNSEEN.has(property)) return;
  const kind = KIND[place] ?? KIND[property || schema];
  if (!kind)
    faults.push(`${place}: no kind of words is known for this enumeration (scripts/check-words.mjs)`);
  else
    for (const code of codes)
      if (!words[kind]?.[code.replaceAll("-", "_")]) faults.push(`${place}: no words for ${kind} ${code}`);
}

function walk(node, schema, property) {
  if (Array.isArray(node)) return node.forEach((one) => walk(one, schema, property));
  if (typeof node !== "object" || node === null) return;
  if (node.type === "string" && Array.isArray(node.enum)) check(schema, property, node.enum);
  for (const [key, value] of Object.entries(node)) {
    if (key === "properties") for (const [name, inner] of Object.entries(value)) walk(inner, schema, name);
    else if (key !== "examples") walk(value, schema, property);
  }
}
for (const [name, schema] of Object.entries(schemas)) walk(schema, name, "");

if (faults.length) {
  console.error(faults.join("\n"));
  process.exit(1);
}
