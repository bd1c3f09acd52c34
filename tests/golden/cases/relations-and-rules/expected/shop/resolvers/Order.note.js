// Rendered by ampup; sha256:e2569d395424d5b7f4efdf581638af6ce969bb7381407e29ded86a6681ea4fd7
// Order.note: for those who may read it.
import { runtime, util } from '@aws-appsync/utils';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  // Subscribers to the mutation may see less than its caller, so they do not get it.
  if (ctx.source.__operation === 'Mutation') {
    runtime.earlyReturn(null);
  }
  return { payload: ctx.source.note ?? null };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return ctx.result;
}

/** Whether the rules of Order.note let the caller read it. */
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
