#!/usr/bin/env bash
# Renders a project with every directive into a folder, for the linters.
# usage: directives.sh AMPUP FOLDER
set -euo pipefail
own=$(cd "$(dirname "$0")" && pwd)/directives
ampup=$1
mkdir -p "$2"
cd "$2"
"$ampup" init lint-directives --target local > /dev/null
cat "$own/resources.toml" >> ampup.toml
mkdir -p ampup/api/api
cp -r "$own/schema.graphql" "$own/resolvers" "$own/functions" ampup/api/api/
"$ampup" render > /dev/null
