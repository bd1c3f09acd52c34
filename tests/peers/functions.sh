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

# A second project: every sample in every runtime, and the settings at their extremes.
cd "$OLDPWD"
mkdir -p "$2-extremes"
cd "$2-extremes"
"$ampup" init lint-extremes --target local > /dev/null
number=0
for runtime in nodejs20.x nodejs22.x nodejs24.x python3.11 python3.12 python3.13; do
  for sample in hello graphql table users scheduled stream authoriser; do
    number=$((number + 1))
    "$ampup" add function --name "$sample-$number" --runtime "$runtime" --sample "$sample" > /dev/null
  done
done
cat >> ampup.toml <<'TOML'

[resources.auth]
kind = "auth"
guests = true
groups = ["A", "B"]

[resources.plain]
kind = "storage"
bucket = {}

[resources.files]
kind = "storage"

[resources.files.bucket]
name = "lint-extremes-${env}"
versioning = true
keep = false
origins = []
expire = [{ prefix = "tmp/", days = 1 }, { prefix = "", days = 36500 }]

[resources.files.bucket.access]
"everyone/*" = ["guests:get", "signed-in:list", "group/A:read,write,delete", "group/B:delete"]
"of/{owner}/*" = ["owner:get,list,write,delete", "group/A:list", "guests:get"]
"one.txt" = ["guests:write"]

[resources.simple]
kind = "storage"
table = {}

[resources.items]
kind = "storage"

[resources.items.table]
key = "id:binary"
sort-key = "at:number"
indexes = { byA = { key = "a" }, byB = { key = "b:number", sort-key = "c:binary" } }
stream = true
expires = "gone"
point-in-time-recovery = true
keep = false

[resources.least]
kind = "function"
memory = 128
timeout = 1
log-retention = 1
reserved-concurrency = 1
schedules = ["rate(1 minute)", "at(2030-01-01T00:00:00)"]
url = "iam"

[resources.most]
kind = "function"
runtime = "python3.13"
architecture = "arm64"
memory = 10240
timeout = 900
log-retention = 3653
reserved-concurrency = 1000
layers = [
  "arn:aws:lambda:us-east-1:123456789012:layer:a:1", "arn:aws:lambda:us-east-1:123456789012:layer:b:2",
  "arn:aws:lambda:us-east-1:123456789012:layer:c:3", "arn:aws:lambda:us-east-1:123456789012:layer:d:4",
  "arn:aws:lambda:us-east-1:123456789012:layer:e:5",
]
access = [
  "plain:read", "files:read,write,delete", "simple:write", "items:read,write,delete", "least:invoke", "most:send",
  "auth:read,write,delete",
]
schedules = ["rate(365 days)", "cron(0/5 8-18 ? * 2#1 2030) America/St_Johns", "cron(0 0 L * ? *)"]
triggers = [
  "queue", "items:change", "files:upload", "files/in/:remove", "auth:pre-sign-up", "auth:post-confirmation",
  "auth:pre-authentication", "auth:post-authentication", "auth:pre-token-generation", "auth:custom-message",
  "auth:user-migration", "auth:define-auth-challenge", "auth:create-auth-challenge", "auth:verify-auth-challenge",
]
events = ['{"source": ["a"]}', '{"detail-type": [{"anything-but": ["b"]}], "detail": {"n": [{"numeric": [">", 1]}]}}']
url = "public"

[resources.most.environment]
LITERAL = "a ${NOT_OURS} 'quoted' \"text\": # no comment"
STAGE = "at ${env} with ${!odd}"
TOML
for name in least most; do
  mkdir -p "ampup/function/$name"
done
echo 'export const handler = async () => null;' > ampup/function/least/index.mjs
printf 'def handler(event, context):\n    return None\n' > ampup/function/most/index.py
"$ampup" render > /dev/null
