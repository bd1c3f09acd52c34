// observeQuery of the unmodified aws-amplify library: pages, snapshots, what others change, filters.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { generateClient } from 'aws-amplify/data';

import { listen, silence } from './listening.mjs';
import { good, until } from './project.mjs';
import { openRoom } from './room.mjs';

let project;
let client;

before(async () => {
  project = await openRoom('observe');
  client = generateClient();
});

afterEach(silence);

after(() => project?.close());

/** A mutation of somebody else: no library, only the wire. */
async function elsewhere(query, variables) {
  const { url, api_key: key } = project.outputs.data;
  const answer = await fetch(url, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return Object.values(data)[0];
}

const fields = 'id text room score ratio urgent mood tags at createdAt updatedAt';
const create = (input) => elsewhere(`mutation C($input: CreateMessageInput!) { createMessage(input: $input) { ${fields} } }`, { input });
const update = (input) => elsewhere(`mutation U($input: UpdateMessageInput!) { updateMessage(input: $input) { ${fields} } }`, { input });
const remove = (id) => elsewhere(`mutation D($input: DeleteMessageInput!) { deleteMessage(input: $input) { ${fields} } }`, { input: { id } });

/** The texts of the latest snapshot, once they are these. */
async function shows(heard, wanted) {
  const texts = () => heard.items.at(-1)?.items.map(({ text }) => text).sort().join(' ');
  try {
    await until('a snapshot', () => texts() === wanted && heard.items.at(-1).isSynced, 5000);
  } catch {
    assert.equal(texts(), wanted);
  }
}

test('what is there, then what others create, change and delete', async () => {
  const kept = await create({ text: 'a', room: 'snapshots' });
  const gone = await create({ text: 'b', room: 'snapshots' });
  const heard = await listen(client.models.Message.observeQuery({ filter: { room: { eq: 'snapshots' } } }), 3);
  await shows(heard, 'a b');
  await create({ text: 'c', room: 'snapshots' });
  await create({ text: 'z', room: 'elsewhere' });
  await shows(heard, 'a b c');
  await update({ id: kept.id, text: 'A' });
  await shows(heard, 'A b c');
  await remove(gone.id);
  await shows(heard, 'A c');
  good(await client.models.Message.create({ text: 'd', room: 'snapshots' }));
  await shows(heard, 'A c d');
  assert.equal(heard.items[0].isSynced, true);
  heard.subscription.unsubscribe();
  const count = heard.items.length;
  await create({ text: 'e', room: 'snapshots' });
  assert.equal(heard.items.length, count);
});

test('pages come one after the other, and the last is in step', async () => {
  for (let n = 0; n < 7; n += 1) await create({ text: `p${n}`, room: 'pages' });
  const heard = await listen(client.models.Message.observeQuery({ limit: 4, selectionSet: ['id', 'text', 'room'] }), 3);
  await until('the last page', () => heard.items.at(-1)?.isSynced);
  const first = heard.items.length;
  assert.ok(first >= 2, `several snapshots: ${first}`);
  assert.equal(heard.items.at(-1).items.filter(({ room }) => room === 'pages').length, 7);
  assert.deepEqual(Object.keys(heard.items.at(-1).items[0]).sort(), ['id', 'room', 'text']);
});

test('an update that no longer passes the filter is not heard, one that does is', async () => {
  const { id } = await create({ text: 'low', score: 1, room: 'scores' });
  const heard = await listen(client.models.Message.observeQuery({ filter: { and: [{ room: { eq: 'scores' } }, { score: { lt: 10 } }] } }), 3);
  await shows(heard, 'low');
  await update({ id, score: 50, text: 'high' });
  await update({ id, score: 5, text: 'middle' });
  await shows(heard, 'middle');
  assert.ok(heard.items.every(({ items }) => items.every(({ text }) => text !== 'high')));
});

test('what happens while the first pages are read is not lost', async () => {
  const query = client.models.Message.observeQuery({ filter: { room: { eq: 'meanwhile' } } });
  const running = listen(query, 3);
  const made = [];
  for (let n = 0; n < 20; n += 1) made.push((await create({ text: `m${String(n).padStart(2, '0')}`, room: 'meanwhile' })).text);
  const heard = await running;
  const { items } = heard;
  await create({ text: 'z', room: 'meanwhile' });
  await until('the last', () => items.at(-1)?.items.some(({ text }) => text === 'z'));
  const seen = items.at(-1).items.map(({ text }) => text);
  assert.equal(new Set(seen).size, seen.length, 'nothing twice');
});
