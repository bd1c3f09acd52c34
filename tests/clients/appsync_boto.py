"""boto3 and the AWS CLI v1, unmodified, against the control API of the embedded AppSync.

usage: appsync_boto.py AMPUP AWS

AWS is the program of the CLI. Everything happens in a temporary folder.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

import local_cloud

AMPUP, AWS = sys.argv[1:3]
JS = {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}
CODE = """import { util } from '@aws-appsync/utils';
export const request = () => ({ payload: null });
export const response = (ctx) => ctx.env.WORD ?? 'none';
"""
FUNCTION = """import { util } from '@aws-appsync/utils';
export const request = (ctx) => ({ payload: { word: `${ctx.prev.result.word}f` } });
export const response = (ctx) => ctx.result;
"""
PIPELINE = """export const request = () => ({ word: '' });
export const response = (ctx) => ctx.prev.result.word;
"""
SCHEMA = """
type Query @aws_api_key { word: String @deprecated(reason: "old") chain: String posts: [Post] }
"A post"
type Post @aws_api_key @aws_iam { id: ID! title: String }
enum State { OPEN DONE }
input Filter { title: String }
interface Node { id: ID! }
"""


def refused(code, call, /, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response["Error"]
        return error.response
    raise AssertionError(f"{code} was expected of {arguments}")


def everything(appsync, operation, member, **arguments):
    """All members of a list, and how many pages they came in."""
    pages = list(appsync.get_paginator(operation).paginate(**arguments))
    return [one for page in pages for one in page[member]], len(pages)


def ask(url, key, query):
    request = urllib.request.Request(url, json.dumps({"query": query}).encode(), {"x-api-key": key})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def apis(appsync):
    made = appsync.create_graphql_api(
        name="news", authenticationType="API_KEY", tags={"team": "a", "stage": "dev"}, introspectionConfig="DISABLED",
        queryDepthLimit=10, resolverCountLimit=50, additionalAuthenticationProviders=[{"authenticationType": "AWS_IAM"}],
    )["graphqlApi"]
    assert made["arn"] == f"arn:aws:appsync:us-east-1:000000000000:apis/{made['apiId']}", made
    assert made["uris"]["GRAPHQL"].endswith("/graphql") and "REALTIME" in made["uris"], made
    assert (made["queryDepthLimit"], made["resolverCountLimit"], made["introspectionConfig"]) == (10, 50, "DISABLED")
    assert (made["apiType"], made["visibility"], made["owner"]) == ("GRAPHQL", "GLOBAL", "000000000000"), made
    assert appsync.get_graphql_api(apiId=made["apiId"])["graphqlApi"] == made
    changed = appsync.update_graphql_api(apiId=made["apiId"], name="newer", authenticationType="API_KEY")["graphqlApi"]
    assert (changed["name"], changed["introspectionConfig"], changed["tags"]) == ("newer", "ENABLED", made["tags"]), changed
    for number in range(27):
        appsync.create_graphql_api(name=f"a{number}", authenticationType="AWS_IAM")
    every, pages = everything(appsync, "list_graphql_apis", "graphqlApis")
    assert (len({api["apiId"] for api in every}), pages) == (28, 2), (len(every), pages)
    page = appsync.list_graphql_apis(maxResults=10)
    assert len(page["graphqlApis"]) == 10 and page["nextToken"]
    assert appsync.list_graphql_apis(apiType="MERGED")["graphqlApis"] == []
    refused("BadRequestException", appsync.list_graphql_apis, nextToken="nonsense")
    refused("BadRequestException", appsync.list_graphql_apis, maxResults=26)
    for api in every:
        if api["apiId"] != made["apiId"]:
            appsync.delete_graphql_api(apiId=api["apiId"])
    refused("NotFoundException", appsync.get_graphql_api, apiId=every[-1]["apiId"] if every[-1] != changed else every[0]["apiId"])
    for settings in (
        {"authenticationType": "AMAZON_COGNITO_USER_POOLS"},
        {"authenticationType": "OPENID_CONNECT"},
        {"authenticationType": "AWS_LAMBDA"},
        {"authenticationType": "API_KEY", "additionalAuthenticationProviders": [{"authenticationType": "API_KEY"}]},
        {"authenticationType": "API_KEY", "queryDepthLimit": 76},
        {"authenticationType": "API_KEY", "resolverCountLimit": 10001},
        {"authenticationType": "API_KEY", "visibility": "PRIVATE"},
        {"authenticationType": "API_KEY", "apiType": "MERGED"},
        {"authenticationType": "API_KEY", "tags": {"aws:x": "y"}},
    ):
        refused("BadRequestException", appsync.create_graphql_api, name="bad", **settings)
    return made


def tags(appsync, arn):
    read = lambda: appsync.list_tags_for_resource(resourceArn=arn)["tags"]
    assert read() == {"team": "a", "stage": "dev"}
    appsync.tag_resource(resourceArn=arn, tags={"team": "b", "cost center/é": "1 2"})
    assert read() == {"team": "b", "stage": "dev", "cost center/é": "1 2"}, read()
    appsync.untag_resource(resourceArn=arn, tagKeys=["stage", "cost center/é", "none"])
    assert read() == {"team": "b"}
    assert appsync.get_graphql_api(apiId=arn.split("/")[1])["graphqlApi"]["tags"] == {"team": "b"}
    refused("BadRequestException", appsync.tag_resource, resourceArn=arn, tags={f"k{number}": "" for number in range(50)})
    refused("NotFoundException", appsync.list_tags_for_resource, resourceArn=arn + "x")
    appsync.untag_resource(resourceArn=arn, tagKeys=["team"])


def keys(appsync, api):
    now, day = int(time.time()), 86400
    usual = appsync.create_api_key(apiId=api)["apiKey"]
    assert usual["id"].startswith("da2-") and len(usual["id"]) == 30, usual
    assert abs(usual["expires"] - now - 7 * day) <= 3600 and usual["expires"] % 3600 == 0, usual
    assert usual["deletes"] == usual["expires"] + 60 * day, usual
    asked = appsync.create_api_key(apiId=api, description="d", expires=now + 30 * day)["apiKey"]
    assert asked["expires"] == (now + 30 * day) // 3600 * 3600 and asked["description"] == "d", asked
    longer = appsync.update_api_key(apiId=api, id=asked["id"], expires=now + 365 * day)["apiKey"]
    assert longer["expires"] == (now + 365 * day) // 3600 * 3600 and longer["description"] == "d", longer
    for wrong in (now, now + day - 60, now + 367 * day):
        refused("ApiKeyValidityOutOfBoundsException", appsync.create_api_key, apiId=api, expires=wrong)
        refused("ApiKeyValidityOutOfBoundsException", appsync.update_api_key, apiId=api, id=asked["id"], expires=wrong)
    for _ in range(48):
        appsync.create_api_key(apiId=api)
    refused("ApiKeyLimitExceededException", appsync.create_api_key, apiId=api)
    every, pages = everything(appsync, "list_api_keys", "apiKeys", apiId=api)
    assert (len(every), pages) == (50, 2)
    for key in every:
        if key["id"] != usual["id"]:
            appsync.delete_api_key(apiId=api, id=key["id"])
    error = refused("NotFoundException", appsync.delete_api_key, apiId=api, id=asked["id"])
    assert asked["id"] not in error["Error"]["Message"], error
    refused("NotFoundException", appsync.list_api_keys, apiId="none")
    return usual["id"]


def schemas(appsync, api):
    assert appsync.get_schema_creation_status(apiId=api)["status"] == "NOT_APPLICABLE"
    refused("NotFoundException", appsync.get_introspection_schema, apiId=api, format="SDL")
    assert appsync.start_schema_creation(apiId=api, definition=b"type Query { a: Nope }")["status"] == "PROCESSING"
    failed = appsync.get_schema_creation_status(apiId=api)
    assert failed["status"] == "FAILED" and "Nope" in failed["details"], failed
    appsync.start_schema_creation(apiId=api, definition=SCHEMA.encode())
    assert appsync.get_schema_creation_status(apiId=api)["status"] == "SUCCESS"
    read = lambda form, **more: appsync.get_introspection_schema(apiId=api, format=form, **more)["schema"].read().decode()
    assert "type Post" in read("SDL") and "@aws_iam" in read("SDL")
    bare = read("SDL", includeDirectives=False)
    assert "type Post" in bare and "@aws" not in bare and "@deprecated" in bare, bare
    names = {kind["name"] for kind in json.loads(read("JSON"))["data"]["__schema"]["types"]}
    assert {"Post", "Query", "State", "AWSDateTime"} <= names, names


def types(appsync, api):
    post = appsync.get_type(apiId=api, typeName="Post", format="SDL")["type"]
    assert post["arn"].endswith("/types/Post") and "title: String" in post["definition"], post
    assert (post["description"], post["format"], post["name"]) == ("A post", "SDL", "Post"), post
    told = json.loads(appsync.get_type(apiId=api, typeName="State", format="JSON")["type"]["definition"])
    assert (told["kind"], [value["name"] for value in told["enumValues"]]) == ("ENUM", ["OPEN", "DONE"]), told
    refused("NotFoundException", appsync.get_type, apiId=api, typeName="None", format="SDL")
    made = appsync.create_type(apiId=api, definition="type Tag { name: String }", format="SDL")["type"]
    assert made["name"] == "Tag", made
    refused("BadRequestException", appsync.create_type, apiId=api, definition="type Tag { x: Int }", format="SDL")
    refused("BadRequestException", appsync.create_type, apiId=api, definition="type Bad { x: Nope }", format="SDL")
    refused("BadRequestException", appsync.create_type, apiId=api, definition="type {", format="SDL")
    refused("BadRequestException", appsync.create_type, apiId=api, definition="type A { x: Int } type B { x: Int }", format="SDL")
    wider = "type Tag @aws_api_key { name: String posts: [Post] }"
    changed = appsync.update_type(apiId=api, typeName="Tag", definition=wider, format="SDL")["type"]
    assert "posts: [Post]" in changed["definition"] and "@aws_api_key" in changed["definition"], changed
    refused("BadRequestException", appsync.delete_type, apiId=api, typeName="Post")
    every, _ = everything(appsync, "list_types", "types", apiId=api, format="SDL")
    assert {"Query", "Post", "Tag", "State", "Filter", "Node"} <= {kind["name"] for kind in every}, every
    appsync.delete_type(apiId=api, typeName="Tag")
    refused("NotFoundException", appsync.delete_type, apiId=api, typeName="Tag")
    refused("NotFoundException", appsync.update_type, apiId=api, typeName="Tag", definition=wider, format="SDL")


def sources(appsync, api):
    made = appsync.create_data_source(apiId=api, name="nothing", type="NONE", description="d")["dataSource"]
    assert made["dataSourceArn"].endswith("/datasources/nothing") and made["description"] == "d", made
    refused("BadRequestException", appsync.create_data_source, apiId=api, name="nothing", type="NONE")
    refused("BadRequestException", appsync.create_data_source, apiId=api, name="a-b", type="NONE")
    refused("BadRequestException", appsync.create_data_source, apiId=api, name="table", type="AMAZON_DYNAMODB")
    http = appsync.create_data_source(apiId=api, name="web", type="HTTP", httpConfig={"endpoint": "https://example.com"})
    assert http["dataSource"]["httpConfig"]["endpoint"] == "https://example.com", http
    changed = appsync.update_data_source(apiId=api, name="web", type="NONE")["dataSource"]
    assert changed["type"] == "NONE" and "httpConfig" not in changed, changed
    appsync.delete_data_source(apiId=api, name="web")
    refused("NotFoundException", appsync.get_data_source, apiId=api, name="web")
    for number in range(30):
        appsync.create_data_source(apiId=api, name=f"s{number}", type="NONE")
    every, pages = everything(appsync, "list_data_sources", "dataSources", apiId=api, PaginationConfig={"PageSize": 20})
    assert (len(every), pages) == (31, 2)


def resolvers(appsync, api, url, key):
    unit = {"apiId": api, "typeName": "Query", "fieldName": "word", "dataSourceName": "nothing", "runtime": JS}
    made = appsync.create_resolver(code=CODE, **unit)["resolver"]
    assert made["resolverArn"].endswith("/types/Query/resolvers/word") and made["kind"] == "UNIT", made
    assert appsync.get_resolver(apiId=api, typeName="Query", fieldName="word")["resolver"] == made
    refused("BadRequestException", appsync.create_resolver, code=CODE, **unit)
    refused("NotFoundException", appsync.create_resolver, code=CODE, **{**unit, "fieldName": "none"})
    refused("NotFoundException", appsync.create_resolver, code=CODE, **{**unit, "fieldName": "posts", "dataSourceName": "no"})
    wrong = refused("BadRequestException", appsync.update_resolver, code="export const request = (", **unit)
    assert wrong["detail"]["codeErrors"][0]["errorType"] == "PARSER_ERROR" and wrong["reason"] == "CODE_ERROR", wrong
    refused("BadRequestException", appsync.update_resolver, requestMappingTemplate="{}", **{**unit, "runtime": JS})
    appsync.put_graphql_api_environment_variables(apiId=api, environmentVariables={"WORD": "env"})
    assert appsync.get_graphql_api_environment_variables(apiId=api)["environmentVariables"] == {"WORD": "env"}
    assert ask(url, key, "{ word }") == {"data": {"word": "env"}}
    refused("BadRequestException", appsync.put_graphql_api_environment_variables, apiId=api, environmentVariables={"1WORD": "x"})
    appsync.put_graphql_api_environment_variables(apiId=api, environmentVariables={})
    assert ask(url, key, "{ word }") == {"data": {"word": "none"}}

    function = appsync.create_function(apiId=api, name="f", dataSourceName="nothing", code=FUNCTION, runtime=JS)
    function = function["functionConfiguration"]
    twice = {"functions": [function["functionId"]] * 2}
    chain = {"apiId": api, "typeName": "Query", "fieldName": "chain", "kind": "PIPELINE", "code": PIPELINE, "runtime": JS}
    appsync.create_resolver(pipelineConfig=twice, **chain)
    assert ask(url, key, "{ chain }") == {"data": {"chain": "ff"}}
    users = appsync.list_resolvers_by_function(apiId=api, functionId=function["functionId"])["resolvers"]
    assert [one["fieldName"] for one in users] == ["chain"], users
    listed = appsync.list_resolvers(apiId=api, typeName="Query")["resolvers"]
    assert sorted(one["fieldName"] for one in listed) == ["chain", "word"], listed
    refused("BadRequestException", appsync.delete_function, apiId=api, functionId=function["functionId"])
    changed = appsync.update_function(
        apiId=api, functionId=function["functionId"], name="g", dataSourceName="nothing", runtime=JS,
        code=FUNCTION.replace("}f`", "}g`"))["functionConfiguration"]
    assert (changed["name"], changed["functionArn"]) == ("g", function["functionArn"]), changed
    assert ask(url, key, "{ chain }") == {"data": {"chain": "gg"}}
    assert appsync.list_functions(apiId=api)["functions"] == [changed]
    appsync.delete_resolver(apiId=api, typeName="Query", fieldName="chain")
    appsync.delete_function(apiId=api, functionId=function["functionId"])
    refused("NotFoundException", appsync.get_function, apiId=api, functionId=function["functionId"])
    refused("NotFoundException", appsync.delete_resolver, apiId=api, typeName="Query", fieldName="chain")


def evaluation(appsync):
    context = json.dumps({"arguments": {"a": 1}})
    code = "export const request = (ctx) => ({ payload: ctx.args.a + 1 });\nexport const response = (ctx) => ctx.result;\n"
    given = appsync.evaluate_code(runtime=JS, code=code, context=context, function="request")
    assert json.loads(given["evaluationResult"]) == {"payload": 2}, given
    broken = appsync.evaluate_code(runtime=JS, code="export const request = (", context=context, function="request")
    assert broken["error"]["codeErrors"], broken
    refused("BadRequestException", appsync.evaluate_code, runtime=JS, code=code, context="no JSON")


def refused_by_name(appsync):
    """What AppSync has and the embedded cloud does not is told by its name."""
    for name, call, arguments in (
        ("EvaluateMappingTemplate", appsync.evaluate_mapping_template, {"template": "{}", "context": "{}"}),
        ("ListDomainNames", appsync.list_domain_names, {}),
        ("GetApiAssociation", appsync.get_api_association, {"domainName": "a.example.com"}),
        ("merged APIs", appsync.associate_source_graphql_api, {"mergedApiIdentifier": "a", "sourceApiIdentifier": "b"}),
        ("Event APIs", appsync.list_apis, {}),
    ):
        message = refused("NotImplemented", call, **arguments)["Error"]["Message"]
        assert name in message, message


def permissions(client, appsync, api):
    """A role may look at one API and no more."""
    iam, sts = client("iam"), client("sts")
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    arn = f"arn:aws:appsync:us-east-1:000000000000:apis/{api}"
    policy = {"Statement": {"Effect": "Allow", "Action": ["appsync:Get*", "appsync:List*"], "Resource": [arn, arn + "/*"]}}
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=json.dumps(policy))
    role = sts.assume_role(RoleArn="arn:aws:iam::000000000000:role/reader", RoleSessionName="boto")["Credentials"]
    reader = boto3.client(
        "appsync", endpoint_url=appsync.meta.endpoint_url, region_name="us-east-1", aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"])
    assert reader.get_graphql_api(apiId=api)["graphqlApi"]["apiId"] == api
    assert reader.list_data_sources(apiId=api)["dataSources"]
    other = appsync.create_graphql_api(name="other", authenticationType="API_KEY")["graphqlApi"]["apiId"]
    for call, arguments in (
        (reader.get_graphql_api, {"apiId": other}),
        (reader.get_graphql_api, {"apiId": "none"}),
        (reader.list_graphql_apis, {}),
        (reader.create_api_key, {"apiId": api}),
        (reader.delete_graphql_api, {"apiId": api}),
        (reader.tag_resource, {"resourceArn": arn, "tags": {"a": "b"}}),
        (reader.delete_type, {"apiId": api, "typeName": "Post"}),
    ):
        error = refused("AccessDeniedException", call, **arguments)["Error"]["Message"]
        assert "is not authorized to perform: appsync:" in error, error
    appsync.delete_graphql_api(apiId=other)


def command_line(endpoint, api):
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

    def aws(*arguments):
        command = [AWS, "--endpoint-url", endpoint, "appsync", *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert json.loads(aws("get-graphql-api", "--api-id", api))["graphqlApi"]["name"] == "newer"
    with tempfile.TemporaryDirectory() as folder:
        aws("get-introspection-schema", "--api-id", api, "--format", "SDL", "--no-include-directives", f"{folder}/schema.graphql")
        text = open(f"{folder}/schema.graphql", encoding="utf-8").read()
    assert "type Post" in text and "@aws" not in text, text
    found = aws("list-types", "--api-id", api, "--format", "SDL", "--query", "types[?name=='Post'].name", "--output", "text")
    assert found.strip() == "Post", found


def main():
    with local_cloud.empty(AMPUP) as endpoint:
        keyed = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        client = lambda name: boto3.client(name, endpoint_url=endpoint, **keyed)
        appsync = client("appsync")
        made = apis(appsync)
        api, url = made["apiId"], made["uris"]["GRAPHQL"]
        tags(appsync, made["arn"])
        key = keys(appsync, api)
        schemas(appsync, api)
        types(appsync, api)
        sources(appsync, api)
        resolvers(appsync, api, url, key)
        evaluation(appsync)
        refused_by_name(appsync)
        permissions(client, appsync, api)
        command_line(endpoint, api)
    print("boto3 and the CLI: the control API of AppSync holds")


main()
