//! Who sends a form to S3: the signature of its policy, of version 4 or 2, in its fields.
//!
//! Source: "Authenticating requests in browser-based uploads using POST (AWS signature version 4)" of the S3 reference, and
//! "Browser-based uploads using POST (AWS signature version 2)" of the S3 user guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::Iam;
use super::signature::{self, mismatch};
use crate::cloud::service::{ApiError, Caller};

impl Iam {
    /// Who signed the policy of a form, in Base64. `field` gives fields by their names in lower case.
    ///
    /// # Errors
    /// `InvalidArgument` (a field is missing or wrong), `SignatureDoesNotMatch`, and those of every signature.
    pub(in crate::cloud) fn authenticate_form(
        &self,
        policy: &str,
        field: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Caller, ApiError> {
        let needed = |name: &str| field(&name.to_ascii_lowercase()).ok_or_else(|| absent(name));
        let token = field("x-amz-security-token");
        if let Some(access_key) = field("awsaccesskeyid") {
            let given = STANDARD.decode(needed("Signature")?.trim()).map_err(|_| mismatch())?;
            let (secret, caller) = self.holder(&access_key, token.as_deref())?;
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.reveal().as_bytes());
            hmac::verify(&key, policy.as_bytes(), &given).map_err(|_| mismatch())?;
            return Ok(caller);
        }
        if needed("X-Amz-Algorithm")? != signature::ALGORITHM {
            return Err(argument("X-Amz-Algorithm", "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
        }
        let (credential, date) = (needed("X-Amz-Credential")?, needed("X-Amz-Date")?);
        let claim = signature::build(&credential, date, "", needed("X-Amz-Signature")?)?;
        if claim.service != "s3" {
            let message =
                format!("Error parsing the X-Amz-Credential parameter; incorrect service \"{}\".", claim.service);
            return Err(argument("X-Amz-Credential", &message));
        }
        let (secret, caller) = self.holder(&claim.access_key, token.as_deref())?;
        claim.check_text(policy, secret.reveal())?;
        Ok(caller)
    }
}

fn absent(field: &str) -> ApiError {
    let message = format!(
        "Bucket POST must contain a field named '{field}'.  If it is specified, please check the order of the fields."
    );
    argument(field, &message)
}

fn argument(field: &str, message: &str) -> ApiError {
    let mut error = ApiError::new("InvalidArgument", message);
    error.extra.insert("ArgumentName".to_owned(), field.into());
    error
}
