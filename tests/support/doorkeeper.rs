//! The function that lets callers into an API by a word, and takes a field away from those who ask it to.

use super::callers::Credential;
use super::functions::{make_function, make_role};
use super::sandbox::Sandbox;

/// Its name.
pub(crate) const NAME: &str = "doorkeeper";

/// What it wants to hear; ` but not Type.field` after it takes that field away.
pub(crate) const WORD: &str = "open sesame";

const CODE: &str = "exports.handler = async ({ authorizationToken, requestContext }) => {
  const [word, denied] = authorizationToken.split(' but not ');
  return {
    isAuthorized: word === 'open sesame',
    resolverContext: { api: requestContext.apiId },
    deniedFields: denied ? [denied] : [],
    ttlOverride: 60,
  };
};";

/// Makes it, in the state of the project's cloud: it has to be there before the APIs that ask it.
pub(crate) fn make(sandbox: &Sandbox) {
    let dev = sandbox.dev();
    make_role(&dev.endpoint);
    make_function(&dev.endpoint, NAME, CODE, 10);
}

/// How somebody identifies whom it lets in.
pub(crate) fn credential() -> Credential {
    Credential::Header("authorization", WORD.to_owned())
}
