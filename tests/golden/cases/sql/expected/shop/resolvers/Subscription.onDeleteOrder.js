// Rendered by ampup; sha256:a61efce00f24eae04e16b586f14fd95a16e1ac87de2160d1969046255f0b1ab8
// Subscription.onDeleteOrder: Orders as they are deleted.
import { extensions, util } from '@aws-appsync/utils';

export function request(ctx) {
  const { all, tests } = access(ctx);
  if (!all && tests.length === 0) {
    util.unauthorized();
  }
  // Nobody may listen in the name of somebody else.
  const owner1 = ctx.args['owner'] ?? null;
  const mine1 = tests.some((test) => test['owner'] && test['owner'].eq === owner1);
  if (owner1 !== null && !all && !mine1) {
    util.unauthorized();
  }
  return { payload: null };
}

export function response(ctx) {
  const { filter } = ctx.args;
  const wanted = filter && Object.keys(filter).length > 0 ? util.transform.toSubscriptionFilter(filter) : null;
  const { all, tests } = access(ctx);
  if (!all) {
    // Any of the tests and all of what the caller wants: AppSync takes one list of alternatives.
    const groups = wanted ? wanted.filterGroup : [{ filters: [] }];
    const filterGroup = groups.map((group) =>
      testGroups(tests).map((filters) => ({ filters: [...group.filters, ...filters] })),
    );
    extensions.setSubscriptionFilter({ filterGroup: filterGroup.flat() });
    return null;
  }
  if (wanted) {
    extensions.setSubscriptionFilter(wanted);
  }
  return null;
}

/** Tests of items as subscription filters, of which one must hold; AppSync takes five values in each. */
function testGroups(tests) {
  const groups = [];
  for (const field of ['owner']) {
    const single = tests.filter((test) => test[field] && test[field].eq).map((test) => test[field].eq);
    const many = tests.filter((test) => test[field] && test[field].contains).map((test) => test[field].contains);
    single.forEach((name, position) => {
      if (position % 5 === 0) {
        groups.push([{ fieldName: field, operator: 'in', value: single.slice(position, position + 5) }]);
      }
    });
    many.forEach((name, position) => {
      if (position % 5 === 0) {
        groups.push([{ fieldName: field, operator: 'containsAny', value: many.slice(position, position + 5) }]);
      }
    });
  }
  return groups;
}

/** What the rules of Order let the caller listen to. */
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
