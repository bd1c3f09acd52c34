// Rendered by ampup; sha256:4175fdf3cf6f36af5121dd5a14b3397b4aa90f304d7fc3485b9ca38cda6e18de
// Mutation.deleteNote: removes a Note.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { input, condition } = ctx.args;
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  // Whose item it is stands in the condition, so that nothing can come between the check and the write.
  const owned = all ? [] : [{ or: tests }];
  return {
    operation: 'DeleteItem',
    key: util.dynamodb.toMapValues({ id: input.id }),
    condition: conditionExpression([{ id: { attributeExists: true } }, ...owned, condition]),
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  // When the condition fails, AppSync gives the item as it is stored, or nothing where there is none.
  const refused = error ? error.type === 'DynamoDB:ConditionalCheckFailedException' : !result;
  if (refused) {
    const item = result ?? {};
    const { all, tests } = access(ctx);
    if (!all && !tests.some((test) => meets(item, test))) {
      util.unauthorized();
    }
  }
  if (error) {
    util.error(error.message, error.type);
  }
  // AppSync takes it for done when there was nothing to delete.
  if (!result) {
    util.error('The conditional request failed', 'DynamoDB:ConditionalCheckFailedException');
  }
  return { ...shown(result), __operation: 'Mutation' };
}

/** All of these conditions, as one expression of DynamoDB. */
function conditionExpression(parts) {
  const given = parts.filter((part) => part && Object.keys(part).length > 0);
  const condition = given.length > 1 ? { and: given } : given[0];
  return JSON.parse(util.transform.toDynamoDBConditionExpression(condition));
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, owner: last(item.owner) };
}

/** What the rules let the caller delete of Note. */
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

/** Whether an item passes a test such as `{ owner: { eq: 'ada' } }`. */
function meets(item, test) {
  const field = Object.keys(test)[0];
  const { eq, contains } = test[field];
  return contains ? [].concat(item[field] ?? []).includes(contains) : item[field] === eq;
}
