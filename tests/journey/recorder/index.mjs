// Writes what it was told into a table, with the credentials of its own role and no package; `twice…` fails the first time,
// `never…` always.
import { createHash, createHmac } from 'node:crypto';

const sha = (text) => createHash('sha256').update(text).digest('hex');
const mac = (key, text) => createHmac('sha256', key).update(text).digest();

/** A request to DynamoDB, signed as AWS describes it. */
async function dynamodb(action, input) {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token, AWS_REGION: region } = process.env;
  const url = new URL(process.env.AWS_ENDPOINT_URL);
  const body = JSON.stringify(input);
  const stamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const scope = `${stamp.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const headers = { host: url.host, 'x-amz-date': stamp, 'x-amz-security-token': token, 'x-amz-target': `DynamoDB_20120810.${action}` };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join('');
  const request = ['POST', '/', '', lines, names, sha(body)].join('\n');
  const key = [region, 'dynamodb', 'aws4_request'].reduce(mac, mac(`AWS4${secret}`, stamp.slice(0, 8)));
  const signature = mac(key, ['AWS4-HMAC-SHA256', stamp, scope, sha(request)].join('\n')).toString('hex');
  delete headers.host;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  headers['content-type'] = 'application/x-amz-json-1.0';
  const answer = await fetch(url, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** Notes an event; whether the function may be content with it. */
async function note(kind, name, event) {
  const written = await dynamodb('UpdateItem', {
    TableName: process.env.RESULTS_TABLE,
    Key: { id: { S: `${process.env.WHO}/${kind}/${name}` } },
    UpdateExpression: 'SET #event = :event ADD tries :one',
    ExpressionAttributeNames: { '#event': 'event' },
    ExpressionAttributeValues: { ':event': { S: JSON.stringify(event) }, ':one': { N: '1' } },
    ReturnValues: 'ALL_NEW',
  });
  return !(name.startsWith('never') || (name.startsWith('twice') && Number(written.Attributes.tries.N) < 2));
}

async function records(list) {
  const failures = [];
  for (const record of list) {
    if (record.s3) await note('file', `${record.eventName}/${record.s3.object.key}`, record);
    if (record.dynamodb && !await note('item', record.dynamodb.Keys.id.S, record)) {
      return { batchItemFailures: [{ itemIdentifier: record.dynamodb.SequenceNumber }] };
    }
    if (record.messageId) {
      const body = JSON.parse(record.body);
      const name = body.name ?? `${body.requestContext.condition}/${body.requestPayload.name}`;
      if (!await note('message', name, record)) failures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures: failures };
}

export const handler = async (event) => {
  if (event.Records) return records(event.Records);
  if (event.triggerSource) {
    await note('user', event.triggerSource, event);
    return event;
  }
  if (event.rawPath) {
    await note('url', event.rawPath, event);
    return { statusCode: 201, headers: { 'x-who': process.env.WHO }, body: event.body };
  }
  if (event.source) return note('clock', event.source, event);
  if (!await note('call', event.name, event)) throw new RangeError(`${event.name} has failed`);
  return { done: event.name };
};
