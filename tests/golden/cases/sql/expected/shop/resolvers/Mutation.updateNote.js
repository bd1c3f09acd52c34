// Rendered by ampup; sha256:f881f053cf4cd4037ddd9ecd16289b33e3217006412a1385e31aa512f1183855
// Mutation.updateNote: changes a Note.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { input, condition } = ctx.args;
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  // Whose item it is stands in the condition, so that nothing can come between the check and the write.
  const owned = all ? [] : [{ or: tests }];
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
    condition: conditionExpression([{ id: { attributeExists: true } }, ...owned, condition]),
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  // When the condition fails, AppSync gives the item as it is stored, or nothing where there is none.
  const refused = error ? error.type === 'DynamoDB:ConditionalCheckFailedException' : false;
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
  return { ...shown(result), __operation: 'Mutation' };
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

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, owner: last(item.owner) };
}

/** What the rules let the caller change of Note. */
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
