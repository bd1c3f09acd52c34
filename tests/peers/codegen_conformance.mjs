// Compares the code that `ampup codegen` makes for recorded schemas with what the reference generator made of them.
//
// usage: node codegen_conformance.mjs AMPUP CASES [NODE_MODULES]
//
// By meaning: documents as sets of operations, each with its variables and selections in any order; scripts as lists
// of statements in any order, printed without comments, the members of types sorted; metadata as values.
// Left out, as the reference's `models/index.ts` cannot be compiled: what it imports, and names of types for models.
// Also: generated documents must be valid against the expanded schema.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const [ampup, cases, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules ?? path.resolve(import.meta.dirname, "../clients/node_modules"), "x.js"));
const ts = require("typescript");
const graphql = require("graphql");

const TARGETS = {
  "statements-graphql": ["graphql", "src/graphql"],
  "statements-js": ["js", "src/graphql"],
  "statements-ts": ["ts", "src/graphql"],
  "types-ts": ["types", "src"],
  "models-js": ["models-js", "src/models"],
  "models-ts": ["models-ts", "src/models"],
};

// ---- documents ----
const sorted = (list) => [...list].sort();

function selections(set) {
  if (!set) return "";
  const one = (selection) => {
    const args = sorted((selection.arguments ?? []).map((argument) => graphql.print(argument))).join(",");
    const on = selection.typeCondition?.name.value ?? "";
    return `${selection.kind} ${selection.name?.value ?? ""}${on}(${args})${selections(selection.selectionSet)}`;
  };
  return `{${sorted(set.selections.map(one)).join(" ")}}`;
}

function definitions(text) {
  return graphql.parse(text).definitions.map((found) => {
    const variables = sorted((found.variableDefinitions ?? []).map((variable) => graphql.print(variable))).join(",");
    const on = found.typeCondition?.name.value ?? "";
    return `${found.operation ?? "fragment"} ${found.name.value} ${on}(${variables})${selections(found.selectionSet)}`;
  });
}

// ---- scripts ----
const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: true });

function statements(file, text) {
  const kind = file.endsWith(".js") ? ts.ScriptKind.JS : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false, kind);
  if (source.parseDiagnostics.length > 0) throw new Error(`${file}: ${source.parseDiagnostics[0].messageText}`);
  const result = ts.transform(source, [normalise]);
  const print = (node) => printer.printNode(ts.EmitHint.Unspecified, node, source).replace(/\s+/g, " ");
  const typed = path.basename(file) === "index.ts";
  return result.transformed[0].statements
    .filter((node) => !typed || !(ts.isImportDeclaration(node) || isNameOfModel(node)))
    .filter((node) => !(ts.isExportDeclaration(node) && ts.isNamedExports(node.exportClause) && node.exportClause.elements.length === 0))
    .map(print);
}

const isNameOfModel = (node) =>
  ts.isTypeAliasDeclaration(node) && ts.isTypeReferenceNode(node.type) && node.type.typeName.text === `${node.name.text}Model`;

function normalise(context) {
  const byText = (nodes) => {
    const text = (node) => printer.printNode(ts.EmitHint.Unspecified, node, EMPTY);
    return [...nodes].sort((left, right) => (text(left) < text(right) ? -1 : 1));
  };
  const visit = (node) => {
    const inner = ts.visitEachChild(node, visit, context);
    const { factory } = context;
    if (ts.isTypeLiteralNode(inner)) return factory.updateTypeLiteralNode(inner, factory.createNodeArray(byText(inner.members)));
    if (ts.isUnionTypeNode(inner)) return factory.updateUnionTypeNode(inner, factory.createNodeArray(byText(inner.types)));
    if (ts.isEnumDeclaration(inner))
      return factory.updateEnumDeclaration(inner, inner.modifiers, inner.name, byText(inner.members));
    if (ts.isNamedExports(inner)) return factory.updateNamedExports(inner, byText(inner.elements));
    if (ts.isNamedImports(inner)) return factory.updateNamedImports(inner, byText(inner.elements));
    if (ts.isObjectBindingPattern(inner)) return factory.updateObjectBindingPattern(inner, byText(inner.elements));
    if (ts.isParenthesizedTypeNode(inner)) return inner.type;
    if (ts.isStringLiteral(inner)) return factory.createStringLiteral(inner.text);
    if (ts.isNoSubstitutionTemplateLiteral(inner)) return factory.createStringLiteral(sorted(definitions(inner.text)).join("\n"));
    return inner;
  };
  return (source) => ts.visitNode(source, visit);
}
// Nodes are printed against a source; string literals are made anew above, so none of them needs its text.
const EMPTY = ts.createSourceFile("empty.ts", "", ts.ScriptTarget.Latest);

// ---- metadata ----
function metadata(text) {
  const lines = [];
  const walk = (value, at) => {
    if (value === null || typeof value !== "object" || Object.keys(value).length === 0) lines.push(`${at}: ${JSON.stringify(value)}`);
    else for (const [key, inner] of Object.entries(value)) walk(inner, `${at}.${key}`);
  };
  const start = text.indexOf("{", text.indexOf("export const schema"));
  walk(JSON.parse(text.slice(start, text.lastIndexOf("}") + 1)), "schema");
  return lines;
}

function facts(file, text) {
  if (file.endsWith(".graphql")) return definitions(text);
  if (/schema\.[jt]s$/.test(file)) return metadata(text);
  return statements(file, text);
}

function differences(file, expected, actual) {
  const [left, right] = [facts(file, expected), facts(file, actual)];
  const missing = left.filter((fact) => !right.includes(fact)).map((fact) => `- ${fact}`);
  const added = right.filter((fact) => !left.includes(fact)).map((fact) => `+ ${fact}`);
  return [...missing, ...added];
}

// ---- cases ----
const out = fs.mkdtempSync(path.join(os.tmpdir(), "codegen-"));
process.on("exit", () => fs.rmSync(out, { recursive: true, force: true }));
let [compared, equal, wrong, invalid] = [0, 0, 0, 0];
const left = new Set();
const fail = (what, lines) => {
  wrong += 1;
  console.error(`${what}\n${lines.map((line) => `  ${line.slice(0, 1500)}`).join("\n")}`);
};

for (const name of sorted(fs.readdirSync(cases))) {
  const expected = path.join(cases, name, "expected.codegen");
  if (!fs.existsSync(expected)) continue;
  const options = path.join(cases, name, "options.json");
  for (const [folder, [target, below]] of Object.entries(TARGETS)) {
    if (!fs.existsSync(path.join(expected, folder))) continue;
    const made = path.join(out, name, folder);
    const given = fs.existsSync(options) ? ["--options", options] : [];
    const schema = path.join(cases, name, "schema.graphql");
    try {
      execFileSync(ampup, ["codegen", "--schema", schema, ...given, "--out", made, "--target", target], { stdio: "pipe" });
    } catch (error) {
      // A directive that is not built yet is refused by name, and by nothing else.
      if (String(error.stderr).includes("AMP0304")) left.add(name);
      else fail(`${name}/${folder}`, [String(error.stderr ?? error)]);
      continue;
    }
    const files = fs.readdirSync(path.join(expected, folder));
    const written = fs.readdirSync(path.join(made, below));
    for (const file of sorted(new Set([...files, ...written]))) {
      compared += 1;
      const both = [path.join(expected, folder, file), path.join(made, below, file)];
      const absent = both.findIndex((each) => !fs.existsSync(each));
      if (absent >= 0) {
        fail(`${name}/${folder}/${file}`, [absent === 0 ? "only we write it" : "only the reference writes it"]);
        continue;
      }
      let found;
      try {
        found = differences(file, ...both.map((each) => fs.readFileSync(each, "utf8")));
      } catch (error) {
        found = [String(error)];
      }
      if (found.length === 0) equal += 1;
      else fail(`${name}/${folder}/${file}`, found);
    }
    if (target === "graphql") invalid += check(name, path.join(made, below));
  }
}

/** Generated documents against the expanded schema: how many are wrong. */
function check(name, folder) {
  const known = ["Date", "Time", "DateTime", "Timestamp", "Email", "JSON", "URL", "Phone", "IPAddress"];
  const text = fs.readFileSync(path.join(cases, name, "expected.schema.graphql"), "utf8");
  const scalars = known.map((scalar) => `scalar AWS${scalar}`).join("\n");
  const schema = graphql.buildASTSchema(graphql.parse(`${text}\n${scalars}`), { assumeValidSDL: true });
  const documents = fs.readdirSync(folder).map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
  const errors = graphql.validate(schema, graphql.parse(documents.join("\n")));
  if (errors.length > 0) fail(`${name}: documents`, errors.map((error) => error.message));
  return errors.length;
}

if (compared === 0) {
  console.error(`no case of ${cases} has recorded code`);
  process.exit(1);
}
if (left.size > 0) console.log(`refused by name, their directives are not built yet (${left.size}): ${[...left].join(" ")}`);
console.log(`code for front ends: ${equal} of ${compared} files are equal, ${invalid} faults in documents`);
process.exit(wrong === 0 ? 0 : 1);
