// Subscriptions of the unmodified aws-amplify library: order, selections, filters with every operator, ends, and a cloud that
// goes away and comes back.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { ConnectionState } from 'aws-amplify/api';
import { generateClient } from 'aws-amplify/data';

import { acknowledgements, listen, silence, states } from './listening.mjs';
import { good, until } from './project.mjs';
import { openRoom } from './room.mjs';

let project;
let client;

before(async () => {
  project = await openRoom('subscriptions');
  client = generateClient();
});

afterEach(silence);

after(() => project?.close());

const create = async (input) => good(await client.models.Message.create(input));

test('create, update and delete are heard, in the order in which they happened', async () => {
  const { Message } = client.models;
  const [created, updated, deleted] = [await listen(Message.onCreate()), await listen(Message.onUpdate()), await listen(Message.onDelete())];
  const { id } = await create({ text: 'one' });
  for (let score = 1; score <= 20; score += 1) good(await Message.update({ id, score }));
  good(await Message.delete({ id }));
  await until('the delete', () => deleted.items.length === 1);
  assert.deepEqual(created.items.map(({ text }) => text), ['one']);
  assert.deepEqual(updated.items.map(({ score }) => score), Array.from({ length: 20 }, (_, n) => n + 1));
  assert.equal(deleted.items[0].score, 20);
  assert.match(created.items[0].createdAt, /Z$/);
});

/** A filter, the positions of the messages below that pass it. */
const cases = [
  [{ text: { eq: 'apple' } }, '0'], [{ text: { ne: 'apple' } }, '1 2'], [{ text: { lt: 'banana' } }, '0'], [{ text: { le: 'banana' } }, '0 1'],
  [{ text: { gt: 'banana' } }, '2'], [{ text: { ge: 'banana' } }, '1 2'], [{ text: { contains: 'an' } }, '1'], [{ text: { notContains: 'an' } }, '0 2'],
  [{ text: { beginsWith: 'ap' } }, '0'], [{ text: { between: ['b', 'd'] } }, '1 2'], [{ text: { in: ['apple', 'cherry'] } }, '0 2'],
  [{ text: { notIn: ['apple', 'cherry'] } }, '1'], [{ score: { eq: 2 } }, '1'], [{ score: { ne: 2 } }, '0 2'], [{ score: { gt: 1 } }, '1 2'],
  [{ score: { between: [1, 2] } }, '0 1'], [{ score: { in: [1, 3] } }, '0 2'], [{ score: { notIn: [1, 3] } }, '1'], [{ ratio: { le: 1.5 } }, '0 1'],
  [{ urgent: { eq: true } }, '0 2'], [{ urgent: { ne: true } }, '1'], [{ mood: { eq: 'LOUD' } }, '1'], [{ mood: { ne: 'LOUD' } }, '0 2'],
  [{ tags: { contains: 'x' } }, '0 1'], [{ tags: { notContains: 'x' } }, '2'], [{ at: { gt: '2026-01-01T12:00:00.000Z' } }, '1 2'],
  [{ and: [{ score: { gt: 1 } }, { urgent: { eq: true } }] }, '2'], [{ or: [{ text: { eq: 'apple' } }, { score: { eq: 3 } }] }, '0 2'],
  [{ score: { gt: 1 }, text: { beginsWith: 'b' } }, '1'], [{ score: { gt: 1, lt: 3 } }, '1'],
  [{ and: [{ or: [{ score: { eq: 1 } }, { score: { eq: 2 } }] }, { mood: { eq: 'CALM' } }] }, '0'],
  [{ or: [{ and: [{ score: { eq: 1 } }, { urgent: { eq: false } }] }, { text: { eq: 'banana' } }] }, '1'],
];

const messages = [
  { text: 'apple', score: 1, ratio: 0.5, urgent: true, mood: 'CALM', tags: ['x'], at: '2026-01-01T00:00:00.000Z' },
  { text: 'banana', score: 2, ratio: 1.5, urgent: false, mood: 'LOUD', tags: ['x', 'y'], at: '2026-01-02T00:00:00.000Z' },
  { text: 'cherry', score: 3, ratio: 2.5, urgent: true, mood: 'CALM', tags: ['y'], at: '2026-01-03T00:00:00.000Z' },
];

test('filters with every operator', async () => {
  const room = 'filters';
  const before = acknowledgements();
  const listening = cases.map(([filter]) => listen(client.models.Message.onCreate({ filter: { ...filter, room: { eq: room } } })));
  const heard = await Promise.all(listening);
  await until('all subscriptions', () => acknowledgements() - before === cases.length);
  const all = await listen(client.models.Message.onCreate());
  for (const message of messages) await create({ ...message, room });
  await create({ ...messages[0], room: 'elsewhere' });
  await until('the last', () => all.items.length === 4);
  cases.forEach(([filter, wanted], position) => {
    const seen = heard[position].items.map(({ text }) => messages.findIndex((message) => message.text === text)).sort().join(' ');
    assert.equal(seen, wanted, JSON.stringify(filter));
  });
});

test('client.graphql gives an observable, with variables and a selection of its own', async () => {
  const query = 'subscription On($filter: ModelSubscriptionMessageFilterInput) { onCreateMessage(filter: $filter) { title: text score } }';
  const heard = await listen(client.graphql({ query, variables: { filter: { room: { eq: 'raw' } } } }));
  // A subscriber gets no more than the mutation selected.
  await client.graphql({ query: 'mutation { createMessage(input: { text: "narrow", room: "raw", score: 4 }) { text room } }' });
  await client.graphql({ query: 'mutation { createMessage(input: { text: "wide", room: "raw", score: 5 }) { text score room } }' });
  await until('both', () => heard.items.length === 2);
  assert.deepEqual(heard.items.map(({ data }) => data.onCreateMessage), [{ title: 'narrow', score: null }, { title: 'wide', score: 5 }]);
});

test('a field that the mutation did not select passes no filter', async () => {
  const heard = await listen(client.models.Message.onCreate({ filter: { score: { gt: 0 } } }));
  await client.graphql({ query: 'mutation { createMessage(input: { text: "unseen", score: 4 }) { text } }' });
  await create({ text: 'seen', score: 4 });
  await until('one', () => heard.items.length > 0);
  assert.deepEqual(heard.items.map(({ text }) => text), ['seen']);
});

test('a selection set of a subscription', async () => {
  const heard = await listen(client.models.Message.onCreate({ selectionSet: ['text', 'mood'] }));
  await create({ text: 'picked', mood: 'LOUD' });
  await until('one', () => heard.items.length === 1);
  assert.deepEqual(heard.items, [{ text: 'picked', mood: 'LOUD' }]);
});

test('a subscription of the schema\'s own, by argument', async () => {
  const all = await listen(client.subscriptions.heard());
  const some = await listen(client.subscriptions.heard({ text: 'psst' }));
  assert.deepEqual(good(await client.mutations.say({ text: 'hey', number: 1 })), { text: 'hey', number: 1 });
  good(await client.mutations.say({ text: 'psst', number: 2 }));
  await until('both', () => all.items.length === 2);
  assert.deepEqual(all.items, [{ text: 'hey', number: 1 }, { text: 'psst', number: 2 }]);
  assert.deepEqual(some.items, [{ text: 'psst', number: 2 }]);
});

test('whoever unsubscribes hears no more, others go on', async () => {
  const [one, two] = [await listen(client.models.Message.onCreate()), await listen(client.models.Message.onCreate())];
  await create({ text: 'first' });
  await until('both', () => one.items.length === 1 && two.items.length === 1);
  one.subscription.unsubscribe();
  await create({ text: 'second' });
  await until('the other', () => two.items.length === 2);
  assert.equal(one.items.length, 1);
});

test('what is no subscription is refused with its reason', async () => {
  const cases = [
    ['subscription { onCreateMessage { nothing } }', /FieldUndefined/],
    ['subscription { onCreateMessage(filter: { nothing: { eq: "x" } }) { id } }', /filter|nothing/],
    ['subscription { onNothing { id } }', /FieldUndefined/],
  ];
  for (const [query, wanted] of cases) {
    const { items, errors: [error] } = await listen(client.graphql({ query }));
    assert.deepEqual(items, []);
    assert.match(error.errors[0].message, /^Connection failed: /);
    assert.match(error.errors[0].message, wanted);
  }
  const { errors: [error] } = await listen(client.graphql({ query: 'subscription { onCreateMessage { id } }', apiKey: 'da2-00000000000000000000000000' }));
  assert.match(error.errors[0].message, /UnauthorizedException|Unauthorized|not authorized/i);
});

test('the library connects again after the cloud was away, and goes on to hear', async () => {
  const heard = await listen(client.models.Message.onCreate());
  assert.equal(states.at(-1), ConnectionState.Connected);
  const { port } = new URL(project.endpoint);
  const before = acknowledgements();
  await project.stop();
  await until('the loss', () => states.at(-1) !== ConnectionState.Connected);
  assert.ok([ConnectionState.ConnectionDisrupted, ConnectionState.ConnectionDisruptedPendingNetwork].includes(states.at(-1)), states.at(-1));
  await project.start(Number(port));
  await until('the connection', () => acknowledgements() > before && states.at(-1) === ConnectionState.Connected, 15_000);
  await create({ text: 'again' });
  await until('one', () => heard.items.length === 1);
  assert.deepEqual([heard.items[0].text, heard.errors], ['again', []]);
  silence();
  await until('the end', () => states.at(-1) === ConnectionState.Disconnected, 5_000);
});
