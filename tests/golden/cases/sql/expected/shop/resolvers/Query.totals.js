// Rendered by ampup; sha256:8d1a53506e4df946d3d920546c388e2f0f71cccdead37e89117b3a58f01480cd
// Query.totals: a statement of this project, with the arguments as parameters.
import { util } from '@aws-appsync/utils';
import { toJsonObject } from '@aws-appsync/utils/rds';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  const request = {
    statements: [],
    variableMap: {
      ':from': parameter(ctx.args.from, 'DATE'),
    },
    variableTypeHintMap: {
      ':from': 'DATE',
    },
  };
  request.statements.push(['select placed_at::date as day, sum(amount) as amount\nfrom sales.orders\njoin "Line" on order_id = id\nwhere placed_at >= :from and state in (', elements(request, ':states', ctx.args.states), ')\ngroup by 1'].join(''));
  return request;
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const rows = toJsonObject(ctx.result)[0] ?? [];
  const items = rows;
  return items;
}

/** The elements of a list, each as a parameter of its own. Nothing is in a list of NULL. */
function elements(request, name, values, hint) {
  const names = (values ?? []).map((value, position) => {
    const one = `${name}__${position}`;
    request.variableMap[one] = parameter(value, hint);
    if (hint) {
      request.variableTypeHintMap[one] = hint;
    }
    return one;
  });
  return names.length > 0 ? names.join(', ') : 'NULL';
}

/** A value as the Data API takes it: points in time in UTC and without letters, documents as text. */
function parameter(value, hint) {
  if ((value ?? null) === null) {
    return null;
  }
  return hint ? value.replace('Z', '') : value;
}

/** Whether the rules of Query.totals let the caller in. */
function access(ctx) {
  if (util.authType() === 'User Pool Authorization') {
    const { claims } = ctx.identity;
    if (groupsIn(claims['cognito:groups']).some((group) => ['Staff'].includes(group))) {
      return true;
    }
  }
  return false;
}

/** The groups in a claim, which is a list, the JSON text of a list, or one name. */
function groupsIn(claim) {
  if (typeof claim !== 'string') {
    return claim ?? [];
  }
  return claim.startsWith('[') ? JSON.parse(claim) : [claim];
}
