#!/usr/bin/env bash
# The compiler against recorded answers of the real transformer.
# usage: graphql_conformance.sh CASES NODE_MODULES   (AMPUP names the program)
# Cases with a directive that is not built yet are left out by name; every other case must be equal.
set -euo pipefail
cases=$1
modules=$2
unbuilt='@(manyToMany|searchable|function|http|sql|refersTo|predictions|mapsTo|conversation|generation|validate)\b'
names=()
left=()
for folder in "$cases"/*/; do
  name=$(basename "$folder")
  [ -e "$folder/schema.graphql" ] || continue
  if [ -e "$folder/expected.schema.graphql" ] && grep -qE "$unbuilt" "$folder/schema.graphql"; then left+=("$name"); continue; fi
  if [ -e "$folder/expected.schema.graphql" ] && grep -qE '"(conflict|conflictModels|sql)"' "$folder/options.json"; then left+=("$name"); continue; fi
  names+=("$name")
done
only="^($(IFS='|'; echo "${names[*]}"))\$"
report=$(mktemp)
NODE_PATH=$modules node "$cases/compare.js" --cases "$cases" --only "$only" --json "$report" \
  --cmd "'$AMPUP' api compile --schema {schema} --options {options} --out {out}"
echo "left out, their directives are not built yet (${#left[@]}): ${left[*]}"
node -e '
  const { summary: s } = JSON.parse(require("fs").readFileSync(process.argv[1]));
  const whole = (k) => s[k] && s[k].equal === s[k].of && s[k].of === s.valid;
  const good = s.validEqual === s.valid && s.invalidRejected === s.invalid && s.messageClose === s.invalid && ["tables", "resolvers", "introspection"].every(whole);
  process.exit(good ? 0 : 1);
' "$report"
