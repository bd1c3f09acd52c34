#!/usr/bin/env bash
# Compiles the code that `ampup codegen` makes, strictly and against the installed aws-amplify: any error fails.
# usage: typecheck.sh AMPUP SCHEMA...   (with the options.json beside a schema; without one, users and API keys are known)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ampup=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
echo '{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["API_KEY"]}' > "$work/usual.json"
for schema in "$@"; do
  options=$(dirname "$schema")/options.json
  [ -e "$options" ] || options=$work/usual.json
  given=(--schema "$schema" --options "$options")
  if ! "$ampup" codegen "${given[@]}" --out "$work/$count" --target ts,types,models-js > /dev/null 2> "$work/error"; then
    # A directive that is not built yet is refused by name.
    grep -q AMP0304 "$work/error" || { echo "$schema" >&2; cat "$work/error" >&2; exit 1; }
    echo "left out, not built yet: $schema"
    continue
  fi
  "$ampup" codegen "${given[@]}" --out "$work/$count-ts" --target models-ts > /dev/null
  count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "no schema was compiled" >&2; exit 1; }
cp "$here/generated.ts" "$work/generated.ts"
"$ampup" codegen --schema "$here/generated.graphql" --out "$work/sample" --target ts,types,models-js > /dev/null
ln -s "$here/node_modules" "$work/node_modules"
cat > "$work/tsconfig.json" <<'JSON'
{
  "compilerOptions": {
    "strict": true, "noEmit": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
    "allowJs": true, "types": []
  },
  "include": ["**/*.ts", "**/*.js"],
  "exclude": ["node_modules"]
}
JSON
# Declarations are checked too, since ours are some; what is wrong inside the installed packages is theirs.
"$here/node_modules/.bin/tsc" --project "$work" --pretty false > "$work/log" || [ -s "$work/log" ]
if grep -vE '^([^(]*node_modules/| )' "$work/log"; then exit 1; fi
echo "generated code of $count schemas: 0 errors of tsc --strict"
