// Rendered by ampup; sha256:22a14b7bf46f89e317f153ab7dfa1f6a2d144974cd87ff3c7b4bf00d5a5d12d9
// Mutation.createTodo: adds a Todo.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { condition } = ctx.args;
  const item = newItem(ctx);
  if (!access(ctx)) {
    util.unauthorized();
  }
  const values = {};
  for (const name of Object.keys(item)) {
    if ((item[name] ?? null) !== null) {
      values[name] = item[name];
    }
  }
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ id: item.id }),
    attributeValues: util.dynamodb.toMapValues(values),
    condition: conditionExpression([{ id: { attributeExists: false } }, condition]),
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return { ...ctx.result, __operation: 'Mutation' };
}

/** The input, with what the API adds to it. */
function newItem(ctx) {
  const { input } = ctx.args;
  const now = util.time.nowISO8601();
  const item = { ...input, __typename: 'Todo' };
  item.id = input.id ?? util.autoId();
  item.done = input.done ?? false;
  item.createdAt = input.createdAt ?? now;
  item.updatedAt = input.updatedAt ?? now;
  return item;
}

/** All of these conditions, as one expression of DynamoDB. */
function conditionExpression(parts) {
  const given = parts.filter((part) => part && Object.keys(part).length > 0);
  const condition = given.length > 1 ? { and: given } : given[0];
  return JSON.parse(util.transform.toDynamoDBConditionExpression(condition));
}

/** What the rules let the caller set of Todo. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
