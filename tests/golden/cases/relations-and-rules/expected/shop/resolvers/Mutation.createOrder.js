// Rendered by ampup; sha256:afdcf3f51b7aa716c4f6fce2191a93f32238b6fd0c99aec07c45badf98eaf9fe
// Mutation.createOrder: adds a Order.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { condition } = ctx.args;
  const item = newItem(ctx);
  refuse(judged(ctx, item));
  checkSortKey(ctx.args.input, 'byCustomer', ['status', 'placedAt'], 'creating');
  item['status#placedAt'] = sortKey(item, ['status', 'placedAt']);
  const values = {};
  for (const name of Object.keys(item)) {
    if ((item[name] ?? null) !== null) {
      values[name] = item[name];
    }
  }
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ number: item.number, placedAt: item.placedAt }),
    attributeValues: util.dynamodb.toMapValues(values),
    condition: conditionExpression([{ number: { attributeExists: false } }, condition]),
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
  const item = { ...input, __typename: 'Order' };
  item.status = input.status ?? 'OPEN';
  item.createdAt = input.createdAt ?? now;
  item.updatedAt = input.updatedAt ?? now;
  if (util.authType() === 'User Pool Authorization' && item.buyers === undefined) {
    const { claims } = ctx.identity;
    item.buyers = identities([claims.sub, claims.username ?? claims['cognito:username']]).slice(0, 1);
  }
  return item;
}

/** All of these conditions, as one expression of DynamoDB. */
function conditionExpression(parts) {
  const given = parts.filter((part) => part && Object.keys(part).length > 0);
  const condition = given.length > 1 ? { and: given } : given[0];
  return JSON.parse(util.transform.toDynamoDBConditionExpression(condition));
}

/** Fields by the rules that they follow: those that are written, and what the rules allow the caller. */
function guards(ctx) {
  const given = Object.keys(ctx.args.input);
  const written = [...given, ...['status'].filter((field) => !given.includes(field))];
  const fields = written.filter((field) => !['number', 'placedAt'].includes(field));
  const all = [
    { fields: fields.filter((field) => field === 'note'), ...access1(ctx) },
    { fields: fields.filter((field) => !['note'].includes(field)), ...access2(ctx) },
  ];
  // What names no field follows the rules of the type, which come last.
  const last = all.length - 1;
  return all.map((guard, at) => ({ ...guard, used: fields.length === 0 ? at === last : guard.fields.length > 0 }));
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

/** A sort key of several fields as it is stored: joined by `#`, and absent when one of them is. */
function sortKey(item, parts) {
  const values = parts.map((part) => item[part] ?? null);
  return values.includes(null) ? null : values.join('#');
}

/** Whoever gives one part of the sort key of an index must give all of them. */
function checkSortKey(input, index, parts, doing) {
  const given = parts.filter((part) => Object.keys(input).includes(part));
  const missing = parts.find((part) => !given.includes(part));
  if (given.length > 0 && missing) {
    util.error(
      `When ${doing} any part of the composite sort key for @index '${index}', you must provide all fields for the key. Missing key: '${missing}'.`,
      'InvalidArgumentsError',
    );
  }
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, buyers: item.buyers ? item.buyers.map(last) : null };
}

/** What the rules let the caller set of the fields note. */
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

/** What the rules let the caller set of Order. */
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
