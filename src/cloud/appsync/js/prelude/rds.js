// The module `@aws-appsync/utils/rds`: requests to a database by the RDS Data API, and what it answered.
// Deliberately not here: joins, groups, aggregates and aliases of `select`; sending requests.

const statementKind = Symbol('statement');
const hintedType = Symbol('hint');

const PAYLOADS = {
  select: ['table', 'columns', 'where', 'orderBy', 'limit', 'offset'],
  insert: ['table', 'values', 'returning'],
  update: ['table', 'values', 'where', 'returning'],
  remove: ['table', 'where', 'returning'],
};

function statement(kind, payload) {
  for (const key of Object.keys(payload)) {
    if (payload[key] !== undefined && !PAYLOADS[kind].includes(key)) {
      fail(`the embedded cloud's \`${kind}\` of the module rds has no \`${key}\``, 'NotImplemented');
    }
  }
  if (typeof payload.table !== 'string') {
    fail(`\`${kind}\` of the module rds takes the name of a \`table\``, 'NotImplemented');
  }
  return { [statementKind]: kind, payload };
}

function hinted(type) {
  return (value) => ({ [hintedType]: true, type, value });
}

const typeHint = {
  DECIMAL: hinted('DECIMAL'),
  // The Data API takes documents as text.
  JSON: (value) => hinted('JSON')(typeof value === 'string' ? value : stringify(value)),
  TIMESTAMP: hinted('TIMESTAMP'),
  TIME: hinted('TIME'),
  UUID: hinted('UUID'),
  DATE: hinted('DATE'),
};

// A value as a parameter; parameters are counted over all statements of a request.
function bound(writer, value) {
  const name = `:P${Object.keys(writer.variables).length}`;
  const hint = isObject(value) && value[hintedType] === true;
  writer.variables[name] = (hint ? value.value : value) ?? null;
  if (hint) writer.hints[name] = value.type;
  return name;
}

function quotedName(writer, name) {
  const { quote } = writer;
  const part = (text) => (text === '*' ? text : `${quote}${text.replaceAll(quote, quote + quote)}${quote}`);
  return String(name).split('.').map(part).join('.');
}

function quotedNames(writer, names) {
  return names === undefined || names === null || names === '*'
    ? '*'
    : names.map((name) => quotedName(writer, name)).join(', ');
}

const SIGNS = { eq: '=', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' };

function testText(writer, subject, operator, value) {
  if (value === null && (operator === 'eq' || operator === 'ne')) {
    return `${subject} IS ${operator === 'eq' ? 'NULL' : 'NOT NULL'}`;
  }
  if (Object.hasOwn(SIGNS, operator)) return `${subject} ${SIGNS[operator]} ${bound(writer, value)}`;
  switch (operator) {
    case 'contains': return `${subject} LIKE ${bound(writer, `%${value}%`)}`;
    case 'notContains': return `${subject} NOT LIKE ${bound(writer, `%${value}%`)}`;
    case 'beginsWith': return `${subject} LIKE ${bound(writer, `${value}%`)}`;
    case 'between':
      if (!Array.isArray(value) || value.length !== 2) unusable('`between` takes a list of two values');
      return `${subject} BETWEEN ${bound(writer, value[0])} AND ${bound(writer, value[1])}`;
    case 'attributeExists': return `${subject} IS ${value ? 'NOT NULL' : 'NULL'}`;
    case 'size': return testsText(writer, `LENGTH(${subject})`, value);
    default: return unusable(`there is no operator \`${operator}\``);
  }
}

function testsText(writer, subject, tests) {
  if (!isObject(tests)) unusable(`${subject} has no tests`);
  const texts = Object.keys(tests).filter((operator) => tests[operator] !== undefined);
  return glued(texts.map((operator) => testText(writer, subject, operator, tests[operator])), ' AND ');
}

function glued(texts, glue) {
  const given = texts.filter((text) => text !== '');
  return given.length < 2 ? given.join('') : given.map((text) => `(${text})`).join(glue);
}

function whereText(writer, where) {
  if (where[statementKind] === 'sql') return sqlText(writer, where);
  const texts = Object.keys(where).filter((name) => where[name] !== undefined && where[name] !== null).map((name) => {
    if (name !== 'and' && name !== 'or' && name !== 'not') {
      return testsText(writer, quotedName(writer, name), where[name]);
    }
    const inner = glued([].concat(where[name]).map((part) => whereText(writer, part)), name === 'or' ? ' OR ' : ' AND ');
    return name === 'not' && inner !== '' ? `NOT (${inner})` : inner;
  });
  return glued(texts, ' AND ');
}

function whereClause(writer, where) {
  const text = where === undefined || where === null ? '' : whereText(writer, where);
  return text === '' ? '' : ` WHERE ${text}`;
}

function returningClause(writer, returning) {
  if (returning === undefined || returning === null) return '';
  if (writer.quote !== '"') fail('only PostgreSQL has `returning`', 'NotImplemented');
  return ` RETURNING ${quotedNames(writer, returning)}`;
}

function sqlText(writer, { payload: { texts, values } }) {
  return texts.map((text, index) => (index === 0 ? text : `${bound(writer, values[index - 1])}${text}`)).join('');
}

function orderClause(writer, orderBy) {
  if (!Array.isArray(orderBy) || orderBy.length === 0) return '';
  const terms = orderBy.map(({ column, dir }) => {
    const direction = String(dir ?? 'ASC').toUpperCase();
    if (direction !== 'ASC' && direction !== 'DESC') fail('`dir` is ASC or DESC', 'ValidationException');
    return `${quotedName(writer, column)} ${direction}`;
  });
  return ` ORDER BY ${terms.join(', ')}`;
}

function countClause(writer, word, count) {
  return count === undefined || count === null ? '' : ` ${word} ${bound(writer, count)}`;
}

const WRITERS = {
  sql: sqlText,
  select: (writer, { payload }) => [
    `SELECT ${quotedNames(writer, payload.columns)} FROM ${quotedName(writer, payload.table)}`,
    whereClause(writer, payload.where),
    orderClause(writer, payload.orderBy),
    countClause(writer, 'LIMIT', payload.limit),
    countClause(writer, 'OFFSET', payload.offset),
  ].join(''),
  insert: (writer, { payload }) => {
    const names = Object.keys(payload.values);
    const values = names.map((name) => bound(writer, payload.values[name])).join(', ');
    const table = quotedName(writer, payload.table);
    const into = `INSERT INTO ${table} (${quotedNames(writer, names)}) VALUES (${values})`;
    return into + returningClause(writer, payload.returning);
  },
  update: (writer, { payload }) => {
    const names = Object.keys(payload.values);
    const sets = names.map((name) => `${quotedName(writer, name)} = ${bound(writer, payload.values[name])}`).join(', ');
    const where = whereClause(writer, payload.where);
    return `UPDATE ${quotedName(writer, payload.table)} SET ${sets}${where}${returningClause(writer, payload.returning)}`;
  },
  remove: (writer, { payload }) =>
    `DELETE FROM ${quotedName(writer, payload.table)}${whereClause(writer, payload.where)}${returningClause(writer, payload.returning)}`,
};

function rdsRequest(quote, given) {
  const writer = { quote, variables: {}, hints: {} };
  const wanted = given.filter((one) => one !== undefined && one !== null);
  if (wanted.length < 1 || wanted.length > 2) fail('a request to a database has one or two statements', 'ValidationException');
  const statements = wanted.map((one) => {
    if (typeof one === 'string') return one;
    if (!isObject(one) || one[statementKind] === undefined) fail('this is no statement', 'ValidationException');
    return WRITERS[one[statementKind]](writer, one);
  });
  return { statements, variableMap: writer.variables, variableTypeHintMap: writer.hints };
}

const PLAIN_VALUES = ['stringValue', 'longValue', 'doubleValue', 'booleanValue', 'blobValue'];
const LIST_VALUES = ['stringValues', 'longValues', 'doubleValues', 'booleanValues'];

function listValue(list) {
  if (Array.isArray(list.arrayValues)) return list.arrayValues.map(listValue);
  const kind = LIST_VALUES.find((name) => Array.isArray(list[name]));
  return kind === undefined ? [] : list[kind];
}

// A field of a record ("RDS Data API reference", `Field`).
function fieldValue(field) {
  if (isObject(field.arrayValue)) return listValue(field.arrayValue);
  const kind = PLAIN_VALUES.find((name) => field[name] !== undefined && field[name] !== null);
  return kind === undefined || field.isNull === true ? null : field[kind];
}

function parsedAnswer(answer) {
  if (typeof answer !== 'string') return answer;
  try {
    return parse(answer);
  } catch {
    return null;
  }
}

// What is no answer of a database gives null.
function toJsonObject(answer) {
  const sqlStatementResults = parsedAnswer(answer)?.sqlStatementResults;
  if (!Array.isArray(sqlStatementResults)) return null;
  return sqlStatementResults.map(({ records, columnMetadata }) =>
    (records ?? []).map((record) => {
      const row = {};
      record.forEach((field, index) => {
        const column = columnMetadata?.[index] ?? {};
        row[column.label ?? column.name] = fieldValue(field);
      });
      return row;
    }),
  );
}

const rdsModule = {
  sql: (texts, ...values) => ({ [statementKind]: 'sql', payload: { texts: [...texts], values } }),
  select: (payload) => statement('select', payload),
  insert: (payload) => statement('insert', payload),
  update: (payload) => statement('update', payload),
  remove: (payload) => statement('remove', payload),
  createMySQLStatement: (...statements) => rdsRequest('`', statements),
  createPgStatement: (...statements) => rdsRequest('"', statements),
  toJsonObject,
  typeHint,
};
