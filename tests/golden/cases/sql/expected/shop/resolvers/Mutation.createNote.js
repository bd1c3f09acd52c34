// Rendered by ampup; sha256:0b7705b49ed460ddaaa7b520c5fc0362d9b4ad60bcb3834d1bb1c0fae558abf5
// Mutation.createNote: adds a Note.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { condition } = ctx.args;
  const item = newItem(ctx);
  const { all, tests } = access(ctx);
  if (!all && !tests.some((test) => meets(item, test))) {
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
  return { ...shown(ctx.result), __operation: 'Mutation' };
}

/** The input, with what the API adds to it. */
function newItem(ctx) {
  const { input } = ctx.args;
  const now = util.time.nowISO8601();
  const item = { ...input, __typename: 'Note' };
  item.id = input.id ?? util.autoId();
  item.createdAt = input.createdAt ?? now;
  item.updatedAt = input.updatedAt ?? now;
  if (util.authType() === 'User Pool Authorization' && item.owner === undefined) {
    const { claims } = ctx.identity;
    item.owner = identities([claims.sub, claims.username ?? claims['cognito:username']])[0];
  }
  return item;
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

/** What the rules let the caller set of Note. */
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
