// Unmodified aws-amplify DataStore in two browser profiles against `ampup dev`: edits made offline on both sides meet, with
// each conflict handler. AMPUP names the program, CHROMIUM the browser; everything happens in a temporary folder.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { closePair, comeBack, leave, openPair, ready, sent, until } from './datastore/pair.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
let pair;
let ada;
let bob;

const settings = `
[resources.auth]
kind = "auth"
sign-in = "email"

[resources.judge]
kind = "function"

[resources.api]
kind = "api"
auth = "user-pool"
conflict = "auto-merge"
conflict-models = { Strict = "optimistic-concurrency", Judged = { lambda = "judge" } }
`;

// Both titles are kept; a delete is refused.
const judge = `export const handler = async ({ newItem, existingItem, resolver }) => (resolver.field === 'deleteJudged'
  ? { action: 'REJECT' }
  : { action: 'RESOLVE', item: { ...newItem, title: existingItem.title + ' and ' + newItem.title } });
`;

/** Both have the same item, and it is what it should be. */
async function meet(model, id, wanted) {
  let seen;
  const agreed = async () => {
    seen = await Promise.all([ada, bob].map((browser) => browser.call('get', model, id)));
    return seen.every((item) => (wanted === null ? item === null : item !== null
      && Object.entries(wanted).every(([name, value]) => JSON.stringify(item[name]) === JSON.stringify(value))));
  };
  try {
    await until(`${model} ${id}`, agreed, bob);
  } catch (error) {
    assert.fail(`wanted ${JSON.stringify(wanted)}, seen ${JSON.stringify(seen)}: ${error.message}`);
  }
  if (wanted) assert.equal(seen[0]._version, seen[1]._version);
}

before(async () => {
  pair = await openPair('datastore', settings, {
    'ampup/api/api/schema.graphql': readFileSync(path.join(here, 'datastore', 'schema.graphql'), 'utf8'),
    'ampup/function/judge/index.mjs': judge,
  });
  ({ ada, bob } = pair);
  await Promise.all([ada, bob].map(async (browser) => {
    await browser.call('watch', 'Note');
    await ready(browser);
  }));
});

after(() => closePair(pair));

const notes = {};

test('what one saves, the other sees', async () => {
  for (const name of ['fields', 'clash', 'lists', 'deleted', 'kept']) {
    notes[name] = (await ada.call('save', 'Note', { title: name, body: 'old', tags: ['x'] })).id;
  }
  notes.strict = (await ada.call('save', 'Strict', { title: 'old' })).id;
  notes.insisted = (await ada.call('save', 'Strict', { title: 'old' })).id;
  notes.judged = (await bob.call('save', 'Judged', { title: 'old' })).id;
  await Promise.all([sent(ada), sent(bob)]);
  await meet('Note', notes.kept, { title: 'kept', body: 'old', tags: ['x'] });
  await meet('Strict', notes.strict, { title: 'old' });
  await meet('Strict', notes.insisted, { title: 'old' });
  await meet('Judged', notes.judged, { title: 'old' });
  const view = await until('observeQuery', async () => {
    const seen = await bob.call('view', 'Note');
    return seen.synced && seen.items.length === 5 && seen;
  }, bob);
  assert.deepEqual(view.items.map(({ title }) => title).sort(), ['clash', 'deleted', 'fields', 'kept', 'lists']);
});

test('edits that both made offline meet', async () => {
  await leave(ada, bob);
  await ada.call('update', 'Note', notes.fields, { title: 'by ada' });
  await bob.call('update', 'Note', notes.fields, { body: 'by bob' });
  await ada.call('update', 'Note', notes.clash, { title: 'by ada' });
  await bob.call('update', 'Note', notes.clash, { title: 'by bob' });
  await ada.call('update', 'Note', notes.lists, { tags: ['x', 'a'] });
  await bob.call('update', 'Note', notes.lists, { tags: ['x', 'b'] });
  await ada.call('remove', 'Note', notes.deleted);
  await bob.call('update', 'Note', notes.deleted, { body: 'by bob' });
  await ada.call('update', 'Note', notes.kept, { body: 'by ada' });
  await bob.call('remove', 'Note', notes.kept);
  await ada.call('update', 'Strict', notes.strict, { title: 'by ada' });
  await bob.call('update', 'Strict', notes.strict, { title: 'by bob' });
  await ada.call('update', 'Strict', notes.insisted, { title: 'by ada' });
  await bob.call('update', 'Strict', notes.insisted, { title: 'insist' });
  await ada.call('update', 'Judged', notes.judged, { title: 'ada' });
  await bob.call('update', 'Judged', notes.judged, { title: 'bob' });
  notes.offline = (await bob.call('save', 'Note', { title: 'made offline' })).id;
  assert.equal(await bob.call('get', 'Note', notes.kept), null, 'it is gone where it was deleted');

  await comeBack(ada);
  await comeBack(bob);
  await meet('Note', notes.fields, { title: 'by ada', body: 'by bob' });
  await meet('Note', notes.clash, { title: 'by ada', body: 'old' });
  await meet('Note', notes.lists, { tags: ['x', 'a', 'x', 'b'] });
  await meet('Note', notes.deleted, null);
  await meet('Note', notes.kept, { title: 'kept', body: 'by ada' });
  await meet('Note', notes.offline, { title: 'made offline' });
  await meet('Strict', notes.strict, { title: 'by ada' });
  await meet('Strict', notes.insisted, { title: 'insisted', _version: 3 });
  assert.deepEqual(
    await bob.call('conflicts'),
    ['Note DELETE on kept', 'Strict UPDATE on by ada', 'Strict UPDATE on by ada'],
    'what is stored comes with the refusal',
  );
  await meet('Judged', notes.judged, { title: 'ada and bob' });
});

test('relations are kept across clients that were offline', async () => {
  await leave(bob);
  await ada.call('save', 'Comment', { text: 'by ada', noteId: notes.fields });
  await bob.call('save', 'Comment', { text: 'by bob', noteId: notes.fields });
  await sent(ada);
  await comeBack(bob);
  for (const browser of [ada, bob]) {
    const comments = await until('two comments', async () => {
      const seen = await browser.call('comments', notes.fields);
      return seen.length === 2 && seen;
    }, browser);
    assert.deepEqual(comments.map(({ text }) => text).sort(), ['by ada', 'by bob']);
    assert.deepEqual(comments.map(({ note }) => note), ['by ada', 'by ada']);
  }
});

test('a diary is its owner\'s alone', async () => {
  const { id } = await ada.call('save', 'Diary', { text: 'secret' });
  await bob.call('save', 'Diary', { text: 'mine' });
  await Promise.all([sent(ada), sent(bob)]);
  await leave(bob);
  await comeBack(bob, false);
  assert.deepEqual((await bob.call('list', 'Diary')).map(({ text }) => text), ['mine']);
  assert.equal((await ada.call('get', 'Diary', id)).text, 'secret');
  // The library tells of its own second try in this way.
  const errors = (await Promise.all([ada, bob].map((browser) => browser.call('errors')))).flat();
  assert.deepEqual(errors.filter((error) => !error.endsWith('RetryMutation')), []);
});
