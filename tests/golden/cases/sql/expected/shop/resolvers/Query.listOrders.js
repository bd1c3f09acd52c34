// Rendered by ampup; sha256:d51bdc9a91c1f76fe51fae201cc13fd72f5cb63fb0fa309c4bf6de7b021334f3
// Query.listOrders: Orders, of one partition or all.
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
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  const { filter, sortDirection } = ctx.args;
  const { from, count } = page(ctx.args);
  const variables = { ':count': count + 1, ':from': from };
  const wanted = [
    (ctx.args.id ?? null) === null ? '' : `${columns.id.text} = ${bind(variables, 'id', ctx.args.id)}`,
    filterText(variables, filter),
    all ? '' : filterText(variables, { or: tests }),
  ].filter((text) => text);
  const where = wanted.length > 0 ? ` WHERE ${wanted.join(' AND ')}` : '';
  const direction = sortDirection === 'DESC' ? 'DESC' : 'ASC';
  const order = [...['"id"']];
  const sorted = order.map((column) => `${column} ${direction}`).join(', ');
  return run(variables, [`SELECT ${asItem} AS item FROM ${table}${where} ORDER BY ${sorted} LIMIT :count OFFSET :from`]);
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const { from, count } = page(ctx.args);
  const items = itemsIn(ctx, 0);
  const nextToken = items.length > count ? util.base64Encode(`${from + count}`) : null;
  return { items: items.slice(0, count).map((item) => shown(item)), nextToken };
}

/** Which rows the caller asks for. One more is read, to know whether there are any after them. */
function page(args) {
  const count = args.limit ?? 100;
  const token = args.nextToken ? util.base64Decode(args.nextToken) : '0';
  if (count < 1 || !util.matches('^[0-9]+$', token)) {
    util.error('limit must be above 0, and nextToken one that was returned', 'InvalidArgumentsError');
  }
  return { from: JSON.parse(token), count };
}

/** One test of a field as SQL. */
function testText(variables, field, operator, value) {
  const { text, kind } = columns[field];
  const sign = { lt: '<', le: '<=', gt: '>', ge: '>=' }[operator];
  if (operator === 'attributeExists') {
    return `${text} IS ${value ? 'NOT NULL' : 'NULL'}`;
  }
  if (operator === 'eq' || operator === 'ne') {
    if (value === null) {
      return `${text} IS ${operator === 'eq' ? 'NULL' : 'NOT NULL'}`;
    }
    if (kind === 'list') {
      const name = parameter(variables, JSON.stringify(value));
      return `to_jsonb(${text}) IS ${operator === 'eq' ? 'NOT ' : ''}DISTINCT FROM CAST(${name} AS jsonb)`;
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
    const name = parameter(variables, kind === 'list' ? JSON.stringify(value) : value);
    const inList = `to_jsonb(${text}) @> CAST(${name} AS jsonb)`;
    const held = kind === 'list' ? inList : `strpos(CAST(${text} AS text), CAST(${name} AS text)) > 0`;
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

/** Tests of the length of a text, or of the number of elements in a list. */
function sizeText(variables, field, tests) {
  const { text, kind } = columns[field];
  const size = kind === 'list' ? `jsonb_array_length(to_jsonb(${text}))` : `length(CAST(${text} AS text))`;
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
