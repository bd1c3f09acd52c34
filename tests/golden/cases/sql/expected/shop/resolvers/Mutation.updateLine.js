// Rendered by ampup; sha256:6e4f1917a3d8ad6645ded8985183bb0c2375a31feeebe0fab46bae76cc67a4f0
// Mutation.updateLine: changes a Line.
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
  const { input, condition } = ctx.args;
  if (!access(ctx)) {
    util.unauthorized();
  }
  const changes = {
  };
  for (const field of Object.keys(input)) {
    if (!['orderId', 'number'].includes(field)) {
      changes[field] = input[field];
    }
  }
  const variables = {};
  const key = `${columns.orderId.text} = ${bind(variables, 'orderId', input.orderId)} AND ${columns.number.text} = ${bind(variables, 'number', input.number)}`;
  const allowed = [key, filterText(variables, condition)];
  const where = allowed.filter((text) => text).join(' AND ');
  const fields = Object.keys(changes);
  const names = fields.map((field) => columns[field].text).join(', ');
  const row = {};
  for (const field of fields) {
    row[columns[field].name] = changes[field];
  }
  variables[':row'] = JSON.stringify(row);
  const values = `SELECT ${names} FROM jsonb_populate_record(CAST(NULL AS ${table}), CAST(:row AS jsonb))`;
  // Something must be set, even when nothing changes.
  const change = fields.length > 0 ? `(${names}) = (${values})` : '"order_id" = "order_id"';
  return run(variables, [
    `SELECT ${asItem} AS item FROM ${table} WHERE ${key}`,
    `UPDATE ${table} SET ${change} WHERE ${where} RETURNING ${asItem} AS item`,
  ]);
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const [item, changed] = [itemsIn(ctx, 0)[0] ?? null, itemsIn(ctx, 1)[0] ?? null];
  if (!changed) {
    util.error('The conditional request failed', 'ConditionalCheckFailedException');
  }
  return { ...changed, __operation: 'Mutation' };
}

/** One test of a field as SQL. */
function testText(variables, field, operator, value) {
  const { text } = columns[field];
  const sign = { lt: '<', le: '<=', gt: '>', ge: '>=' }[operator];
  if (operator === 'attributeExists') {
    return `${text} IS ${value ? 'NOT NULL' : 'NULL'}`;
  }
  if (operator === 'eq' || operator === 'ne') {
    if (value === null) {
      return `${text} IS ${operator === 'eq' ? 'NULL' : 'NOT NULL'}`;
    }
    const other = bind(variables, field, value);
    return `${text} ${operator === 'eq' ? '=' : 'IS DISTINCT FROM'} ${other}`;
  }
  if (sign && value !== null) {
    return `${text} ${sign} ${bind(variables, field, value)}`;
  }
  if (operator === 'between' && value && value.length === 2) {
    return `${text} BETWEEN ${bind(variables, field, value[0])} AND ${bind(variables, field, value[1])}`;
  }
  if (operator === 'contains' || operator === 'notContains') {
    const held = `strpos(CAST(${text} AS text), CAST(${parameter(variables, value)} AS text)) > 0`;
    return operator === 'contains' ? held : `NOT COALESCE(${held}, FALSE)`;
  }
  if (operator === 'beginsWith') {
    return `starts_with(CAST(${text} AS text), CAST(${parameter(variables, value)} AS text))`;
  }
  if (operator === 'size' && value) {
    return sizeText(variables, field, value);
  }
  return util.error('Unable to process the filter expression', 'Unrecognized Filter');
}

/** Tests of the length of a text. */
function sizeText(variables, field, tests) {
  const size = `length(CAST(${columns[field].text} AS text))`;
  const signs = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' };
  const texts = Object.keys(tests).map((operator) => {
    const values = [].concat(tests[operator]).map((value) => parameter(variables, value));
    return operator === 'between' ? `${size} BETWEEN ${values.join(' AND ')}` : `${size} ${signs[operator]} ${values[0]}`;
  });
  return texts.join(' AND ');
}

/** A value that belongs to no column, as a parameter of the statements. */
function parameter(variables, value) {
  const name = `:v${Object.keys(variables).length}`;
  variables[name] = value;
  return name;
}

/** A filter as SQL, empty when it asks for nothing. AppSync knows no recursion, so its levels are taken one by one. */
function filterText(variables, filter) {
  const root = { filters: [filter ?? {}], glue: ' AND ', negated: false };
  const nodes = [root];
  let open = [root];
  for (const level of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    const inner = [];
    for (const node of open) {
      node.terms = node.filters.map((tests) =>
        Object.keys(tests ?? {}).map((name) => {
          const given = tests[name] ?? {};
          if (name === 'and' || name === 'or' || name === 'not') {
            const child = { filters: [].concat(given), glue: name === 'or' ? ' OR ' : ' AND ', negated: name === 'not' };
            inner.push(child);
            return child;
          }
          return { text: Object.keys(given).map((operator) => testText(variables, name, operator, given[operator])).join(' AND ') };
        }),
      );
    }
    nodes.push(...inner);
    open = inner;
    if (level === 10 && open.length > 0) {
      util.error('Filters may be nested ten levels deep', 'Unrecognized Filter');
    }
  }
  // The innermost first, so that every text is there when it is needed.
  nodes.reverse().forEach((node) => {
    const texts = node.terms.map((terms) => terms.map((term) => term.text).filter((text) => text).join(' AND '));
    const given = texts.filter((text) => text).map((text) => `(${text})`);
    const text = `(${given.join(node.glue)})`;
    // What is not known is not so: NOT alone would leave it unknown.
    const whole = node.negated ? `NOT COALESCE(${text}, FALSE)` : text;
    node.text = given.length > 0 ? whole : '';
  });
  return root.text;
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

/** What the rules let the caller change of Line. */
function access(ctx) {
  if (util.authType() === 'User Pool Authorization') {
    return true;
  }
  return false;
}
