// Rendered by ampup; sha256:b1018a1b09290c5a66edb90a781b735c2d120770b34f931705925e69506ff02c
// Subscription.onUpdateTodo: Todos as they are updated.
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
