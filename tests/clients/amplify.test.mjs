// The unmodified aws-amplify library against `ampup dev`: sign-up to sign-in, models, owner refusal.
// AMPUP names the program; everything happens in a temporary folder.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Amplify } from 'aws-amplify';
import { confirmSignUp, fetchAuthSession, getCurrentUser, signIn, signOut, signUp } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/data';

import { startDev } from './dev.mjs';

const ampup = process.env.AMPUP;
const password = 'Correct-horse-7';
let folder;
let cloud;
let endpoint;
let outputs;
let client;

const run = (...args) => execFileSync(ampup, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

async function codeFor(username) {
  const answer = await fetch(`${endpoint}/_ampup/mailbox?username=${encodeURIComponent(username)}`);
  const { messages } = await answer.json();
  assert.ok(messages.length > 0, `a message for ${username}`);
  return messages[0].code;
}

async function newUser(email) {
  const { userId } = await signUp({ username: email, password, options: { userAttributes: { email } } });
  await assert.rejects(confirmSignUp({ username: email, confirmationCode: '000000' }), { name: 'CodeMismatchException' });
  const confirmed = await confirmSignUp({ username: email, confirmationCode: await codeFor(userId ?? email) });
  assert.equal(confirmed.isSignUpComplete, true);
}

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ampup-amplify-'));
  run('init', 'clients', '--target', 'local', '--json');
  run('add', 'auth', '--sign-in', 'email', '--groups', 'Editors', '--json');
  run('add', 'api', '--name', 'blog', '--sample', 'blog', '--json');
  const started = await startDev(folder);
  cloud = started.child;
  endpoint = started.board.endpoint;
  outputs = JSON.parse(readFileSync(path.join(folder, 'amplify_outputs.json'), 'utf8'));
  Amplify.configure(outputs);
  client = generateClient();
});

after(() => {
  cloud?.kill('SIGKILL');
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test('sign-up to sign-in by SRP', async () => {
  await newUser('ada@example.com');
  await assert.rejects(signIn({ username: 'ada@example.com', password: 'Wrong-horse-7' }), { name: 'NotAuthorizedException' });
  const { isSignedIn } = await signIn({ username: 'ada@example.com', password });
  assert.equal(isSignedIn, true);
  const user = await getCurrentUser();
  assert.equal(user.signInDetails.loginId, 'ada@example.com');
  const session = await fetchAuthSession();
  assert.equal(session.tokens.idToken.payload.email_verified, true);
  assert.equal(session.tokens.accessToken.payload.token_use, 'access');
});

test('a refreshed session has new tokens', async () => {
  const old = await fetchAuthSession();
  const fresh = await fetchAuthSession({ forceRefresh: true });
  assert.notEqual(fresh.tokens.accessToken.toString(), old.tokens.accessToken.toString());
});

let post;

test('client.models.Post: create, get, list, update', async () => {
  const created = await client.models.Post.create({ title: 'On the engine', content: 'Notes' });
  assert.equal(created.errors, undefined, JSON.stringify(created.errors));
  post = created.data;
  assert.match(post.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const read = await client.models.Post.get({ id: post.id });
  assert.equal(read.data.title, 'On the engine');

  const listed = await client.models.Post.list({ filter: { title: { beginsWith: 'On' } } });
  assert.deepEqual(listed.data.map((item) => item.id), [post.id]);
  const none = await client.models.Post.list({ filter: { title: { eq: 'Nothing' } } });
  assert.deepEqual(none.data, []);

  const updated = await client.models.Post.update({ id: post.id, title: 'On the analytical engine' });
  assert.equal(updated.errors, undefined, JSON.stringify(updated.errors));
  assert.equal(updated.data.title, 'On the analytical engine');
});

test('relations: comments of a post', async () => {
  const { data: comment, errors } = await client.models.Comment.create({ postId: post.id, content: 'Well said' });
  assert.equal(errors, undefined, JSON.stringify(errors));
  const { data: comments } = await post.comments();
  assert.deepEqual(comments.map((item) => item.id), [comment.id]);
  const { data: parent } = await comment.post();
  assert.equal(parent.id, post.id);
});

test('another user may read but not write', async () => {
  await signOut();
  await newUser('bob@example.com');
  await signIn({ username: 'bob@example.com', password });
  const read = await client.models.Post.get({ id: post.id });
  assert.equal(read.data.title, 'On the analytical engine');
  const refused = await client.models.Post.update({ id: post.id, title: 'Mine now' });
  assert.equal(refused.data, null);
  assert.equal(refused.errors[0].errorType, 'Unauthorized');
  const kept = await client.models.Post.delete({ id: post.id });
  assert.equal(kept.errors[0].errorType, 'Unauthorized');
});

test('only Editors write categories', async () => {
  const refused = await client.models.Category.create({ name: 'News' });
  assert.equal(refused.errors[0].errorType, 'Unauthorized');
});

test('a guest reads by API key and may not write', async () => {
  await signOut();
  const read = await client.models.Post.list({ authMode: 'apiKey' });
  assert.equal(read.errors, undefined, JSON.stringify(read.errors));
  assert.equal(read.data.length, 1);
  const refused = await client.models.Post.create({ title: 'Anonymous', content: '' }, { authMode: 'apiKey' });
  assert.equal(refused.errors[0].errorType, 'Unauthorized');
});

test('the owner deletes', async () => {
  await signIn({ username: 'ada@example.com', password });
  const gone = await client.models.Post.delete({ id: post.id });
  assert.equal(gone.errors, undefined, JSON.stringify(gone.errors));
  const read = await client.models.Post.get({ id: post.id });
  assert.equal(read.data, null);
});
