// Drives the JSON language service of VS Code on the schema of policies: completion, hover and what is flagged.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { getLanguageService } from "vscode-json-languageservice";
import { TextDocument } from "vscode-languageserver-textdocument";

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

function service(schema) {
  const found = getLanguageService({
    schemaRequestService: () => Promise.reject(new Error("no schema is to be fetched")),
    workspaceContext: { resolveRelativePath: (path) => path },
    clientCapabilities: { textDocument: { completion: { completionItem: { documentationFormat: ["markdown"] } }, hover: { contentFormat: ["markdown"] } } },
  });
  found.configure({
    validate: true,
    allowComments: false,
    schemas: [{ uri: "test://policy.schema.json", fileMatch: ["*.policy.json"], schema }],
  });
  return found;
}

const language = service(JSON.parse(file("schema/policy.schema.json")));

// A document with `|` where the cursor is.
function at(text) {
  const offset = text.indexOf("|");
  assert.ok(offset >= 0, text);
  const document = TextDocument.create("test://a.policy.json", "json", 1, text.replace("|", ""));
  return [document, document.positionAt(offset)];
}

async function complete(text, by = language) {
  const [document, position] = at(text);
  const list = await by.doComplete(document, position, by.parseJSONDocument(document));
  return list.items.map((item) => item.label);
}

async function hover(text, by = language) {
  const [document, position] = at(text);
  const hover = await by.doHover(document, position, by.parseJSONDocument(document));
  return JSON.stringify(hover?.contents ?? "");
}

async function problems(text, by = language) {
  const document = TextDocument.create("test://a.policy.json", "json", 1, text);
  const diagnostics = await by.doValidation(document, by.parseJSONDocument(document), { schemaValidation: "error" });
  return diagnostics.map((diagnostic) => diagnostic.message);
}

const policy = (members) => `{"version": "1", "default": "deny", ${members}}`;
const rule = (members) => policy(`"tools": {"t": ${members}}`);
const condition = (members) => rule(`{"deny_if": [{"conditions": [${members}]}]}`);
const limit = (members) => rule(`{"limits": [${members}]}`);

async function completes(text, wanted, unwanted = [], by = language) {
  const labels = (await complete(text, by)).map((label) => label.replace(/^"|"$/g, ""));
  for (const label of wanted) assert.ok(labels.includes(label), `${text}\nlacks ${label}: ${labels.join(", ")}`);
  for (const label of unwanted) assert.ok(!labels.includes(label), `${text}\nhas ${label}`);
}

async function shows(text, wanted, by = language) {
  const shown = await hover(text, by);
  assert.ok(shown.includes(wanted), `${text}\nshows ${shown}, not ${wanted}`);
}

async function flags(text, wanted, by = language) {
  const found = await problems(text, by);
  assert.ok(found.some((message) => message.includes(wanted)), `${text}\nis flagged ${JSON.stringify(found)}, not ${wanted}`);
}

// Members, where they belong.
await completes(`{|}`, ["version", "default", "tools", "all_tools", "hide"]);
await completes(rule(`{|}`), ["action", "require", "deny_if", "approve_if", "limits", "rate_limit", "only_args"], ["path", "counter"]);
await completes(rule(`{"deny_if": [{|}]}`), ["conditions", "on_deny"], ["limits"]);
await completes(condition(`{|}`), ["path", "op", "value", "value_from", "ignore_case", "any", "all", "not"], ["conditions"]);
await completes(condition(`{"not": {"any": [{|}]}}`), ["path", "op", "each"]);
await completes(limit(`{|}`), ["counter", "window", "max", "scope", "increment_from"], ["path"]);
await completes(policy(`"categories": {|}`), ["read", "write", "execute", "destructive", "financial"]);

// Words, where they belong.
await completes(`{"default": |}`, ["allow", "deny"]);
await completes(`{"mode": |}`, ["enforce", "monitor"]);
await completes(rule(`{"action": |}`), ["allow", "deny", "require_approval"]);
await completes(condition(`{"path": "args.x", "op": |}`), ["eq", "not_in", "path_within", "host_in"]);
await completes(condition(`{"path": "args.x", "op": "|"}`), ["eq", "not_in"]);
await completes(condition(`{"path": "args.x[*]", "op": "eq", "value": 1, "each": |}`), ["any", "all"]);
await completes(condition(`{"path": "args.x", "op": "type", "value": |}`), ["string", "integer"]);
await completes(condition(`{"path": "args.x", "op": "exists", "value": |}`), ["true", "false"]);
await completes(limit(`{"counter": "c", "window": |}`), ["second", "minute", "month", "lifetime"]);
await completes(limit(`{"counter": "c", "scope": |}`), ["grant", "session", "user", "tool", "global"]);
await completes(limit(`{"counter": "c", "scope": ["user", |]}`), ["grant", "tool"]);
await completes(limit(`{"counter": "c", "algorithm": |}`), ["fixed", "sliding"]);
await completes(limit(`{"counter": "c", "refund": |}`), ["unsent", "failed", "never"]);
await completes(rule(`{"rate_limit": {"max": 1, "window": |}}`), ["minute"]);
await completes(policy(`"classify": {"t": |}`), ["read", "financial"]);

// Snippets.
await completes(policy(`"tools": {"t": |}`), ["allow", "deny", "rate limit"]);
await completes(rule(`{"deny_if": [|]}`), ["clause"]);
await completes(rule(`{"require": [|]}`), ["clause"]);
await completes(condition(`|`), ["comparison", "any"]);
await completes(limit(`|`), ["limit", "sum limit"]);

// Descriptions.
await shows(`{"def|ault": "deny"}`, "What happens to a tool that no rule is for.");
await shows(`{"default": "de|ny"}`, "It is denied.");
await shows(rule(`{"act|ion": "deny"}`), "before its clauses are looked at");
await shows(rule(`{"only|_args": []}`), "The only top-level arguments");
await shows(condition(`{"pa|th": "args.x", "op": "eq", "value": 1}`), "Where to look");
await shows(condition(`{"path": "args.x", "op": "sub|set_of", "value": [1]}`), "Every element of the array is in the list.");
await shows(condition(`{"n|ot": {"path": "args.x", "op": "eq", "value": 1}}`), "This condition must not hold.");
await shows(limit(`{"counter": "c", "window": "minute", "max": 1, "sc|ope": "user"}`), "What has a counter of its own.");
await shows(rule(`{"rate|_limit": "10/minute"}`), "One limit with a counter of its own");

// What comes with the crate is right.
assert.deepEqual(await problems(file("examples/policies/kestra.json")), []);
// (Its `$schema` would be fetched.)
const full = { ...JSON.parse(file("tests/fixtures/documents/full.json")), $schema: undefined };
assert.deepEqual(await problems(JSON.stringify(full)), []);

// What the reader rejects.
await flags(`{"default": "deny"}`, `Missing property "version"`);
await flags(policy(`"rules": {}`), "Property rules is not allowed");
await flags(rule(`{"action": "block"}`), "Value is not accepted");
await flags(rule(`{"action": "deny", "limits": []}`), "Property limits is not allowed");
await flags(rule(`{"rateLimit": "1/day"}`), "Property rateLimit is not allowed");
await flags(rule(`{"rate_limit": "ten/day"}`), "does not match the pattern");
await flags(rule(`{"require": [{"conditions": []}]}`), "too few items");
await flags(condition(`{"path": "amount", "op": "gt", "value": 1}`), "does not match the pattern");
await flags(condition(`{"path": "args.x", "op": "==", "value": 1}`), "Value is not accepted");
await flags(condition(`{"path": "args.x", "op": "gt", "value": "5"}`), `Expected "number"`);
await flags(condition(`{"path": "args.x", "op": "in", "value": []}`), "too few items");
await flags(condition(`{"path": "args.x", "op": "exists", "value": 1}`), `Expected "boolean"`);
await flags(condition(`{"path": "args.x", "op": "regex", "value_from": "args.y"}`), "Property value_from is not allowed");
await flags(limit(`{"counter": "c", "window": "60s", "max": 1}`), "Value is not accepted");
await flags(limit(`{"counter": "c", "window": "minute", "max": -1}`), "below the minimum");
await flags(limit(`{"counter": "c", "window": "minute", "max": 1, "scope": "usr"}`), "Value is not accepted");

// With the tools of a server.
if (process.argv[2]) {
  const server = service(JSON.parse(readFileSync(process.argv[2], "utf8")));
  const refund = (members) => policy(`"tools": {"create_refund": ${members}}`);
  await completes(policy(`"tools": {|}`), ["create_refund", "list_charges"], [], server);
  await completes(policy(`"hide": [|]`), ["create_refund", "list_charges"], [], server);
  await completes(policy(`"classify": {|}`), ["create_refund"], [], server);
  await completes(refund(`{"deny_if": [{"conditions": [{"path": |}]}]}`), ["args.amount", "args.items[*].price", "args.customer.email"], [], server);
  await completes(refund(`{"deny_if": [{"conditions": [{"path": "|"}]}]}`), ["args.amount", "args.items[*].price"], [], server);
  await completes(refund(`{"deny_if": [{"conditions": [{"any": [{"not": {"path": |}}]}]}]}`), ["args.amount"], [], server);
  await completes(refund(`{"limits": [{"increment_from": |}]}`), ["args.amount"], [], server);
  await completes(refund(`{"limits": [{"scope": |}]}`), ["user", "args.charge"], [], server);
  await completes(refund(`{"limits": [{"scope": ["user", |]}]}`), ["args.charge"], [], server);
  await completes(refund(`{"only_args": [|]}`), ["charge", "amount"], [], server);
  await completes(refund(`{|}`), ["action", "limits"], [], server);
  await shows(policy(`"tools": {"create|_refund": {}}`), "Pays money back", server);
  await flags(policy(`"tools": {"create_refunds": {}}`), "Property create_refunds is not allowed", server);
  await flags(refund(`{"deny_if": [{"conditions": [{"path": "args.amuont", "op": "gt", "value": 1}]}]}`), "Value is not accepted", server);
  assert.deepEqual(await problems(refund(`{"deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 1}]}]}`), server), []);
}
