// Rendered by ampup; sha256:5409c890cbc507bc11bec230352b6ef1740a44efcd0d2758ab7d082db5e1c605
// Subscription.onUpdateLine: Lines as they are updated.
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
