// `util.transform`: filter objects to DynamoDB expressions, OpenSearch queries and subscription filters.
// Deliberately not here: OpenSearch queries, which belong to a data source that this cloud does not have.

const COMPARISONS = { eq: '=', ne: '<>', le: '<=', lt: '<', ge: '>=', gt: '>' };
const TYPE_CODES = {
  binary: 'B', binarySet: 'BS', bool: 'BOOL', list: 'L', map: 'M', number: 'N', numberSet: 'NS',
  string: 'S', stringSet: 'SS', _null: 'NULL',
};
const OPERATORS = ['eq', 'ne', 'le', 'lt', 'ge', 'gt', 'contains', 'notContains', 'between', 'beginsWith', 'in',
  'attributeExists', 'attributeType', 'size'];

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(reason) {
  fail(`Unable to process the filter expression: ${reason}`, 'Unrecognized Filter');
}

// Collects one expression: attribute names, values, and the way down to the present condition.
function newExpression() {
  return { names: {}, values: {} };
}

function put(expression, base, value) {
  let name = `:${base}`;
  let attempt = 1;
  while (Object.hasOwn(expression.values, name)) {
    attempt += 1;
    name = `:${base}_${attempt}`;
  }
  expression.values[name] = typed(value);
  return name;
}

function attribute(expression, path) {
  const words = path.map((part) => `#${part.replaceAll(/[^A-Za-z0-9_]/g, '_')}`);
  path.forEach((part, index) => {
    let word = words[index];
    while (Object.hasOwn(expression.names, word) && expression.names[word] !== part) word += '_';
    expression.names[word] = part;
    words[index] = word;
  });
  return words.join('.');
}

function operand(scope, path, operator) {
  return [...scope, ...path, operator].join('_').replaceAll(/[^A-Za-z0-9_]/g, '_');
}

function between(expression, subject, base, bounds) {
  if (!Array.isArray(bounds) || bounds.length !== 2) unusable('`between` takes a list of two values');
  const low = put(expression, `${base}0`, bounds[0]);
  const high = put(expression, `${base}1`, bounds[1]);
  return `${subject} BETWEEN ${low} AND ${high}`;
}

function size(expression, subject, base, comparison) {
  if (!isObject(comparison)) unusable('`size` takes a comparison');
  return Object.keys(comparison).map((operator) => {
    const length = `size(${subject})`;
    if (operator === 'between') return between(expression, length, `${base}_between`, comparison.between);
    if (!Object.hasOwn(COMPARISONS, operator)) unusable(`\`${operator}\` cannot compare a size`);
    return `${length} ${COMPARISONS[operator]} ${put(expression, `${base}_${operator}`, comparison[operator])}`;
  });
}

function condition(expression, scope, path, operator, value) {
  const subject = attribute(expression, path);
  const base = operand(scope, path, operator);
  if (Object.hasOwn(COMPARISONS, operator)) {
    return [`${subject} ${COMPARISONS[operator]} ${put(expression, base, value)}`];
  }
  switch (operator) {
    case 'contains':
      return [`contains(${subject}, ${put(expression, base, value)})`];
    case 'notContains':
      return [`NOT contains(${subject}, ${put(expression, base, value)})`];
    case 'beginsWith':
      return [`begins_with(${subject}, ${put(expression, base, value)})`];
    case 'between':
      return [between(expression, subject, base, value)];
    case 'in':
      if (!Array.isArray(value) || value.length === 0) unusable('`in` takes a list');
      return [`${subject} IN (${value.map((one, index) => put(expression, `${base}${index}`, one)).join(', ')})`];
    case 'attributeExists':
      return [value ? `attribute_exists(${subject})` : `attribute_not_exists(${subject})`];
    case 'attributeType':
      return [`attribute_type(${subject}, ${put(expression, base, TYPE_CODES[value] ?? value)})`];
    default:
      return size(expression, subject, base, value);
  }
}

function attributeConditions(expression, scope, path, tests) {
  if (!isObject(tests)) unusable(`\`${path.join('.')}\` takes an object of comparisons`);
  return Object.keys(tests).flatMap((operator) => {
    const value = tests[operator];
    if (value === undefined) return [];
    if (OPERATORS.includes(operator)) return condition(expression, scope, path, operator, value);
    if (isObject(value)) return attributeConditions(expression, scope, [...path, operator], value);
    return unusable(`unknown operator \`${operator}\``);
  });
}

function joined(parts, word) {
  if (parts.length < 2) return parts[0] ?? '';
  return parts.map((part) => `(${part})`).join(` ${word} `);
}

function group(expression, scope, filter) {
  if (!isObject(filter)) unusable('a filter is an object');
  const parts = [];
  for (const key of Object.keys(filter)) {
    const value = filter[key];
    if (value === undefined || value === null) continue;
    if ((key === 'and' || key === 'or') && (Array.isArray(value) || isObject(value))) {
      const members = (Array.isArray(value) ? value : [value])
        .map((member, index) => group(expression, [...scope, key, String(index)], member))
        .filter((text) => text !== '');
      if (members.length > 0) parts.push(joined(members, key.toUpperCase()));
    } else if (key === 'not' && isObject(value)) {
      const inner = group(expression, [...scope, 'not'], value);
      if (inner !== '') parts.push(`NOT (${inner})`);
    } else {
      parts.push(...attributeConditions(expression, scope, [key], value));
    }
  }
  return joined(parts, 'AND');
}

function toExpression(filter) {
  const expression = newExpression();
  const text = group(expression, [], filter ?? {});
  return { expression: text, expressionNames: expression.names, expressionValues: expression.values };
}

// Subscription filters are an OR of groups of ANDed conditions: multiply the tree out.
function groupsOf(filter, ignored) {
  let groups = [[]];
  const both = (left, right) => left.flatMap((one) => right.map((other) => [...one, ...other]));
  for (const key of Object.keys(filter ?? {})) {
    const value = filter[key];
    if (value === undefined || value === null || ignored.includes(key)) continue;
    if (key === 'and') {
      for (const member of Array.isArray(value) ? value : [value]) groups = both(groups, groupsOf(member, ignored));
    } else if (key === 'or') {
      const choices = (Array.isArray(value) ? value : [value]).flatMap((member) => groupsOf(member, ignored));
      groups = both(groups, choices);
    } else {
      const tests = Object.keys(value).map((operator) => ({ fieldName: key, operator, value: value[operator] }));
      groups = groups.map((one) => [...one, ...tests]);
    }
  }
  return groups;
}

function toSubscriptionFilter(filter, ignoredFields, rules) {
  let groups = groupsOf(filter, ignoredFields ?? []);
  if (isObject(rules)) {
    const required = groupsOf(rules, []);
    groups = groups.flatMap((one) => required.map((other) => [...one, ...other]));
  }
  return { filterGroup: groups.filter((one) => one.length > 0).map((filters) => ({ filters })) };
}

const transform = {
  toDynamoDBFilterExpression: (filter) => JSON.stringify(toExpression(filter)),
  toDynamoDBConditionExpression: (condition) => JSON.stringify(toExpression(condition)),
  toElasticsearchQueryDSL: (filter) => JSON.stringify(searchQuery(filter)),
  toSubscriptionFilter,
};
