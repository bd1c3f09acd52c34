#!/usr/bin/env bash
# Lints every resolver and every function of a pipeline below the given folders with @aws-appsync/eslint-plugin: any finding fails.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
for folder in "$@"; do
  while IFS= read -r file; do
    count=$((count + 1))
    mkdir -p "$work/$count"
    cp "$file" "$work/$count/$(basename "$file")"
  done < <(find "$folder" -name '*.js' \( -path '*/ampup/*/resolvers/*' -o -path '*/ampup/stacks/*/functions/*' \))
done
[ "$count" -gt 0 ] || { echo "no resolver was found below: $*" >&2; exit 1; }
echo '{"compilerOptions":{"allowJs":true,"noEmit":true,"module":"esnext","moduleResolution":"bundler","types":[]},"include":["**/*.js"]}' > "$work/tsconfig.json"
ln -s "$here/node_modules" "$work/node_modules"
cd "$work"
"$here/node_modules/.bin/eslint" --config "$here/eslint.config.mjs" --max-warnings 0 .
echo "$count resolvers and functions, 0 findings"
