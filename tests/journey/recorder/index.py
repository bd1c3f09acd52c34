"""Writes what it was told into a table, with the credentials of its own role and no package; `twice…` fails the first time,
`never…` always."""

import datetime
import hashlib
import hmac
import json
import os
import urllib.request


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def dynamodb(action, payload):
    """A request to DynamoDB, signed as AWS describes it."""
    url = os.environ["AWS_ENDPOINT_URL"]
    region = os.environ["AWS_REGION"]
    body = json.dumps(payload)
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/dynamodb/aws4_request"
    headers = {
        "host": url.split("//", 1)[1].rstrip("/"),
        "x-amz-date": stamp,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": f"DynamoDB_20120810.{action}",
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    request = "\n".join(["POST", "/", "", lines, names, digest(body)])
    key = mac(("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode(), stamp[:8])
    for part in (region, "dynamodb", "aws4_request"):
        key = mac(key, part)
    signature = mac(key, "\n".join(["AWS4-HMAC-SHA256", stamp, scope, digest(request)])).hex()
    identity = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={identity}, SignedHeaders={names}, Signature={signature}"
    headers["content-type"] = "application/x-amz-json-1.0"
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as answer:
        return json.loads(answer.read())


def note(kind, name, event):
    """Notes an event; whether the function may be content with it."""
    written = dynamodb("UpdateItem", {
        "TableName": os.environ["RESULTS_TABLE"],
        "Key": {"id": {"S": f"{os.environ['WHO']}/{kind}/{name}"}},
        "UpdateExpression": "SET #event = :event ADD tries :one",
        "ExpressionAttributeNames": {"#event": "event"},
        "ExpressionAttributeValues": {":event": {"S": json.dumps(event)}, ":one": {"N": "1"}},
        "ReturnValues": "ALL_NEW",
    })
    first = int(written["Attributes"]["tries"]["N"]) < 2
    return not (name.startswith("never") or (name.startswith("twice") and first))


def records(records):
    failures = []
    for record in records:
        if "s3" in record:
            note("file", f"{record['eventName']}/{record['s3']['object']['key']}", record)
        if "dynamodb" in record and not note("item", record["dynamodb"]["Keys"]["id"]["S"], record):
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        if "messageId" in record and not note("message", json.loads(record["body"])["name"], record):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def handler(event, context):
    if "Records" in event:
        return records(event["Records"])
    if "triggerSource" in event:
        note("user", event["triggerSource"], event)
        return event
    if "rawPath" in event:
        note("url", event["rawPath"], event)
        return {"statusCode": 201, "headers": {"x-who": os.environ["WHO"]}, "body": event.get("body")}
    if "source" in event:
        return note("clock", event["source"], event)
    if not note("call", event["name"], event):
        raise OverflowError(f"{event['name']} has failed")
    return {"done": event["name"]}
