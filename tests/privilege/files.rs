//! The roles of the identity pool and a bucket: every grant alone, tried by everybody, on every path, in every way.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::files::{credentials, file};
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::{self, Key};
use crate::support::users::Pool;

/// Who can be let in, as the settings say it, and the head of the path where this grant alone holds.
const WHO: [(&str, &str); 4] =
    [("guests", "guests"), ("signed-in", "users"), ("owner", "owners"), ("group/Editors", "editors")];

/// What can be granted, with the requests that it allows.
const GRANTS: [(&str, &[&str]); 5] = [
    ("read", &["s3:GetObject", "s3:ListBucket"]),
    ("get", &["s3:GetObject"]),
    ("list", &["s3:ListBucket"]),
    ("write", &["s3:PutObject"]),
    ("delete", &["s3:DeleteObject"]),
];

/// Someone with credentials.
struct Person {
    name: &'static str,
    key: Key,
    id: String,
}

impl Person {
    /// Whether a grant to `who` is meant for this person in the folder of `owner`.
    fn is_meant(&self, who: &str, owner: &str) -> bool {
        match who {
            "guests" => self.name == "guest",
            "signed-in" => self.name != "guest",
            "owner" => self.name != "guest" && self.id == owner,
            _ => self.name == "bob",
        }
    }
}

struct World {
    endpoint: String,
    bucket: String,
    people: Vec<Person>,
    wrong: Vec<String>,
}

impl World {
    /// Sends a request and notes an answer that is not as wanted.
    fn expect(&mut self, person: usize, allowed: bool, (action, method, path): (&str, &str, &str)) {
        let person = &self.people[person];
        let answer = file(&self.endpoint, &person.key, method, path, b"");
        let text = answer.text();
        let words = format!(" is not authorized to perform: {action} on resource: ");
        let good = if allowed {
            answer.status / 100 == 2
        } else {
            answer.status == 403 && text.contains("<Code>AccessDenied</Code>") && text.contains(&words)
        };
        if !good {
            let wanted = if allowed { "allowed" } else { "refused" };
            self.wrong.push(format!("{} {method} {path} is not {wanted}: {} {text}", person.name, answer.status));
        }
    }

    /// Every way to reach a folder, by everybody.
    fn try_folder(&mut self, (who, grant): (&str, &str), folder: &str, owner: &str) {
        let (_, actions) = GRANTS.iter().find(|(name, _)| *name == grant).unwrap();
        let bucket = self.bucket.clone();
        let escaped = folder.replace('/', "%2F");
        let above = folder.split('/').next().unwrap();
        let requests = [
            ("s3:GetObject", "GET", format!("/{bucket}/{folder}/kept.txt")),
            ("s3:ListBucket", "GET", format!("/{bucket}?list-type=2&prefix={escaped}%2F")),
            ("s3:PutObject", "PUT", format!("/{bucket}/{folder}/new.txt")),
            ("s3:PutObject", "POST", format!("/{bucket}/{folder}/parts.txt?uploads=")),
            ("s3:DeleteObject", "DELETE", format!("/{bucket}/{folder}/gone.txt")),
        ];
        for at in 0..self.people.len() {
            let meant = self.people[at].is_meant(who, owner);
            for (action, method, path) in &requests {
                self.expect(at, meant && actions.contains(action), (action, method, path));
            }
            // A step further: the folders beside it, whose names begin alike, and all owners at once.
            self.expect(at, false, ("s3:GetObject", "GET", &format!("/{bucket}/{above}x/kept.txt")));
            self.expect(at, false, ("s3:PutObject", "PUT", &format!("/{bucket}/{above}")));
            if who == "owner" {
                self.expect(at, false, ("s3:ListBucket", "GET", &format!("/{bucket}?list-type=2&prefix={above}%2F")));
            }
        }
    }

    /// What no grant allows to anybody.
    fn try_further(&mut self, neighbour: &str) {
        let bucket = self.bucket.clone();
        let requests = [
            ("s3:ListBucket", "GET", format!("/{bucket}?list-type=2")),
            ("s3:ListBucketVersions", "GET", format!("/{bucket}?versions=")),
            ("s3:GetBucketPolicy", "GET", format!("/{bucket}?policy=")),
            ("s3:DeleteBucketPolicy", "DELETE", format!("/{bucket}?policy=")),
            ("s3:DeleteBucket", "DELETE", format!("/{bucket}")),
            ("s3:ListAllMyBuckets", "GET", "/".to_owned()),
            ("s3:GetObject", "GET", format!("/{neighbour}/users-read/kept.txt")),
            ("s3:PutObject", "PUT", format!("/{neighbour}/users-write/new.txt")),
            ("s3:ListBucket", "GET", format!("/{neighbour}?list-type=2&prefix=users-read%2F")),
        ];
        for at in 0..self.people.len() {
            for (action, method, path) in &requests {
                self.expect(at, false, (action, method, path));
            }
            for (service, target, action) in [
                ("dynamodb", "DynamoDB_20120810.ListTables", "dynamodb:ListTables"),
                ("cognito-idp", "AWSCognitoIdentityProviderService.ListUserPools", "cognito-idp:ListUserPools"),
            ] {
                let answer = sigv4::call(&self.endpoint, &self.people[at].key, service, target, &json!({}));
                let words = format!("is not authorized to perform: {action}");
                if answer.status != 400 || !answer.text().contains(&words) {
                    self.wrong.push(format!("{target} is not refused: {}", answer.text()));
                }
            }
        }
    }
}

fn manifest() -> String {
    let mut text = String::from(
        "\n[resources.auth]\nkind = \"auth\"\ngroups = [\"Editors\"]\nguests = true\n\n[resources.others]\n\
         kind = \"storage\"\nbucket = { keep = false }\n\n[resources.photos]\nkind = \"storage\"\n\n\
         [resources.photos.bucket.access]\n",
    );
    for (who, head) in WHO {
        for (grant, _) in GRANTS {
            let owner = if who == "owner" { "{owner}/" } else { "" };
            writeln!(text, "\"{head}-{grant}/{owner}*\" = [\"{who}:{grant}\"]").unwrap();
        }
    }
    text
}

#[test]
fn everybody_can_do_with_files_what_the_settings_say_and_no_more() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "files", "--target", "local"]).ok();
    sandbox.write("ampup.toml", &(sandbox.read("ampup.toml") + &manifest()));
    let dev = sandbox.dev();
    let (endpoint, outputs) = (dev.endpoint.clone(), sandbox.outputs());
    let people = people(&endpoint, &outputs);
    let buckets = file(&endpoint, &Key::root(), "GET", "/", b"").text();
    let named = |head: &str| {
        let mut names = buckets.split("<Name>").skip(1).filter_map(|rest| rest.split("</Name>").next());
        names.find(|name| name.starts_with(head)).unwrap_or_else(|| panic!("no {head} in {buckets}")).to_owned()
    };
    let (bucket, neighbour) = (named("photos-"), named("others-"));
    let owners: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
    let mut world = World { endpoint, bucket, people, wrong: Vec::new() };
    for (who, head) in WHO {
        for (grant, _) in GRANTS {
            let folders: Vec<(String, &str)> = if who == "owner" {
                let of = |id: &String| format!("{head}-{grant}/{}", id.replace(':', "%3A"));
                owners[1..].iter().map(|id| (of(id), id.as_str())).collect()
            } else {
                vec![(format!("{head}-{grant}"), "")]
            };
            for (folder, owner) in folders {
                let path = format!("/{}/{folder}/kept.txt", world.bucket);
                assert_eq!(file(&world.endpoint, &Key::root(), "PUT", &path, b"kept").status, 200);
                world.try_folder((who, grant), &folder, owner);
            }
        }
    }
    world.try_further(&neighbour);
    assert!(world.wrong.is_empty(), "{} answers are wrong:\n{}", world.wrong.len(), world.wrong.join("\n"));
}

/// A guest; Ada, who is signed in; Bob, who is one of the Editors besides.
fn people(endpoint: &str, outputs: &Value) -> Vec<Person> {
    let pool = Pool::of(endpoint, outputs);
    let person = |name, token: Option<&str>| {
        let (key, id) = credentials(endpoint, outputs, token);
        Person { name, key, id }
    };
    for user in ["ada", "bob"] {
        pool.sign_up(&format!("{user}@example.com"));
    }
    let input = json!({ "UserPoolId": pool.id, "Username": "bob@example.com", "GroupName": "Editors" });
    let target = "AWSCognitoIdentityProviderService.AdminAddUserToGroup";
    assert_eq!(sigv4::call(endpoint, &Key::root(), "cognito-idp", target, &input).status, 200);
    let token = |name: &str| pool.sign_in(&format!("{name}@example.com")).id;
    vec![person("guest", None), person("ada", Some(&token("ada"))), person("bob", Some(&token("bob")))]
}
