// An app on DataStore, as a developer writes it: the library as it comes, the generated models, the outputs file.
import { Amplify } from 'aws-amplify';
import { confirmSignUp, signIn, signOut, signUp } from 'aws-amplify/auth';
import { AuthModeStrategyType, DISCARD, DataStore, SortDirection, syncExpression } from 'aws-amplify/datastore';
import { Hub } from 'aws-amplify/utils';

import * as models from 'ampup-models';

const events = [];
const errors = [];
const conflicts = [];
const views = {};
const seen = [];

Hub.listen('datastore', ({ payload: { event, data } }) => events.push({ event, data: JSON.parse(JSON.stringify(data ?? null)) }));

const plain = (item) => (item ? JSON.parse(JSON.stringify(item)) : null);

globalThis.app = {
  configure(outputs) {
    Amplify.configure(outputs);
    DataStore.configure({
      errorHandler: (error) => errors.push(`${error.operation} ${error.errorType}: ${error.message}`),
      conflictHandler: ({ modelConstructor, localModel, remoteModel, operation }) => {
        conflicts.push(`${modelConstructor.name} ${operation} on ${remoteModel.title}`);
        return localModel.title === 'insist'
          ? modelConstructor.copyOf(remoteModel, (draft) => { draft.title = 'insisted'; })
          : DISCARD;
      },
    });
  },
  signUp: (username, password) => signUp({ username, password, options: { userAttributes: { email: username } } }),
  confirm: (username, confirmationCode) => confirmSignUp({ username, confirmationCode }),
  signIn: (username, password) => signIn({ username, password }),
  signOut: () => signOut(),
  /** From now on, each model is asked for in the ways that its rules know, one after the other. */
  tryAllWays: () => DataStore.configure({ authModeStrategyType: AuthModeStrategyType.MULTI_AUTH }),
  start: () => DataStore.start(),
  stop: () => DataStore.stop(),
  clear: () => DataStore.clear(),
  /** Keeps of a model what passes one test; of the others, all. */
  keepOnly(model, field, operator, value) {
    DataStore.configure({ syncExpressions: [syncExpression(models[model], () => (item) => item[field][operator](value))] });
  },
  events: () => events,
  errors: () => errors,
  conflicts: () => conflicts,
  forget: () => { events.length = 0; },
  has: (wanted) => events.some(({ event }) => event === wanted),
  outboxIsEmpty: () => events.filter(({ event }) => event === 'outboxStatus').at(-1)?.data.isEmpty ?? false,
  async save(model, values) {
    const { noteId, ...own } = values;
    const note = noteId ? await DataStore.query(models.Note, noteId) : undefined;
    return plain(await DataStore.save(new models[model](note ? { ...own, note } : own)));
  },
  async update(model, id, changes) {
    const old = await DataStore.query(models[model], id);
    return plain(await DataStore.save(models[model].copyOf(old, (draft) => Object.assign(draft, changes))));
  },
  async remove(model, id) {
    await DataStore.delete(await DataStore.query(models[model], id));
  },
  async saveUnder(model, values, field, parent, key) {
    return plain(await DataStore.save(new models[model]({ ...values, [field]: await DataStore.query(models[parent], key) })));
  },
  async join(model, pairs) {
    const ends = await Promise.all(pairs.map(async ([field, parent, key]) => [field, await DataStore.query(models[parent], key)]));
    return plain(await DataStore.save(new models[model](Object.fromEntries(ends))));
  },
  removeWhere: async (model, field, operator, value) => (await DataStore.delete(models[model], (item) => item[field][operator](value))).length,
  async find(model, tests, { sort, ...page } = {}) {
    const sorted = sort && { sort: (item) => item[sort.by](SortDirection[sort.direction]) };
    const found = await DataStore.query(models[model], (item) => item.and((one) => tests.map(([field, operator, value]) => one[field][operator](value))), { ...page, ...sorted });
    return found.map(plain);
  },
  async related(model, key, field) {
    const found = await (await DataStore.query(models[model], key))[field];
    return typeof found?.toArray === 'function' ? (await found.toArray()).map(plain) : plain(found);
  },
  /** What happens to a model from now on. */
  observe(model) {
    DataStore.observe(models[model]).subscribe(({ opType, element }) => seen.push({ opType, element: plain(element) }));
  },
  seen: () => seen,
  get: async (model, id) => plain(await DataStore.query(models[model], id)),
  list: async (model) => (await DataStore.query(models[model])).map(plain),
  async comments(id) {
    const note = await DataStore.query(models.Note, id);
    const comments = await note.comments.toArray();
    return Promise.all(comments.map(async (comment) => ({ text: comment.text, note: (await comment.note).title })));
  },
  watch(model) {
    views[model] = { items: [], synced: false };
    DataStore.observeQuery(models[model]).subscribe(({ items, isSynced }) => {
      views[model] = { items: items.map(plain), synced: isSynced };
    });
  },
  view: (model) => views[model],
};
