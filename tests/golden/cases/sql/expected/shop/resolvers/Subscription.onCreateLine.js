// Rendered by ampup; sha256:166c560eccc1941d1fded114e6c0c579235c8ccab3c6f880d2c8e2287101897e
// Subscription.onCreateLine: Lines as they are created.
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
