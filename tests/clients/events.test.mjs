// AWS SDK v3 for JavaScript, unmodified, against the embedded SQS, SNS, EventBridge and Scheduler. AMPUP names the program.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import {
  CreateEventBusCommand, DescribeRuleCommand, EventBridgeClient, ListEventBusesCommand, ListTargetsByRuleCommand,
  PutEventsCommand, PutRuleCommand, PutTargetsCommand, RemoveTargetsCommand, DeleteRuleCommand, TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateScheduleCommand, CreateScheduleGroupCommand, DeleteScheduleCommand, GetScheduleCommand, ListSchedulesCommand,
  SchedulerClient, UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import {
  CreateTopicCommand, GetSubscriptionAttributesCommand, GetTopicAttributesCommand, ListSubscriptionsByTopicCommand,
  ListTopicsCommand, PublishBatchCommand, PublishCommand, SNSClient, SetSubscriptionAttributesCommand, SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand, ChangeMessageVisibilityCommand, CreateQueueCommand, DeleteMessageBatchCommand,
  DeleteMessageCommand, DeleteQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand, ListDeadLetterSourceQueuesCommand,
  ListQueueTagsCommand, ListQueuesCommand, PurgeQueueCommand, QueueDoesNotExist, ReceiveMessageCommand, SQSClient,
  SendMessageBatchCommand, SendMessageCommand, SetQueueAttributesCommand, TagQueueCommand, paginateListQueues,
} from '@aws-sdk/client-sqs';

const account = '000000000000';
const arnOf = (name) => `arn:aws:sqs:us-east-1:${account}:${name}`;
let folder;
let cloud;
let sqs;
let sns;
let events;
let scheduler;
let iam;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ampup-events-'));
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
  const config = { endpoint: board.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  sqs = new SQSClient(config);
  sns = new SNSClient(config);
  events = new EventBridgeClient(config);
  scheduler = new SchedulerClient(config);
  iam = new IAMClient(config);
});

after(() => {
  cloud?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A queue that the services may send to. */
async function queue(QueueName, Attributes = {}) {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{
      Effect: 'Allow', Principal: { Service: ['sns.amazonaws.com', 'events.amazonaws.com'] }, Action: 'sqs:SendMessage',
      Resource: arnOf(QueueName),
    }],
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy, ...Attributes } }));
  return QueueUrl;
}

/** Waits for so many messages and takes them. */
async function take(QueueUrl, wanted) {
  const all = [];
  while (all.length < wanted) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({
      QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'],
    }));
    assert.ok(Messages.length > 0, `${wanted} messages in ${QueueUrl}, ${all.length} came`);
    for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    all.push(...Messages);
  }
  return all;
}

test('a standard queue', async () => {
  const QueueUrl = await queue('jobs', { VisibilityTimeout: '30' });
  assert.equal((await sqs.send(new GetQueueUrlCommand({ QueueName: 'jobs' }))).QueueUrl, QueueUrl);
  // The SDK checks the MD5s of both answers.
  const sent = await sqs.send(new SendMessageCommand({
    QueueUrl, MessageBody: 'hello ü', MessageAttributes: {
      who: { DataType: 'String', StringValue: 'ada' }, n: { DataType: 'Number', StringValue: '7' },
      raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) },
    },
  }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({
    QueueUrl, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  }));
  assert.equal(Messages[0].MessageId, sent.MessageId);
  assert.equal(Messages[0].Body, 'hello ü');
  assert.deepEqual([...Messages[0].MessageAttributes.raw.BinaryValue], [1, 2, 3]);
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, '1');
  const { ReceiptHandle } = Messages[0];
  assert.equal((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages, undefined);
  await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  assert.equal((await take(QueueUrl, 1))[0].Body, 'hello ü');
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  assert.equal(Attributes.QueueArn, arnOf('jobs'));
  assert.equal(Attributes.ApproximateNumberOfMessages, '0');
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '1' } }));
  await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: 'a' } }));
  assert.deepEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags, { team: 'a' });
});

test('batches', async () => {
  const QueueUrl = await queue('batches');
  const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: `body ${Id}` }));
  const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  assert.equal(sent.Successful.length, 3);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  assert.equal(Messages.length, 3);
  const each = (more) => Messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle, ...more }));
  const hidden = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: each({ VisibilityTimeout: 60 }) }));
  assert.equal(hidden.Successful.length, 3);
  const gone = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: [...each({}), { Id: 'bad', ReceiptHandle: 'x' }] }));
  assert.equal(gone.Successful.length, 3);
  assert.deepEqual(gone.Failed.map(({ Id, Code }) => [Id, Code]), [['bad', 'ReceiptHandleIsInvalid']]);
  await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await assert.rejects(sqs.send(new PurgeQueueCommand({ QueueUrl })), { name: 'PurgeQueueInProgress' });
});

test('a FIFO queue keeps order and takes once', async () => {
  const QueueUrl = await queue('order.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  for (const MessageBody of ['1', '2', '2', '3']) {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: 'g' }));
  }
  const got = await take(QueueUrl, 3);
  assert.deepEqual(got.map(({ Body }) => Body), ['1', '2', '3']);
  assert.ok(got[0].Attributes.SequenceNumber < got[1].Attributes.SequenceNumber);
});

test('dead letters, lists and refusals', async () => {
  const dead = await queue('dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
  const QueueUrl = await queue('live', { RedrivePolicy, VisibilityTimeout: '0' });
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages, undefined);
  assert.equal((await take(dead, 1))[0].Body, 'poison');
  assert.deepEqual((await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }))).queueUrls, [QueueUrl]);
  const pages = [];
  for await (const page of paginateListQueues({ client: sqs, pageSize: 1 }, { QueueNamePrefix: 'de' })) pages.push(...(page.QueueUrls ?? []));
  assert.deepEqual(pages, [dead]);
  assert.ok((await sqs.send(new ListQueuesCommand({}))).QueueUrls.length >= 2);
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm' })), (error) => {
    assert.ok(error instanceof QueueDoesNotExist);
    assert.equal(error.$metadata.httpStatusCode, 400);
    return true;
  });
});

test('a receiver waits for what is sent', async () => {
  const QueueUrl = await queue('slow');
  const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'now' }));
  assert.equal((await waiting).Messages[0].Body, 'now');
});

test('a topic hands messages to the queues whose filters fit', async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const [all, red] = [await queue('news-all'), await queue('news-red')];
  const { SubscriptionArn } = await sns.send(new SubscribeCommand({
    TopicArn, Protocol: 'sqs', Endpoint: arnOf('news-red'), ReturnSubscriptionArn: true,
    Attributes: { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ colour: [{ prefix: 're' }] }) },
  }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arnOf('news-all') }));
  const colour = (StringValue) => ({ colour: { DataType: 'String', StringValue } });
  const { MessageId } = await sns.send(new PublishCommand({ TopicArn, Message: 'one', Subject: 'S', MessageAttributes: colour('red') }));
  await sns.send(new PublishBatchCommand({
    TopicArn, PublishBatchRequestEntries: [{ Id: 'x', Message: 'two', MessageAttributes: colour('blue') }, { Id: 'y', Message: 'three' }],
  }));
  assert.deepEqual((await take(red, 1)).map(({ Body, MessageAttributes }) => [Body, MessageAttributes.colour.StringValue]), [['one', 'red']]);
  const envelopes = (await take(all, 3)).map(({ Body }) => JSON.parse(Body));
  assert.deepEqual(envelopes.map(({ Message }) => Message), ['one', 'two', 'three']);
  assert.equal(envelopes[0].MessageId, MessageId);
  assert.equal(envelopes[0].TopicArn, TopicArn);
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  assert.equal(Attributes.RawMessageDelivery, 'true');
  await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '{}' }));
  assert.equal((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes.SubscriptionsConfirmed, '2');
  await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  assert.equal((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions.length, 1);
  assert.ok((await sns.send(new ListTopicsCommand({}))).Topics.some((topic) => topic.TopicArn === TopicArn));
  await assert.rejects(sns.send(new PublishCommand({ TopicArn: `${TopicArn}x`, Message: 'm' })), { name: 'NotFoundException' });
});

test('rules pick events and shape what their targets get', async () => {
  const QueueUrl = await queue('orders');
  const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: 'shop' }));
  assert.ok(EventBusArn.endsWith(':event-bus/shop'));
  const EventPattern = JSON.stringify({ source: ['shop'], detail: { total: [{ numeric: ['>', 10] }] } });
  const rule = { EventBusName: 'shop', Rule: 'large' };
  await events.send(new PutRuleCommand({ Name: 'large', EventBusName: 'shop', EventPattern }));
  const Targets = [{
    Id: 'queue', Arn: arnOf('orders'),
    InputTransformer: { InputPathsMap: { total: '$.detail.total' }, InputTemplate: '{"sum": <total>}' },
  }];
  assert.equal((await events.send(new PutTargetsCommand({ ...rule, Targets }))).FailedEntryCount, 0);
  const entry = (total) => ({ EventBusName: 'shop', Source: 'shop', DetailType: 'order', Detail: JSON.stringify({ total }), Time: new Date() });
  const put = await events.send(new PutEventsCommand({ Entries: [entry(5), entry(50), { Source: 'shop' }] }));
  assert.equal(put.FailedEntryCount, 1);
  assert.equal(put.Entries[2].ErrorCode, 'InvalidArgument');
  assert.deepEqual((await take(QueueUrl, 1)).map(({ Body }) => JSON.parse(Body)), [{ sum: 50 }]);
  assert.deepEqual((await events.send(new ListTargetsByRuleCommand(rule))).Targets, Targets);
  assert.equal((await events.send(new DescribeRuleCommand({ Name: 'large', EventBusName: 'shop' }))).State, 'ENABLED');
  const Event = JSON.stringify({
    id: '1', account, source: 'shop', time: '2026-01-01T00:00:00Z', region: 'us-east-1', resources: [], 'detail-type': 'order',
    detail: { total: 11 },
  });
  assert.equal((await events.send(new TestEventPatternCommand({ EventPattern, Event }))).Result, true);
  await assert.rejects(
    events.send(new PutRuleCommand({ Name: 'bad', EventPattern: '{"source": "shop"}' })), { name: 'InvalidEventPatternException' });
  await assert.rejects(
    events.send(new PutRuleCommand({ Name: 'bad', ScheduleExpression: 'cron(0 25 * * ? *)' })),
    (error) => error.name === 'ValidationException' && error.message.includes('position 8'));
  await assert.rejects(events.send(new DescribeRuleCommand({ Name: 'none' })), { name: 'ResourceNotFoundException' });
  await events.send(new RemoveTargetsCommand({ ...rule, Ids: ['queue'] }));
  await events.send(new DeleteRuleCommand({ Name: 'large', EventBusName: 'shop' }));
  assert.deepEqual((await events.send(new ListEventBusesCommand({}))).EventBuses.map(({ Name }) => Name), ['default', 'shop']);
});

test('a schedule comes once, with its role', async () => {
  const QueueUrl = await queue('ticks');
  const { Role } = await iam.send(new CreateRoleCommand({
    RoleName: 'ticker', AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'scheduler.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    }),
  }));
  await iam.send(new PutRolePolicyCommand({
    RoleName: 'ticker', PolicyName: 'send', PolicyDocument: JSON.stringify({
      Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('ticks') }],
    }),
  }));
  await scheduler.send(new CreateScheduleGroupCommand({ Name: 'g' }));
  const soon = new Date(Date.now() + 1500).toISOString().slice(0, 19);
  const schedule = {
    Name: 'once', GroupName: 'g', ScheduleExpression: `at(${soon})`, FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: arnOf('ticks'), RoleArn: Role.Arn, Input: 'tick' },
  };
  const { ScheduleArn } = await scheduler.send(new CreateScheduleCommand(schedule));
  assert.equal(ScheduleArn, `arn:aws:scheduler:us-east-1:${account}:schedule/g/once`);
  assert.deepEqual((await take(QueueUrl, 1)).map(({ Body }) => Body), ['tick']);
  await scheduler.send(new UpdateScheduleCommand({ ...schedule, ScheduleExpression: 'rate(1 hour)', StartDate: new Date('2030-01-01') }));
  const found = await scheduler.send(new GetScheduleCommand({ Name: 'once', GroupName: 'g' }));
  assert.equal(found.StartDate.toISOString(), '2030-01-01T00:00:00.000Z');
  assert.equal((await scheduler.send(new ListSchedulesCommand({ GroupName: 'g' }))).Schedules.length, 1);
  await scheduler.send(new DeleteScheduleCommand({ Name: 'once', GroupName: 'g' }));
  await assert.rejects(scheduler.send(new GetScheduleCommand({ Name: 'once', GroupName: 'g' })), { name: 'ResourceNotFoundException' });
  await assert.rejects(
    scheduler.send(new CreateScheduleCommand({ ...schedule, ScheduleExpression: 'rate(5 minute)' })), { name: 'ValidationException' });
});
