// Rendered by ampup; sha256:e9626bb37e3b0dcf7f3bd5c9b11c66c93c161f70a8a25f9c864cf68b9e96763c
// Order.customer: the Customer of this Order.
import { runtime, util } from '@aws-appsync/utils';

export function request(ctx) {
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  // Subscribers to the mutation may see less than its caller, so they do not get it.
  if (ctx.source.__operation === 'Mutation') {
    runtime.earlyReturn(null);
  }
  if ((ctx.source.customerId ?? null) === null) {
    runtime.earlyReturn(null);
  }
  return {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ id: ctx.source.customerId }),
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const item = ctx.result;
  if (item) {
    const { all, tests } = access(ctx);
    if (!all && !tests.some((test) => meets(item, test))) {
      util.unauthorized();
    }
  }
  return item ? shown(item) : null;
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, owner: last(item.owner) };
}

/** What the rules of Customer let the caller read. */
function access(ctx) {
  const tests = [];
  if (util.authType() === 'User Pool Authorization') {
    const { claims } = ctx.identity;
    if (groupsIn(claims['cognito:groups']).some((group) => ['Staff'].includes(group))) {
      return { all: true, tests };
    }
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
