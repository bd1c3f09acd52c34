// What the unmodified aws-amplify library makes of refusals: shapes of GraphQL errors, of whole requests that are refused, of a
// network that is away, and data beside errors.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/data';

import { Project, good } from './project.mjs';
import { answer, schema } from './shop.mjs';

let project;
let client;

before(async () => {
  project = await Project.open('errors', [
    ['add', 'function', '--name', 'answer'],
    ['add', 'api', '--name', 'shop', '--schema', schema],
  ], { 'ampup/function/answer/index.mjs': answer });
  client = generateClient();
});

after(() => project?.close());

/** What a request is refused with. */
const refused = (query, variables) => client.graphql({ query, variables }).then((done) => assert.fail(JSON.stringify(done)), (error) => error);

test('an error of a field has its path, place, type and the rest of the data', async () => {
  good(await client.models.Customer.create({ id: 'kept', name: 'Kept' }));
  const { data, errors } = await refused('query Partial { kept: getCustomer(id: "kept") { name } bad: broken }');
  assert.deepEqual(data, { kept: { name: 'Kept' }, bad: null });
  assert.deepEqual(errors, [{
    path: ['bad'], data: null, errorType: 'Lambda:Unhandled', errorInfo: null,
    locations: [{ line: 5, column: 3, sourceName: null }], message: 'as it was told',
  }]);
});

test('a condition that fails', async () => {
  const { data, errors } = await refused('mutation { createCustomer(input: { id: "kept", name: "Again" }) { id } }');
  assert.deepEqual(data, { createCustomer: null });
  assert.equal(errors.length, 1);
  const { message, ...rest } = errors[0];
  assert.deepEqual(rest, {
    path: ['createCustomer'], data: null, errorType: 'DynamoDB:ConditionalCheckFailedException', errorInfo: null,
    locations: [{ line: 2, column: 3, sourceName: null }],
  });
  assert.match(message, /^The conditional request failed \(Service: (Amazon)?DynamoDb/);
});

/** Documents that are no good, the type of the error when it has one, and its text. */
const bad = [
  ['query { nothing }', /^Validation error of type FieldUndefined: Field 'nothing' in type 'Query' is undefined @ 'nothing'$/],
  ['query { getCustomer(id: "x") { id nothing } }', /^Validation error of type FieldUndefined: Field 'nothing' in type 'Customer' is undefined @ 'getCustomer\/nothing'$/],
  ['query { getCustomer { id } }', /^Validation error of type MissingFieldArgument: Missing field argument id @ 'getCustomer'$/],
  ['query { getCustomer(id: "x", other: 1) { id } }', /^Validation error of type UnknownArgument: Unknown field argument other @ 'getCustomer'$/],
  ['query { getCustomer(id: "x") }', /^Validation error of type SubSelectionRequired: Sub selection required for type Customer of field getCustomer @ 'getCustomer'$/],
  ['query { getCustomer(id: "x") { id { more } } }', /^Validation error of type SubSelectionNotAllowed: Sub selection not allowed on leaf type ID! of field id @ 'getCustomer\/id'$/],
  ['query { getCustomer(id: "x") { ...Lost } }', /^Validation error of type UndefinedFragment: Undefined fragment Lost @ 'getCustomer'$/],
  ['query Q($id: ID!) { getCustomer(id: "x") { id } }', /^Validation error of type UnusedVariable: Unused variable id$/],
  ['query { getCustomer(id: $id) { id } }', /^Validation error of type UndefinedVariable: Undefined variable id @ 'getCustomer'$/],
  ['query { listCustomers(limit: "ten") { nextToken } }', /^Validation error of type WrongType: argument 'limit' with value 'StringValue\{value='ten'\}' is not a valid 'Int' @ 'listCustomers'$/],
  ['mutation { createCustomer(input: { name: "x", status: LOST }) { id } }', /^Validation error of type WrongType: argument 'input\.status' with value 'EnumValue\{name='LOST'\}' is not a valid 'Status' @ 'createCustomer'$/],
];

test('documents that are no good', async () => {
  for (const [query, text] of bad) {
    const { data, errors } = await refused(query);
    assert.equal(data, null, query);
    assert.match(errors[0].message, text, query);
    assert.equal(errors[0].path, null);
    assert.ok(Array.isArray(errors[0].locations), query);
  }
});

test('values of variables that are no good', async () => {
  const query = 'mutation C($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }';
  for (const input of [{}, { name: 1 }, { name: 'x', age: 'old' }, { name: 'x', email: 'nobody' }, { name: 'x', status: 'LOST' }, { name: 'x', extra: '{' }, { name: 'x', other: 1 }, { name: null }]) {
    const { data, errors } = await refused(query, { input });
    assert.equal(data, null, JSON.stringify(input));
    assert.match(errors[0].message, /^(Variable '|The variables input contains a field|Validation error)/, JSON.stringify([input, errors]));
  }
  const { errors } = await refused(query);
  assert.match(errors[0].message, /Variable 'input' has coerced Null value for NonNull type 'CreateCustomerInput!'/);
});

test('the same by client.models', async () => {
  const cases = [
    [client.models.Customer.create({ name: 'x', born: 'yesterday' }), /^Variable 'input' has an invalid value/],
    [client.models.Customer.create({}), /^Variable 'input' has coerced Null value for NonNull type 'String!'$/],
    [client.models.Customer.create({ name: 'x', seen: '2026-01-01' }), /^Variable 'input' has an invalid value/], [client.models.Customer.list({ nextToken: 'forged' }), /./],
    [client.models.Order.list({ number: { eq: 1 } }), /./], [client.models.Customer.list({ filter: { nothing: { eq: 1 } } }), /nothing/],
  ];
  for (const [asked, text] of cases) {
    const { data, errors } = await asked;
    assert.ok(data === null || data.length === 0, JSON.stringify(data));
    assert.match(errors[0].message, text);
  }
});

test('a required field that comes back null takes its parent with it', async () => {
  const { data, errors } = await refused('query { total(range: { from: 1 }, statuses: [OPEN]) { count first { lat lon } } echo(text: "ok") }');
  assert.deepEqual(data, { total: { count: 1, first: null }, echo: 'ok' });
  assert.equal(errors.length, 1);
  assert.deepEqual(errors[0].path, ['total', 'first', 'lon']);
  assert.equal(errors[0].message, "Cannot return null for non-nullable type: 'Float' within parent 'Geo' (/total/first/lon)");
});

test('an address where nothing answers', async () => {
  const { url } = project.outputs.data;
  const gone = structuredClone(project.outputs);
  gone.API.GraphQL.endpoint = 'http://localhost:9/graphql';
  try {
    Amplify.configure(gone);
    const { data, errors } = await client.models.Customer.list();
    assert.deepEqual(data, []);
    assert.equal(errors[0].message, 'A network error has occurred.');
    const error = await refused('{ __typename }');
    assert.equal(error.errors[0].originalError.name, 'NetworkError');
  } finally {
    Amplify.configure(project.outputs);
  }
  assert.match(url, /^http/);
});

test('a body that is no request', async () => {
  const post = async (body) => {
    const given = await fetch(project.outputs.data.url, { method: 'POST', headers: { 'x-api-key': project.outputs.data.api_key }, body });
    return { status: given.status, type: given.headers.get('x-amzn-errortype'), ...await given.json() };
  };
  for (const body of ['', 'nonsense', '{}', '{"query":1}', '[]']) {
    const { status, errors, type } = await post(body);
    assert.equal(status, 400, body);
    assert.equal(errors[0].errorType, 'MalformedHttpRequestException');
    assert.equal(type, 'MalformedHttpRequestException');
  }
  const syntax = await post(JSON.stringify({ query: 'query {' }));
  assert.equal(syntax.status, 200);
  assert.match(syntax.errors[0].message, /^Validation error of type InvalidSyntax|^Unable to parse GraphQL query/);
  const two = await post(JSON.stringify({ query: 'query A { __typename } query B { __typename }' }));
  assert.equal(two.errors.length, 1);
  const one = await post(JSON.stringify({ query: 'query A { __typename } query B { other: __typename }', operationName: 'B' }));
  assert.deepEqual(one.data, { other: 'Query' });
});
