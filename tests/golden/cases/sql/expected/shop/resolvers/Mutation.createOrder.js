// Rendered by ampup; sha256:3ce90b46984d50049f2af7d7fe3c67eae4f0fff33a003e4eec00c0e8cae78b61
// Mutation.createOrder: adds a Order.
import { util } from '@aws-appsync/utils';
import { toJsonObject } from '@aws-appsync/utils/rds';

const table = '"sales"."orders"';

/** The columns of the table, by the fields of Order. */
const columns = {
  id: { name: 'id', text: '"id"' },
  owner: { name: 'owner', text: '"owner"' },
  state: { name: 'state', text: '"state"' },
  placedAt: { name: 'placed_at', text: '"placed_at"', kind: 'moment' },
  tags: { name: 'tags', text: '"tags"', kind: 'list' },
};

/** A row as one JSON document. */
const asItem = 'jsonb_build_object(\'id\', "id", \'owner\', "owner", \'state\', "state", \'placedAt\', "placed_at", \'tags\', "tags")';

export function request(ctx) {
  const item = newItem(ctx);
  const { all, tests } = access(ctx);
  if (!all && !tests.some((test) => meets(item, test))) {
    util.unauthorized();
  }
  if (Object.keys(ctx.args.condition ?? {}).length > 0) {
    util.error('A row that is not there yet meets no condition', 'InvalidArgumentsError');
  }
  const variables = {};
  // What is not given is left to the defaults of the columns.
  const fields = Object.keys(item).filter((field) => (item[field] ?? null) !== null);
  const names = fields.map((field) => columns[field].text).join(', ');
  const row = {};
  for (const field of fields) {
    row[columns[field].name] = stored(field, item[field]);
  }
  const values =
    fields.length > 0
      ? `(${names}) SELECT ${names} FROM jsonb_populate_record(CAST(NULL AS ${table}), CAST(:row AS jsonb))`
      : 'DEFAULT VALUES';
  if (fields.length > 0) {
    variables[':row'] = JSON.stringify(row);
  }
  return run(variables, [`INSERT INTO ${table} ${values} RETURNING ${asItem} AS item`]);
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const item = itemsIn(ctx, 0)[0];
  return { ...shown(item), __operation: 'Mutation' };
}

/** The input, with what the API adds to it. */
function newItem(ctx) {
  const { input } = ctx.args;
  const item = { ...input };
  item.id = input.id ?? util.autoId();
  if (util.authType() === 'User Pool Authorization' && item.owner === undefined) {
    const { claims } = ctx.identity;
    item.owner = identities([claims.sub, claims.username ?? claims['cognito:username']])[0];
  }
  return item;
}

/** The request for some statements, of which AppSync runs two at most. */
function run(variables, statements) {
  return { statements, variableMap: variables, variableTypeHintMap: {} };
}

/** A value as it is stored: points in time are in UTC. */
function stored(field, value) {
  if (columns[field].kind !== 'moment' || value.endsWith('Z')) {
    return value;
  }
  return util.time.epochMilliSecondsToISO8601(util.time.parseISO8601ToEpochMilliSeconds(value));
}

/** The items in the answer to one of the statements. */
function itemsIn(ctx, statement) {
  const rows = toJsonObject(ctx.result)[statement] ?? [];
  return rows.map((row) => {
    const item = JSON.parse(row.item);
    return {
      ...item,
      placedAt: moment(item.placedAt),
      tags: document(item.tags),
    };
  });
}

/** A point in time as GraphQL writes it; columns without a zone are in UTC. */
function moment(value) {
  if ((value ?? null) === null) {
    return null;
  }
  const text = value.replace(' ', 'T');
  const time = text.slice(10);
  return ['Z', '+', '-'].some((sign) => time.includes(sign)) ? text : `${text}Z`;
}

/** A list or an object, which a column of text holds as JSON. */
function document(value) {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, owner: last(item.owner) };
}

/** What the rules let the caller set of Order. */
function access(ctx) {
  const tests = [];
  if (util.authType() === 'User Pool Authorization') {
    const { claims } = ctx.identity;
    for (const name of identities([claims.sub, claims.username ?? claims['cognito:username']])) {
      tests.push({ owner: { eq: name } });
    }
  }
  return { all: false, tests };
}

/** The names by which an item may know the caller; the first is the one that is stored. */
function identities(parts) {
  const known = parts.filter((part) => !!part);
  return known.length > 1 && known.length === parts.length ? [parts.join('::'), ...known] : known;
}

/** Whether an item passes a test such as `{ owner: { eq: 'ada' } }`. */
function meets(item, test) {
  const field = Object.keys(test)[0];
  const { eq, contains } = test[field];
  return contains ? [].concat(item[field] ?? []).includes(contains) : item[field] === eq;
}
