// Rendered by ampup; sha256:4a977a1aa7009a6413cb5b1de1dc0d8bf110afd229cfa2079e2223a24266e3e9
// Customer.owner: as people know it.
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return { payload: ctx.source.owner ?? null };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  // Stored as `sub::username`; readers get the last part.
  return ctx.result ? ctx.result.split('::').pop() : null;
}
