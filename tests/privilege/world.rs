//! One project with a function for every access and every sample, deployed to the embedded cloud.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::calls::Call;
use crate::support::functions::FUNCTIONS;
use crate::support::http::{Answer, send, split_url};
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::sigv4::{Key, sign_method};

/// A function of the project: what its settings say, and what they therefore allow.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub name: String,
    /// The sample that its code is; none for a function that does nothing but tell who it is.
    pub sample: Option<&'static str>,
    pub runtime: &'static str,
    /// Settings, as lines of the manifest.
    pub settings: String,
    /// `orders:read`, one action each; `queue` and `orders:change` for triggers.
    pub allowed: Vec<String>,
}

impl Probe {
    /// Whether its settings allow what a call needs.
    pub(super) fn may(&self, needs: &str) -> bool {
        match needs.split_once(':') {
            None if needs == "own" => true,
            None => self.allowed.iter().any(|allowed| allowed == needs),
            Some((resource, actions)) => {
                actions.split(',').all(|action| self.allowed.contains(&format!("{resource}:{action}")))
            }
        }
    }
}

/// The services with their signing names and, where they speak JSON to one address, the head of their targets.
const SERVICES: [(&str, &str, &str); 13] = [
    ("s3", "s3", ""),
    ("dynamodb", "dynamodb", "DynamoDB_20120810"),
    ("streams", "dynamodb", "DynamoDBStreams_20120810"),
    ("lambda", "lambda", ""),
    ("sqs", "sqs", "AmazonSQS"),
    ("appsync", "appsync", ""),
    ("cognito", "cognito-idp", "AWSCognitoIdentityProviderService"),
    ("logs", "logs", "Logs_20140328"),
    ("ssm", "ssm", "AmazonSSM"),
    ("secretsmanager", "secretsmanager", "secretsmanager"),
    ("iam", "iam", ""),
    ("sts", "sts", ""),
    ("cloudformation", "cloudformation", ""),
];

/// Tells the credentials that Lambda gave it, and runs the sample on everything else.
const NODE: &str = "\
const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
export const handler = async (event, context) => {
  if (event.who) return { key: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN], environment: process.env };
  return (await import('./index.mjs')).handler(event, context);
};
";
const PYTHON: &str = "\
import os
KEY = [os.environ[name] for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')]


def handler(event, context):
    if event.get('who'):
        return {'key': KEY, 'environment': dict(os.environ)}
    import index
    return index.handler(event, context)
";

const SCHEMA: &str = "\
type Note @model @auth(rules: [{ allow: custom }]) { id: ID! }
type Memo @model @auth(rules: [{ allow: custom }]) { id: ID! }
";

/// What stands around the functions: everything twice, once to be used and once to be left alone.
const AROUND: &str = r#"
[resources.auth]
kind = "auth"
groups = ["Editors"]
[resources.photos]
kind = "storage"
bucket = { keep = false }
[resources.others]
kind = "storage"
bucket = { keep = false }
[resources.orders]
kind = "storage"
table = { key = "id", indexes = { byOwner = { key = "owner" } }, stream = true, keep = false }
[resources.bills]
kind = "storage"
table = { key = "id", stream = true, keep = false }
[resources.blog]
kind = "api"
auth = "iam"
iam-access = true
additional-auth = [{ lambda = "authoriser-node" }]
[resources.shop]
kind = "api"
auth = "iam"
iam-access = true
additional-auth = [{ lambda = "authoriser-python" }]
"#;

/// The running project.
pub(super) struct World {
    pub dev: Dev,
    pub sandbox: Sandbox,
    /// What `{…}` stands for in a call.
    pub names: BTreeMap<String, String>,
    /// What tells this deployment's functions from others: `-dev-0123abcd`.
    ending: String,
}

impl World {
    pub(super) fn deploy(probes: &[Probe]) -> Self {
        let sandbox = Sandbox::new();
        let _ = sandbox.run(&["init", "rights", "--target", "local"]).ok();
        for Probe { name, runtime, sample, .. } in probes {
            let (ending, text) = if runtime.starts_with("node") { ("mjs", NODE) } else { ("py", PYTHON) };
            sandbox.write(&format!("ampup/function/{name}/probe.{ending}"), text);
            if let Some(sample) = sample {
                let add = ["add", "function", "--name", name, "--runtime", runtime, "--sample", sample];
                let _ = sandbox.run(&[&add[..], &["--handler", "probe.handler"]].concat()).ok();
            }
        }
        let mut manifest = sandbox.read("ampup.toml") + AROUND;
        for Probe { name, runtime, sample, settings, .. } in probes {
            let head = format!("[resources.{name}]\n");
            if sample.is_some() {
                assert!(manifest.contains(&head), "{manifest}");
                manifest = manifest.replace(&head, &format!("{head}{settings}\n"));
            } else {
                write!(manifest, "\n{head}kind = \"function\"\nruntime = \"{runtime}\"\n").unwrap();
                write!(manifest, "handler = \"probe.handler\"\n{settings}\n").unwrap();
            }
        }
        for api in ["blog", "shop"] {
            sandbox.write(&format!("ampup/api/{api}/schema.graphql"), SCHEMA);
        }
        sandbox.write("ampup.toml", &manifest);
        let dev = sandbox.dev();
        // `dev` goes on when a deployment is refused; this tells why.
        let _ = sandbox.run(&["push", "--yes"]).ok();
        let mut world = Self { dev, sandbox, names: BTreeMap::new(), ending: String::new() };
        world.learn();
        world.furnish();
        world
    }

    /// The names in the cloud: what a function with access to everything is told, and what only the account's root sees.
    fn learn(&mut self) {
        let listed = self.root("lambda GET /2015-03-31/functions", "").json();
        let functions = listed["Functions"].as_array().unwrap();
        let atlas = functions.iter().map(|one| one["FunctionName"].as_str().unwrap());
        let atlas = atlas.filter(|name| name.starts_with("atlas-dev-")).collect::<Vec<_>>();
        atlas[0].trim_start_matches("atlas").clone_into(&mut self.ending);
        let told = self.invoke("atlas", &json!({ "who": true }));
        let variables = [
            ("photos", "PHOTOS_BUCKET"),
            ("others", "OTHERS_BUCKET"),
            ("orders", "ORDERS_TABLE"),
            ("bills", "BILLS_TABLE"),
            ("target", "TARGET_FUNCTION"),
            ("rival", "RIVAL_FUNCTION"),
            ("target_queue", "TARGET_QUEUE_URL"),
            ("rival_queue", "RIVAL_QUEUE_URL"),
            ("listener_queue", "LISTENER_QUEUE_URL"),
            ("blog", "BLOG_GRAPHQL_URL"),
            ("shop", "SHOP_GRAPHQL_URL"),
            ("note", "BLOG_NOTE_TABLE"),
            ("memo", "BLOG_MEMO_TABLE"),
            ("pool", "AUTH_USER_POOL_ID"),
        ];
        for (name, variable) in variables {
            let value = told["environment"][variable].as_str().unwrap_or_else(|| panic!("no {variable} in {told}"));
            self.names.insert(name.to_owned(), value.to_owned());
        }
        self.names.insert("now".to_owned(), jiff::Timestamp::now().as_millisecond().to_string());
        for table in ["orders", "bills"] {
            let facts = self.root("dynamodb DescribeTable", &format!("{{\"TableName\":\"{{{table}}}\"}}")).json();
            let arn = facts["Table"]["LatestStreamArn"].as_str().unwrap().to_owned();
            self.names.insert(format!("{table}_stream"), arn);
        }
        let rival = self.root("lambda GET /2015-03-31/functions/{rival}", "").json();
        let role = rival["Configuration"]["Role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        self.names.insert("rival_role".to_owned(), role);
        let made = self.root("cognito CreateUserPool", r#"{"PoolName":"other"}"#).json();
        let other = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        self.names.insert("other_pool".to_owned(), other);
        let client = self.sandbox.outputs()["auth"]["user_pool_client_id"].as_str().unwrap().to_owned();
        self.names.insert("client".to_owned(), client);
    }

    /// What the calls find: files, an item, users.
    fn furnish(&self) {
        for bucket in ["photos", "others"] {
            self.root(&format!("s3 PUT /{{{bucket}}}/kept.txt"), "kept");
        }
        for (pool, user) in [("pool", "kept"), ("pool", "gone"), ("other_pool", "kept")] {
            let input = json!({
                "UserPoolId": self.names[pool], "Username": format!("{user}@example.com"), "MessageAction": "SUPPRESS",
            });
            self.root("cognito AdminCreateUser", &input.to_string());
        }
    }

    /// The name in the cloud of a function of the project.
    pub(super) fn function(&self, resource: &str) -> String {
        format!("{resource}{}", self.ending)
    }

    /// The answer of a function, invoked by the account's root.
    pub(super) fn invoke(&self, resource: &str, event: &Value) -> Value {
        let path = format!("lambda POST {FUNCTIONS}/{}/invocations", self.function(resource));
        let answer = self.root(&path, &event.to_string());
        assert_eq!(answer.header("x-amz-function-error"), None, "{resource}: {}", answer.text());
        answer.json()
    }

    /// The credentials that Lambda gives a function.
    pub(super) fn credentials(&self, resource: &str) -> Key {
        let told = self.invoke(resource, &json!({ "who": true }));
        let part = |at: usize| told["key"][at].as_str().unwrap_or_else(|| panic!("no key in {told}")).to_owned();
        Key { access: part(0), secret: part(1), token: Some(part(2)) }
    }

    /// A request by the account's root, which must succeed.
    fn root(&self, request: &str, body: &str) -> Answer {
        let answer = self.send(&Key::root(), "", request, body);
        assert_eq!(answer.status / 100, 2, "{request}: {}", answer.text());
        answer
    }

    /// A call with someone's credentials.
    pub(super) fn ask(&self, key: &Key, of: &str, call: &Call) -> Answer {
        self.send(key, of, call.request, call.body)
    }

    /// A text with the names in the cloud filled in; `{self}` is the function that asks.
    fn fill(&self, text: &str, of: &str) -> String {
        let with_self = text.replace("{self}", &self.function(of));
        self.names.iter().fold(with_self, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn send(&self, key: &Key, of: &str, request: &str, body: &str) -> Answer {
        let (request, body) = (self.fill(request, of), self.fill(body, of));
        let words: Vec<&str> = request.split(' ').collect();
        let service = SERVICES.iter().find(|(service, ..)| *service == words[0]);
        let (_, signed_as, head) = service.unwrap_or_else(|| panic!("{request}"));
        let (method, path, target) = match words[1..] {
            [method, path] => (method, path.to_owned(), None),
            [action] => ("POST", "/".to_owned(), Some(format!("{head}.{action}"))),
            _ => panic!("{request}"),
        };
        let path = if path.starts_with("http") { split_url(&path).1 } else { path };
        let form = matches!(*signed_as, "iam" | "sts" | "cloudformation");
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/x-amz-json-1.1" };
        let mut headers = vec![("content-type", kind)];
        headers.extend(target.as_deref().map(|target| ("x-amz-target", target)));
        let host = self.dev.endpoint.trim_start_matches("http://");
        let signed = sign_method(key, signed_as, host, (method, &path), &headers, body.as_bytes());
        let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        send(&self.dev.endpoint, method, &path, &headers, body.as_bytes())
    }
}
