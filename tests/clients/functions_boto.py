"""boto3 and the AWS CLI v1, unmodified, against the embedded Lambda, CloudWatch Logs, SSM and Secrets Manager.

usage: functions_boto.py AMPUP AWS

AWS is the program of the CLI. Everything happens in a temporary folder.
"""

import base64
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile

import boto3
from botocore.exceptions import ClientError

import local_cloud

AMPUP, AWS = sys.argv[1:3]
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
HANDLER = """
def handler(event, context):
    print("asked", event)
    return 10 / event["by"]
"""


def archive(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return packed.getvalue()


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response["Error"]
        return error.response
    raise AssertionError(f"{code} was expected")


def eventually(what, look):
    for _ in range(300):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come about")


def start(folder):
    add = lambda *arguments: subprocess.run([AMPUP, *arguments, "--json"], cwd=folder, check=True, capture_output=True)
    add("init", "boto", "--target", "local")
    for table in ("orders", "bills"):
        add("add", "storage", "--name", table, "--kind", "table", "--keep", "false")
    desk = ("--runtime", "python3.13", "--sample", "table", "--access", "orders:read,write,delete")
    add("add", "function", "--name", "desk", *desk)
    add("add", "function", "--name", "thief", *desk)
    # Functions of Python find the boto3 that runs this.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return local_cloud.start(AMPUP, folder, PATH=path)


def functions(client, role):
    zipped = archive({"index.py": HANDLER})
    client.create_function(
        FunctionName="fn", Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": zipped}
    )
    client.get_waiter("function_active_v2").wait(FunctionName="fn")
    answer = client.invoke(FunctionName="fn", Payload=json.dumps({"by": 4}), LogType="Tail")
    assert json.load(answer["Payload"]) == 2.5 and answer["ExecutedVersion"] == "$LATEST"
    assert "REPORT RequestId" in base64.b64decode(answer["LogResult"]).decode()
    failed = client.invoke(FunctionName="fn", Payload=json.dumps({"by": 0}))
    error = json.load(failed["Payload"])
    assert failed["FunctionError"] == "Unhandled" and error["errorType"] == "ZeroDivisionError", error
    assert error["stackTrace"][0].startswith("  File ") and error["requestId"]
    version = client.publish_version(FunctionName="fn")["Version"]
    client.create_alias(FunctionName="fn", Name="live", FunctionVersion=version)
    assert client.invoke(FunctionName="fn:live", Payload=b'{"by": 1}')["ExecutedVersion"] == version
    refused("ResourceNotFoundException", client.get_function, FunctionName="absent")
    refused("ResourceConflictException", client.create_alias, FunctionName="fn", Name="live", FunctionVersion=version)
    names = [one["FunctionName"] for page in client.get_paginator("list_functions").paginate() for one in page["Functions"]]
    assert [name for name in names if "-dev-" not in name] == ["fn"], names


def log_events(client):
    group = "/aws/lambda/fn"
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="asked")
    events = eventually("the log", lambda: [event for page in pages for event in page["events"]])
    assert events[0]["message"].startswith("asked {'by': 4}"), events
    stream = client.describe_log_streams(logGroupName=group, orderBy="LastEventTime")["logStreams"][0]["logStreamName"]
    first = client.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, limit=1)
    assert first["events"][0]["message"].startswith("INIT_START"), first
    refused("InvalidParameterException", client.put_retention_policy, logGroupName=group, retentionInDays=2)
    refused("ResourceNotFoundException", client.get_log_events, logGroupName=group, logStreamName="none")


def kept_values(session, options):
    ssm = session.client("ssm", **options)
    ssm.put_parameter(Name="/boto/key", Type="SecureString", Value="secret")
    assert ssm.get_parameter(Name="/boto/key")["Parameter"]["Value"] != "secret"
    assert ssm.get_parameter(Name="/boto/key", WithDecryption=True)["Parameter"]["Value"] == "secret"
    refused("ParameterAlreadyExists", ssm.put_parameter, Name="/boto/key", Type="String", Value="x")
    secrets = session.client("secretsmanager", **options)
    arn = secrets.create_secret(Name="boto", SecretBinary=b"\0\1")["ARN"]
    assert secrets.get_secret_value(SecretId="boto")["SecretBinary"] == b"\0\1"
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    refused("InvalidRequestException", secrets.get_secret_value, SecretId=arn)


def identities(session, options):
    sts, iam = session.client("sts", **options), session.client("iam", **options)
    given = sts.get_session_token(DurationSeconds=900)["Credentials"]
    owner = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert owner.client("sts", **options).get_caller_identity()["Arn"].endswith(":root")
    refused("InvalidAuthorizationMessageException", sts.decode_authorization_message, EncodedMessage="x")
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}}
    arn = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.update_role(RoleName="guest", Description="who comes")
    given = sts.assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    guest = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    refused("AccessDenied", guest.client("sts", **options).get_session_token)


def command_line(endpoint, folder):
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }

    def aws(*arguments):
        done = subprocess.run([AWS, *arguments], env=environment, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = json.loads(aws("lambda", "invoke", "--function-name", "fn", "--payload", '{"by": 5}', "answer.json"))
    assert told["StatusCode"] == 200 and json.loads((folder / "answer.json").read_text()) == 2.0
    found = aws("logs", "filter-log-events", "--log-group-name", "/aws/lambda/fn", "--filter-pattern", '"asked {"', "--output", "text")
    assert "asked {'by': 5}" in found, found
    assert aws("ssm", "get-parameter", "--name", "/boto/key", "--with-decryption", "--query", "Parameter.Value", "--output", "text") == "secret\n"


def table_sample(functions, dynamodb):
    """The sample that keeps items: what it does with its table, and that another is not its own."""
    names = {one["FunctionName"].split("-")[0]: one["FunctionName"] for one in functions.list_functions()["Functions"]}

    def ask(function, **event):
        answer = functions.invoke(FunctionName=names[function], Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    table = next(name for name in dynamodb.list_tables()["TableNames"] if "Orders" in name)
    item = {"id": "1", "what": "chair"}
    assert ask("desk", action="put", item=item) == (None, item)
    assert dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})["Item"]["what"] == {"S": "chair"}
    assert ask("desk", action="get", key={"id": "1"}) == (None, item)
    assert ask("desk", action="list") == (None, [item])
    assert ask("desk", action="delete", key={"id": "1"}) == (None, item)
    assert ask("desk", action="get", key={"id": "1"}) == (None, None)
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})
    failed, told = ask("desk", action="burn")
    assert failed == "Unhandled" and told["errorMessage"] == '"action" is one of put, get, list, delete', told
    bills = next(name for name in dynamodb.list_tables()["TableNames"] if "Bills" in name)
    functions.update_function_configuration(FunctionName=names["thief"], Environment={"Variables": {"BILLS_TABLE": bills}})
    functions.get_waiter("function_updated_v2").wait(FunctionName=names["thief"])
    for event in ({"action": "put", "item": item}, {"action": "get", "key": {"id": "1"}}, {"action": "list"}):
        failed, told = ask("thief", **event)
        assert failed == "Unhandled" and "AccessDeniedException" in told["errorMessage"], told
        assert "is not authorized to perform: dynamodb:" in told["errorMessage"] and bills in told["errorMessage"], told


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cloud, endpoint = start(folder)
        try:
            options = {"endpoint_url": endpoint, "region_name": "us-east-1"}
            session = boto3.Session("test", "test")
            table_sample(session.client("lambda", **options), session.client("dynamodb", **options))
            iam = session.client("iam", **options)
            role = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
            rights = {"Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}}
            iam.put_role_policy(RoleName="fn", PolicyName="p", PolicyDocument=json.dumps(rights))
            functions(session.client("lambda", **options), role)
            log_events(session.client("logs", **options))
            kept_values(session, options)
            identities(session, options)
            command_line(endpoint, folder)
        finally:
            cloud.kill()
            cloud.wait()
    print("boto3 and the CLI: functions, logs, parameters, secrets")


main()
