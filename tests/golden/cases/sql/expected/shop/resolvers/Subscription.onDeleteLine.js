// Rendered by ampup; sha256:dc07224e75fa282d3c5f395b85f7696a13bfbfbc5bec3e6c0811f7f31c4d0c58
// Subscription.onDeleteLine: Lines as they are deleted.
import { extensions, util } from '@aws-appsync/utils';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  return { payload: null };
}

export function response(ctx) {
  const { filter } = ctx.args;
  const wanted = filter && Object.keys(filter).length > 0 ? util.transform.toSubscriptionFilter(filter) : null;
  if (wanted) {
    extensions.setSubscriptionFilter(wanted);
  }
  return null;
}

/** What the rules of Line let the caller listen to. */
function access(ctx) {
  if (util.authType() === 'User Pool Authorization') {
    return true;
  }
  return false;
}
