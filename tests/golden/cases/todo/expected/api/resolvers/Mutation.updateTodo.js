// Rendered by ampup; sha256:c1f63aa82f819bf623d1c3e1c10b09028d3a611fe70a2a05a0b7e6a50acbc0c2
// Mutation.updateTodo: changes a Todo.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { input, condition } = ctx.args;
  if (!access(ctx)) {
    util.unauthorized();
  }
  const changes = {
    updatedAt: input.updatedAt ?? util.time.nowISO8601(),
  };
  for (const field of Object.keys(input)) {
    if (!['id', 'updatedAt'].includes(field)) {
      changes[field] = input[field];
    }
  }
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ id: input.id }),
    update: updateExpression(changes),
    condition: conditionExpression([{ id: { attributeExists: true } }, condition]),
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  if (error) {
    util.error(error.message, error.type);
  }
  return { ...result, __operation: 'Mutation' };
}

/** What to set, and what to remove because it was given as null. */
function updateExpression(changes) {
  const sets = [];
  const removes = [];
  const names = {};
  const values = {};
  for (const field of Object.keys(changes)) {
    const alias = field;
    names[`#${alias}`] = field;
    if ((changes[field] ?? null) === null) {
      removes.push(`#${alias}`);
    } else {
      sets.push(`#${alias} = :__${alias}`);
      values[`:__${alias}`] = changes[field];
    }
  }
  const set = `SET ${sets.join(', ')}`;
  return {
    expression: removes.length > 0 ? `${set} REMOVE ${removes.join(', ')}` : set,
    expressionNames: names,
    expressionValues: util.dynamodb.toMapValues(values),
  };
}

/** All of these conditions, as one expression of DynamoDB. */
function conditionExpression(parts) {
  const given = parts.filter((part) => part && Object.keys(part).length > 0);
  const condition = given.length > 1 ? { and: given } : given[0];
  return JSON.parse(util.transform.toDynamoDBConditionExpression(condition));
}

/** What the rules let the caller change of Todo. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
