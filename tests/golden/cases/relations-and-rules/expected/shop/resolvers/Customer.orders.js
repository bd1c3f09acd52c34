// Rendered by ampup; sha256:2b2067c91560c940dc3bc3cd1c147e76b6543f2fe37c6d397f61f13bc7299d20
// Customer.orders: Orders of this Customer.
import { runtime, util } from '@aws-appsync/utils';

export function request(ctx) {
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  // Subscribers to the mutation may see less than its caller, so they get none of these.
  if (ctx.source.__operation === 'Mutation') {
    runtime.earlyReturn({ items: [] });
  }
  if ((ctx.source.id ?? null) === null) {
    runtime.earlyReturn({ items: [] });
  }
  const { filter, limit, nextToken, sortDirection } = ctx.args;
  const page = {
    filter: filterExpression([filter, all ? null : { or: tests }]),
    limit: limit ?? 100,
    nextToken: nextToken ?? null,
  };
  return {
    operation: 'Query',
    index: 'byCustomer',
    query: keyCondition(ctx.source.id, ctx.args.statusPlacedAt),
    scanIndexForward: sortDirection !== 'DESC',
    ...page,
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return { ...ctx.result, items: ctx.result.items.map((item) => shown(item)) };
}

/** A filter as an expression of DynamoDB; `null` when there is nothing to filter. */
function filterExpression(parts) {
  const given = parts.filter((part) => part && Object.keys(part).length > 0);
  if (given.length === 0) {
    return null;
  }
  const filter = JSON.parse(util.transform.toDynamoDBFilterExpression(given.length > 1 ? { and: given } : given[0]));
  if (!filter.expression) {
    util.error('Unable to process the filter expression', 'Unrecognized Filter');
  }
  return filter;
}

/** The items of one partition, narrowed by the sort key where that is given. */
function keyCondition(partition, sort) {
  const names = { '#partition': 'customerId' };
  const values = { ':partition': partition };
  const operators = Object.keys(sort ?? {}).filter((operator) => (sort[operator] ?? null) !== null);
  if (operators.length > 1) {
    util.error(
      'Argument statusPlacedAt must specify at most one key condition operation.',
      'InvalidArgumentsError',
    );
  }
  if (operators.length === 0) {
    return {
      expression: '#partition = :partition',
      expressionNames: names,
      expressionValues: util.dynamodb.toMapValues(values),
    };
  }
  const operator = operators[0];
  names['#sort'] = 'status#placedAt';
  let test = `#sort ${{ eq: '=', le: '<=', lt: '<', ge: '>=', gt: '>' }[operator]} :sort`;
  if (operator === 'between') {
    if (sort.between.length !== 2) {
      util.error(
        'Argument statusPlacedAt.between expects exactly 2 elements.',
        'InvalidArgumentsError',
      );
    }
    test = '#sort BETWEEN :from AND :to';
    values[':from'] = joined(sort.between[0], operator);
    values[':to'] = joined(sort.between[1], operator);
  } else {
    test = operator === 'beginsWith' ? 'begins_with(#sort, :sort)' : test;
    values[':sort'] = joined(sort[operator], operator);
  }
  return {
    expression: `#partition = :partition AND ${test}`,
    expressionNames: names,
    expressionValues: util.dynamodb.toMapValues(values),
  };
}

/** The parts of the sort key as they are stored: joined by `#`. Later parts may be missing, earlier ones not. */
function joined(given, operator) {
  const parts = ['status', 'placedAt'];
  const values = parts.map((part) => given[part] ?? null);
  const count = values.filter((value) => value !== null).length;
  const gap = values.indexOf(null);
  if (gap >= 0 && gap < count) {
    const later = parts.find((part, position) => position > gap && values[position] !== null);
    const argument = ['statusPlacedAt', operator].join('.');
    util.error(
      `When providing argument '${argument}.${later}' you must also provide '${argument}.${parts[gap]}'.`,
      'InvalidArgumentsError',
    );
  }
  return values.slice(0, count).join('#');
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, buyers: item.buyers ? item.buyers.map(last) : null };
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
      tests.push({ buyers: { contains: name } });
    }
    for (const name of groupsIn(claims['cognito:groups'])) {
      tests.push({ team: { eq: name } });
    }
  }
  if (util.authType() === 'IAM Authorization') {
    if (ctx.identity.cognitoIdentityAuthType === 'authenticated') {
      return { all: true, tests };
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
