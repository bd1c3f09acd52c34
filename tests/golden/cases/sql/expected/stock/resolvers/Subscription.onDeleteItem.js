// Rendered by ampup; sha256:14435ea487f59034cf329fc500bbc72439a436dcbe97d9e85f8263fc2a707ecb
// Subscription.onDeleteItem: Items as they are deleted.
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

/** What the rules of Item let the caller listen to. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
