//! The function of an API that lets callers in: whom it is asked about, for how long its word holds, what it takes away.

use serde_json::{Value, json};

use super::world::{Api, Doors, World, gives};
use crate::support::callers::Credential;
use crate::support::functions::{let_appsync_in, make_from, make_role};
use crate::support::stub::Stub;

const SCHEMA: &str = "
type Query { secret: String post: Post }
type Post { id: ID title: String owner: Person }
type Person { name: String phone: String }
type Mutation { tell(word: String): Told }
type Told { word: String }
type Subscription { heard: Told @aws_subscribe(mutations: [\"tell\"]) }
schema { query: Query mutation: Mutation subscription: Subscription }
";

/// Answers what the token says: `{ isAuthorized, deniedFields, … }` after a word, or fails. The test hears of each question.
const CODE: &str = "exports.handler = async ({ authorizationToken }) => {
  await fetch(process.env.TEST, { method: 'POST', body: authorizationToken });
  const [word, rest] = authorizationToken.split('|');
  if (word === 'fail') throw new Error('no idea');
  if (word === 'text') return 'yes';
  if (word === 'none') return {};
  return { isAuthorized: word === 'open', ...JSON.parse(rest ?? '{}') };
};";

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:keeper";

struct Kept {
    world: World,
    asked: Stub,
}

impl Kept {
    fn start() -> Self {
        let asked = Stub::start(|_| (200, Vec::new()));
        let world = World::start();
        make_role(&world.endpoint);
        make_from(&world.endpoint, "keeper", &[("index.js", CODE)], &json!({ "TEST": asked.address }));
        let_appsync_in(&world.endpoint, "keeper");
        Self { world, asked }
    }

    fn api(&self, config: &Value) -> Api {
        let mut all = json!({ "authorizerUri": FUNCTION });
        all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let settings = json!({ "authenticationType": "AWS_LAMBDA", "lambdaAuthorizerConfig": all });
        let post = "{ id: '1', title: 't', owner: { name: 'ada', phone: '7' } }";
        self.world.api(&settings, SCHEMA, &[("Query.secret", gives("'s'")), ("Query.post", gives(post))])
    }

    /// How often the function was asked since the last look.
    fn times(&self) -> usize {
        self.asked.take().len()
    }
}

fn by(token: &str) -> Credential {
    Credential::Header("authorization", token.to_owned())
}

#[test]
fn whom_the_function_does_not_let_in_finds_no_door() {
    let kept = Kept::start();
    let api = kept.api(&json!({}));
    let subscription = "subscription { heard { word } }";
    let doors = Doors { url: &api.url, query: "{ secret }", subscription, friend: by("open") };
    doors.are_open();
    for (what, token) in [
        ("whom it refuses", "closed"),
        ("about whom it fails", "fail"),
        ("about whom it says nothing that can be read", "text"),
        ("whom it neither refuses nor lets in", "none"),
    ] {
        assert_eq!(doors.refuse(what, &by(token)), "You are not authorized to make this call.", "{what}");
    }
    let nobody = doors.refuse("who says nothing", &Credential::Header("x-api-key", "da2-x".to_owned()));
    assert!(!nobody.contains("keeper"), "{nobody}");
}

#[test]
fn an_expression_refuses_tokens_before_the_function_is_asked() {
    let kept = Kept::start();
    let api = kept.api(&json!({ "identityValidationExpression": "open|closed" }));
    let status = |token: &str| by(token).send(&api.url, "{ secret }", &Value::Null).status;
    assert_eq!((status("open"), kept.times()), (200, 1));
    for token in ["opens", "an open", "fail", "open\u{a0}"] {
        assert_eq!((status(token), kept.times()), (401, 0), "{token}");
    }
    assert_eq!((status("closed"), kept.times()), (401, 1));
    let broken = json!({
        "name": "b", "authenticationType": "AWS_LAMBDA",
        "lambdaAuthorizerConfig": { "authorizerUri": FUNCTION, "identityValidationExpression": "(" },
    });
    assert_eq!(kept.world.try_control("/v1/apis", &broken).status, 400);
}

#[test]
fn an_answer_holds_as_long_as_the_api_or_the_function_says() {
    let kept = Kept::start();
    let status = |api: &Api, token: &str| by(token).send(&api.url, "{ secret }", &Value::Null).status;
    // Made at once: signatures do not follow a clock that is moved.
    let plain = kept.api(&json!({}));
    let minute = kept.api(&json!({ "authorizerResultTtlInSeconds": 60 }));
    let never_kept = kept.api(&json!({ "authorizerResultTtlInSeconds": 0 }));
    let too_long = json!({
        "name": "l", "authenticationType": "AWS_LAMBDA",
        "lambdaAuthorizerConfig": { "authorizerUri": FUNCTION, "authorizerResultTtlInSeconds": 3601 },
    });
    assert_eq!(kept.world.try_control("/v1/apis", &too_long).status, 400);
    // Five minutes when nothing is said.
    let api = &plain;
    assert_eq!((status(api, "open"), status(api, "open"), kept.times()), (200, 200, 1));
    kept.world.pass(299);
    assert_eq!((status(api, "open"), kept.times()), (200, 0));
    kept.world.pass(2);
    assert_eq!((status(api, "open"), kept.times()), (200, 1));
    // A refusal is kept too, and one token says nothing of another.
    assert_eq!((status(api, "closed"), status(api, "closed"), status(api, "open"), kept.times()), (401, 401, 200, 1));

    let api = &minute;
    assert_eq!((status(api, "open"), kept.times()), (200, 1), "another API asks for itself");
    kept.world.pass(61);
    assert_eq!((status(api, "open"), kept.times()), (200, 1));
    let longer = "open|{\"ttlOverride\":1000}";
    assert_eq!((status(api, longer), kept.times()), (200, 1));
    kept.world.pass(999);
    assert_eq!((status(api, longer), kept.times()), (200, 0));
    kept.world.pass(2);
    assert_eq!((status(api, longer), kept.times()), (200, 1));
    let never = "open|{\"ttlOverride\":0}";
    assert_eq!((status(api, never), status(api, never), kept.times()), (200, 200, 2));

    let api = &never_kept;
    assert_eq!((status(api, "open"), status(api, "open"), kept.times()), (200, 200, 2));
}

#[test]
fn denied_fields_are_null_by_every_name() {
    let kept = Kept::start();
    let api = kept.api(&json!({}));
    let arn = format!("arn:aws:appsync:us-east-1:000000000000:apis/{}/types/Person/fields/phone", api.id);
    let without = |fields: Value| by(&format!("open|{}", json!({ "deniedFields": fields })));
    let refused = |caller: &Credential, query: &str, path: &str| {
        let answer = caller.send(&api.url, query, &Value::Null).json();
        assert_eq!(answer["data"].pointer(path), Some(&Value::Null), "{query}: {answer}");
        let errors = answer["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["errorType"] == "Unauthorized"), "{query}: {answer}");
        let path: Vec<&str> = path.split('/').skip(1).collect();
        assert!(errors.iter().any(|error| error["path"] == json!(path)), "{query}: {answer}");
        assert!(!answer["data"].to_string().contains("\"7\""), "{query}: {answer}");
    };
    for denied in [json!(["Person.phone"]), json!([arn]), json!(["Other.field", arn, "Person.phone"])] {
        let caller = without(denied);
        refused(&caller, "{ post { owner { phone } } }", "/post/owner/phone");
        refused(&caller, "{ post { owner { name: phone } } }", "/post/owner/name");
        refused(&caller, "{ p: post { owner { ...F } } } fragment F on Person { x: phone }", "/p/owner/x");
        refused(&caller, "{ post { owner { ... on Person { ... { phone } } } } }", "/post/owner/phone");
        let rest = caller.send(&api.url, "{ post { owner { phone: name } } }", &Value::Null).json();
        assert_eq!(rest, json!({ "data": { "post": { "owner": { "phone": "ada" } } } }));
    }
    let caller = without(json!(["Query.post", "Subscription.heard"]));
    refused(&caller, "{ secret: post { id } }", "/secret");
    let heard = caller.listen(&api.url, "subscription { heard { word } }", &json!({}));
    assert_eq!(heard.err().unwrap()["message"], "Not Authorized to access heard on type Subscription");
    // The ARN of the same field of another API takes nothing away here.
    let elsewhere = arn.replace(&api.id, "aaaaaaaaaaaaaaaaaaaaaaaaaa");
    let seen = without(json!([elsewhere])).send(&api.url, "{ post { owner { phone } } }", &Value::Null).json();
    assert_eq!(seen["data"]["post"]["owner"]["phone"], "7", "{seen}");
}
