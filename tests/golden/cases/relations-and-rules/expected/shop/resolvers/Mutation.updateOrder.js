// Rendered by ampup; sha256:0493637b141185c19c959eb5312b83313a4f2ef4a4367ac4682af9ca2e433082
// Mutation.updateOrder: changes a Order.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { input, condition } = ctx.args;
  const held = guards(ctx);
  refuse(held.map((guard) => ({ ...guard, allowed: guard.all || guard.tests.length > 0 })));
  const owned = held.filter((guard) => guard.used && !guard.all).map((guard) => ({ or: guard.tests }));
  const changes = {
    updatedAt: input.updatedAt ?? util.time.nowISO8601(),
  };
  for (const field of Object.keys(input)) {
    if (!['number', 'placedAt', 'updatedAt'].includes(field)) {
      changes[field] = input[field];
    }
  }
  checkSortKey(input, 'byCustomer', ['status', 'placedAt'], 'updating');
  if (Object.keys(input).includes('status')) {
    changes['status#placedAt'] = sortKey(input, ['status', 'placedAt']);
  }
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ number: input.number, placedAt: input.placedAt }),
    update: updateExpression(changes),
    condition: conditionExpression([{ number: { attributeExists: true } }, ...owned, condition]),
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  // When the condition fails, AppSync gives the item as it is stored, or nothing where there is none.
  const refused = error ? error.type === 'DynamoDB:ConditionalCheckFailedException' : false;
  if (refused) {
    const item = result ?? {};
    refuse(judged(ctx, item));
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
  const aliases = { 'status#placedAt': '__sort0' };
  for (const field of Object.keys(changes)) {
    const alias = aliases[field] ?? field;
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

/** Fields by the rules that they follow: those that are written, and what the rules allow the caller. */
function guards(ctx) {
  const written = Object.keys(ctx.args.input);
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

/** What the rules let the caller change of the fields note. */
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

/** What the rules let the caller change of Order. */
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
