// client.models of the unmodified aws-amplify library: every kind of field, key and relation, by API key.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { generateClient } from 'aws-amplify/data';

import { Project, good } from './project.mjs';
import { answer, schema } from './shop.mjs';

let project;
let client;

before(async () => {
  project = await Project.open('models', [
    ['add', 'function', '--name', 'answer'],
    ['add', 'api', '--name', 'shop', '--schema', schema],
  ], { 'ampup/function/answer/index.mjs': answer });
  client = generateClient();
});

after(() => project?.close());

const whole = {
  name: 'Ada Lovelace', email: 'ada@example.com', born: '1815-12-10', wakes: '06:30:00.000', seen: '2026-01-02T03:04:05.678Z',
  stamp: -4861987200, phone: '+44 20 7946 0000', site: 'https://example.com/ada?x=1#y', host: '192.0.2.1/24',
  extra: '{"likes":["engines"],"deep":{"n":1}}', scores: [1, null, 3], ratio: 0.5, age: 36, active: false, status: 'PAID',
  history: ['OPEN', 'PAID'], nick: 'Enchantress',
  home: { street: 'St James Square', city: 'London', lines: ['12'], geo: { lat: 51.5, lon: -0.13 }, kind: 'SENT' },
  former: [{ city: 'Kirkby', street: null, lines: null, geo: null, kind: null }],
};

test('every scalar, list, enum and custom type comes back as it was given', async () => {
  const made = good(await client.models.Customer.create(whole));
  const { id, createdAt, updatedAt } = made;
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(updatedAt, createdAt);
  const read = good(await client.models.Customer.get({ id }));
  for (const item of [made, read]) {
    for (const [name, value] of Object.entries(whole)) {
      assert.deepEqual(name === 'extra' ? JSON.parse(item[name]) : item[name], name === 'extra' ? JSON.parse(value) : value, name);
    }
  }
});

test('what is absent is null or its default, and null is a default too', async () => {
  const made = good(await client.models.Customer.create({ name: 'Bob', nick: null }));
  assert.deepEqual([made.active, made.status, made.nick], [true, 'OPEN', 'none']);
  for (const name of ['email', 'born', 'scores', 'home', 'former', 'extra']) assert.equal(made[name], null, name);
});

test('an update changes what it names, and null takes away', async () => {
  const { id, updatedAt } = good(await client.models.Customer.create(whole));
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  const changed = good(await client.models.Customer.update({ id, age: 37, email: null, home: { city: 'Nottingham' }, scores: [] }));
  assert.deepEqual([changed.age, changed.email, changed.name, changed.scores], [37, null, 'Ada Lovelace', []]);
  assert.deepEqual(changed.home, { city: 'Nottingham', street: null, lines: null, geo: null, kind: null });
  assert.ok(changed.updatedAt > updatedAt);
  assert.equal(changed.createdAt, good(await client.models.Customer.get({ id })).createdAt);
});

test('delete gives what is gone; neither it nor an update finds it again', async () => {
  const { id } = good(await client.models.Customer.create({ id: 'chosen', name: 'Eve' }));
  assert.equal(id, 'chosen');
  const twice = await client.models.Customer.create({ id, name: 'Eve' });
  assert.deepEqual([twice.data, twice.errors[0].errorType], [null, 'DynamoDB:ConditionalCheckFailedException']);
  assert.equal(good(await client.models.Customer.delete({ id })).name, 'Eve');
  assert.equal(good(await client.models.Customer.get({ id })), null);
  for (const operation of ['delete', 'update']) {
    const { data, errors } = await client.models.Customer[operation]({ id });
    assert.equal(data, null);
    assert.equal(errors[0].errorType, 'DynamoDB:ConditionalCheckFailedException');
    assert.deepEqual(errors[0].path, [`${operation}Customer`]);
  }
});

test('client.enums knows the values', () => {
  assert.deepEqual(client.enums.Status.values(), ['OPEN', 'PAID', 'SENT']);
});

test('a selection reaches into custom types and relations', async () => {
  const { id } = good(await client.models.Customer.create(whole));
  const placed = '2026-05-01T00:00:00.000Z';
  good(await client.models.Order.create({ shop: 'eager', number: 1, placed, status: 'OPEN', customerId: id }));
  good(await client.models.Line.create({ shop: 'eager', number: 1, text: 'ink' }));
  const selectionSet = ['name', 'home.geo.lat', 'home.city', 'former.*', 'orders.number', 'orders.lines.text', 'orders.customer.name', 'profile.text'];
  const picked = good(await client.models.Customer.get({ id }, { selectionSet }));
  assert.deepEqual(picked, {
    name: whole.name,
    home: { geo: { lat: 51.5 }, city: 'London' },
    former: whole.former,
    orders: [{ number: 1, lines: [{ text: 'ink' }], customer: { name: whole.name } }],
    profile: null,
  });
  const all = good(await client.models.Customer.list({ selectionSet: ['id', 'orders.*'], filter: { id: { eq: id } } }));
  assert.equal(all[0].orders[0].placed, placed);
  assert.equal(all[0].orders[0].status, 'OPEN');
});

test('lazy relations: many, one, the parent, and of composite keys', async () => {
  const customer = good(await client.models.Customer.create({ name: 'Grace' }));
  const profile = good(await client.models.Profile.create({ text: 'Admiral', customerId: customer.id }));
  const placed = (day) => `2026-02-0${day}T00:00:00.000Z`;
  for (const number of [1, 2, 3]) {
    good(await client.models.Order.create({ shop: 'lazy', number, placed: placed(number), status: 'OPEN', customerId: customer.id }));
  }
  const line = good(await client.models.Line.create({ shop: 'lazy', number: 2, text: 'moth' }));

  const orders = good(await customer.orders());
  assert.deepEqual(orders.map(({ number }) => number).sort(), [1, 2, 3]);
  assert.equal(good(await orders[0].customer()).name, 'Grace');
  assert.equal(good(await customer.profile()).text, 'Admiral');
  assert.equal(good(await profile.customer()).id, customer.id);
  const second = orders.find(({ number }) => number === 2);
  assert.deepEqual(good(await second.lines()).map(({ text }) => text), ['moth']);
  assert.equal(good(await line.order()).placed, placed(2));
  const orphan = good(await client.models.Line.create({ text: 'alone' }));
  assert.equal((await orphan.order()).data, null);
});

test('relations by references, and one item that moves to another parent', async () => {
  const [red, blue] = await Promise.all(['red', 'blue'].map(async (mantra) => good(await client.models.Team.create({ mantra }))));
  const member = good(await client.models.Member.create({ name: 'Ann', teamId: red.id }));
  assert.equal(good(await member.team()).mantra, 'red');
  good(await client.models.Member.update({ id: member.id, teamId: blue.id }));
  assert.deepEqual(good(await red.members()), []);
  assert.deepEqual(good(await blue.members()).map(({ name }) => name), ['Ann']);
  const eager = good(await client.models.Team.get({ id: blue.id }, { selectionSet: ['mantra', 'members.name', 'members.team.mantra'] }));
  assert.deepEqual(eager, { mantra: 'blue', members: [{ name: 'Ann', team: { mantra: 'blue' } }] });
});

test('many to many through the join model', async () => {
  const order = good(await client.models.Order.create({ shop: 'join', number: 7, placed: '2026-01-01T00:00:00.000Z', status: 'PAID' }));
  for (const name of ['fragile', 'urgent']) {
    good(await client.models.Label.create({ name, colour: 'red' }));
    good(await client.models.OrderLabels.create({ orderShop: 'join', ordernumber: 7, labelName: name }));
  }
  const joins = good(await order.labels());
  const labels = await Promise.all(joins.map(async (join) => good(await join.label()).name));
  assert.deepEqual(labels.sort(), ['fragile', 'urgent']);
  const eager = good(await client.models.Label.get({ name: 'urgent' }, { selectionSet: ['madeAt', 'orders.order.number', 'orders.order.shop'] }));
  assert.deepEqual(eager.orders, [{ order: { number: 7, shop: 'join' } }]);
  assert.match(eager.madeAt, /Z$/);
});

test('composite primary keys: get, list by key, by condition, backwards', async () => {
  for (let number = 1; number <= 5; number += 1) {
    good(await client.models.Order.create({ shop: 'keys', number, placed: `2026-03-0${number}T00:00:00.000Z`, status: 'OPEN' }));
  }
  assert.equal(good(await client.models.Order.get({ shop: 'keys', number: 4 })).placed, '2026-03-04T00:00:00.000Z');
  assert.equal(good(await client.models.Order.get({ shop: 'keys', number: 9 })), null);
  const numbers = async (given) => good(await client.models.Order.list({ shop: 'keys', ...given })).map(({ number }) => number);
  assert.deepEqual(await numbers({}), [1, 2, 3, 4, 5]);
  assert.deepEqual(await numbers({ sortDirection: 'DESC' }), [5, 4, 3, 2, 1]);
  assert.deepEqual(await numbers({ number: { between: [2, 4] } }), [2, 3, 4]);
  assert.deepEqual(await numbers({ number: { ge: 3 }, sortDirection: 'DESC', limit: 2 }), [5, 4]);
  const updated = good(await client.models.Order.update({ shop: 'keys', number: 4, placed: '2027-01-01T00:00:00.000Z' }));
  assert.deepEqual([updated.number, updated.placed, updated.status], [4, '2027-01-01T00:00:00.000Z', 'OPEN']);
  assert.equal(good(await client.models.Order.delete({ shop: 'keys', number: 5 })).number, 5);
});

test('index queries, with conditions on one and on two sort keys', async () => {
  const { id } = good(await client.models.Customer.create({ name: 'Indexed' }));
  const make = (number, status) => client.models.Order.create({ shop: number < 3 ? 'a' : 'b', number, placed: `2026-04-0${number}T00:00:00.000Z`, status, customerId: id });
  for (const number of [1, 2, 3, 4]) good(await make(number, 'SENT'));
  assert.deepEqual(good(await client.models.Customer.customersByName({ name: 'Indexed' })).map((one) => one.id), [id]);
  const numbers = async (method, ...given) => good(await client.models.Order[method](...given)).map(({ number }) => number);
  assert.deepEqual(await numbers('ordersByCustomer', { customerId: id }), [1, 2, 3, 4]);
  assert.deepEqual(await numbers('ordersByCustomer', { customerId: id, placed: { beginsWith: '2026-04-02' } }), [2]);
  assert.deepEqual(await numbers('ordersByCustomer', { customerId: id, placed: { gt: '2026-04-02' } }, { sortDirection: 'DESC' }), [4, 3, 2]);
  assert.deepEqual(await numbers('ordersByCustomer', { customerId: id }, { filter: { shop: { eq: 'b' } } }), [3, 4]);
  assert.deepEqual(await numbers('ordersByStatus', { status: 'SENT', shopPlaced: { beginsWith: { shop: 'b' } } }), [3, 4]);
  assert.deepEqual(
    await numbers('ordersByStatus', { status: 'SENT', shopPlaced: { between: [{ shop: 'a', placed: '2026-04-02' }, { shop: 'b', placed: '2026-04-03T12' }] } }),
    [2, 3],
  );
  const first = await client.models.Order.ordersByCustomer({ customerId: id }, { limit: 3 });
  assert.equal(first.data.length, 3);
  const rest = await client.models.Order.ordersByCustomer({ customerId: id }, { limit: 3, nextToken: first.nextToken });
  assert.deepEqual(rest.data.map(({ number }) => number), [4]);
  assert.equal(rest.nextToken, null);
});

test('custom queries and mutations are answered by the function', async () => {
  assert.equal(good(await client.queries.echo({ text: 'hi', times: 2 })), 'hihi');
  assert.equal(good(await client.queries.echo({ text: 'hi' })), 'hi');
  assert.deepEqual(good(await client.queries.total({ range: { from: 1, to: 3 }, statuses: ['OPEN', 'SENT'] })), {
    count: 2, names: ['OPEN', 'SENT'], first: { lat: 1, lon: 3 },
  });
  assert.deepEqual(good(await client.queries.numbers()), [1, 2, 3]);
  assert.equal(good(await client.queries.status()), 'SENT');
  assert.equal(good(await client.mutations.shout({ text: 'hey' })), 'HEY');
  const people = good(await client.queries.people({ name: 'Zoe' }));
  assert.deepEqual(people.map(({ id, name, age }) => [id, name, age]), [['z', 'Zoe', null]]);
  assert.deepEqual(good(await people[0].orders()), []);
  const { data, errors } = await client.queries.broken();
  assert.equal(data, null);
  assert.deepEqual([errors[0].errorType, errors[0].message, errors[0].path], ['Lambda:Unhandled', 'as it was told', ['broken']]);
});
