// Rendered by ampup; sha256:fce88bfee7962f91d42870050f2e83953555679fe2c4a02e53c0d2dd53f97fa9
// Customer.address: the Address of this Customer.
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
  if ((ctx.source.customerAddressId ?? null) === null) {
    runtime.earlyReturn(null);
  }
  return {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ id: ctx.source.customerAddressId }),
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

/** What the rules of Address let the caller read. */
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
