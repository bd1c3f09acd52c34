// Rendered by ampup; sha256:590cee51c219038c8b682a59686c20a651e8964a078dd25eb21e66d603d6f7d0
// Mutation.deleteTodo: removes a Todo.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { input, condition } = ctx.args;
  if (!access(ctx)) {
    util.unauthorized();
  }
  return {
    operation: 'DeleteItem',
    key: util.dynamodb.toMapValues({ id: input.id }),
    condition: conditionExpression([{ id: { attributeExists: true } }, condition]),
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  if (error) {
    util.error(error.message, error.type);
  }
  // AppSync takes it for done when there was nothing to delete.
  if (!result) {
    util.error('The conditional request failed', 'DynamoDB:ConditionalCheckFailedException');
  }
  return { ...result, __operation: 'Mutation' };
}

/** All of these conditions, as one expression of DynamoDB. */
function conditionExpression(parts) {
  const given = parts.filter((part) => part && Object.keys(part).length > 0);
  const condition = given.length > 1 ? { and: given } : given[0];
  return JSON.parse(util.transform.toDynamoDBConditionExpression(condition));
}

/** What the rules let the caller delete of Todo. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
