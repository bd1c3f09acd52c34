// Rendered by ampup; sha256:0e70d86037c7de3b47bda2faaeac52375f1d1e8ddcce35fc519b1066cd7ce025
// Query.listNotes: Notes, of one partition or all.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  const { filter, limit, nextToken, sortDirection } = ctx.args;
  const page = {
    filter: filterExpression([filter, all ? null : { or: tests }]),
    limit: limit ?? 100,
    nextToken: nextToken ?? null,
  };
  if ((ctx.args.id ?? null) === null) {
    return { operation: 'Scan', ...page };
  }
  return {
    operation: 'Query',
    query: keyCondition(ctx.args.id),
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

/** The items of one partition. */
function keyCondition(partition) {
  return {
    expression: '#partition = :partition',
    expressionNames: { '#partition': 'id' },
    expressionValues: util.dynamodb.toMapValues({ ':partition': partition }),
  };
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, owner: last(item.owner) };
}

/** What the rules of Note let the caller read. */
function access(ctx) {
  const tests = [];
  if (util.authType() === 'User Pool Authorization') {
    const { claims } = ctx.identity;
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
