// client.graphql of the unmodified aws-amplify library: documents as a developer writes them, filters with every operator,
// pages, and the documents that `ampup codegen` makes.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { generateClient, isCancelError } from 'aws-amplify/api';
import { parse } from 'graphql';

import { Project } from './project.mjs';
import { answer, schema } from './shop.mjs';

let project;
let client;
let documents;

before(async () => {
  project = await Project.open('graphql', [
    ['add', 'function', '--name', 'answer'],
    ['add', 'api', '--name', 'shop', '--schema', schema],
    ['codegen', '--target', 'js'],
  ], { 'ampup/function/answer/index.mjs': answer });
  client = generateClient();
  const load = async (name) => import(pathToFileURL(path.join(project.folder, 'src', 'graphql', `${name}.js`)).href);
  project.write({ 'src/package.json': '{"type":"module"}' });
  documents = { ...await load('queries'), ...await load('mutations'), ...await load('subscriptions') };
});

after(() => project?.close());

const ask = async (query, variables) => (await client.graphql({ query, variables })).data;
const customer = async (input) => (await ask(documents.createCustomer, { input })).createCustomer;

test('generated documents: create, read, list, update, delete', async () => {
  const made = await customer({ name: 'Ada', home: { city: 'London', geo: { lat: 1, lon: 2.5 } } });
  assert.deepEqual(made.home, { street: null, city: 'London', lines: null, kind: null, __typename: 'Address' });
  assert.deepEqual(made.orders, { nextToken: null, __typename: 'ModelOrderConnection' });
  const { getCustomer } = await ask(documents.getCustomer, { id: made.id });
  assert.deepEqual(getCustomer, made);
  const { listCustomers } = await ask(documents.listCustomers, { filter: { id: { eq: made.id } } });
  assert.deepEqual([listCustomers.items.length, listCustomers.nextToken, listCustomers.__typename], [1, null, 'ModelCustomerConnection']);
  const { updateCustomer } = await ask(documents.updateCustomer, { input: { id: made.id, age: 3 }, condition: { name: { eq: 'Ada' } } });
  assert.equal(updateCustomer.age, 3);
  const { deleteCustomer } = await ask(documents.deleteCustomer, { input: { id: made.id } });
  assert.equal(deleteCustomer.id, made.id);
});

test('aliases, fragments, inline fragments, directives and variables with defaults', async () => {
  const { id } = await customer({ id: 'alias', name: 'Grace', age: 5 });
  const query = `
    query Both($id: ID!, $with: Boolean = false, $limit: Int = 2) {
      one: getCustomer(id: $id) { ...Short years: age @include(if: $with) }
      two: getCustomer(id: "alias") { __typename ... on Customer { id } orders(limit: $limit) { items { number } nextToken } }
      none: getCustomer(id: "nobody") { id }
    }
    fragment Short on Customer { id name ... @skip(if: $with) { nick } }
  `;
  assert.deepEqual(await ask(query, { id }), {
    one: { id, name: 'Grace', nick: 'none' },
    two: { __typename: 'Customer', id, orders: { items: [], nextToken: null } },
    none: null,
  });
  const { one } = await ask(query, { id, with: true });
  assert.deepEqual(one, { id, name: 'Grace', years: 5 });
  assert.deepEqual(await ask(parse('query Parsed($id: ID!) { getCustomer(id: $id) { id } }'), { id }), { getCustomer: { id } });
});

test('several mutations of one request happen one after the other', async () => {
  const query = `mutation Several {
    a: createCustomer(input: { id: "serial", name: "a", age: 1 }) { age }
    b: updateCustomer(input: { id: "serial", age: 2 }) { age name }
    c: deleteCustomer(input: { id: "serial" }) { age }
    d: createCustomer(input: { id: "serial", name: "d" }) { age name }
  }`;
  assert.deepEqual(await ask(query), { a: { age: 1 }, b: { age: 2, name: 'a' }, c: { age: 2 }, d: { age: null, name: 'd' } });
});

test('connections in connections, each with its own arguments', async () => {
  const { id } = await customer({ name: 'Nested' });
  for (let number = 1; number <= 3; number += 1) {
    await ask(documents.createOrder, { input: { shop: 'nest', number, customerId: id, placed: `2026-01-0${number}T00:00:00.000Z`, status: number === 2 ? 'PAID' : 'OPEN' } });
    await ask(documents.createLine, { input: { shop: 'nest', number, text: `line ${number}` } });
  }
  const query = `query Nested($id: ID!) { getCustomer(id: $id) {
    late: orders(sortDirection: DESC, limit: 2) { items { number lines { items { text order { customer { name } } } } } nextToken }
    paid: orders(filter: { status: { eq: PAID } }) { items { number } }
    between: orders(placed: { between: ["2026-01-02", "2026-01-04"] }) { items { number } }
  } }`;
  const { getCustomer: seen } = await ask(query, { id });
  assert.deepEqual(seen.late.items.map(({ number }) => number), [3, 2]);
  assert.deepEqual(seen.late.items[0].lines.items, [{ text: 'line 3', order: { customer: { name: 'Nested' } } }]);
  assert.equal(typeof seen.late.nextToken, 'string');
  assert.deepEqual([seen.paid.items, seen.between.items], [[{ number: 2 }], [{ number: 2 }, { number: 3 }]]);
  const more = await ask('query More($id: ID!, $token: String) { getCustomer(id: $id) { orders(sortDirection: DESC, limit: 2, nextToken: $token) { items { number } nextToken } } }', { id, token: seen.late.nextToken });
  assert.deepEqual(more.getCustomer.orders, { items: [{ number: 1 }], nextToken: null });
});

test('every page once, by nextToken, and the limit is before the filter', async () => {
  for (let n = 0; n < 7; n += 1) await ask(documents.createLabel, { input: { name: `page ${n}`, colour: n % 2 ? 'odd' : 'even' } });
  const seen = [];
  let sizes = [];
  let nextToken = null;
  do {
    const { listLabels } = await ask('query Page($nextToken: String) { listLabels(limit: 3, nextToken: $nextToken, filter: { colour: { eq: "odd" } }) { items { name } nextToken } }', { nextToken });
    seen.push(...listLabels.items.map(({ name }) => name));
    sizes = [...sizes, listLabels.items.length];
    nextToken = listLabels.nextToken;
  } while (nextToken);
  assert.deepEqual(seen.sort(), ['page 1', 'page 3', 'page 5']);
  assert.equal(sizes.length, 3, `pages of 3 that are filtered: ${sizes}`);
});

const people = [
  { id: 'f1', name: 'Ann', age: 30, ratio: 0.5, active: true, status: 'OPEN', history: ['OPEN'], scores: [1, 2], born: '1990-01-01', email: 'ann@example.com' },
  { id: 'f2', name: 'Annabel', age: 40, ratio: 1.5, active: false, status: 'PAID', history: ['OPEN', 'PAID'], scores: [2, 3], born: '1980-01-01' },
  { id: 'f3', name: 'Bo', age: 50, ratio: 2.5, active: true, status: 'SENT', born: '1970-01-01', nick: 'bobo' },
];

const filters = [
  [{ name: { eq: 'Ann' } }, 'f1'], [{ name: { ne: 'Ann' } }, 'f2 f3'], [{ name: { lt: 'Annabel' } }, 'f1'], [{ name: { le: 'Annabel' } }, 'f1 f2'],
  [{ name: { gt: 'Annabel' } }, 'f3'], [{ name: { ge: 'Annabel' } }, 'f2 f3'], [{ name: { contains: 'nn' } }, 'f1 f2'],
  [{ name: { notContains: 'nn' } }, 'f3'], [{ name: { beginsWith: 'Anna' } }, 'f2'], [{ name: { between: ['Ann', 'B'] } }, 'f1 f2'],
  [{ name: { size: { eq: 2 } } }, 'f3'], [{ name: { size: { between: [3, 7] } } }, 'f1 f2'], [{ name: { size: { gt: 3 } } }, 'f2'],
  [{ email: { attributeExists: true } }, 'f1'], [{ email: { attributeExists: false } }, 'f2 f3'], [{ age: { attributeType: 'number' } }, 'f1 f2 f3'],
  [{ age: { attributeType: 'string' } }, ''], [{ age: { eq: 40 } }, 'f2'], [{ age: { ne: 40 } }, 'f1 f3'], [{ age: { between: [35, 45] } }, 'f2'],
  [{ age: { gt: 30, lt: 50 } }, 'f2'], [{ ratio: { ge: 1.5 } }, 'f2 f3'], [{ active: { eq: true } }, 'f1 f3'], [{ active: { ne: true } }, 'f2'],
  [{ status: { eq: 'PAID' } }, 'f2'], [{ status: { ne: 'PAID' } }, 'f1 f3'], [{ history: { contains: 'PAID' } }, 'f2'],
  [{ history: { eq: ['OPEN'] } }, 'f1'], [{ scores: { attributeExists: true } }, 'f1 f2'], [{ born: { le: '1980-01-01' } }, 'f2 f3'],
  [{ and: [{ age: { gt: 30 } }, { active: { eq: true } }] }, 'f3'], [{ or: [{ name: { eq: 'Bo' } }, { age: { eq: 30 } }] }, 'f1 f3'],
  [{ not: { active: { eq: true } } }, 'f2'], [{ and: [{ or: [{ age: { eq: 30 } }, { age: { eq: 40 } }] }, { not: { name: { eq: 'Ann' } } }] }, 'f2'],
  [{ name: { beginsWith: 'A' }, age: { gt: 30 } }, 'f2'], [{ id: { beginsWith: 'f' }, or: [{ nick: { eq: 'bobo' } }, { email: { contains: '@' } }] }, 'f1 f3'],
  [{ createdAt: { gt: '2020-01-01T00:00:00.000Z' } }, 'f1 f2 f3'],
];

test('filters with every operator', async () => {
  await Promise.all(people.map((person) => customer(person)));
  const query = 'query Filtered($filter: ModelCustomerFilterInput) { listCustomers(filter: $filter) { items { id } } }';
  for (const [filter, wanted] of filters) {
    const { listCustomers } = await ask(query, { filter: { and: [{ id: { beginsWith: 'f' } }, { id: { size: { eq: 2 } } }, filter] } });
    assert.equal(listCustomers.items.map(({ id }) => id).sort().join(' '), wanted, JSON.stringify(filter));
  }
});

test('conditions of mutations', async () => {
  await customer({ id: 'cond', name: 'Cond', age: 1 });
  const update = (condition) => client.graphql({ query: documents.updateCustomer, variables: { input: { id: 'cond', age: 2 }, condition } });
  await assert.rejects(update({ age: { gt: 1 } }), ({ data, errors }) => data.updateCustomer === null && errors[0].errorType === 'DynamoDB:ConditionalCheckFailedException');
  assert.equal((await update({ or: [{ age: { eq: 1 } }, { name: { eq: 'x' } }] })).data.updateCustomer.age, 2);
  const remove = client.graphql({ query: documents.deleteCustomer, variables: { input: { id: 'cond' }, condition: { name: { beginsWith: 'X' } } } });
  await assert.rejects(remove, ({ errors }) => errors[0].path[0] === 'deleteCustomer');
});

test('a request can be cancelled', async () => {
  const running = client.graphql({ query: documents.listCustomers });
  assert.equal(client.cancel(running, 'no longer wanted'), true);
  await assert.rejects(running, (error) => isCancelError(error) && client.isCancelError(error) && error.message === 'no longer wanted');
});

test('introspection, and headers of the developer\'s own', async () => {
  const { __schema: seen, __type: type } = await ask('{ __schema { queryType { name } subscriptionType { name } types { name } } __type(name: "Status") { kind enumValues { name } } }');
  assert.deepEqual([seen.queryType.name, seen.subscriptionType.name], ['Query', 'Subscription']);
  assert.ok(seen.types.some(({ name }) => name === 'AWSDateTime'));
  assert.deepEqual(type, { kind: 'ENUM', enumValues: [{ name: 'OPEN' }, { name: 'PAID' }, { name: 'SENT' }] });
  const asked = [];
  const own = generateClient({ headers: async (request) => { asked.push(request); return { 'x-shop': 'one' }; } });
  assert.equal((await own.graphql({ query: '{ header }' })).data.header, 'one');
  assert.match(asked[0].queryString, /header/);
  assert.equal((await own.queries.header()).data, 'one');
  assert.equal((await client.graphql({ query: '{ header }' }, { 'x-shop': 'two' })).data.header, 'two');
  assert.equal((await client.queries.header({ headers: { 'x-shop': 'three' } })).data, 'three');
});
