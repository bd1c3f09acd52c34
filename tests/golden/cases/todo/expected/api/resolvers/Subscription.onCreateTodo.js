// Rendered by ampup; sha256:8f5e0c43013dc489261fc9caefc0f435fd656ae5802e02e25b19d57a5f839c17
// Subscription.onCreateTodo: Todos as they are created.
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
