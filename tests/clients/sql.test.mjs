// SQL models and statements against a real PostgreSQL, through the RDS Data API's wire, by the unmodified aws-amplify.
// AMPUP names the program; the database and everything else are in temporary folders.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Amplify } from 'aws-amplify';
import { confirmSignUp, signIn, signOut, signUp } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/data';

import { startDev } from './dev.mjs';
import { startDataApi } from './sql/data_api.mjs';
import { startPostgres } from './sql/postgres.mjs';

const TABLES = `
  create schema sales;
  create type state as enum ('OPEN', 'SENT');
  create table sales.orders (
    id uuid primary key default gen_random_uuid(), owner text, state state not null, placed_at timestamptz not null,
    total numeric(12, 2), paid boolean, tags text[], facts jsonb, day date, seen time
  );
  create table "Line" (
    order_id uuid not null references sales.orders (id), number int not null, amount float8 not null, label varchar(20),
    primary key (order_id, number)
  );
`;
const SCHEMA = `
  enum OrderState { OPEN SENT }
  type Order @model @refersTo(name: "sales.orders") @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) {
    id: ID! @primaryKey
    owner: String
    state: OrderState! @index(name: "byState", queryField: "ordersByState", sortKeyFields: ["placedAt"])
    placedAt: AWSDateTime! @refersTo(name: "placed_at")
    total: Float
    paid: Boolean
    tags: [String]
    facts: AWSJSON
    day: AWSDate
    seen: AWSTime
    lines: [Line] @hasMany(references: ["orderId"])
  }
  type Line @model @auth(rules: [{ allow: private }, { allow: public, operations: [read] }]) {
    orderId: ID! @primaryKey(sortKeyFields: ["number"]) @refersTo(name: "order_id")
    number: Int!
    amount: Float!
    label: String
    order: Order @belongsTo(references: ["orderId"])
  }
  type Note @model @auth(rules: [{ allow: public }]) { text: String! }
  type StateTotal @aws_api_key @aws_cognito_user_pools { state: OrderState! orders: Int! amount: Float }
  type Query {
    totals(from: AWSDateTime!, states: [OrderState!]): [StateTotal] @sql(reference: "totals") @auth(rules: [{ allow: public }])
    broken: Int @sql(statement: "select count(*) from nowhere") @auth(rules: [{ allow: public }])
  }
  type Mutation {
    sendAll(before: AWSDateTime!): Int
      @sql(statement: "with sent as (update sales.orders set state = 'SENT' where placed_at < :before and state = 'OPEN' returning 1) select count(*) from sent")
      @auth(rules: [{ allow: public }])
  }
`;
const TOTALS = `
  select state::text as state, count(distinct id) as orders, sum(amount) as amount
  from sales.orders left join "Line" on order_id = id
  where placed_at >= :from and state::text in (:states)
  group by 1 order by 1
`;
const CLUSTER = 'arn:aws:rds:us-east-1:000000000000:cluster:shop';
const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:shop-a1B2c3';
const password = 'Correct-horse-7';

let folder;
let cloud;
let endpoint;
let postgres;
let api;
let client;

const run = (...args) => execFileSync(process.env.AMPUP, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

async function newUser(email) {
  const { userId } = await signUp({ username: email, password, options: { userAttributes: { email } } });
  const answer = await fetch(`${endpoint}/_ampup/mailbox?username=${encodeURIComponent(userId ?? email)}`);
  const { messages } = await answer.json();
  await confirmSignUp({ username: email, confirmationCode: messages[0].code });
}

/** The value of the one field of a document. */
async function ask(query, variables, authMode = 'apiKey') {
  const { data, errors } = await client.graphql({ query, variables, authMode });
  assert.equal(errors, undefined, JSON.stringify(errors));
  return Object.values(data)[0];
}

/** The errors of a document that fails. */
async function refusal(query, variables, authMode = 'apiKey') {
  const thrown = await client.graphql({ query, variables, authMode }).then(() => null, (error) => error);
  assert.ok(thrown?.errors, `${query} is taken`);
  return thrown.errors;
}

before(async () => {
  postgres = await startPostgres();
  await postgres.pool.query(TABLES);
  api = await startDataApi(postgres.pool, { cluster: CLUSTER, secret: SECRET, database: 'shop' });
  process.env.AWS_ENDPOINT_URL_RDS_DATA = api.address;
  folder = mkdtempSync(path.join(tmpdir(), 'ampup-sql-'));
  run('init', 'clients', '--target', 'local', '--json');
  run('add', 'auth', '--sign-in', 'email', '--json');
  writeFileSync(path.join(folder, 'shop.graphql'), SCHEMA);
  mkdirSync(path.join(folder, 'ampup/api/shop/sql'), { recursive: true });
  writeFileSync(path.join(folder, 'ampup/api/shop/sql/totals.sql'), TOTALS);
  run('add', 'api', '--name', 'shop', '--schema', 'shop.graphql', '--auth', 'user-pool', '--additional-auth', 'api-key',
    '--sql', 'postgresql:shop', '--sql-models', 'Order,Line', '--sql-cluster', `dev=${CLUSTER},${SECRET}`, '--json');
  const started = await startDev(folder);
  cloud = started.child;
  endpoint = started.board.endpoint;
  Amplify.configure(JSON.parse(readFileSync(path.join(folder, 'amplify_outputs.json'), 'utf8')));
  client = generateClient();
  await newUser('ada@example.com');
  await newUser('bob@example.com');
  await signIn({ username: 'ada@example.com', password });
});

after(async () => {
  cloud?.kill('SIGKILL');
  await api?.stop();
  await postgres?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const FIELDS = 'id owner state placedAt total paid tags facts day seen';
const CREATE = `mutation Create($input: CreateOrderInput!) { createOrder(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation Update($input: UpdateOrderInput!, $condition: ModelOrderConditionInput) {
  updateOrder(input: $input, condition: $condition) { ${FIELDS} } }`;
const ID = '6f2c0e5e-0a3b-4a53-9f0e-3a1d7c9b1f10';
const WHOLE = {
  id: ID, state: 'OPEN', placedAt: '2026-01-02T03:04:05.678Z', total: 12.5, paid: false, tags: ['a b', 'c,"d"', "e'); drop"],
  facts: JSON.stringify({ deep: [1, null, 'x'] }), day: '2026-01-02', seen: '10:11:12',
};

test('create and get: every type of column', async () => {
  const created = await ask(CREATE, { input: WHOLE }, 'userPool');
  assert.equal(created.owner.length > 0, true);
  const read = await ask(`query Get($id: ID!) { getOrder(id: $id) { ${FIELDS} } }`, { id: ID });
  for (const order of [created, read]) {
    const { owner, facts, ...plain } = order;
    assert.equal(Date.parse(order.placedAt), Date.parse(WHOLE.placedAt));
    assert.deepEqual({ ...plain, placedAt: 0 }, { ...withoutFacts(WHOLE), placedAt: 0 });
    assert.deepEqual(JSON.parse(facts), { deep: [1, null, 'x'] });
    assert.equal(owner, created.owner);
  }
  const { rows } = await postgres.pool.query('select state, total, tags, facts, placed_at from sales.orders');
  assert.equal(rows.length, 1);
  assert.equal(rows[0].total, '12.50');
  assert.deepEqual(rows[0].tags, WHOLE.tags);
  assert.equal(rows[0].placed_at.toISOString(), WHOLE.placedAt);
  const missing = await ask('query Get($id: ID!) { getOrder(id: $id) { id } }', { id: '00000000-0000-4000-8000-000000000000' });
  assert.equal(missing, null);
});

function withoutFacts({ facts, ...rest }) {
  return rest;
}

test('a second row of the same key is refused by the database', async () => {
  const errors = await refusal(CREATE, { input: WHOLE }, 'userPool');
  assert.match(errors[0].errorType, /ConditionalCheckFailed|400 Bad Request/);
  const { rows } = await postgres.pool.query('select count(*)::int as n from sales.orders');
  assert.equal(rows[0].n, 1);
});

test('update and conditions', async () => {
  const changed = await ask(UPDATE, { input: { id: ID, paid: true, total: null } }, 'userPool');
  assert.deepEqual([changed.paid, changed.total, changed.day], [true, null, WHOLE.day]);
  const condition = { paid: { eq: false } };
  const errors = await refusal(UPDATE, { input: { id: ID, total: 1 }, condition }, 'userPool');
  assert.equal(errors[0].errorType, 'ConditionalCheckFailedException');
  await signOut();
  await signIn({ username: 'bob@example.com', password });
  const foreign = await refusal(UPDATE, { input: { id: ID, total: 1 } }, 'userPool');
  assert.equal(foreign[0].errorType, 'Unauthorized');
  await signOut();
  await signIn({ username: 'ada@example.com', password });
});

test('lists: filters, pages, an index with its sort key', async () => {
  for (let day = 1; day <= 5; day += 1) {
    const input = { state: day % 2 ? 'OPEN' : 'SENT', placedAt: `2026-02-0${day}T00:00:00Z`, total: day };
    await ask(CREATE, { input }, 'userPool');
  }
  const list = `query List($filter: ModelOrderFilterInput, $limit: Int, $nextToken: String) {
    listOrders(filter: $filter, limit: $limit, nextToken: $nextToken) { items { id total tags } nextToken } }`;
  const big = await ask(list, { filter: { or: [{ total: { gt: 3 } }, { tags: { contains: 'a b' } }] } });
  assert.deepEqual(big.items.map(({ total }) => total).sort(), [4, 5, null].sort());
  const seen = new Set();
  let nextToken = null;
  do {
    const page = await ask(list, { limit: 4, nextToken });
    page.items.forEach(({ id }) => seen.add(id));
    ({ nextToken } = page);
  } while (nextToken);
  assert.equal(seen.size, 6);
  const byState = `query By($state: OrderState!, $from: String!, $direction: ModelSortDirection) {
    ordersByState(state: $state, placedAt: { ge: $from }, sortDirection: $direction) { items { total } } }`;
  const open = await ask(byState, { state: 'OPEN', from: '2026-02-02T00:00:00Z', direction: 'DESC' });
  assert.deepEqual(open.items.map(({ total }) => total), [5, 3]);
});

test('relations in both directions', async () => {
  const line = 'mutation Line($input: CreateLineInput!) { createLine(input: $input) { orderId number amount } }';
  for (const number of [1, 2, 3]) {
    await ask(line, { input: { orderId: ID, number, amount: number * 1.5, label: number === 2 ? null : `l${number}` } }, 'userPool');
  }
  const order = await ask(`query Get($id: ID!) {
    getOrder(id: $id) { lines(filter: { number: { gt: 1 } }) { items { number amount label order { id state } } } } }`, { id: ID });
  const parent = { id: ID, state: 'OPEN' };
  assert.deepEqual(order.lines.items, [
    { number: 2, amount: 3, label: null, order: parent }, { number: 3, amount: 4.5, label: 'l3', order: parent },
  ]);
});

test('statements of the user: a join with lists, and a change', async () => {
  const totals = 'query Totals($from: AWSDateTime!, $states: [OrderState!]) { totals(from: $from, states: $states) { state orders amount } }';
  const found = await ask(totals, { from: '2026-01-01T00:00:00Z', states: ['OPEN', 'SENT'] });
  assert.deepEqual(found, [{ state: 'OPEN', orders: 4, amount: 9 }, { state: 'SENT', orders: 2, amount: null }]);
  assert.deepEqual(await ask(totals, { from: '2026-01-01T00:00:00Z', states: [] }), []);
  const sent = await ask('mutation Send { sendAll(before: "2026-02-02T00:00:00Z") }');
  assert.equal(sent, 2);
  const { rows } = await postgres.pool.query("select count(*)::int as n from sales.orders where state = 'SENT'");
  assert.equal(rows[0].n, 4);
});

test('an error of the database is told in words of AppSync', async () => {
  const [error] = await refusal('query Broken { broken }');
  assert.equal(error.errorType, '400 Bad Request');
  assert.match(error.message, /^RDSHttp:\{"message":"ERROR: relation \\"nowhere\\" does not exist; SQLState: 42P01"\}$/);
});

test('values never become SQL', async () => {
  const evil = "x'; drop table a; --";
  const found = await ask('query List($filter: ModelLineFilterInput) { listLines(filter: $filter) { items { number } } }', {
    filter: { label: { eq: evil } },
  });
  assert.deepEqual(found.items, []);
  assert.ok(api.ran.length > 0 && api.ran.every((sql) => !sql.includes('drop table')), 'they are parameters');
});

test('delete', async () => {
  const drop = 'mutation Drop($input: DeleteLineInput!) { deleteLine(input: $input) { number label } }';
  assert.deepEqual(await ask(drop, { input: { orderId: ID, number: 1 } }, 'userPool'), { number: 1, label: 'l1' });
  const again = await refusal(drop, { input: { orderId: ID, number: 1 } }, 'userPool');
  assert.equal(again[0].errorType, 'ConditionalCheckFailedException');
});

test('models beside the database are in their tables as ever', async () => {
  const note = await ask('mutation Note($input: CreateNoteInput!) { createNote(input: $input) { id text } }', { input: { text: 'x' } });
  assert.equal((await ask('query Get($id: ID!) { getNote(id: $id) { text } }', { id: note.id })).text, 'x');
});
