// Rendered by ampup; sha256:5871745982424576c645afb961476182d516211cd5d2913e2489ef07ac208673
// Mutation.sendAll: a statement of this project, with the arguments as parameters.
import { util } from '@aws-appsync/utils';
import { toJsonObject } from '@aws-appsync/utils/rds';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  return {
    statements: ['with sent as (update sales.orders set state = \'SENT\' where placed_at < :before returning 1) select count(*) from sent'],
    variableMap: {
      ':before': parameter(ctx.args.before, 'TIMESTAMP'),
    },
    variableTypeHintMap: {
      ':before': 'TIMESTAMP',
    },
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const rows = toJsonObject(ctx.result)[0] ?? [];
  const items = rows.map((row) => row[Object.keys(row)[0]]);
  return items[0] ?? null;
}

/** A value as the Data API takes it: points in time in UTC and without letters, documents as text. */
function parameter(value, hint) {
  if ((value ?? null) === null) {
    return null;
  }
  if (hint === 'TIMESTAMP') {
    const inUtc = value.endsWith('Z')
      ? value
      : util.time.epochMilliSecondsToISO8601(util.time.parseISO8601ToEpochMilliSeconds(value));
    return inUtc.replace('T', ' ').replace('Z', '');
  }
  return value;
}

/** Whether the rules of Mutation.sendAll let the caller in. */
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
