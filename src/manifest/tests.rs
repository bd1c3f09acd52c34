use super::{Manifest, ManifestChange, fresh, parse, rewrite};
use crate::base::{EnvName, ProjectName, Region, ResourceName, Target};
use crate::category::auth::{Mfa, PasswordPolicy};
use crate::category::{ApiSpec, AuthSpec, HostingSpec, ResourceSpec};
use crate::error::Code;

const GOOD: &str = r#"# My project
version = 1
name = "my-app" # the name

[environments.dev]
kind = "local"

[environments.prod] # careful
kind = "aws"
region = "eu-west-1"
profile = "work"

# People
[resources.auth]
kind = "auth"
groups = ["Editors"] # who writes
password = { minimum-length = 10 }

[resources.blog]
kind = "api"
"#;

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).unwrap()
}

/// `line:column message | hint; hint` of each problem.
fn problems(text: &str) -> Vec<String> {
    let shown = |problem: crate::error::Problem| {
        let location = problem.location.map_or_else(String::new, |at| format!("{}:{} ", at.line, at.column));
        let hints: Vec<String> = problem.hints.into_iter().map(|hint| hint.0).collect();
        format!("{location}{} | {}", problem.message, hints.join("; "))
    };
    parse(text).unwrap_err().into_iter().map(shown).collect()
}

#[test]
fn a_good_manifest_is_read() {
    let manifest = parse(GOOD).unwrap();
    assert_eq!(manifest.name.as_str(), "my-app");
    assert_eq!(manifest.environments.keys().map(EnvName::as_str).collect::<Vec<_>>(), ["dev", "prod"]);
    assert_eq!(manifest.environments[0], Target::Local { region: Region::default() });
    let ResourceSpec::Auth(auth) = &manifest.resources["auth"] else { panic!("not auth") };
    assert_eq!(auth.groups, ["Editors"]);
    assert_eq!(auth.password, PasswordPolicy { minimum_length: 10, ..PasswordPolicy::default() });
    assert_eq!(manifest.stack_name(&EnvName::new("dev").unwrap()).as_str(), "my-app-dev");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = r#"version = 2
name = "My App"
colour = "red"
[environments.dev]
kind = "locl"
[environments.prod]
kind = "aws"
regoin = "eu-west-1"
[environments.stage]
kind = "localstack"
endpoint = "localhost"
region = "us-east-1"
[resources.auth]
kind = "auth"
sing-in = "email"
mfa = "yes"
guests = "true"
groups = ["a", 3]
password = { minimum-lenght = 8, digits = 1 }
[resources.api]
knd = "api"
[resources."x${y}"]
kind = "hosting"
"#;
    let found = problems(text);
    let wanted = [
        "1:11 `version` is wrong: the manifest is of version 2",
        "2:8 `name` is wrong: `My App` cannot be a project name",
        "3:1 unknown setting `colour` of a manifest",
        "5:8 `kind` of environment `dev` cannot be `locl`: it is one of aws, localstack, local | did you mean `local`?",
        "8:1 unknown setting `regoin` of environment `prod` | did you mean `region`?",
        "11:12 `endpoint` of environment `stage` is wrong: `localhost` cannot be an endpoint",
        "15:1 unknown setting `sing-in` of resource `auth` | did you mean `sign-in`?",
        "16:7 `mfa` of resource `auth` cannot be `yes`",
        "17:10 `guests` of resource `auth` is wrong: invalid type: string \"true\", expected a boolean",
        "18:10 `groups` of resource `auth` is wrong: invalid type: integer `3`, expected a string",
        "19:14 unknown setting `minimum-lenght` of resource `auth` | did you mean `minimum-length`?",
        "19:43 `password.digits` of resource `auth` is wrong: invalid type: integer `1`, expected a boolean",
        "20:12 the resource `api` has no `kind`",
        "22:12 `x${y}` cannot be a resource name",
    ];
    for wanted in wanted {
        assert!(found.iter().any(|problem| problem.starts_with(wanted)), "{wanted}\nis not in\n{found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
}

#[test]
fn values_that_types_allow_but_cognito_does_not() {
    let with = |lines: &str| format!("version = 1\nname = \"a\"\n[resources.auth]\nkind = \"auth\"\n{lines}\n");
    for (lines, wanted) in [
        (
            "password = { minimum-length = 5 }",
            "5:31 `password.minimum-length` of resource `auth` is wrong: passwords of",
        ),
        ("password = { minimum-length = 100 }", "5:31 `password.minimum-length`"),
        ("groups = [\"A\", \"A\"]", "5:10 `groups` of resource `auth` is wrong: `A` is there twice"),
        ("groups = [\"it's ${x}\\n{{\"]", "5:10 `groups` of resource `auth` is wrong: `it\\'s ${x}\\n{{` cannot be"),
        ("recovery = \"phone\"", "5:12 `recovery` of resource `auth` is wrong: people who sign in with their e-mail"),
        ("sign-in = \"phone\"", "3:12 `recovery` of resource `auth` is wrong: people who sign in with their phone"),
        ("[resources.more]\nkind = \"auth\"", "5:12 `more` is a second auth resource beside `auth`"),
        ("[resources.Auth]\nkind = \"hosting\"", "5:12 the resources `auth` and `Auth` share"),
        ("[resources.root]\nkind = \"hosting\"", "5:12 a resource cannot be called `root`"),
        ("[resources.w]\nkind = \"hosting\"\nsource = \"../up\"", "7:10 `source` of resource `w` is wrong"),
        ("[resources.w]\nkind = \"hosting\"\nbuild = \" \"", "7:9 `build` of resource `w` is wrong"),
        ("[outputs]\npath = \"/etc/passwd\"", "6:8 `path` of `outputs` is wrong"),
    ] {
        let found = problems(&with(lines));
        assert!(found.len() == 1 && found[0].starts_with(wanted), "{lines}\n{found:#?}");
    }
    assert!(parse(&with("sign-in = \"phone\"\nrecovery = \"phone\"\npassword = { minimum-length = 99 }")).is_ok());
}

#[test]
fn broken_toml_is_told_all_at_once() {
    let found = parse("version = \nname = \"a\n[resources.x\n").unwrap_err();
    assert!(found.len() >= 3, "{found:#?}");
    assert!(found.iter().all(|problem| problem.code == Code::AMP0102 && problem.location.is_some()));
    assert!(found.iter().all(|problem| !problem.message.contains('\n')));
}

#[test]
fn what_is_missing_is_named() {
    let found = problems("[environments.dev]\nkind = \"aws\"\n");
    assert!(found.iter().any(|problem| problem.contains("`version` is missing")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.contains("`name` is missing")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.contains("2:") || problem.contains("`region`")), "{found:#?}");
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn odd_material_is_no_panic() {
    for text in [
        "",
        "resources = 3",
        "resources = []",
        "[[resources]]",
        "version = 1e400\nname = [[[]]]",
        "environments.dev = 1",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    let deep = format!("x = {}1{}", "[".repeat(5000), "]".repeat(5000));
    assert!(parse(&deep).is_err());
}

#[test]
fn edits_keep_comments_and_order() {
    let auth =
        AuthSpec { mfa: Mfa::Optional, groups: vec!["Editors".to_owned(), "Admins".to_owned()], ..AuthSpec::default() };
    let changes = [
        ManifestChange::PutResource(name("auth"), ResourceSpec::Auth(auth)),
        ManifestChange::PutResource(
            name("site"),
            ResourceSpec::Hosting(HostingSpec { spa: false, ..HostingSpec::default() }),
        ),
        ManifestChange::PutEnvironment(EnvName::new("test").unwrap(), Target::Local { region: Region::default() }),
        ManifestChange::RemoveResource(name("blog")),
    ];
    let after = rewrite(GOOD, &changes).unwrap();
    let wanted = r#"# My project
version = 1
name = "my-app" # the name

[environments.dev]
kind = "local"

[environments.prod] # careful
kind = "aws"
region = "eu-west-1"
profile = "work"

[environments.test]
kind = "local"
region = "us-east-1"

# People
[resources.auth]
kind = "auth"
groups = ["Editors", "Admins"] # who writes
password = { minimum-length = 8 }
mfa = "optional"

[resources.site]
kind = "hosting"
spa = false
"#;
    snapbox::assert_data_eq!(after, wanted);
}

#[test]
fn an_edit_that_changes_nothing_changes_no_byte() {
    let manifest = parse(GOOD).unwrap();
    let put = |(name, spec): (&ResourceName, &ResourceSpec)| ManifestChange::PutResource(name.clone(), spec.clone());
    let changes: Vec<ManifestChange> = manifest.resources.iter().map(put).collect();
    assert_eq!(rewrite(GOOD, &changes).unwrap(), GOOD);
}

#[test]
fn a_new_manifest_is_read_as_what_it_was_made_of() {
    let mut manifest = Manifest::new(
        ProjectName::new("shop").unwrap(),
        EnvName::new("dev").unwrap(),
        Target::LocalStack {
            endpoint: crate::base::Endpoint::new("http://localhost:4566").unwrap(),
            region: Region::default(),
            ca_bundle: Some("ca.pem".to_owned()),
        },
    );
    manifest.resources.insert(name("auth"), ResourceSpec::Auth(AuthSpec { guests: true, ..AuthSpec::default() }));
    manifest.resources.insert(name("blog"), ResourceSpec::Api(ApiSpec::default()));
    let text = fresh(&manifest).unwrap();
    assert!(text.starts_with('#') && text.contains("ca-bundle = \"ca.pem\""), "{text}");
    assert_eq!(parse(&text).unwrap(), manifest);
}

#[test]
fn removing_what_is_not_there_is_told() {
    let error = rewrite(GOOD, &[ManifestChange::RemoveResource(name("nothing"))]).unwrap_err();
    assert_eq!(error[0].code, Code::AMP0109);
}

#[test]
fn inline_sections_can_be_edited() {
    let text = "version = 1\nname = \"a\"\nresources = { auth = { kind = \"auth\", guests = true } }\n";
    let changes = [
        ManifestChange::PutResource(name("auth"), ResourceSpec::Auth(AuthSpec::default())),
        ManifestChange::PutResource(name("site"), ResourceSpec::Hosting(HostingSpec::default())),
    ];
    let after = parse(&rewrite(text, &changes).unwrap()).unwrap();
    assert_eq!(after.resources["auth"], ResourceSpec::Auth(AuthSpec::default()));
    assert!(after.resources.contains_key("site"));
}
