#!/usr/bin/env bash
# The compiler against recorded answers of the real transformer: every case, every fact.
# usage: graphql_conformance.sh CASES NODE_MODULES   (AMPUP names the program)
# A recorded TypeError is a crash of the transformer: there only the refusal counts, the text says nothing to compare.
set -euo pipefail
cases=$1
modules=$2
report=$(mktemp)
trap 'rm -f "$report"' EXIT
NODE_PATH=$modules node "$cases/compare.js" --cases "$cases" --json "$report" \
  --cmd "'$AMPUP' api compile --schema {schema} --options {options} --out {out}"
node -e '
  const fs = require("fs");
  const [report, cases] = process.argv.slice(1);
  const { summary: s, results } = JSON.parse(fs.readFileSync(report));
  const crashed = (r) => fs.readFileSync(`${cases}/${r.name}/expected.error.txt`, "utf8").startsWith("TypeError");
  const far = results.filter((r) => r.kind === "invalid" && r.overlap < 0.5 && !crashed(r)).map((r) => r.name);
  const whole = (k) => s[k] && s[k].equal === s[k].of && s[k].of === s.valid;
  const good = s.cases > 0 && s.validEqual === s.valid && s.invalidRejected === s.invalid && far.length === 0
    && ["tables", "resolvers", "introspection"].every(whole);
  if (far.length) console.error(`messages far from the recorded ones: ${far.join(" ")}`);
  process.exit(good ? 0 : 1);
' "$report" "$cases"
