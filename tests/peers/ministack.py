"""The rendered stacks on MiniStack: deploy, then ask the owning service for every resource.

usage: ministack.py AMPUP MINISTACK   (the two programs)

A stack that says CREATE_COMPLETE proves nothing, so each resource is looked up where it lives. What MiniStack 1.5.33
cannot do is named in Gaps and checked to be still so: a gap that closes fails the run until it is removed there.
"""

import base64
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MiniStack:
    """A MiniStack of our own on a free port of the loopback address."""

    def __init__(self, program):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        environment = dict(os.environ, GATEWAY_PORT=str(self.port), BIND_HOST="127.0.0.1", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")
        self.process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=1).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("MiniStack did not start")

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}),
        )

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Owners:
    """Looks resources up in the services that own them; each method raises or asserts when one is not there."""

    def __init__(self, cloud):
        services = ["cloudformation", "cognito-idp", "cognito-identity", "iam", "appsync", "dynamodb", "s3", "cloudfront"]
        self.of = {name: cloud.client(name) for name in services}
        self.siblings = {}

    def find(self, kind):
        return [one["PhysicalResourceId"] for one in self.siblings.values() if one["ResourceType"] == kind]

    def api(self):
        return self.find("AWS::AppSync::GraphQLApi")[0].rsplit("/", 1)[-1]

    def pool(self):
        return self.find("AWS::Cognito::UserPool")[0]

    def check(self, kind, physical):
        {
            "AWS::CloudFormation::Stack": lambda: self.stack(physical),
            "AWS::Cognito::UserPool": lambda: self.of["cognito-idp"].describe_user_pool(UserPoolId=physical),
            "AWS::Cognito::UserPoolClient": lambda: self.of["cognito-idp"].describe_user_pool_client(
                UserPoolId=self.pool(), ClientId=physical
            ),
            "AWS::Cognito::UserPoolGroup": lambda: self.of["cognito-idp"].get_group(
                UserPoolId=self.pool(), GroupName=physical.rsplit("|", 1)[-1].rsplit("/", 1)[-1]
            ),
            "AWS::Cognito::IdentityPool": lambda: self.of["cognito-identity"].describe_identity_pool(IdentityPoolId=physical),
            "AWS::Cognito::IdentityPoolRoleAttachment": self.roles_of_identity_pool,
            "AWS::IAM::Role": lambda: self.of["iam"].get_role(RoleName=physical),
            "AWS::IAM::Policy": lambda: self.inline_policy(),
            "AWS::AppSync::GraphQLApi": lambda: self.of["appsync"].get_graphql_api(apiId=self.api()),
            "AWS::AppSync::GraphQLSchema": self.schema,
            "AWS::AppSync::ApiKey": self.api_key,
            "AWS::AppSync::DataSource": lambda: self.of["appsync"].get_data_source(
                apiId=self.api(), name=physical.rsplit("/", 1)[-1]
            ),
            "AWS::AppSync::Resolver": lambda: self.resolver(physical),
            "AWS::DynamoDB::Table": lambda: self.table(physical),
            "AWS::S3::Bucket": lambda: self.of["s3"].head_bucket(Bucket=physical),
            "AWS::S3::BucketPolicy": lambda: self.of["s3"].get_bucket_policy(Bucket=self.find("AWS::S3::Bucket")[0]),
            "AWS::CloudFront::OriginAccessControl": lambda: self.of["cloudfront"].get_origin_access_control(Id=physical),
            "AWS::CloudFront::ResponseHeadersPolicy": lambda: self.of["cloudfront"].get_response_headers_policy(Id=physical),
            "AWS::CloudFront::Function": self.edge_function,
            "AWS::CloudFront::Distribution": lambda: self.of["cloudfront"].get_distribution(Id=physical),
        }[kind]()

    def stack(self, physical):
        status = self.of["cloudformation"].describe_stacks(StackName=physical)["Stacks"][0]["StackStatus"]
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), status

    def roles_of_identity_pool(self):
        roles = self.of["cognito-identity"].get_identity_pool_roles(IdentityPoolId=self.find("AWS::Cognito::IdentityPool")[0])
        assert "authenticated" in roles["Roles"], roles

    def inline_policy(self):
        names = [role["RoleName"] for role in self.of["iam"].list_roles()["Roles"]]
        assert any(self.of["iam"].list_role_policies(RoleName=name)["PolicyNames"] for name in names), "no role has an inline policy"

    def schema(self):
        text = self.of["appsync"].get_introspection_schema(apiId=self.api(), format="SDL")["schema"].read().decode()
        assert "type Query" in text, text[:200]

    def api_key(self):
        assert self.of["appsync"].list_api_keys(apiId=self.api())["apiKeys"], "no API key"

    def resolver(self, physical):
        # `…/types/Query/resolvers/getPost` on AWS, `api/Query/getPost` here.
        parts = [part for part in physical.split("/") if part not in ("types", "resolvers")]
        resolver = self.of["appsync"].get_resolver(apiId=self.api(), typeName=parts[-2], fieldName=parts[-1])["resolver"]
        assert "export function request" in resolver.get("code", ""), f"{physical} has no code"
        assert resolver["runtime"] == {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}, resolver["runtime"]

    def table(self, physical):
        table = self.of["dynamodb"].describe_table(TableName=physical)["Table"]
        assert table["TableStatus"] == "ACTIVE" and table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES", table

    def edge_function(self):
        names = [one["Name"] for one in self.of["cloudfront"].list_functions()["FunctionList"].get("Items", [])]
        assert names, "no function"


def resources_of(cloudformation, stack):
    """Every resource of a stack and of those nested in it, each with the resources beside it."""
    found = []
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    here = {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}
    for one in here.values():
        found.append((one, here))
        if one["ResourceType"] == "AWS::CloudFormation::Stack":
            found.extend(resources_of(cloudformation, one["PhysicalResourceId"]))
    return found


class Gaps:
    """What MiniStack 1.5.33 cannot do, and what is therefore left to the embedded cloud.

    Each method is one gap: its docstring says what is missing, and it returns what shows that it still is.
    """

    def __init__(self, cloud, command, outputs):
        self.cloud, self.command, self.outputs = cloud, command, outputs

    def graphql(self, api, query, **headers):
        request = urllib.request.Request(
            f"{self.cloud.endpoint}/v1/apis/{self.outputs[f'{api}GraphQLApiId']}/graphql",
            json.dumps({"query": query}).encode(),
            {"content-type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def todo(self, query):
        return self.graphql("Todo", query, **{"x-api-key": self.outputs["TodoApiKey"]})

    def check_what_works(self):
        assert self.todo("{ listTodos { items { id title } } }") == (200, {"data": {"listTodos": {"items": []}}})
        assert self.todo('{ getTodo(id: "none") { id } }') == (200, {"data": {"getTodo": None}})
        assert self.graphql("Todo", "{ listTodos { items { id } } }")[0] == 401
        assert self.graphql("Todo", "{ listTodos { items { id } } }", **{"x-api-key": "da2-wrong"})[0] == 401

    def transform(self):
        """util.transform gives objects where AWS gives JSON text, so writes with a condition and filtered lists fail"""
        mangled = '"[object Object]" is not valid JSON'
        _, written = self.todo('mutation { createTodo(input: { title: "a" }) { id } }')
        _, listed = self.todo('{ listTodos(filter: { title: { eq: "a" } }) { items { id } } }')
        return [answer["errors"][0]["message"] for answer in (written, listed) if "errors" in answer] == [mangled, mangled]

    def forged_tokens(self):
        """GraphQL requests with an unsigned token of an unknown issuer are answered"""
        part = lambda facts: base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")
        claims = {"sub": "nobody", "username": "nobody", "token_use": "access", "iss": "https://example.com", "exp": int(time.time()) + 600}
        token = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."
        return self.graphql("Blog", "{ listPosts { items { id } } }", Authorization=token) == (200, {"data": {"listPosts": {"items": []}}})

    def identity(self):
        """resolvers see no identity of a signed-in user, so owner and group rules refuse everybody"""
        client, pool = self.cloud.client("cognito-idp"), self.outputs["AuthUserPoolId"]
        client.admin_create_user(UserPoolId=pool, Username="ada@example.com", MessageAction="SUPPRESS")
        client.admin_set_user_password(UserPoolId=pool, Username="ada@example.com", Password="Correct-horse-7", Permanent=True)
        client.admin_add_user_to_group(UserPoolId=pool, Username="ada@example.com", GroupName="Editors")
        signed_in = client.initiate_auth(
            ClientId=self.outputs["AuthUserPoolClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ada@example.com", "PASSWORD": "Correct-horse-7"},
        )
        token = signed_in["AuthenticationResult"]["AccessToken"]
        _, answer = self.graphql("Blog", 'mutation { createCategory(input: { name: "News" }) { id } }', Authorization=token)
        return answer["errors"][0]["errorType"] == "Unauthorized" if "errors" in answer else False

    def subscriptions(self):
        """there is no GraphQL WebSocket"""
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=5)
        host = f"{self.outputs['TodoGraphQLApiId']}.appsync-realtime-api.us-east-1.amazonaws.com"
        handshake = {
            "Host": host,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": "graphql-ws",
        }
        header = base64.b64encode(json.dumps({"host": host.replace("-realtime", ""), "x-api-key": self.outputs["TodoApiKey"]}).encode()).decode()
        connection.request("GET", f"/graphql?header={header}&payload=e30=", headers=handshake)
        status = connection.getresponse().status
        connection.close()
        return status != 101

    def address(self):
        """the output GraphQLUrl names amazonaws.com, so a client cannot follow it"""
        return ".amazonaws.com/" in self.outputs["BlogGraphQLUrl"]

    def nested_updates(self):
        """an update of a nested stack loses the attributes of what did not change, so Fn::GetAtt on them fails"""
        self.command("update", "auth", "--groups", "Editors,Reviewers")
        planned = self.command("push", "--dry-run")["changes"]
        assert [(one["action"], one["type"]) for one in planned] == [("add", "AWS::Cognito::UserPoolGroup")], planned
        failure = self.command("push", "--yes", expect=1)
        return failure["code"] == "AMP0401" and "does not exist in schema for AWS::Cognito::UserPool" in failure["message"]

    # The update comes last: it leaves a stack that cannot be updated.
    ALL = [transform, forged_tokens, identity, subscriptions, address, nested_updates]

    def check(self):
        print("what MiniStack 1.5.33 cannot do, and this run therefore leaves to the embedded cloud:")
        for gap in self.ALL:
            if not gap(self):
                raise SystemExit(f"MiniStack can do this now, so test it instead: {gap.__name__}, {gap.__doc__}")
            print(f"  {gap.__name__}: {gap.__doc__}")


def in_project(run, ampup, ministack):
    """Runs `run(cloud, command, folder)` with a MiniStack of its own and the program in a folder of its own."""
    cloud = MiniStack(ministack)
    try:
        with tempfile.TemporaryDirectory() as folder:

            def command(*arguments, expect=0):
                done = subprocess.run([ampup, *arguments, "--json"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
                assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
                return json.loads(done.stdout)

            run(cloud, command, pathlib.Path(folder))
    finally:
        cloud.stop()


def run(cloud, command, _):
    command("init", "peer", "--target", "localstack", "--endpoint", cloud.endpoint)
    command("add", "auth", "--sign-in", "email", "--groups", "Editors", "--guests", "true")
    command("add", "api", "--name", "blog", "--sample", "blog")
    command("add", "api", "--name", "todo", "--sample", "todo", "--auth", "api-key")
    pushed = command("push", "--yes")
    assert pushed["outcome"] == "deployed", pushed
    # An update of the root stack: what is there stays, hosting is added.
    command("add", "hosting", "--sample")
    planned = {one["stack"] for one in command("push", "--dry-run")["changes"]}
    assert planned == {"hosting"}, planned
    pushed = command("push", "--yes")
    assert pushed["outcome"] == "deployed", pushed

    owners = Owners(cloud)
    counts = {}
    for resource, siblings in resources_of(owners.of["cloudformation"], "peer-dev"):
        kind, physical = resource["ResourceType"], resource["PhysicalResourceId"]
        owners.siblings = siblings
        try:
            owners.check(kind, physical)
        except (AssertionError, ClientError) as error:
            raise SystemExit(f"{kind} {resource['LogicalResourceId']} ({physical}): {error}") from error
        counts[kind] = counts.get(kind, 0) + 1
    for kind, count in sorted(counts.items()):
        print(f"  {count:3} {kind}")

    command("publish", "--no-push", "--yes")
    bucket = next(r["PhysicalResourceId"] for r, _ in resources_of(owners.of["cloudformation"], "peer-dev") if r["ResourceType"] == "AWS::S3::Bucket")
    keys = [one["Key"] for one in owners.of["s3"].list_objects_v2(Bucket=bucket)["Contents"]]
    assert "index.html" in keys, keys

    again = command("push", "--yes")
    assert again["outcome"] == "nothing-to-do", again

    gaps = Gaps(cloud, command, again["outputs"])
    gaps.check_what_works()
    gaps.check()

    command("delete", "--env", "dev", "--yes")
    left = [one["StackName"] for one in owners.of["cloudformation"].describe_stacks()["Stacks"]]
    assert not any(name.startswith("peer-dev") for name in left), left

    total = sum(counts.values())
    print(f"{total} passed, 0 failed")


if __name__ == "__main__":
    in_project(run, *sys.argv[1:3])
