// Rendered by ampup; sha256:dbaad9ce9b50b585064d6d36a587a6e5c534c20eee5cbf664a275926ddf074fd
// Mutation.createLine: adds a Line.
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
  const item = newItem(ctx);
  if (!access(ctx)) {
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
    row[columns[field].name] = item[field];
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
  return { ...item, __operation: 'Mutation' };
}

/** The input, with what the API adds to it. */
function newItem(ctx) {
  const { input } = ctx.args;
  const item = { ...input };
  return item;
}

/** The request for some statements, of which AppSync runs two at most. */
function run(variables, statements) {
  return { statements, variableMap: variables, variableTypeHintMap: {} };
}

/** The items in the answer to one of the statements. */
function itemsIn(ctx, statement) {
  const rows = toJsonObject(ctx.result)[statement] ?? [];
  return rows.map((row) => JSON.parse(row.item));
}

/** What the rules let the caller set of Line. */
function access(ctx) {
  if (util.authType() === 'User Pool Authorization') {
    return true;
  }
  return false;
}
