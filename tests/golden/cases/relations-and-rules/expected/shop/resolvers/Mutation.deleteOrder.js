// Rendered by ampup; sha256:bc7cd64abd8098b3984b1ead761a4999fb6feee74278ba428242a99540fc1dc8
// Mutation.deleteOrder: removes a Order.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { input, condition } = ctx.args;
  const held = guards(ctx);
  refuse(held.map((guard) => ({ ...guard, allowed: guard.all || guard.tests.length > 0 })));
  const owned = held.filter((guard) => guard.used && !guard.all).map((guard) => ({ or: guard.tests }));
  return {
    operation: 'DeleteItem',
    key: util.dynamodb.toMapValues({ number: input.number, placedAt: input.placedAt }),
    condition: conditionExpression([{ number: { attributeExists: true } }, ...owned, condition]),
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  // When the condition fails, AppSync gives the item as it is stored, or nothing where there is none.
  const refused = error ? error.type === 'DynamoDB:ConditionalCheckFailedException' : !result;
  if (refused) {
    const item = result ?? {};
    refuse(judged(ctx, item));
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

/** Fields by the rules that they follow: those that are written, and what the rules allow the caller. */
function guards(ctx) {
  const all = [
    { fields: [], ...access1(ctx) },
    { fields: [], ...access2(ctx) },
  ];
  return all.map((guard) => ({ ...guard, used: true }));
}

/** The same, and whether an item passes each. */
function judged(ctx, item) {
  return guards(ctx).map((guard) => ({ ...guard, allowed: guard.all || guard.tests.some((test) => meets(item, test)) }));
}

/** Ends the request when there is anything that the caller may not do. Whoever may do nothing is not told which fields. */
function refuse(held) {
  const denied = held.filter((guard) => guard.used && !guard.allowed);
  const named = denied.map((guard) => guard.fields).flat();
  const fields = named.filter((field, at) => named.indexOf(field) === at);
  if (fields.length > 0 && held.some((guard) => guard.allowed)) {
    util.error(`Unauthorized on [${fields.join(', ')}]`, 'Unauthorized');
  }
  if (denied.length > 0) {
    util.unauthorized();
  }
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, buyers: item.buyers ? item.buyers.map(last) : null };
}

/** What the rules let the caller delete of the fields note. */
function access1(ctx) {
  const tests = [];
  if (util.authType() === 'User Pool Authorization') {
    const { claims } = ctx.identity;
    if (groupsIn(claims['cognito:groups']).some((group) => ['Staff'].includes(group))) {
      return { all: true, tests };
    }
  }
  return { all: false, tests };
}

/** What the rules let the caller delete of Order. */
function access2(ctx) {
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

/** Whether an item passes a test such as `{ owner: { eq: 'ada' } }`. */
function meets(item, test) {
  const field = Object.keys(test)[0];
  const { eq, contains } = test[field];
  return contains ? [].concat(item[field] ?? []).includes(contains) : item[field] === eq;
}
