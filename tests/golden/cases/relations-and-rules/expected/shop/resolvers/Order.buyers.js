// Rendered by ampup; sha256:47b1ccf25b4e0ce2b106ddb678b1752c1dbc1d032cf458c040cfd6413e7ede5b
// Order.buyers: as people know it.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return { payload: ctx.source.buyers ?? null };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  // Stored as `sub::username`; readers get the last part.
  return ctx.result ? ctx.result.map((name) => (name ? name.split('::').pop() : name)) : null;
}
