// AWS SDK v3 for JavaScript, unmodified, against the embedded Lambda, CloudWatch Logs, SSM and Secrets Manager. AMPUP names
// the program.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { crc32 } from 'node:zlib';

import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, FilterLogEventsCommand,
  GetLogEventsCommand, PutLogEventsCommand, PutRetentionPolicyCommand, paginateDescribeLogGroups,
  paginateDescribeLogStreams, paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  AddPermissionCommand, CreateAliasCommand, CreateEventSourceMappingCommand, CreateFunctionCommand,
  CreateFunctionUrlConfigCommand, DeleteFunctionCommand, DeleteFunctionConcurrencyCommand, GetFunctionCommand,
  GetPolicyCommand, InvokeCommand, LambdaClient, ListTagsCommand, PublishLayerVersionCommand, PublishVersionCommand,
  PutFunctionConcurrencyCommand, PutFunctionEventInvokeConfigCommand, TagResourceCommand,
  UpdateAliasCommand, UpdateFunctionConfigurationCommand, paginateListAliases, paginateListFunctions,
  paginateListVersionsByFunction, waitUntilFunctionActiveV2, waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import {
  CreateSecretCommand, DeleteSecretCommand, GetRandomPasswordCommand, GetSecretValueCommand, PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand, SSMClient, paginateGetParametersByPath } from '@aws-sdk/client-ssm';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
let folder;
let cloud;
let endpoint;
let lambda;
let logs;
let Role;

/** An archive with stored files. */
function zip(files) {
  const parts = [];
  const central = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const title = Buffer.from(name);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt32LE(crc32(data), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt16LE(title.length, 22);
    const place = Buffer.alloc(16);
    place.writeUInt32LE(0x81a40000, 8);
    place.writeUInt32LE(offset, 12);
    central.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), head, place.subarray(2), title);
    const local = [Buffer.from('PK\x03\x04', 'latin1'), head, title, data];
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

const make = (FunctionName, code, more = {}) => lambda.send(new CreateFunctionCommand({
  FunctionName, Runtime: 'nodejs22.x', Handler: 'index.handler', Role, Code: { ZipFile: zip({ 'index.js': code }) }, ...more,
}));

async function invoke(FunctionName, event = {}, more = {}) {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...more }));
  return { ...answer, value: JSON.parse(Buffer.from(answer.Payload ?? []).toString() || 'null') };
}

async function all(pages, list) {
  const found = [];
  for await (const page of pages) found.push(...page[list]);
  return found;
}

async function eventually(what, look) {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come about`);
}

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ampup-functions-'));
  const ampup = process.env.AMPUP;
  execFileSync(ampup, ['init', 'clients', '--target', 'local', '--json'], { cwd: folder, stdio: 'ignore' });
  const board = await new Promise((resolve, reject) => {
    cloud = spawn(ampup, ['dev', '--port', '0', '--no-watch', '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    cloud.stdout.on('data', (bytes) => {
      text += bytes;
      try { resolve(JSON.parse(text)); } catch { /* the document is not whole yet */ }
    });
    cloud.on('exit', (code) => reject(new Error(`ampup dev ended with ${code}: ${text}`)));
  });
  endpoint = board.endpoint;
  const options = { endpoint, region: 'us-east-1', credentials };
  lambda = new LambdaClient(options);
  logs = new CloudWatchLogsClient(options);
  const iam = new IAMClient(options);
  const trust = { Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] };
  const made = await iam.send(new CreateRoleCommand({ RoleName: 'fn', AssumeRolePolicyDocument: JSON.stringify(trust) }));
  Role = made.Role.Arn;
  const rights = { Statement: [{ Effect: 'Allow', Action: ['logs:*', 'sqs:*', 'dynamodb:*', 'lambda:InvokeFunction'], Resource: '*' }] };
  await iam.send(new PutRolePolicyCommand({ RoleName: 'fn', PolicyName: 'p', PolicyDocument: JSON.stringify(rights) }));
});

after(() => {
  cloud?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('a function is made, waited for, invoked, changed and listed', async () => {
  await make('hello', 'exports.handler = async (e) => { console.log("hi", e.n); return { n: e.n + 1, own: process.env.OWN }; };');
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20 }, { FunctionName: 'hello' });
  const first = await invoke('hello', { n: 1 }, { LogType: 'Tail' });
  assert.deepEqual([first.StatusCode, first.ExecutedVersion, first.value.n], [200, '$LATEST', 2]);
  assert.match(Buffer.from(first.LogResult, 'base64').toString(), /START RequestId: [^]*\tINFO\thi 1\n[^]*REPORT RequestId: /);
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'hello', Environment: { Variables: { OWN: 'x' } } }));
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 20 }, { FunctionName: 'hello' });
  assert.equal((await invoke('hello', { n: 1 })).value.own, 'x');
  const got = await lambda.send(new GetFunctionCommand({ FunctionName: 'hello' }));
  assert.ok((await (await fetch(got.Code.Location)).arrayBuffer()).byteLength > 0);
  await lambda.send(new TagResourceCommand({ Resource: got.Configuration.FunctionArn, Tags: { a: 'b' } }));
  assert.deepEqual((await lambda.send(new ListTagsCommand({ Resource: got.Configuration.FunctionArn }))).Tags, { a: 'b' });
  const names = (await all(paginateListFunctions({ client: lambda }, { MaxItems: 1 }), 'Functions')).map((one) => one.FunctionName);
  assert.ok(names.includes('hello'));
  assert.equal((await invoke('hello', {}, { InvocationType: 'DryRun' })).StatusCode, 204);
});

test('errors have the shapes of Lambda', async () => {
  await make('fails', `exports.handler = async (e) => {
    if (e.exit) process.exit(3);
    if (e.hang) await new Promise((done) => setTimeout(done, 60000));
    if (e.big) return 'x'.repeat(7 * 1024 * 1024);
    null.x;
  };`, { Timeout: 1 });
  const thrown = await invoke('fails');
  assert.equal(thrown.FunctionError, 'Unhandled');
  assert.equal(thrown.value.errorType, 'TypeError');
  assert.ok(thrown.value.trace[0].startsWith('TypeError: '));
  assert.equal((await invoke('fails', { exit: true })).value.errorType, 'Runtime.ExitError');
  assert.match((await invoke('fails', { hang: true })).value.errorMessage, /Task timed out after 1\.00 seconds/);
  assert.equal((await invoke('fails', { big: true })).value.errorType, 'Function.ResponseSizeTooLarge');
  await assert.rejects(invoke('fails', { text: 'x'.repeat(6291456) }), { name: 'RequestEntityTooLargeException' });
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: 'fails', Payload: '{' })), { name: 'InvalidRequestContentException' });
  await assert.rejects(invoke('absent'), { name: 'ResourceNotFoundException' });
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'fails', ReservedConcurrentExecutions: 0 }));
  const once = new LambdaClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  const limited = { name: 'TooManyRequestsException', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' };
  await assert.rejects(once.send(new InvokeCommand({ FunctionName: 'fails' })), limited);
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'fails' }));
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'fails' }));
  await assert.rejects(lambda.send(new GetFunctionCommand({ FunctionName: 'fails' })), { name: 'ResourceNotFoundException' });
});

test('versions, aliases and layers', async () => {
  const layer = await lambda.send(new PublishLayerVersionCommand({
    LayerName: 'words', Content: { ZipFile: zip({ 'nodejs/node_modules/words/index.js': 'exports.word = "layer"' }) },
    CompatibleRuntimes: ['nodejs22.x'],
  }));
  await make('versioned', 'exports.handler = async (e, c) => [require("words").word, c.functionVersion];', { Layers: [layer.LayerVersionArn] });
  const one = await lambda.send(new PublishVersionCommand({ FunctionName: 'versioned' }));
  assert.equal(one.Version, '1');
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'versioned', Timeout: 5 }));
  await lambda.send(new PublishVersionCommand({ FunctionName: 'versioned' }));
  await lambda.send(new CreateAliasCommand({ FunctionName: 'versioned', Name: 'live', FunctionVersion: '1' }));
  assert.deepEqual((await invoke('versioned', {}, { Qualifier: 'live' })).value, ['layer', '1']);
  await lambda.send(new UpdateAliasCommand({
    FunctionName: 'versioned', Name: 'live', RoutingConfig: { AdditionalVersionWeights: { 2: 1 } },
  }));
  assert.equal((await invoke('versioned:live')).ExecutedVersion, '2');
  const versions = await all(paginateListVersionsByFunction({ client: lambda }, { FunctionName: 'versioned' }), 'Versions');
  assert.deepEqual(versions.map((version) => version.Version), ['$LATEST', '1', '2']);
  assert.equal((await all(paginateListAliases({ client: lambda }, { FunctionName: 'versioned' }), 'Aliases')).length, 1);
});

test('a function URL answers requests of HTTP', async () => {
  await make('url', 'exports.handler = async (e) => ({ statusCode: 201, headers: { "x-own": e.rawPath }, body: e.body ?? e.rawQueryString });');
  const url = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: 'url', AuthType: 'NONE' }));
  const ask = (where, body) => new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url.FunctionUrl);
    // The name is looked up nowhere: it is a name of this computer.
    const request = http.request({ host: '127.0.0.1', port, path: where, method: body ? 'POST' : 'GET', headers: { host: hostname } }, (answer) => {
      let text = '';
      answer.on('data', (bytes) => { text += bytes; });
      answer.on('end', () => resolve([answer.statusCode, answer.headers['x-own'], text]));
    });
    request.on('error', reject).setHeader('content-type', 'text/plain');
    request.end(body);
  });
  assert.equal((await ask('/')).at(0), 403);
  await lambda.send(new AddPermissionCommand({
    FunctionName: 'url', StatementId: 'open', Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE',
  }));
  assert.match((await lambda.send(new GetPolicyCommand({ FunctionName: 'url' }))).Policy, /lambda:FunctionUrlAuthType/);
  assert.deepEqual(await ask('/a/b?c=d'), [201, '/a/b', 'c=d']);
  assert.deepEqual(await ask('/', 'text'), [201, '/', 'text']);
});

test('events that are not waited for go to their destinations', async () => {
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'failed' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  await make('later', 'exports.handler = async () => { throw new Error("never"); };');
  await lambda.send(new PutFunctionEventInvokeConfigCommand({
    FunctionName: 'later', MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: Attributes.QueueArn } },
  }));
  assert.equal((await invoke('later', {}, { InvocationType: 'Event' })).StatusCode, 202);
  await eventually('the record', async () => {
    const told = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }));
    return told.Attributes.ApproximateNumberOfMessages === '1';
  });
});

test('queues and streams are read for functions', async () => {
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'work' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const tables = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const { TableDescription } = await tables.send(new CreateTableCommand({
    TableName: 'Orders', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  }));
  await make('reader', 'exports.handler = async (e) => { for (const r of e.Records) console.log("got", r.body ?? r.dynamodb.NewImage.id.S); };');
  for (const [EventSourceArn, StartingPosition] of [[Attributes.QueueArn], [TableDescription.LatestStreamArn, 'LATEST']]) {
    const made = await lambda.send(new CreateEventSourceMappingCommand({ FunctionName: 'reader', EventSourceArn, StartingPosition }));
    assert.equal(made.State, 'Creating');
  }
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'message' }));
  await tables.send(new PutItemCommand({ TableName: 'Orders', Item: { id: { S: 'item' } } }));
  for (const word of ['message', 'item']) {
    await eventually(`the log of ${word}`, async () => {
      const found = await logs.send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/reader', filterPattern: `"got ${word}"` }))
        .catch((error) => { if (error.name !== 'ResourceNotFoundException') throw error; });
      return found?.events.length === 1;
    });
  }
});

test('log groups, streams and events', async () => {
  const group = { logGroupName: '/own/group' };
  await logs.send(new CreateLogGroupCommand({ ...group, tags: { a: 'b' } }));
  await assert.rejects(logs.send(new CreateLogGroupCommand(group)), { name: 'ResourceAlreadyExistsException' });
  await logs.send(new PutRetentionPolicyCommand({ ...group, retentionInDays: 7 }));
  const stream = { ...group, logStreamName: 'one' };
  await logs.send(new CreateLogStreamCommand(stream));
  const now = Date.now();
  const logEvents = ['{"level":"error","code":503}', '{"level":"info","code":200}', 'plain ERROR']
    .map((message, at) => ({ message, timestamp: now + at }));
  await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
  const read = await logs.send(new GetLogEventsCommand({ ...stream, startFromHead: true }));
  assert.deepEqual(read.events.map((event) => event.message), logEvents.map((event) => event.message));
  const again = await logs.send(new GetLogEventsCommand({ ...stream, startFromHead: true, nextToken: read.nextForwardToken }));
  assert.deepEqual([again.events, again.nextForwardToken], [[], read.nextForwardToken]);
  for (const [filterPattern, count] of [['{ $.level = "error" && $.code >= 500 }', 1], ['ERROR', 1], ['?info ?ERROR', 2], ['-plain', 2]]) {
    const found = await all(paginateFilterLogEvents({ client: logs }, { ...group, filterPattern, limit: 1 }), 'events');
    assert.equal(found.length, count, filterPattern);
  }
  const groups = await all(paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix: '/own' }), 'logGroups');
  assert.equal(groups[0].retentionInDays, 7);
  assert.equal((await all(paginateDescribeLogStreams({ client: logs }, group), 'logStreams'))[0].lastEventTimestamp, now + 2);
  await logs.send(new DeleteLogGroupCommand(group));
  await assert.rejects(logs.send(new FilterLogEventsCommand(group)), { name: 'ResourceNotFoundException' });
});

test('parameters and secrets', async () => {
  const options = { endpoint, region: 'us-east-1', credentials };
  const ssm = new SSMClient(options);
  await ssm.send(new PutParameterCommand({ Name: '/app/url', Type: 'String', Value: 'u' }));
  await ssm.send(new PutParameterCommand({ Name: '/app/key', Type: 'SecureString', Value: 'k' }));
  const values = await all(paginateGetParametersByPath({ client: ssm, pageSize: 1 }, { Path: '/app', WithDecryption: true }), 'Parameters');
  assert.deepEqual(values.map((parameter) => parameter.Value), ['k', 'u']);
  assert.ok(values[0].LastModifiedDate instanceof Date);
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/none' })), { name: 'ParameterNotFound' });
  const secrets = new SecretsManagerClient(options);
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name: 'app/db', SecretString: 'one' }));
  await secrets.send(new PutSecretValueCommand({ SecretId: 'app/db', SecretBinary: Buffer.from([0, 255]) }));
  assert.deepEqual([...(await secrets.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretBinary], [0, 255]);
  const before = await secrets.send(new GetSecretValueCommand({ SecretId: ARN, VersionStage: 'AWSPREVIOUS' }));
  assert.equal(before.SecretString, 'one');
  assert.equal((await secrets.send(new GetRandomPasswordCommand({ PasswordLength: 40 }))).RandomPassword.length, 40);
  await secrets.send(new DeleteSecretCommand({ SecretId: ARN, ForceDeleteWithoutRecovery: true }));
  await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: ARN })), { name: 'ResourceNotFoundException' });
});
