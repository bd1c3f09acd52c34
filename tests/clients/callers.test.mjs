// Every way to call, by the unmodified aws-amplify library: user pool, API key, users and guests of the identity pool, tokens of
// another provider, an authoriser; and what each is told that may not.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { Amplify } from 'aws-amplify';
import { decodeJWT, fetchAuthSession, signIn, signOut } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/data';

import { openAccess } from './access.mjs';
import { listen, silence } from './listening.mjs';
import { good, password, until } from './project.mjs';

let project;
let issuer;
let client;
let ada;
let article;

before(async () => {
  ({ project, issuer } = await openAccess('callers'));
  client = generateClient();
  ada = await project.enter('ada');
  article = good(await client.models.Article.create({ title: 'Open' }));
});

afterEach(silence);

after(() => {
  project?.close();
  issuer?.server.close();
});

/** A whole request that is refused: no field, no path. */
function turnedAway({ data, errors }, message) {
  assert.ok(!data || Object.keys(data).length === 0, JSON.stringify(data));
  assert.equal(errors.length, 1);
  assert.match(errors[0].message, message);
}

const unauthorized = ({ data, errors }) => {
  assert.equal(data, null);
  assert.equal(errors[0].errorType, 'Unauthorized', JSON.stringify(errors));
};

test('the mode of one call, of a client, and the usual one', async () => {
  await project.become('ada');
  assert.equal(good(await client.queries.me()), `${ada} sub`);
  assert.equal(good(await client.queries.me({ authMode: 'apiKey' })), 'nobody');
  assert.match(good(await client.queries.me({ authMode: 'iam' })), / authenticated$/);
  assert.match(good(await client.queries.me({ authMode: 'identityPool' })), / authenticated$/);
  assert.equal(good(await client.queries.me({ authMode: 'lambda', authToken: 'open sesame' })), 'open sesame');
  const keyed = generateClient({ authMode: 'apiKey' });
  assert.equal(good(await keyed.queries.me()), 'nobody');
  assert.equal(good(await keyed.queries.me({ authMode: 'userPool' })), `${ada} sub`);
  const { data } = await client.graphql({ query: '{ me }', authMode: 'apiKey' });
  assert.equal(data.me, 'nobody');
});

test('an API key reads and may not write', async () => {
  await project.become('guest');
  const options = { authMode: 'apiKey' };
  assert.equal(good(await client.models.Article.get({ id: article.id }, options)).title, 'Open');
  unauthorized(await client.models.Article.create({ title: 'x' }, options));
  unauthorized(await client.models.Note.create({ text: 'x' }, options));
  // Relations keep the mode of the call.
  const read = good(await client.models.Article.get({ id: article.id }, options));
  const remarks = await read.notes();
  assert.equal(remarks.errors[0].errorType, 'Unauthorized');
});

test('a wrong key, and none', async () => {
  const query = '{ me }';
  const error = await client.graphql({ query, authMode: 'apiKey', apiKey: 'da2-00000000000000000000000000' }).then(assert.fail, (thrown) => thrown);
  turnedAway(error, /Unauthorized/);
  const answer = await fetch(project.outputs.data.url, { method: 'POST', headers: { 'x-api-key': 'da2-00000000000000000000000000' }, body: JSON.stringify({ query }) });
  assert.equal(answer.status, 401);
  assert.deepEqual(await answer.json(), { errors: [{ errorType: 'UnauthorizedException', message: 'You are not authorized to make this call.' }] });
  const without = await fetch(project.outputs.data.url, { method: 'POST', body: JSON.stringify({ query }) });
  assert.equal(without.status, 401);
  assert.equal((await without.json()).errors[0].errorType, 'UnauthorizedException');
});

test('guests of the identity pool: what their role and the rules allow', async () => {
  await project.become('guest');
  const { credentials, identityId, tokens } = await fetchAuthSession();
  assert.match(identityId, /^us-east-1:[0-9a-f-]{36}$/);
  assert.ok(credentials.sessionToken);
  assert.equal(tokens, undefined);
  const options = { authMode: 'identityPool' };
  assert.equal(good(await client.models.Article.get({ id: article.id }, options)).title, 'Open');
  assert.deepEqual(good(await client.models.Article.list(options)).map(({ id }) => id), [article.id]);
  unauthorized(await client.models.Article.create({ title: 'x' }, options));
  unauthorized(await client.models.Signed.create({ text: 'x' }, options));
  unauthorized(await client.models.Note.get({ id: 'x' }, options));
  assert.match(good(await client.queries.me(options)), / unauthenticated$/);
  assert.equal((await fetchAuthSession()).identityId, identityId, 'a guest stays the same');
});

test('users of the identity pool: what their role and the rules allow', async () => {
  await project.become('ada');
  const options = { authMode: 'identityPool' };
  const made = good(await client.models.Signed.create({ text: 'signed' }, options));
  assert.equal(good(await client.models.Signed.get({ id: made.id }, options)).text, 'signed');
  unauthorized(await client.models.Signed.get({ id: made.id }));
  unauthorized(await client.models.Note.create({ text: 'x' }, options));
  const heard = await listen(client.models.Signed.onCreate(options));
  good(await client.models.Signed.create({ text: 'heard' }, options));
  await until('one', () => heard.items.length === 1);
  assert.equal(heard.items[0].text, 'heard');
});

test('subscriptions by API key and by an authoriser', async () => {
  await project.become('ada');
  const keyed = await listen(client.models.Article.onCreate({ authMode: 'apiKey' }));
  const machine = await listen(client.models.Machine.onCreate({ authMode: 'lambda', authToken: 'open sesame' }));
  good(await client.models.Article.create({ title: 'New' }));
  good(await client.models.Machine.create({ text: 'bolt' }, { authMode: 'lambda', authToken: 'open sesame' }));
  await until('both', () => keyed.items.length === 1 && machine.items.length === 1);
  assert.deepEqual([keyed.items[0].title, machine.items[0].text], ['New', 'bolt']);
});

test('an authoriser lets in, takes fields away, and turns away', async () => {
  await project.become('guest');
  const options = { authMode: 'lambda', authToken: 'open sesame' };
  const made = good(await client.models.Machine.create({ text: 'bolt', inner: 'spring' }, options));
  const less = await client.models.Machine.get({ id: made.id }, { ...options, authToken: 'open sesame without inner' });
  assert.deepEqual([less.data.text, less.data.inner], ['bolt', null]);
  assert.deepEqual([less.errors[0].errorType, less.errors[0].path], ['Unauthorized', ['getMachine', 'inner']]);
  turnedAway(await client.models.Machine.get({ id: made.id }, { ...options, authToken: 'open barley' }), /Unauthorized/);
  unauthorized(await client.models.Note.create({ text: 'x' }, options));
  const own = generateClient({ authMode: 'lambda', headers: async () => ({ Authorization: 'open sesame' }) });
  assert.equal(good(await own.models.Machine.get({ id: made.id })).inner, 'spring');
  const lasting = generateClient({ authMode: 'lambda', authToken: 'open sesame' });
  assert.equal(good(await lasting.queries.me()), 'open sesame');
});

test('tokens of an OpenID Connect provider', async () => {
  const sign = (claims) => Amplify.configure(project.outputs, {
    Auth: { tokenProvider: { getTokens: async () => ({ accessToken: decodeJWT(issuer.token(claims)) }) } },
  });
  const options = { authMode: 'oidc' };
  try {
    sign({ sub: 'olga' });
    const made = good(await client.models.Foreign.create({ text: 'hers' }, options));
    assert.equal(made.owner, 'olga');
    sign({ sub: 'pete' });
    unauthorized(await client.models.Foreign.get({ id: made.id }, options));
    assert.deepEqual(good(await client.models.Foreign.list(options)), []);
    sign({ sub: 'quin', roles: ['chief'] });
    assert.equal(good(await client.models.Foreign.get({ id: made.id }, options)).text, 'hers');
    const heard = await listen(client.models.Foreign.onCreate(options));
    sign({ sub: 'olga' });
    good(await client.models.Foreign.create({ text: 'again' }, options));
    await until('one', () => heard.items.length === 1);
    silence();
    sign({ sub: 'olga', aud: 'elsewhere' });
    turnedAway(await client.models.Foreign.list(options), /Unauthorized/);
    sign({ sub: 'olga', exp: Math.floor(Date.now() / 1000) - 5 });
    turnedAway(await client.models.Foreign.list(options), /Unauthorized/);
  } finally {
    await project.configure();
  }
});

test('without a user, the library says so itself', async () => {
  await project.become('guest');
  await assert.rejects(client.models.Note.list(), { name: 'NoValidAuthTokens', message: 'No federated jwt' });
  await assert.rejects(client.graphql({ query: '{ me }' }), { name: 'NoValidAuthTokens' });
});

test('after a sign-out everywhere, the user is out; a token holds until it expires', async () => {
  await project.enter('zoe');
  const { tokens } = await fetchAuthSession();
  good(await client.models.Note.create({ text: 'x' }));
  await signOut({ global: true });
  assert.equal((await fetchAuthSession()).tokens, undefined);
  const ask = (authorization) => fetch(project.outputs.data.url, { method: 'POST', headers: { authorization }, body: JSON.stringify({ query: '{ me }' }) });
  // A token says all that AppSync asks, until it expires.
  assert.equal((await ask(tokens.accessToken.toString())).status, 200);
  const forged = `${tokens.accessToken.toString().slice(0, -4)}AAAA`;
  const answer = await ask(forged);
  assert.equal(answer.status, 401);
  assert.equal((await answer.json()).errors[0].errorType, 'UnauthorizedException');
  await signIn({ username: 'zoe@example.com', password });
  assert.deepEqual(good(await client.models.Note.list()).map(({ text }) => text), ['x']);
});
