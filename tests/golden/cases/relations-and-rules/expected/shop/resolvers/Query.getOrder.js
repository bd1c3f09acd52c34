// Rendered by ampup; sha256:cd73922ec0d3997aaadaefa0a9c2afd9670ad8c07f1d13ed781f1a2668893690
// Query.getOrder: one Order by its key.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  return {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ number: ctx.args.number, placedAt: ctx.args.placedAt }),
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  if (ctx.result) {
    const { all, tests } = access(ctx);
    if (!all && !tests.some((test) => meets(ctx.result, test))) {
      util.unauthorized();
    }
  }
  return ctx.result ? shown(ctx.result) : null;
}

/** An item with its owners as people know them: stored as `sub::username`, shown as the last part. */
function shown(item) {
  const last = (name) => (name ? name.split('::').pop() : null);
  return { ...item, buyers: item.buyers ? item.buyers.map(last) : null };
}

/** What the rules of Order let the caller read. */
function access(ctx) {
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
  if (util.authType() === 'IAM Authorization') {
    if (ctx.identity.cognitoIdentityAuthType === 'authenticated') {
      return { all: true, tests };
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
