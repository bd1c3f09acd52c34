#!/usr/bin/env bash
# Renders a project with every directive into a folder, for the linters.
# usage: directives.sh AMPUP FOLDER
set -euo pipefail
own=$(cd "$(dirname "$0")" && pwd)/directives
ampup=$1
mkdir -p "$2"
cd "$2"
"$ampup" init lint-directives --target aws --region eu-west-1 > /dev/null
cat "$own/resources.toml" >> ampup.toml
mkdir -p ampup/api
cp -r "$own/api" "$own/shop" ampup/api/
rm ampup/api/*/options.json
"$ampup" render > /dev/null
