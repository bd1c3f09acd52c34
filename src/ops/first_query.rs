//! The first question to a fresh backend, asked for real: a user signs up, confirms, signs in, writes and reads.
//!
//! It speaks to the embedded cloud over the wire, as a front end would. What it makes stays there.

use serde::Serialize;
use serde_json::{Value, json};

use super::{OperationError, Session};
use crate::base::Endpoint;
use crate::deploy::wire::{Answer, Wire};
use crate::error::Failure;

/// Where to ask.
#[derive(Clone, Debug)]
pub struct FirstQueryRequest<'a> {
    /// The address of the cloud.
    pub endpoint: &'a Endpoint,
    /// The user pool.
    pub user_pool_id: &'a str,
    /// Its client.
    pub client_id: &'a str,
    /// The API.
    pub graphql_url: &'a str,
    /// The model to write and read; none asks for the name of the root type.
    pub model: Option<&'a str>,
}

/// One question and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// What was asked, in a few words.
    pub asked: &'static str,
    /// What was sent or done.
    pub sent: String,
    /// What came back.
    pub answered: Value,
}

/// The story of the first question.
#[derive(Clone, Debug, Serialize)]
pub struct FirstQuery {
    /// Who signed up.
    pub user: String,
    /// Everything that was asked.
    pub exchanges: Vec<Exchange>,
}

struct Asker<'a> {
    wire: Wire,
    request: &'a FirstQueryRequest<'a>,
    exchanges: Vec<Exchange>,
}

/// Signs a user up and in, and asks.
pub async fn ask(session: &Session, request: &FirstQueryRequest<'_>) -> Result<FirstQuery, Failure> {
    // A new user each time, and a password that nobody is told: the state is kept between runs.
    let user = format!("{}@example.com", session.ids.short(8));
    let password = format!("Aa1!{}", session.ids.short(16));
    let mut asker = Asker { wire: Wire::default(), request, exchanges: Vec::new() };
    asker.sign_up(&user, &password).await?;
    let token = asker.sign_in(&user, &password).await?;
    match request.model {
        Some(model) => asker.write_and_read(model, &token).await?,
        None => {
            asker.graphql("a first query", "query { __typename }", &json!({}), &token).await?;
        }
    }
    Ok(FirstQuery { user, exchanges: asker.exchanges })
}

impl Asker<'_> {
    async fn sign_up(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        let body = json!({
            "ClientId": self.request.client_id, "Username": user, "Password": password,
            "UserAttributes": [{ "Name": "email", "Value": user }],
        });
        let answer = self.cognito("sign-up", "SignUp", &body).await?;
        if answer["UserConfirmed"] == json!(true) {
            return Ok(());
        }
        let code = self.code(user).await?;
        let body = json!({ "ClientId": self.request.client_id, "Username": user, "ConfirmationCode": code });
        self.cognito("confirming the code from the mailbox", "ConfirmSignUp", &body).await?;
        Ok(())
    }

    async fn sign_in(&mut self, user: &str, password: &str) -> Result<String, Failure> {
        let body = json!({
            "ClientId": self.request.client_id, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": user, "PASSWORD": password },
        });
        let answer = self.cognito("sign-in", "InitiateAuth", &body).await?;
        let token = answer["AuthenticationResult"]["AccessToken"].as_str().map(str::to_owned);
        token.ok_or_else(|| failed("sign-in", "the answer holds no access token"))
    }

    /// The newest code in the mailbox for a user.
    async fn code(&mut self, user: &str) -> Result<String, Failure> {
        const ASKED: &str = "reading the mailbox";
        let query = format!("/_ampup/mailbox?userPoolId={}&username={user}", self.request.user_pool_id);
        let answer = self.wire.get(self.request.endpoint, &query).await?;
        let body = good(ASKED, &answer)?;
        let code = body["messages"].as_array().and_then(|messages| {
            let mine = |message: &&Value| message["to"].as_str() == Some(user);
            messages.iter().filter(mine).max_by_key(|message| message["at"].to_string())
        });
        let code = code.and_then(|message| message["code"].as_str()).map(str::to_owned);
        code.ok_or_else(|| failed(ASKED, "there is no message with a code"))
    }

    /// A call of the user pool. The exchange keeps no password and no token.
    async fn cognito(&mut self, asked: &'static str, operation: &str, body: &Value) -> Result<Value, Failure> {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let answer = self.wire.post(&format!("{}/", self.request.endpoint), &headers, body).await?;
        let value = good(asked, &answer)?;
        let shown = match operation {
            "InitiateAuth" => json!({ "tokens": value["AuthenticationResult"]["TokenType"] }),
            _ => value.clone(),
        };
        let user = body["Username"].as_str().or(body["AuthParameters"]["USERNAME"].as_str()).unwrap_or_default();
        self.exchanges.push(Exchange { asked, sent: format!("{operation} {user}"), answered: shown });
        Ok(value)
    }

    async fn graphql(
        &mut self,
        asked: &'static str,
        query: &str,
        variables: &Value,
        token: &str,
    ) -> Result<Value, Failure> {
        let value = self.graphql_quietly(asked, query, variables, token).await?;
        let answered = value["data"].clone();
        self.exchanges.push(Exchange { asked, sent: query.to_owned(), answered: answered.clone() });
        Ok(answered)
    }

    async fn graphql_quietly(
        &self,
        asked: &'static str,
        query: &str,
        variables: &Value,
        token: &str,
    ) -> Result<Value, Failure> {
        let headers = [("content-type", "application/json"), ("authorization", token)];
        let body = json!({ "query": query, "variables": variables });
        let answer = self.wire.post(self.request.graphql_url, &headers, &body).await?;
        let value = good(asked, &answer)?;
        match value.get("errors").and_then(Value::as_array) {
            Some(errors) if !errors.is_empty() => Err(failed(asked, &value["errors"].to_string())),
            _ => Ok(value),
        }
    }

    async fn write_and_read(&mut self, model: &str, token: &str) -> Result<(), Failure> {
        let input = self.sample_input(model, token).await?;
        let fields: Vec<&str> = input.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let fields = fields.join(" ");
        let create =
            format!("mutation($input: Create{model}Input!) {{ create{model}(input: $input) {{ id {fields} }} }}");
        let made = self.graphql("writing", &create, &json!({ "input": input }), token).await?;
        let made = &made[format!("create{model}")];
        let read = format!("query($id: ID!) {{ get{model}(id: $id) {{ id {fields} createdAt }} }}");
        let found = self.graphql("reading", &read, &json!({ "id": made["id"] }), token).await?;
        let found = &found[format!("get{model}")];
        let same = |field: &str| found[field] == made[field];
        if made["id"].is_string() && fields.split(' ').all(same) && same("id") {
            Ok(())
        } else {
            Err(failed("reading", &format!("what was written ({made}) is not what was read ({found})")))
        }
    }

    /// The fields that a new item must have, filled in; the API itself says which.
    async fn sample_input(&self, model: &str, token: &str) -> Result<Value, Failure> {
        const QUERY: &str =
            "query($name: String!) { __type(name: $name) { inputFields { name type { kind name ofType { name } } } } }";
        let variables = json!({ "name": format!("Create{model}Input") });
        let answer = self.graphql_quietly("looking at the schema", QUERY, &variables, token).await?;
        let mut input = serde_json::Map::new();
        for field in answer["data"]["__type"]["inputFields"].as_array().into_iter().flatten() {
            let Some(name) = field["name"].as_str().filter(|_| field["type"]["kind"] == "NON_NULL") else { continue };
            let value = match field["type"]["ofType"]["name"].as_str() {
                Some("Int" | "Float" | "AWSTimestamp") => json!(1),
                Some("Boolean") => json!(true),
                Some("AWSDate") => json!("2026-01-02"),
                Some("AWSDateTime") => json!("2026-01-02T03:04:05.000Z"),
                Some("AWSEmail") => json!("someone@example.com"),
                Some("String" | "ID") => json!(format!("A first {}", model.to_lowercase())),
                other => return Err(failed("looking at the schema", &format!("`{name}` is a required {other:?}"))),
            };
            input.insert(name.to_owned(), value);
        }
        Ok(Value::Object(input))
    }
}

fn failed(asked: &'static str, answer: &str) -> Failure {
    OperationError::FirstQuery { asked, answer: answer.to_owned() }.into()
}

/// The JSON of an answer that is no refusal.
fn good(asked: &'static str, answer: &Answer) -> Result<Value, Failure> {
    let text = || String::from_utf8_lossy(&answer.body).chars().take(500).collect::<String>();
    if answer.status != 200 {
        return Err(failed(asked, &format!("HTTP {}: {}", answer.status, text())));
    }
    answer.json().ok_or_else(|| failed(asked, &format!("not JSON: {}", text())))
}
