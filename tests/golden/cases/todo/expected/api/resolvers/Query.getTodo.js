// Rendered by ampup; sha256:ccba42353da610ef0b325fc1d245e65b7014a8f304acc0cb69c58b5164aaf4ce
// Query.getTodo: one Todo by its key.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  if (!access(ctx)) {
    util.unauthorized();
  }
  return {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ id: ctx.args.id }),
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return ctx.result;
}

/** What the rules of Todo let the caller read. */
function access(ctx) {
  if (util.authType() === 'API Key Authorization') {
    return true;
  }
  return false;
}
