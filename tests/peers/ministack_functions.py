"""Functions and storage on MiniStack: deploy, ask the owning service for every resource, and let every trigger run.

usage: ministack_functions.py AMPUP MINISTACK   (the two programs)

The functions are those of the journeys on the embedded cloud: each writes what it was told into a table. What MiniStack
1.5.33 cannot do is named in Gaps and checked to be still so.
"""

import io
import json
import pathlib
import sys
import time
import zipfile

from botocore.exceptions import ClientError
from ministack import Owners, in_project, resources_of

RECORDER = pathlib.Path(__file__).parent.parent / "journey" / "recorder"
FUNCTIONS = {"clerk": ("nodejs22.x", "index.mjs", "public"), "scribe": ("python3.13", "index.py", "iam")}
PATTERN = {"source": ["shop"]}


class FurtherOwners(Owners):
    """The owners of what functions and storage are made of."""

    def __init__(self, cloud):
        super().__init__(cloud)
        for name in ["lambda", "sqs", "events", "scheduler", "logs"]:
            self.of[name] = cloud.client(name)

    def check(self, kind, physical):
        further = {
            "AWS::Lambda::Function": self.function,
            "AWS::Lambda::Permission": self.permission,
            "AWS::Lambda::EventSourceMapping": self.mapping,
            "AWS::Lambda::Url": self.url,
            "AWS::Logs::LogGroup": self.log,
            "AWS::SQS::Queue": self.queue,
            "AWS::Events::Rule": self.rule,
            "AWS::Scheduler::Schedule": self.schedule,
            "AWS::S3::Bucket": self.bucket,
            "AWS::IAM::Role": self.role,
            "AWS::DynamoDB::Table": self.items,
        }
        further[kind](physical) if kind in further else super().check(kind, physical)

    def here(self):
        """The function of the stack that is looked at, and its settings."""
        name = self.find("AWS::Lambda::Function")[0]
        return name, FUNCTIONS[name.split("-")[0]]

    def function(self, name):
        found = self.of["lambda"].get_function(FunctionName=name)["Configuration"]
        _, (runtime, _, _) = self.here()
        assert (found["Runtime"], found["MemorySize"], found["Timeout"]) == (runtime, 512, 20), found
        assert found["Architectures"] == ["x86_64"] and found["Handler"] == "index.handler", found
        assert found["Role"].rsplit("/", 1)[-1] in self.find("AWS::IAM::Role"), found["Role"]
        assert found["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{name}", found
        variables = found["Environment"]["Variables"]
        assert set(variables) >= {"WHO", "RESULTS_TABLE", "PHOTOS_BUCKET"} and variables["WHO"] == name.split("-")[0], variables
        assert [layer["Arn"].split(":")[6] for layer in found["Layers"]] == ["words"], found["Layers"]

    def permission(self, _):
        kinds = [one["ResourceType"] for one in self.siblings.values()]
        wanted = {"s3.amazonaws.com"} if "AWS::S3::Bucket" in kinds else {"events.amazonaws.com"}
        names = self.find("AWS::Lambda::Function") or [
            one["FunctionName"] for one in self.of["lambda"].list_functions()["Functions"]
        ]
        for name in names:
            statements = json.loads(self.of["lambda"].get_policy(FunctionName=name)["Policy"])["Statement"]
            principals = {one["Principal"]["Service"] for one in statements if isinstance(one["Principal"], dict) and "Service" in one["Principal"]}
            assert principals >= wanted, statements
            open_to_all = [one for one in statements if one["Principal"] in ("*", {"AWS": "*"})]
            assert bool(open_to_all) == (FUNCTIONS[name.split("-")[0]][2] == "public"), statements

    def mapping(self, uuid):
        found = self.of["lambda"].get_event_source_mapping(UUID=uuid)
        assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"] and found["State"] == "Enabled", found
        assert found["BatchSize"] == (10 if ":sqs:" in found["EventSourceArn"] else 100), found

    def url(self, name):
        _, (_, _, callers) = self.here()
        found = self.of["lambda"].get_function_url_config(FunctionName=name)
        assert found["AuthType"] == ("NONE" if callers == "public" else "AWS_IAM"), found

    def log(self, name):
        groups = self.of["logs"].describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert [group["retentionInDays"] for group in groups] == [30], groups

    def queue(self, address):
        found = self.of["sqs"].get_queue_attributes(QueueUrl=address, AttributeNames=["All"])["Attributes"]
        assert found["SqsManagedSseEnabled"] == "true", found
        if "DeadLetters" in address:
            assert found["MessageRetentionPeriod"] == "1209600", found
        else:
            assert found["VisibilityTimeout"] == "120" and json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 5, found

    def rule(self, name):
        found = self.of["events"].describe_rule(Name=name)
        assert json.loads(found["EventPattern"]) == PATTERN and found["State"] == "ENABLED", found
        targets = self.of["events"].list_targets_by_rule(Rule=name)["Targets"]
        assert [target["Arn"].rsplit(":", 1)[-1] for target in targets] == self.find("AWS::Lambda::Function"), targets

    def schedule(self, name):
        found = self.of["scheduler"].get_schedule(Name=name)
        assert found["ScheduleExpression"] == "rate(1 hour)" and found["ScheduleExpressionTimezone"] == "UTC", found
        assert found["Target"]["Arn"].rsplit(":", 1)[-1] == self.here()[0], found

    def bucket(self, name):
        s3 = self.of["s3"]
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert len(block) == 4 and all(block.values()), block
        assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
        assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}, encryption
        assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["AllowedOrigins"] == ["*"]
        told = s3.get_bucket_notification_configuration(Bucket=name)["LambdaFunctionConfigurations"]
        heads = sorted(one["Filter"]["Key"]["FilterRules"][0]["Value"] for one in told)
        assert heads == ["clerk/", "scribe/"], told

    def items(self, name):
        found = self.of["dynamodb"].describe_table(TableName=name)["Table"]
        assert found["TableStatus"] == "ACTIVE" and found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST", found
        assert found["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}], found
        streams = found.get("StreamSpecification", {}).get("StreamViewType")
        assert streams == ("NEW_AND_OLD_IMAGES" if "-Orders-" in name else None), found

    def role(self, name):
        trust = self.of["iam"].get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        policies = self.of["iam"].list_role_policies(RoleName=name)["PolicyNames"]
        service = trust["Principal"].get("Service")
        if service == "lambda.amazonaws.com":
            assert sorted(policies) == ["access", "log"], policies
            text = json.dumps(self.of["iam"].get_role_policy(RoleName=name, PolicyName="access")["PolicyDocument"])
            assert "*" not in json.loads(text)["Statement"][0]["Action"] and '"Resource": "*"' not in text, text
        elif service == "scheduler.amazonaws.com":
            assert policies == ["invoke"], policies


class Run:
    """What the functions do on MiniStack."""

    def __init__(self, owners, outputs):
        self.of, self.outputs = owners.of, outputs
        self.results = outputs["ResultsTableName"]

    def noted(self, key):
        item = self.of["dynamodb"].get_item(TableName=self.results, Key={"id": {"S": key}}, ConsistentRead=True).get("Item")
        return item and json.loads(item["event"]["S"])

    def wait(self, key):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            event = self.noted(key)
            if event:
                return event
            time.sleep(0.1)
        raise SystemExit(f"{key} did not come")

    def check(self):
        for name in FUNCTIONS:
            function = self.outputs[f"{name.capitalize()}FunctionName"]
            answer = self.of["lambda"].invoke(FunctionName=function, Payload=json.dumps({"name": "errand"}))
            text = answer["Payload"].read()
            assert "FunctionError" not in answer and json.loads(text) == {"done": "errand"}, text
            assert self.noted(f"{name}/call/errand") == {"name": "errand"}
            failed = self.of["lambda"].invoke(FunctionName=function, Payload=json.dumps({"name": "never"}))
            assert failed["FunctionError"] == "Unhandled", failed
            assert json.loads(failed["Payload"].read())["errorMessage"] == "never has failed"
            self.of["s3"].put_object(Bucket=self.outputs["PhotosBucketName"], Key=f"{name}/face", Body=b"face")
            self.of["sqs"].send_message(QueueUrl=self.outputs[f"{name.capitalize()}QueueUrl"], MessageBody='{"name": "letter"}')
        self.of["dynamodb"].put_item(TableName=self.outputs["OrdersTableName"], Item={"id": {"S": "chair"}})
        self.of["events"].put_events(Entries=[{"Source": "shop", "DetailType": "sold", "Detail": "{}"}])
        for name in FUNCTIONS:
            assert self.wait(f"{name}/file/ObjectCreated:Put/{name}/face")["s3"]["object"]["size"] == 4
            assert self.wait(f"{name}/message/letter")["eventSource"] == "aws:sqs"
            assert self.wait(f"{name}/item/chair")["eventName"] == "INSERT"
            assert self.wait(f"{name}/clock/shop")["detail-type"] == "sold"


class Gaps:
    """What MiniStack 1.5.33 cannot do. Each method returns what shows that it still is so."""

    def __init__(self, owners, outputs):
        self.of, self.outputs = owners.of, outputs

    def lifecycle(self):
        """a bucket's LifecycleConfiguration is left out, so nothing expires"""
        try:
            self.of["s3"].get_bucket_lifecycle_configuration(Bucket=self.outputs["PhotosBucketName"])
        except ClientError as error:
            return error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration"
        return False

    def address(self):
        """the output with a function's URL names on.aws, so nobody on this computer can follow it"""
        return self.outputs["ClerkFunctionUrl"].endswith(".on.aws/")

    ALL = [lifecycle, address]

    def check(self):
        for gap in self.ALL:
            if not gap(self):
                raise SystemExit(f"MiniStack can do this now, so test it instead: {gap.__name__}, {gap.__doc__}")
            print(f"  {gap.__name__}: {gap.__doc__}")


def layer(cloud):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("words.txt", "words")
    made = cloud.client("lambda").publish_layer_version(LayerName="words", Content={"ZipFile": archive.getvalue()})
    return made["LayerVersionArn"]


def project(command, folder, cloud):
    command("init", "work", "--target", "localstack", "--endpoint", cloud.endpoint)
    command("add", "storage", "--name", "photos", "--kind", "bucket", "--keep", "false")
    command("add", "storage", "--name", "orders", "--kind", "table", "--keep", "false")
    command("add", "storage", "--name", "results", "--kind", "table", "--keep", "false")
    for name, (runtime, path, callers) in FUNCTIONS.items():
        code = folder / "ampup" / "function" / name
        code.mkdir(parents=True)
        (code / path).write_text((RECORDER / path).read_text())
        command(
            *("add", "function", "--name", name, "--runtime", runtime, "--sample", "hello", "--variable", f"WHO={name}"),
            *("--memory", "512", "--timeout", "20", "--schedule", "rate(1 hour)", "--event", json.dumps(PATTERN)),
            *("--trigger", "orders:change", "--trigger", f"photos/{name}/:upload", "--trigger", "queue"),
            *("--url", callers, "--access", "results:write", "--access", "photos:read", "--layer", layer(cloud)),
        )


def run(cloud, command, folder):
    project(command, folder, cloud)
    pushed = command("push", "--yes")
    assert pushed["outcome"] == "deployed", pushed
    owners = FurtherOwners(cloud)
    counts = {}
    for resource, siblings in resources_of(owners.of["cloudformation"], "work-dev"):
        kind, physical = resource["ResourceType"], resource["PhysicalResourceId"]
        owners.siblings = siblings
        try:
            owners.check(kind, physical)
        except (AssertionError, ClientError, KeyError) as error:
            raise SystemExit(f"{kind} {resource['LogicalResourceId']} ({physical}): {error!r}") from error
        counts[kind] = counts.get(kind, 0) + 1
    for kind, count in sorted(counts.items()):
        print(f"  {count:3} {kind}")
    Run(owners, pushed["outputs"]).check()
    Gaps(owners, pushed["outputs"]).check()
    again = command("push", "--yes")
    assert again["outcome"] == "nothing-to-do", again
    command("delete", "--env", "dev", "--yes")
    assert not owners.of["lambda"].list_functions()["Functions"], "functions are left"
    print(f"{sum(counts.values())} passed, 0 failed")


if __name__ == "__main__":
    in_project(run, *sys.argv[1:3])
