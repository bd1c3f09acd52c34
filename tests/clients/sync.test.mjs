// Unmodified aws-amplify DataStore in two browser profiles: keys of the developer's own, selective sync, relations, and stores
// that are stopped, cleared and begun again. AMPUP names the program, CHROMIUM the browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { closePair, comeBack, leave, openPair, ready, sent, until } from './datastore/pair.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const settings = `
[resources.auth]
kind = "auth"
sign-in = "email"

[resources.api]
kind = "api"
auth = "user-pool"
additional-auth = ["api-key"]
conflict = "auto-merge"
`;
let pair;
let ada;
let bob;

before(async () => {
  pair = await openPair('sync', settings, {
    'ampup/api/api/schema.graphql': readFileSync(path.join(here, 'datastore', 'sync.graphql'), 'utf8'),
  });
  ({ ada, bob } = pair);
  await Promise.all([ada, bob].map(async (browser) => {
    await browser.call('start');
    await ready(browser);
  }));
});

after(() => closePair(pair));

/** What one browser has, once it is what it should be. */
async function shows(browser, model, key, wanted) {
  let item;
  await until(`${model} ${JSON.stringify(key)}`, async () => {
    item = await browser.call('get', model, key);
    if (wanted === null || item === null) return wanted === item;
    return Object.entries(wanted).every(([name, value]) => JSON.stringify(item[name]) === JSON.stringify(value));
  }, browser).catch((error) => assert.fail(`wanted ${JSON.stringify(wanted)}, seen ${JSON.stringify(item)}: ${error.message}`));
}

const key = (number) => ({ project: 'p', number });

test('items with keys of the developer\'s own, and fields of every kind', async () => {
  const values = { title: 'one', priority: 3, done: false, size: 'LARGE', place: { city: 'Athens', floor: 2 }, due: '2026-05-01', extra: '{"a":[1]}' };
  await bob.call('observe', 'Task');
  await ada.call('save', 'Task', { ...key(1), ...values });
  await sent(ada);
  // The library gives documents back as what they say.
  await shows(bob, 'Task', key(1), { ...values, extra: { a: [1] } });
  await bob.call('update', 'Task', key(1), { title: 'by bob', priority: null });
  await shows(ada, 'Task', key(1), { title: 'by bob', priority: null, size: 'LARGE' });
  await ada.call('remove', 'Task', key(1));
  await shows(bob, 'Task', key(1), null);
  await until('the events', async () => (await bob.call('seen')).some(({ opType }) => opType === 'DELETE'));
  assert.equal((await bob.call('seen'))[0].opType, 'INSERT');
});

test('children and joined items find their own on the other side', async () => {
  await ada.call('save', 'Task', { ...key(2), title: 'parent' });
  const step = await ada.call('saveUnder', 'Step', { text: 'first' }, 'task', 'Task', key(2));
  const label = await ada.call('save', 'Label', { name: 'urgent' });
  await ada.call('join', 'TaskLabels', [['task', 'Task', key(2)], ['label', 'Label', label.id]]);
  await sent(ada);
  await shows(bob, 'Step', step.id, { text: 'first' });
  await until('the children', async () => (await bob.call('related', 'Task', key(2), 'steps')).length === 1, bob);
  assert.equal((await bob.call('related', 'Step', step.id, 'task')).title, 'parent');
  await until('the join', async () => (await bob.call('related', 'Label', label.id, 'tasks')).length === 1, bob);
  assert.equal((await bob.call('related', 'Task', key(2), 'labels')).length, 1);
});

test('a parent\'s children go with it, everywhere', async () => {
  const [step] = await bob.call('related', 'Task', key(2), 'steps');
  await bob.call('remove', 'Task', key(2));
  await shows(ada, 'Step', step.id, null);
  await shows(ada, 'Task', key(2), null);
});

test('what both deleted offline is gone, and edits of both meet', async () => {
  const label = await ada.call('save', 'Label', { name: 'both' });
  for (const number of [4, 5]) await ada.call('save', 'Task', { ...key(number), title: `task ${number}` });
  await sent(ada);
  await shows(bob, 'Task', key(5), { title: 'task 5' });
  await shows(bob, 'Label', label.id, { name: 'both' });
  await leave(ada, bob);
  await ada.call('remove', 'Label', label.id);
  await bob.call('remove', 'Label', label.id);
  await ada.call('remove', 'Task', key(4));
  await ada.call('update', 'Task', key(5), { title: 'ada' });
  await ada.call('update', 'Task', key(5), { priority: 1 });
  await ada.call('update', 'Task', key(5), { title: 'ada again' });
  await bob.call('update', 'Task', key(5), { done: true });
  await comeBack(ada);
  await comeBack(bob);
  for (const browser of [ada, bob]) {
    await shows(browser, 'Label', label.id, null);
    await shows(browser, 'Task', key(4), null);
    await shows(browser, 'Task', key(5), { title: 'ada again', priority: 1, done: true });
  }
});

test('queries of the local store: tests, order, pages', async () => {
  for (let number = 20; number < 26; number += 1) await ada.call('save', 'Task', { project: 'q', number, title: `t${number}`, priority: number % 3 });
  await sent(ada);
  await shows(bob, 'Task', { project: 'q', number: 25 }, { title: 't25' });
  const numbers = async (...given) => (await bob.call('find', 'Task', ...given)).map(({ number }) => number);
  const mine = ['project', 'eq', 'q'];
  assert.deepEqual(await numbers([mine, ['priority', 'gt', 0]], { sort: { by: 'number', direction: 'DESCENDING' } }), [25, 23, 22, 20]);
  assert.deepEqual(await numbers([mine, ['title', 'beginsWith', 't2']], { sort: { by: 'number', direction: 'ASCENDING' }, page: 1, limit: 4 }), [24, 25]);
  assert.equal(await ada.call('removeWhere', 'Task', 'priority', 'eq', 2), 2);
  await sent(ada);
  for (const number of [20, 23]) await shows(bob, 'Task', { project: 'q', number }, null);
  assert.deepEqual(await numbers([mine], { sort: { by: 'number', direction: 'ASCENDING' } }), [21, 22, 24, 25]);
});

test('a store that is cleared begins with what the cloud has', async () => {
  await bob.call('clear');
  await bob.call('forget');
  await bob.call('start');
  await ready(bob);
  await shows(bob, 'Task', key(5), { title: 'ada again' });
  await shows(bob, 'Task', key(4), null);
});

test('a store that is stopped hears nothing, and catches up', async () => {
  await bob.call('stop');
  await ada.call('save', 'Task', { ...key(6), title: 'meanwhile' });
  await ada.call('remove', 'Task', key(5));
  await sent(ada);
  await bob.call('forget');
  await bob.call('start');
  await ready(bob);
  await shows(bob, 'Task', key(6), { title: 'meanwhile' });
  await shows(bob, 'Task', key(5), null);
});

test('selective sync keeps what passes, now and later', async () => {
  await bob.call('stop');
  await bob.call('clear');
  await bob.call('keepOnly', 'Task', 'priority', 'ge', 2);
  await bob.call('forget');
  await ada.call('save', 'Task', { project: 's', number: 1, title: 'low', priority: 1 });
  await ada.call('save', 'Task', { project: 's', number: 2, title: 'high', priority: 5 });
  await sent(ada);
  await bob.call('start');
  await ready(bob);
  await shows(bob, 'Task', { project: 's', number: 2 }, { title: 'high' });
  await ada.call('save', 'Task', { project: 's', number: 3, title: 'low too', priority: 0 });
  await ada.call('save', 'Task', { project: 's', number: 4, title: 'high too', priority: 2 });
  await sent(ada);
  await shows(bob, 'Task', { project: 's', number: 4 }, { title: 'high too' });
  const kept = await bob.call('find', 'Task', [['project', 'eq', 's']]);
  assert.deepEqual(kept.map(({ number }) => number).sort(), [2, 4]);
  for (const browser of [ada, bob]) assert.deepEqual((await browser.call('errors')).filter((error) => !error.endsWith('RetryMutation')), []);
});

test('whoever is not signed in has what an API key may read, and nothing else', async () => {
  const { id } = await ada.call('save', 'News', { title: 'for all' });
  await sent(ada);
  await bob.call('clear');
  await bob.call('signOut');
  await bob.call('tryAllWays');
  await bob.call('start');
  await shows(bob, 'News', id, { title: 'for all' });
  assert.deepEqual(await bob.call('list', 'Task'), []);
});
