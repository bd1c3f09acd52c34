// An app on the unmodified aws-amplify library in Chromium, from another origin than the cloud's: every path that the library
// uses, its preflights, and refusals that a page may read. AMPUP names the program, CHROMIUM the browser.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Browser } from './datastore/browser.mjs';
import { servePage } from './page.mjs';
import { Project, password, until } from './project.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const username = 'ada@example.com';
let project;
let server;
let browser;

before(async () => {
  const opening = Project.open('browser', [
    ['add', 'auth', '--sign-in', 'email', '--guests', 'true', '--groups', 'Editors'],
    ['add', 'api', '--name', 'room', '--schema', path.join(here, 'schemas', 'room.graphql'), '--auth', 'api-key', '--additional-auth', 'user-pool,iam'],
    ['add', 'function', '--name', 'say'],
    ['add', 'storage', '--name', 'files', '--kind', 'bucket', '--allow', 'private/{owner}/*=owner:read,write,delete'],
  ]);
  const [opened, page] = await Promise.all([opening, servePage('browser/page.mjs')]);
  project = opened;
  ({ server } = page);
  // The certificate is the local cloud's own; who trusts it is the subject of another test.
  browser = await Browser.open(path.join(project.folder, 'profile'), ['--ignore-certificate-errors']);
  await browser.visit(page.address);
  await browser.call('configure', project.outputs);
});

after(async () => {
  await browser?.close();
  server?.close();
  project?.close();
});

test('sign-up, refusals by name, sign-in', async () => {
  const { userId } = await browser.call('signUp', username, password);
  assert.equal((await browser.call('fails', 'signUp', username, password)).name, 'UsernameExistsException');
  assert.equal((await browser.call('fails', 'confirm', username, '000000')).name, 'CodeMismatchException');
  await browser.call('confirm', username, await project.codeFor(userId));
  assert.equal((await browser.call('fails', 'signIn', username, 'Wrong-horse-7')).name, 'NotAuthorizedException');
  assert.equal((await browser.call('signIn', username, password)).isSignedIn, true);
});

test('models by API key, user pool, users and guests of the identity pool', async () => {
  for (const authMode of [undefined, 'userPool', 'identityPool', 'apiKey']) {
    const { data, errors } = await browser.call('models', 'Message', 'create', { text: String(authMode) }, { authMode });
    assert.equal(errors, undefined, JSON.stringify(errors));
    assert.equal(data.text, String(authMode));
  }
  const { identityId } = await browser.call('session');
  await browser.call('signOut');
  const guest = await browser.call('session');
  assert.equal(guest.signedIn, false);
  const { data } = await browser.call('models', 'Message', 'list', { authMode: 'identityPool' });
  assert.equal(data.length, 4);
  await browser.call('signIn', username, password);
  assert.deepEqual(await browser.call('session'), { identityId, signedIn: true });
});

test('refusals reach the page with their reasons', async () => {
  const { errors } = await browser.call('models', 'Board', 'create', { text: 'x' }, { authMode: 'userPool' });
  assert.deepEqual([errors[0].errorType, errors[0].message], ['Unauthorized', 'Not Authorized to access createBoard on type Mutation']);
  const wrong = await browser.call('graphql', { query: '{ listMessages { nextToken } }', authMode: 'apiKey', apiKey: 'da2-00000000000000000000000000' });
  assert.equal(wrong.errors[0].message, 'Unauthorized');
  const broken = await browser.call('graphql', { query: '{ nothing }' });
  assert.match(broken.errors[0].message, /FieldUndefined/);
});

test('subscriptions by the browser\'s own WebSocket', async () => {
  for (const authMode of ['apiKey', 'userPool', 'identityPool']) await browser.call('listen', 'Message', 'onCreate', { authMode });
  await until('all three', async () => {
    await browser.call('models', 'Message', 'create', { text: 'heard' });
    return (await browser.call('heard')).length >= 3;
  });
  assert.deepEqual(await browser.call('failed'), []);
  assert.ok((await browser.call('heard')).every(({ text }) => text === 'heard'));
});

test('files over TLS, by the bucket\'s own name', async () => {
  const { identityId } = await browser.call('session');
  const { host } = new URL(project.endpoint);
  const name = `private/${identityId}/ü.txt`;
  assert.deepEqual(await browser.call('upload', name, 'hello', host), { text: 'hello', paths: [name] });
  const refused = await browser.call('fails', 'upload', 'private/other/x.txt', 'hello', host);
  assert.match(`${refused.name} ${refused.message}`, /AccessDenied/);
});

test('every path answers preflights, and lets pages read its refusals', async () => {
  const { data: { url, api_key: key }, auth } = project.outputs;
  const json = (target) => ({ 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target, 'x-amz-user-agent': 'test', 'cache-control': 'no-store' });
  const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature=0', 'x-amz-date': '20260101T000000Z', 'x-amz-security-token': 'none' };
  const asked = [
    [url, { 'x-api-key': 'da2-none', 'x-amz-user-agent': 'test', 'x-of-my-own': 'x' }, '{}', 401, 'UnauthorizedException'],
    [url, { authorization: 'a.b.c' }, '{}', 401, 'UnauthorizedException'],
    [url, { 'x-api-key': key }, 'nonsense', 400, 'MalformedHttpRequestException'],
    [url, signed, '{}', 403, 'UnrecognizedClientException'],
    [project.endpoint, json('AWSCognitoIdentityProviderService.GetUser'), '{"AccessToken":"a.b.c"}', 400, 'NotAuthorizedException'],
    [project.endpoint, json('AWSCognitoIdentityService.GetId'), `{"IdentityPoolId":"${auth.identity_pool_id.slice(0, -1)}"}`, 400, /ResourceNotFoundException|ValidationException/],
    [project.endpoint, { ...json('DynamoDB_20120810.ListTables'), ...signed }, '{}', 400, /./],
  ];
  for (const [address, headers, body, status, kind] of asked) {
    const seen = await browser.call('fetch', address, { method: 'POST', headers, body });
    assert.equal(seen.status, status, JSON.stringify([address, headers, seen]));
    assert.match(seen.kind ?? '', kind instanceof RegExp ? kind : new RegExp(`^${kind}:?$`), JSON.stringify(seen));
    assert.ok(seen.id, 'the id of the request');
  }
});
