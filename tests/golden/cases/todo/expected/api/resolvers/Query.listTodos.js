// Rendered by ampup; sha256:dad69538e17a21c32ea8719ac372f0d1e008220c49b78741ee9666ec5ce38d4a
// Query.listTodos: Todos, of one partition or all.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  const { filter, limit, nextToken, sortDirection } = ctx.args;
  const page = {
    filter: filterExpression([filter]),
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
  return ctx.result;
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

/** What the rules of Todo let the caller read. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
