// Rendered by ampup; sha256:aeeda1d2aa00a89965fc12b462e6820e5ffaa19afbbd4cbedd81b82de8676bb5
// Line.order: the Order of this Line.
import { runtime, util } from '@aws-appsync/utils';
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
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  // Subscribers to the mutation may see less than its caller, so they do not get it.
  if (ctx.source.__operation === 'Mutation') {
    runtime.earlyReturn(null);
  }
  if ((ctx.source.orderId ?? null) === null) {
    runtime.earlyReturn(null);
  }
  const variables = {};
  const key = `${columns.id.text} = ${bind(variables, 'id', ctx.source.orderId)}`;
  return run(variables, [`SELECT ${asItem} AS item FROM ${table} WHERE ${key} LIMIT 1`]);
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const item = itemsIn(ctx, 0)[0] ?? null;
  if (item) {
    const { all, tests } = access(ctx);
    if (!all && !tests.some((test) => meets(item, test))) {
      util.unauthorized();
    }
  }
  return item ? shown(item) : null;
}

/** The request for some statements, of which AppSync runs two at most. */
function run(variables, statements) {
  return { statements, variableMap: variables, variableTypeHintMap: {} };
}

/** A value as a parameter of the statements: what stands for it in them. */
function bind(variables, field, value) {
  const name = `:v${Object.keys(variables).length}`;
  // The database makes a row of the table of it, and so takes the value for what the column holds.
  variables[name] = JSON.stringify({ [columns[field].name]: stored(field, value) });
  return `(jsonb_populate_record(CAST(NULL AS ${table}), CAST(${name} AS jsonb))).${columns[field].text}`;
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

/** What the rules of Order let the caller read. */
function access(ctx) {
  const tests = [];
  if (util.authType() === 'User Pool Authorization') {
    const { claims } = ctx.identity;
    if (groupsIn(claims['cognito:groups']).some((group) => ['Staff'].includes(group))) {
      return { all: true, tests };
    }
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

/** The groups in a claim, which is a list, the JSON text of a list, or one name. */
function groupsIn(claim) {
  if (typeof claim !== 'string') {
    return claim ?? [];
  }
  return claim.startsWith('[') ? JSON.parse(claim) : [claim];
}

/** Whether an item passes a test such as `{ owner: { eq: 'ada' } }`. */
function meets(item, test) {
  const field = Object.keys(test)[0];
  const { eq, contains } = test[field];
  return contains ? [].concat(item[field] ?? []).includes(contains) : item[field] === eq;
}
