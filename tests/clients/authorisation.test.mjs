// Owners, groups, fields and their subscribers, by the unmodified aws-amplify library: who may do what.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { fetchAuthSession } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/data';

import { openAccess } from './access.mjs';
import { listen, silence } from './listening.mjs';
import { good, until } from './project.mjs';

let project;
let client;
const subs = {};

before(async () => {
  ({ project } = await openAccess('authorisation'));
  client = generateClient();
  subs.ada = await project.enter('ada');
  subs.bob = await project.enter('bob');
  subs.eve = await project.enter('eve', ['Editors']);
  subs.rob = await project.enter('rob', ['Readers']);
});

afterEach(silence);

after(() => project?.close());

/** Nothing but one error `Unauthorized` of a field. */
function refused({ data, errors }, field, type) {
  assert.equal(data, null, JSON.stringify(data));
  assert.equal(errors.length, 1, JSON.stringify(errors));
  const [{ errorType, message, path, locations }] = errors;
  assert.deepEqual([errorType, message, path], ['Unauthorized', `Not Authorized to access ${field} on type ${type}`, [field]]);
  assert.equal(locations.length, 1);
}

test('what one owns, others neither see, find, change nor delete', async () => {
  await project.become('ada');
  const { id, owner } = good(await client.models.Note.create({ text: 'mine' }));
  assert.equal(owner, subs.ada, 'the sub is the username of whoever signs in by e-mail');
  await project.become('bob');
  const own = good(await client.models.Note.create({ text: 'of bob' }));
  refused(await client.models.Note.get({ id }), 'getNote', 'Query');
  assert.deepEqual(good(await client.models.Note.list()).map((note) => note.id), [own.id]);
  refused(await client.models.Note.update({ id, text: 'stolen' }), 'updateNote', 'Mutation');
  refused(await client.models.Note.delete({ id }), 'deleteNote', 'Mutation');
  assert.equal(good(await client.models.Note.get({ id: 'absent' })), null);
  await project.become('ada');
  assert.deepEqual(good(await client.models.Note.list()).map((note) => note.text), ['mine']);
  assert.equal(good(await client.models.Note.get({ id })).text, 'mine');
});

test('static groups', async () => {
  await project.become('eve');
  const { id } = good(await client.models.Report.create({ text: 'q1' }));
  await project.become('rob');
  assert.equal(good(await client.models.Report.get({ id })).text, 'q1');
  refused(await client.models.Report.update({ id, text: 'q2' }), 'updateReport', 'Mutation');
  await project.become('ada');
  refused(await client.models.Report.get({ id }), 'getReport', 'Query');
  const { data, errors } = await client.models.Report.list();
  assert.deepEqual([data, errors[0].errorType], [[], 'Unauthorized']);
  refused(await client.queries.editorsOnly(), 'editorsOnly', 'Query');
  await project.become('eve');
  assert.equal(good(await client.queries.editorsOnly()), `${subs.eve} sub Editors`);
});

test('a new member of a group is one with the next token', async () => {
  await project.enter('new');
  refused(await client.models.Report.create({ text: 'x' }), 'createReport', 'Mutation');
  await project.administer('AdminAddUserToGroup', { Username: 'new@example.com', GroupName: 'Editors' });
  refused(await client.models.Report.create({ text: 'x' }), 'createReport', 'Mutation');
  const { tokens } = await fetchAuthSession({ forceRefresh: true });
  assert.deepEqual(tokens.accessToken.payload['cognito:groups'], ['Editors']);
  good(await client.models.Report.create({ text: 'x' }));
});

test('owners and groups that stand in fields, single and in lists', async () => {
  await project.become('ada');
  const { id, author } = good(await client.models.Task.create({ title: 'one', editors: [subs.bob], team: 'Editors', teams: ['Readers'] }));
  assert.equal(author, subs.ada);
  refused(await client.models.Task.create({ title: 'forged', author: subs.bob }), 'createTask', 'Mutation');
  await project.become('bob');
  assert.equal(good(await client.models.Task.update({ id, title: 'two' })).title, 'two');
  refused(await client.models.Task.delete({ id }), 'deleteTask', 'Mutation');
  assert.deepEqual(good(await client.models.Task.list()).map(({ title }) => title), ['two']);
  await project.become('eve');
  assert.equal(good(await client.models.Task.get({ id })).title, 'two');
  refused(await client.models.Task.update({ id, title: 'three' }), 'updateTask', 'Mutation');
  await project.become('rob');
  assert.deepEqual(good(await client.models.Task.list()).map(({ title }) => title), ['two']);
  assert.equal(good(await client.models.Task.update({ id, title: 'three' })).title, 'three');
  await project.enter('stranger');
  refused(await client.models.Task.get({ id }), 'getTask', 'Query');
  assert.deepEqual(good(await client.models.Task.list()), []);
  await project.become('ada');
  good(await client.models.Task.update({ id, editors: [], teams: [] }));
  await project.become('bob');
  refused(await client.models.Task.get({ id }), 'getTask', 'Query');
});

test('fields with rules of their own', async () => {
  await project.become('ada');
  const made = good(await client.models.Person.create({ name: 'Ada', salary: 100 }, { selectionSet: ['id', 'name'] }));
  const { id } = made;
  assert.equal(good(await client.models.Person.get({ id })).salary, 100);
  await project.become('eve');
  assert.equal(good(await client.models.Person.get({ id })).salary, 100);
  await project.become('bob');
  const { data, errors } = await client.models.Person.get({ id });
  assert.deepEqual([data.name, data.salary], ['Ada', null]);
  assert.deepEqual([errors[0].errorType, errors[0].path], ['Unauthorized', ['getPerson', 'salary']]);
  assert.equal(errors[0].message, 'Not Authorized to access salary on type Person');
  assert.equal(good(await client.models.Person.get({ id }, { selectionSet: ['name'] })).name, 'Ada');
  const listed = await client.models.Person.list();
  assert.equal(listed.data[0].name, 'Ada');
  assert.deepEqual(listed.errors[0].path, ['listPeople', 'items', 0, 'salary']);
});

test('owners by a claim that only id tokens have', async () => {
  await project.become('ada');
  const { tokens } = await fetchAuthSession();
  const options = { headers: { Authorization: tokens.idToken.toString() } };
  const { id, owner } = good(await client.models.Letter.create({ text: 'x' }, options));
  assert.equal(owner, 'ada@example.com');
  assert.equal(good(await client.models.Letter.get({ id }, options)).text, 'x');
  refused(await client.models.Letter.create({ text: 'y' }), 'createLetter', 'Mutation');
  refused(await client.models.Letter.get({ id }), 'getLetter', 'Query');
  assert.equal((await client.models.Letter.list()).errors[0].message, 'Not Authorized to access listLetters on type Query');
});

test('owners hear of their own items only', async () => {
  const hear = async (name) => { await project.become(name); return listen(client.models.Note.onCreate()); };
  const ada = await hear('ada');
  const bob = await hear('bob');
  good(await client.models.Note.create({ text: 'by bob' }));
  await project.become('ada');
  good(await client.models.Note.create({ text: 'by ada' }));
  await until('both', () => ada.items.length > 0 && bob.items.length > 0);
  assert.deepEqual(ada.items.map(({ text }) => text), ['by ada']);
  assert.deepEqual(bob.items.map(({ text }) => text), ['by bob']);
});

test('members of groups and of lists hear what concerns them', async () => {
  const hear = async (name) => { await project.become(name); return listen(client.models.Task.onCreate()); };
  const heard = { bob: await hear('bob'), eve: await hear('eve'), rob: await hear('rob'), stranger: await hear('stranger') };
  await project.become('ada');
  const { Task } = client.models;
  good(await Task.create({ title: 'bob', editors: [subs.bob] }));
  good(await Task.create({ title: 'eve', team: 'Editors' }));
  good(await Task.create({ title: 'rob', teams: ['Readers', 'Others'] }));
  good(await Task.create({ title: 'all', editors: [subs.eve, subs.bob], team: 'Readers' }));
  await until('the last', () => ['bob', 'eve', 'rob'].every((name) => heard[name].items.at(-1)?.title === 'all'));
  assert.deepEqual(
    Object.values(heard).map(({ items }) => items.map(({ title }) => title)),
    [['bob', 'all'], ['eve', 'all'], ['rob', 'all'], []],
  );
});

// A refusal makes the library close the connection that all subscriptions share; so this is the last.
test('whoever may not listen is told so', async () => {
  await project.become('ada');
  const ask = (query) => listen(client.graphql({ query }));
  const [report, note] = await Promise.all([
    ask('subscription { onCreateReport { id } }'), ask(`subscription { onCreateNote(owner: "${subs.bob}") { id } }`),
  ]);
  for (const [heard, field] of [[report, 'onCreateReport'], [note, 'onCreateNote']]) {
    const [error] = await until('a refusal', () => heard.errors.length > 0 && heard.errors);
    assert.match(error.errors[0].message, /^Connection failed: .*"errorType":"Unauthorized"/);
    assert.match(error.errors[0].message, new RegExp(`Not Authorized to access ${field} on type Subscription`));
    assert.deepEqual(heard.items, []);
  }
});
