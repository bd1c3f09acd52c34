// Rendered by ampup; sha256:d7d579150b96a48fda911437d69102c0be222e2f9a200c42106cc4415c817274
// Query.getLine: one Line by its key.
import { util } from '@aws-appsync/utils';
import { toJsonObject } from '@aws-appsync/utils/rds';

const table = '"Line"';

/** The columns of the table, by the fields of Line. */
const columns = {
  orderId: { name: 'order_id', text: '"order_id"' },
  number: { name: 'number', text: '"number"' },
  amount: { name: 'amount', text: '"amount"' },
};

/** A row as one JSON document. */
const asItem = 'jsonb_build_object(\'orderId\', "order_id", \'number\', "number", \'amount\', "amount")';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  const variables = {};
  const key = `${columns.orderId.text} = ${bind(variables, 'orderId', ctx.args.orderId)} AND ${columns.number.text} = ${bind(variables, 'number', ctx.args.number)}`;
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
  // The database makes a row of the table of it, and so takes the value for what the column holds.
  variables[name] = JSON.stringify({ [columns[field].name]: value });
  return `(jsonb_populate_record(CAST(NULL AS ${table}), CAST(${name} AS jsonb))).${columns[field].text}`;
}

/** The items in the answer to one of the statements. */
function itemsIn(ctx, statement) {
  const rows = toJsonObject(ctx.result)[statement] ?? [];
  return rows.map((row) => JSON.parse(row.item));
}

/** What the rules of Line let the caller read. */
function access(ctx) {
  if (util.authType() === 'User Pool Authorization') {
    return true;
  }
  return false;
}
