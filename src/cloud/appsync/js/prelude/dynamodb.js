// The module `@aws-appsync/utils/dynamodb`: requests to a DynamoDB data source, from plain objects.
// Deliberately not here: sending them.

const operationKind = Symbol('operation');

function operation(kind, value) {
  return { [operationKind]: kind, value };
}

const operations = {
  add: (value) => operation('add', { value }),
  replace: (value) => operation('add', { value }),
  remove: () => operation('remove', {}),
  increment: (by = 1) => operation('step', { by, sign: '+' }),
  decrement: (by = 1) => operation('step', { by, sign: '-' }),
  append: (items) => operation('join', { items, first: false }),
  prepend: (items) => operation('join', { items, first: true }),
  updateListItem: (value, index) => operation('element', { value, index }),
};

// The members of `request` that are given.
function given(request) {
  const kept = {};
  for (const key of Object.keys(request)) {
    if (request[key] !== undefined && request[key] !== null) kept[key] = request[key];
  }
  return kept;
}

function used(filter) {
  if (filter === undefined || filter === null) return undefined;
  const expression = toExpression(filter);
  return expression.expression === '' ? undefined : expression;
}

function conditionOf(payload) {
  const expression = used(payload.condition);
  if (expression === undefined) return undefined;
  if (Object.keys(expression.expressionValues).length === 0) delete expression.expressionValues;
  return expression;
}

function projectionOf(names) {
  if (!Array.isArray(names) || names.length === 0) return undefined;
  const expression = newExpression();
  const words = names.map((name) => attribute(expression, name.split('.')));
  return { expression: words.join(', '), expressionNames: expression.names };
}

function keyed(operationName, payload) {
  return {
    operation: operationName,
    key: typedEntries(payload.key),
    condition: conditionOf(payload),
    customPartitionKey: payload.customPartitionKey,
    populateIndexFields: payload.populateIndexFields,
    _version: payload._version,
  };
}

function updateOf(changes) {
  const expression = newExpression();
  const sets = [];
  const removes = [];
  for (const name of Object.keys(changes ?? {})) {
    const change = changes[name];
    if (change === undefined) continue;
    const subject = attribute(expression, [name]);
    const base = operand([], [name], 'set').replace(/_set$/, '');
    const kind = isObject(change) ? change[operationKind] : undefined;
    const body = kind === undefined ? undefined : change.value;
    if (kind === 'remove') {
      removes.push(subject);
    } else if (kind === 'step') {
      const start = put(expression, `${base}_start`, 0);
      sets.push(`${subject} = if_not_exists(${subject}, ${start}) ${body.sign} ${put(expression, base, body.by)}`);
    } else if (kind === 'join') {
      const start = `if_not_exists(${subject}, ${put(expression, `${base}_start`, [])})`;
      const items = put(expression, base, body.items);
      sets.push(`${subject} = list_append(${body.first ? items : start}, ${body.first ? start : items})`);
    } else if (kind === 'element') {
      sets.push(`${subject}[${Number(body.index)}] = ${put(expression, `${base}_${Number(body.index)}`, body.value)}`);
    } else {
      sets.push(`${subject} = ${put(expression, base, kind === undefined ? change : body.value)}`);
    }
  }
  const clauses = [];
  if (sets.length > 0) clauses.push(`SET ${sets.join(', ')}`);
  if (removes.length > 0) clauses.push(`REMOVE ${removes.join(', ')}`);
  const update = { expression: clauses.join(' '), expressionNames: expression.names };
  if (Object.keys(expression.values).length > 0) update.expressionValues = expression.values;
  return update;
}

function pageOf(operationName, payload) {
  const { index, limit, nextToken, consistentRead, select } = payload;
  const projection = projectionOf(payload.projection);
  return { operation: operationName, index, limit, nextToken, consistentRead, select, filter: used(payload.filter),
    projection };
}

const dynamodbModule = {
  get: (payload) => given({
    operation: 'GetItem',
    key: typedEntries(payload.key),
    consistentRead: payload.consistentRead,
    projection: projectionOf(payload.projection),
  }),
  put: (payload) => given({ ...keyed('PutItem', payload), attributeValues: typedEntries(payload.item) }),
  remove: (payload) => given(keyed('DeleteItem', payload)),
  update: (payload) => given({ ...keyed('UpdateItem', payload), update: updateOf(payload.update) }),
  query: (payload) => given({
    ...pageOf('Query', payload),
    query: toExpression(payload.query),
    scanIndexForward: payload.scanIndexForward,
  }),
  scan: (payload) => given({
    ...pageOf('Scan', payload),
    totalSegments: payload.totalSegments,
    segment: payload.segment,
  }),
  sync: (payload) => given({
    ...pageOf('Sync', payload),
    basePartitionKey: payload.basePartitionKey,
    deltaIndexName: payload.deltaIndexName,
    lastSync: payload.lastSync,
  }),
  operations,
};
