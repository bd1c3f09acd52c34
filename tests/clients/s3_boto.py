"""boto3 and the AWS CLI v1, unmodified, against the embedded S3.

usage: s3_boto.py AMPUP AWS

AWS is the program of the CLI. Everything happens in a temporary folder.
"""

import filecmp
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

import local_cloud

AMPUP, AWS = sys.argv[1:3]
BUCKET = "boto-bucket"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response["Error"]
        return error.response
    raise AssertionError(f"{code} was expected")


def objects(s3):
    s3.create_bucket(Bucket=BUCKET)
    body = os.urandom(20_000_000)
    # A seekable file, a stream, and an upload in parts by several threads.
    s3.put_object(Bucket=BUCKET, Key="whole", Body=body)
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "parts", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    target = io.BytesIO()
    s3.download_fileobj(BUCKET, "parts", target, Config=config)
    assert hashlib.sha256(target.getvalue()).digest() == hashlib.sha256(body).digest()
    head = s3.head_object(Bucket=BUCKET, Key="parts")
    assert head["ETag"].endswith('-4"') and head["Metadata"] == {"a": "b"}, head
    # The same through a copy in parts.
    s3.copy({"Bucket": BUCKET, "Key": "parts"}, BUCKET, "copied", Config=config)
    assert s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == body
    assert s3.get_object(Bucket=BUCKET, Key="whole", Range="bytes=5-9")["Body"].read() == body[5:10]
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="none")
    refused("404", s3.head_object, Bucket=BUCKET, Key="none")
    refused("InvalidRange", s3.get_object, Bucket=BUCKET, Key="whole", Range="bytes=20000000-")
    refused("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="whole", Body=b"", IfNoneMatch="*")
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=BUCKET)


def configurations(s3):
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"] == [{"Key": "a", "Value": "b"}]
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"] == [rule]
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=BUCKET)
    refused("NoSuchWebsiteConfiguration", s3.get_bucket_website, Bucket=BUCKET)
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=BUCKET)
    block = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4, block
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256", rules
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=BUCKET)
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    found = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert "EventBridgeConfiguration" in found, found
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:none", "Events": ["s3:ObjectCreated:*"]}
    wrong = {"QueueConfigurations": [queue]}
    refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket=BUCKET, NotificationConfiguration=wrong)


def roles(endpoint, key):
    """A role sees the keys that its policy names, and nothing one step further."""
    session = boto3.Session(**key, region_name="us-east-1")
    iam, sts, s3 = (session.client(name, endpoint_url=endpoint) for name in ("iam", "sts", "s3"))
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{BUCKET}/mine/*"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringLike": {"s3:prefix": ["mine/*"]}},
        },
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/mine/secret"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=policy)
    given = sts.assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    role = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    for name in ("mine/a", "mine/secret", "yours/a"):
        s3.put_object(Bucket=BUCKET, Key=name, Body=name.encode())
    assert role.get_object(Bucket=BUCKET, Key="mine/a")["Body"].read() == b"mine/a"
    role.put_object(Bucket=BUCKET, Key="mine/b", Body=b"b")
    assert len(role.list_objects_v2(Bucket=BUCKET, Prefix="mine/")["Contents"]) == 3
    denied = refused("AccessDenied", role.get_object, Bucket=BUCKET, Key="mine/secret")["Error"]["Message"]
    assert denied == (
        "User: arn:aws:sts::000000000000:assumed-role/reader/me is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{BUCKET}/mine/secret" with an explicit deny in an identity-based policy'
    ), denied
    refused("AccessDenied", role.get_object, Bucket=BUCKET, Key="yours/a")
    refused("AccessDenied", role.put_object, Bucket=BUCKET, Key="yours/b", Body=b"")
    refused("AccessDenied", role.delete_object, Bucket=BUCKET, Key="mine/a")
    refused("AccessDenied", role.list_objects_v2, Bucket=BUCKET, Prefix="yours/")
    refused("AccessDenied", role.list_objects_v2, Bucket=BUCKET)


def forms(s3):
    """A form with a signed policy, as a browser sends it."""
    conditions = [["starts-with", "$Content-Type", "image/"], ["content-length-range", 1, 4]]
    key = "forms/${filename}"
    given = s3.generate_presigned_post(BUCKET, key, Conditions=conditions, ExpiresIn=60)

    def send(file, **more):
        parts = [f'name="{name}"\r\n\r\n{value}' for name, value in {**given["fields"], **more}.items()]
        parts.append(f'name="file"; filename="a.png"\r\nContent-Type: text/plain\r\n\r\n{file}')
        body = "".join(f"--edge\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--edge--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=edge"}
        try:
            return urllib.request.urlopen(urllib.request.Request(given["url"], body.encode(), headers)).status
        except urllib.error.HTTPError as error:
            return error.read().decode().split("<Code>")[1].split("<")[0]

    image = {"Content-Type": "image/png"}
    assert send("abcd", **image) == 204
    found = s3.get_object(Bucket=BUCKET, Key="forms/a.png")
    assert (found["Body"].read(), found["ContentType"]) == (b"abcd", "image/png"), found
    for file, fields, code in [
        ("abcd", {"Content-Type": "text/html"}, "AccessDenied"),
        ("abcd", {**image, "key": "elsewhere"}, "AccessDenied"),
        ("abcd", {**image, "acl": "private"}, "AccessDenied"),
        ("abcde", image, "EntityTooLarge"),
        ("", image, "EntityTooSmall"),
    ]:
        assert send(file, **fields) == code, (fields, send(file, **fields))


def presigned(s3):
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "by-url"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(url, b"by url", method="PUT", headers={"content-type": ""})).read()
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "by-url"}, ExpiresIn=60)
    assert urllib.request.urlopen(url).read() == b"by url"
    try:
        urllib.request.urlopen(url.replace("by-url", "mine/a"))
        raise AssertionError("another key was given")
    except urllib.error.HTTPError as error:
        assert error.code == 403 and b"<Code>SignatureDoesNotMatch</Code>" in error.read()


def command_line(endpoint, key, folder):
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": key["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
    }

    def aws(*arguments):
        done = subprocess.run([AWS, *arguments], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    aws("s3", "mb", "s3://cli-bucket")
    here = pathlib.Path(folder, "here")
    (here / "sub folder").mkdir(parents=True)
    (here / "a.txt").write_text("a")
    (here / "sub folder" / "ü.txt").write_text("ü")
    (here / "large.bin").write_bytes(os.urandom(9 << 20))
    aws("s3", "sync", str(here), "s3://cli-bucket/site")
    assert aws("s3", "sync", str(here), "s3://cli-bucket/site") == "", "what is unchanged is not sent again"
    there = pathlib.Path(folder, "there")
    aws("s3", "sync", "s3://cli-bucket/site", str(there))
    names = ["a.txt", "sub folder/ü.txt", "large.bin"]
    assert filecmp.cmpfiles(here, there, names, shallow=False) == (names, [], []), "what came back is another"
    assert "sub folder/" in aws("s3", "ls", "s3://cli-bucket/site/")
    assert "Total Objects: 3" in aws("s3", "ls", "--recursive", "--summarize", "s3://cli-bucket")
    (here / "a.txt").unlink()
    assert "delete: s3://cli-bucket/site/a.txt" in aws("s3", "sync", "--delete", str(here), "s3://cli-bucket/site")
    aws("s3", "cp", "s3://cli-bucket/site/large.bin", "s3://cli-bucket/copy.bin")
    aws("s3", "mv", "s3://cli-bucket/copy.bin", str(there / "moved.bin"))
    assert filecmp.cmp(here / "large.bin", there / "moved.bin", shallow=False)
    url = aws("s3", "presign", "s3://cli-bucket/site/large.bin", "--expires-in", "60").strip()
    assert len(urllib.request.urlopen(url).read()) == 9 << 20
    assert aws("s3api", "head-object", "--bucket", "cli-bucket", "--key", "site/large.bin").count("ContentLength") == 1
    aws("s3", "rb", "--force", "s3://cli-bucket")


def main():
    key = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    with tempfile.TemporaryDirectory(prefix="ampup-boto-") as folder:
        local_cloud.make_empty(AMPUP, folder)
        cloud, endpoint = local_cloud.start(AMPUP, folder)
        try:
            session = boto3.Session(**key, region_name="us-east-1")
            s3 = session.client("s3", endpoint_url=endpoint)
            objects(s3)
            configurations(s3)
            roles(endpoint, key)
            version_4 = session.client("s3", endpoint_url=endpoint, config=Config(signature_version="s3v4"))
            presigned(version_4)
            # The other signs policies as S3 did before.
            forms(version_4)
            forms(s3)
            command_line(endpoint, key, folder)
        finally:
            cloud.kill()
    print("boto3 and the AWS CLI v1: green")


main()
