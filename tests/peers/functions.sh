#!/usr/bin/env bash
# Renders a project with functions and storage, every setting that makes a resource used once, for the linters.
# usage: functions.sh AMPUP FOLDER
set -euo pipefail
ampup=$1
mkdir -p "$2"
cd "$2"
"$ampup" init lint-functions --target local > /dev/null
"$ampup" add auth --sign-in email --groups Editors --guests true > /dev/null
"$ampup" add storage --name photos --kind bucket --versioning false --origins https://www.example.com \
  --allow 'public/*=guests:read' --allow 'public/*=signed-in:read,write' \
  --allow 'private/{owner}/*=owner:read,write,delete' --allow 'reports/*=group/Editors:read,write' > /dev/null
"$ampup" add storage --name orders --kind table --key id --sort-key at:number --index byOwner=owner/at:number \
  --expires gone > /dev/null
"$ampup" add function --name hello --runtime nodejs22.x --sample hello > /dev/null
"$ampup" add function --name jobs --runtime python3.13 --sample hello --architecture arm64 --memory 512 --timeout 30 \
  --variable 'STAGE=${env}' --schedule 'rate(5 minutes)' --schedule 'cron(0 9 ? * MON-FRI *) Europe/Athens' \
  --trigger queue --trigger orders:change --event '{"source": ["shop"], "detail": {"kind": [{"prefix": "a"}]}}' \
  --url public --access photos:read,write,delete --access orders:read,write,delete --access auth:read,write,delete \
  --access hello:invoke --reserved-concurrency 5 > /dev/null
"$ampup" add function --name pictures --runtime nodejs22.x --sample hello --trigger photos/in/:upload \
  --trigger photos:remove --trigger auth:post-confirmation --access photos:read --access jobs:send --url iam > /dev/null
"$ampup" add function --name fields --runtime nodejs22.x --sample graphql > /dev/null
"$ampup" add function --name gate --runtime nodejs22.x --sample hello > /dev/null
mkdir -p ampup/api/blog
cat > ampup/api/blog/schema.graphql <<'SCHEMA'
type Todo @model @auth(rules: [{ allow: private, provider: identityPool }, { allow: custom }]) {
  id: ID!
}
type Query {
  greet(name: String!): String @function(name: "fields-${env}")
}
SCHEMA
"$ampup" add api --name blog --sample blank --auth iam --additional-auth lambda --authoriser gate --authoriser-ttl 60 > /dev/null
"$ampup" update hello --access blog:query,mutate > /dev/null
