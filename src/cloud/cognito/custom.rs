//! Sign-in by challenges of the user's own making: one function says which comes next, one makes it, one judges the
//! answer.
//!
//! Source: "Custom authentication challenge Lambda triggers" of the Cognito developer guide.

use serde_json::{Value, json};

use super::challenge::{Pending, Step};
use super::fault::{bad_session, invalid, wrong_password};
use super::signin::{AUTHENTICATED, Flow, check_open};
use super::trigger::{Question, attributes, unrecognizable};
use super::user::{Status, User};
use crate::cloud::service::ApiError;

/// Who signs in: the name that was given, and the user, when there is one.
struct Who<'a> {
    name: &'a str,
    user: Option<User>,
}

impl Who<'_> {
    fn username(&self) -> &str {
        self.user.as_ref().map_or(self.name, |user| &user.username)
    }
}

/// One step of a sign-in as functions see it.
fn passed(challenge: &str, result: bool, metadata: &Value) -> Value {
    json!({ "challengeName": challenge, "challengeResult": result, "challengeMetadata": metadata })
}

fn without_function() -> ApiError {
    invalid("Custom auth lambda trigger is not configured for the user pool.")
}

impl Flow<'_> {
    /// `CUSTOM_AUTH`.
    pub(super) fn begin_custom(&self) -> Result<Value, ApiError> {
        let name = self.parameters.text("USERNAME")?;
        self.client.check_secret(name, self.parameters.optional("SECRET_HASH"))?;
        if self.pool.trigger("DefineAuthChallenge").is_none() {
            return Err(without_function());
        }
        let who = Who { name, user: self.user(name)? };
        if let Some(user) = &who.user {
            check_open(user)?;
            if user.status == Status::Unconfirmed {
                return Err(ApiError::new("UserNotConfirmedException", "User is not confirmed."));
            }
        }
        self.pre_authentication(name, who.user.as_ref())?;
        let before = match (self.parameters.optional("CHALLENGE_NAME"), self.parameters.optional("SRP_A")) {
            (Some("SRP_A"), Some(_)) => vec![passed("SRP_A", true, &Value::Null)],
            (Some("SRP_A"), None) => return Err(invalid("Missing required parameter SRP_A")),
            (Some(other), _) => return Err(invalid(format!("Invalid CHALLENGE_NAME: {other}."))),
            (None, _) => Vec::new(),
        };
        self.define(&who, before)
    }

    /// The members that every request of the three functions has.
    fn asked(&self, who: &Who<'_>, mut members: Value) -> Value {
        members["userAttributes"] = who.user.as_ref().map_or_else(|| json!({}), attributes);
        if self.client.hides_users() {
            members["userNotFound"] = json!(who.user.is_none());
        }
        self.later().request(members)
    }

    /// Asks what comes after the challenges so far, and does it.
    fn define(&self, who: &Who<'_>, before: Vec<Value>) -> Result<Value, ApiError> {
        let question = Question {
            trigger: "DefineAuthChallenge",
            source: "DefineAuthChallenge_Authentication",
            username: who.username(),
            request: self.asked(who, json!({ "session": before })),
            response: json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null }),
        };
        let answer = self.core.ask(&self.pool, self.later(), question)?.ok_or_else(without_function)?;
        if answer.flag("failAuthentication")? {
            return Err(wrong_password());
        }
        if answer.flag("issueTokens")? {
            let user = who.user.as_ref().ok_or_else(wrong_password)?;
            return self.tokens(user, AUTHENTICATED);
        }
        match answer.text("challengeName")? {
            Some("CUSTOM_CHALLENGE") => self.create(who, before),
            Some("PASSWORD_VERIFIER") => {
                let public = self.parameters.optional("SRP_A").ok_or_else(unrecognizable)?;
                self.exchange(who.name, who.user.as_ref(), public, Some(before))
            }
            Some(other) => {
                let what = format!("the challenge {other} of DefineAuthChallenge");
                Err(ApiError::not_built("cognito-idp", &what))
            }
            None => Err(unrecognizable()),
        }
    }

    /// Has a challenge made, and waits for its answer.
    fn create(&self, who: &Who<'_>, before: Vec<Value>) -> Result<Value, ApiError> {
        let question = Question {
            trigger: "CreateAuthChallenge",
            source: "CreateAuthChallenge_Authentication",
            username: who.username(),
            request: self.asked(who, json!({ "challengeName": "CUSTOM_CHALLENGE", "session": before })),
            response: json!({
                "publicChallengeParameters": null,
                "privateChallengeParameters": null,
                "challengeMetadata": null,
            }),
        };
        let answer = self.core.ask(&self.pool, self.later(), question)?.ok_or_else(without_function)?;
        let mut public = answer.texts("publicChallengeParameters")?;
        let private = Value::Object(answer.texts("privateChallengeParameters")?);
        let metadata = json!(answer.text("challengeMetadata")?);
        public.insert("USERNAME".to_owned(), json!(who.username()));
        let session = self.wait(who.username(), Step::Custom { before, private, metadata });
        Ok(json!({ "ChallengeName": "CUSTOM_CHALLENGE", "ChallengeParameters": public, "Session": session }))
    }

    /// Has an answer judged, and goes on.
    pub(super) fn judge(&self, pending: &Pending) -> Result<Value, ApiError> {
        let Step::Custom { before, private, metadata } = &pending.step else {
            return Err(bad_session());
        };
        let who = Who { name: &pending.username, user: self.user(&pending.username)? };
        let request = json!({
            "privateChallengeParameters": private,
            "challengeAnswer": self.parameters.text("ANSWER")?,
        });
        let question = Question {
            trigger: "VerifyAuthChallengeResponse",
            source: "VerifyAuthChallengeResponse_Authentication",
            username: who.username(),
            request: self.asked(&who, request),
            response: json!({ "answerCorrect": null }),
        };
        let answer = self.core.ask(&self.pool, self.later(), question)?.ok_or_else(without_function)?;
        let right = answer.flag("answerCorrect")?;
        let mut before = before.clone();
        before.push(passed("CUSTOM_CHALLENGE", right, metadata));
        self.define(&who, before)
    }

    /// The password was proven; what comes then the function says.
    pub(super) fn after_password(&self, user: &User, mut before: Vec<Value>) -> Result<Value, ApiError> {
        before.push(passed("PASSWORD_VERIFIER", true, &Value::Null));
        self.define(&Who { name: &user.username, user: Some(user.clone()) }, before)
    }
}
