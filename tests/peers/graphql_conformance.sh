#!/usr/bin/env bash
# The compiler against recorded answers of the real transformer.
# usage: graphql_conformance.sh CASES NODE_MODULES   (AMPUP names the program)
# Cases with a directive that is not built yet must be refused for that reason (AMP0304); every other case must be equal.
# A recorded TypeError is a crash of the transformer: there only the refusal counts, the text says nothing to compare.
set -euo pipefail
cases=$1
modules=$2
unbuilt='@(searchable|function|http|sql|refersTo|predictions|mapsTo|conversation|generation|validate)\b'
names=()
left=()
for folder in "$cases"/*/; do
  name=$(basename "$folder")
  [ -e "$folder/schema.graphql" ] || continue
  if [ -e "$folder/expected.schema.graphql" ] && grep -qE "$unbuilt" "$folder/schema.graphql"; then left+=("$name"); continue; fi
  if [ -e "$folder/expected.schema.graphql" ] && grep -qE '"sql"' "$folder/options.json"; then left+=("$name"); continue; fi
  names+=("$name")
done
only="^($(IFS='|'; echo "${names[*]}"))\$"
report=$(mktemp)
out=$(mktemp -d)
trap 'rm -rf "$report" "$out"' EXIT
NODE_PATH=$modules node "$cases/compare.js" --cases "$cases" --only "$only" --json "$report" \
  --cmd "'$AMPUP' api compile --schema {schema} --options {options} --out {out}"
for name in "${left[@]}"; do
  if "$AMPUP" api compile --schema "$cases/$name/schema.graphql" --options "$cases/$name/options.json" --out "$out" 2> "$out/refusal" > /dev/null; then
    echo "$name compiles, so it must not be left out" >&2; exit 1
  fi
  grep -q 'AMP0304' "$out/refusal" || { echo "$name is refused, but not as something that is not built:" >&2; cat "$out/refusal" >&2; exit 1; }
done
echo "refused by name, their directives are not built yet (${#left[@]}): ${left[*]}"
node -e '
  const fs = require("fs");
  const [report, cases] = process.argv.slice(1);
  const { summary: s, results } = JSON.parse(fs.readFileSync(report));
  const crashed = (r) => fs.readFileSync(`${cases}/${r.name}/expected.error.txt`, "utf8").startsWith("TypeError");
  const far = results.filter((r) => r.kind === "invalid" && r.overlap < 0.5 && !crashed(r)).map((r) => r.name);
  const whole = (k) => s[k] && s[k].equal === s[k].of && s[k].of === s.valid;
  const good = s.validEqual === s.valid && s.invalidRejected === s.invalid && far.length === 0 && ["tables", "resolvers", "introspection"].every(whole);
  if (far.length) console.error(`messages far from the recorded ones: ${far.join(" ")}`);
  process.exit(good ? 0 : 1);
' "$report" "$cases"
