// Rendered by ampup; sha256:fc82a76168bd206d4ade419d00756c55eefc0815a4a6ef6883f0c2e13a5e1534
// Subscription.onDeleteTodo: Todos as they are deleted.
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

/** What the rules of Todo let the caller listen to. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
