// Rendered by ampup; sha256:5918695bfb2ab5ed5153b5215c2ef669a53d89ce19035665300ed761562cc697
// Address.owner: as people know it.
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
