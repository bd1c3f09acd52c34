// Rendered by ampup; sha256:dc6551b058675e37ac1b04c582c039cab4b431d20529295ed8ffeb7ad944841b
// Query.getItem: one Item by its key.
import { util } from '@aws-appsync/utils';
import { toJsonObject } from '@aws-appsync/utils/rds';

const table = '`Item`';

/** The columns of the table, by the fields of Item. */
const columns = {
  code: { text: '`code`' },
  name: { text: '`name`' },
  count: { text: '`count`' },
  sold: { text: '`sold`' },
  checkedAt: { text: '`checkedAt`', kind: 'moment' },
  facts: { text: '`facts`', kind: 'document' },
  places: { text: '`places`', kind: 'list' },
};

/** A row as one JSON document. */
const asItem = 'JSON_OBJECT(\'code\', `code`, \'name\', `name`, \'count\', `count`, \'sold\', `sold`, \'checkedAt\', `checkedAt`, \'facts\', `facts`, \'places\', `places`)';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  const variables = {};
  const key = `${columns.code.text} = ${bind(variables, 'code', ctx.args.code)}`;
  return run(variables, [`SELECT ${asItem} AS item FROM ${table} WHERE ${key}`]);
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const item = itemsIn(ctx, 0)[0] ?? null;
  return item;
}

/** The request for some statements, of which AppSync runs two at most. */
function run(variables, statements) {
  return { statements, variableMap: variables, variableTypeHintMap: {} };
}

/** A value as a parameter of the statements: what stands for it in them. */
function bind(variables, field, value) {
  const name = `:v${Object.keys(variables).length}`;
  variables[name] = stored(field, value);
  return name;
}

/** A value as it is stored: MySQL knows no zones, and documents as text. */
function stored(field, value) {
  const { kind } = columns[field];
  if (kind === 'list' || kind === 'document') {
    return JSON.stringify(value);
  }
  if (kind === 'moment') {
    const inUtc = value.endsWith('Z')
      ? value
      : util.time.epochMilliSecondsToISO8601(util.time.parseISO8601ToEpochMilliSeconds(value));
    return inUtc.replace('T', ' ').replace('Z', '');
  }
  return value;
}

/** The items in the answer to one of the statements. */
function itemsIn(ctx, statement) {
  const rows = toJsonObject(ctx.result)[statement] ?? [];
  return rows.map((row) => {
    const item = JSON.parse(row.item);
    return {
      ...item,
      sold: (item.sold ?? null) === null ? null : !!item.sold,
      checkedAt: moment(item.checkedAt),
      facts: typeof (item.facts ?? '') === 'string' ? item.facts : JSON.stringify(item.facts),
      places: document(item.places),
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

/** What the rules of Item let the caller read. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
