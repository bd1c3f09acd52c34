use indexmap::IndexMap;

use super::{Access, FunctionSample, FunctionSpec, Language, Runtime, Schedule, Trigger, UrlCallers};
use crate::base::ResourceName;
use crate::category::api::{ApiAuth, AuthoriserSettings};
use crate::category::storage::{BucketSpec, StorageSpec, TableSpec};
use crate::category::{Among, ApiSpec, AuthSpec, Context, HostingSpec, ResourceSpec, Sources, Synthesis};
use crate::cfn::Value;
use crate::error::{Code, Problem};
use crate::render::Renderer;

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).unwrap()
}

/// The schema of the project's API.
const SCHEMA: &str = "\
type Post @model @auth(rules: [{ allow: public }]) { id: ID! title: String @index }
type OrderLine @model @mapsTo(name: \"Line\") @auth(rules: [{ allow: public }]) { id: ID! }
type Query { work: String @function(name: \"worker\") @auth(rules: [{ allow: public }]) }
";

/// A project with one of everything beside the function `worker`.
fn project(spec: &FunctionSpec) -> IndexMap<ResourceName, ResourceSpec> {
    let bucket = StorageSpec { bucket: Some(BucketSpec::default()), table: None };
    let table = StorageSpec { bucket: None, table: Some(TableSpec::default()) };
    let other = FunctionSpec { triggers: vec![Trigger::Queue], ..FunctionSpec::default() };
    let lambda = ApiAuth::Lambda(AuthoriserSettings { function: "worker".to_owned(), ttl: None });
    IndexMap::from([
        (name("auth"), ResourceSpec::Auth(AuthSpec::default())),
        (name("blog"), ResourceSpec::Api(ApiSpec { additional_auth: vec![lambda], ..ApiSpec::default() })),
        (name("my-photos"), ResourceSpec::Storage(bucket)),
        (name("orders"), ResourceSpec::Storage(table)),
        (name("other"), ResourceSpec::Function(other)),
        (name("site"), ResourceSpec::Hosting(HostingSpec::default())),
        (name("worker"), ResourceSpec::Function(spec.clone())),
    ])
}

fn synthesize_with(spec: &FunctionSpec, files: &[&str]) -> Result<Synthesis, Vec<Problem>> {
    let (name, render, siblings) = (name("worker"), Renderer::default(), project(spec));
    let mut sources = Sources::default();
    sources.insert("ampup/api/blog/schema.graphql".to_owned(), SCHEMA.to_owned());
    sources.set_code(files.iter().map(|file| format!("ampup/function/worker/{file}")));
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

fn synthesize(spec: &FunctionSpec) -> Synthesis {
    synthesize_with(spec, &["index.mjs", "index.py"]).unwrap()
}

fn many<T: std::str::FromStr<Err = String>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Everything that is not the default.
fn full() -> FunctionSpec {
    FunctionSpec {
        runtime: Runtime::Python313,
        memory: 1024,
        timeout: 60,
        environment: IndexMap::from([
            ("STAGE".to_owned(), "at ${env}".to_owned()),
            ("PLAIN".to_owned(), "${x}: 'y'".to_owned()),
        ]),
        log_retention: 7,
        reserved_concurrency: Some(5),
        layers: vec!["arn:aws:lambda:eu-west-1:123456789012:layer:tools:3".to_owned()],
        secrets: many(&["STRIPE_KEY", "DB_PASSWORD:secrets-manager"]),
        access: many(&[
            "my-photos:read,write,delete",
            "orders:read,write,delete",
            "other:invoke,send",
            "auth:read",
            "blog.Post:read",
            "blog.OrderLine:write",
        ]),
        schedules: many(&["rate(5 minutes)", "cron(0 9 ? * MON-FRI *) Europe/Athens"]),
        triggers: many(&[
            "queue",
            "orders:change",
            "blog.Post:change",
            "my-photos/in/:upload",
            "auth:post-confirmation",
        ]),
        events: vec![r#"{"source": ["shop"]}"#.to_owned()],
        url: Some(UrlCallers::Public),
        ..FunctionSpec::default()
    }
}

#[test]
fn stacks_are_as_approved() {
    let check = |spec: &FunctionSpec, golden: snapbox::Data| {
        let stack = synthesize(spec);
        assert!(crate::cfn::check(&stack.template).is_empty());
        assert!(stack.template.resources.values().all(|resource| resource.label.is_some()));
        snapbox::assert_data_eq!(stack.text, golden.raw());
    };
    check(&FunctionSpec::default(), snapbox::file!["../../../tests/golden/stacks/function-default.yaml": Text]);
    check(&full(), snapbox::file!["../../../tests/golden/stacks/function-full.yaml": Text]);
}

#[test]
fn a_function_waits_for_no_other_function_and_no_bucket() {
    let stack =
        synthesize(&FunctionSpec { access: many(&["other:invoke", "my-photos:write"]), ..FunctionSpec::default() });
    let needs: Vec<&str> = stack.needs.iter().map(|need| need.of.as_str()).collect();
    // The authoriser's permission names the API.
    assert_eq!(needs, ["blog"]);
    let text = stack.text;
    assert!(text.contains("MY_PHOTOS_BUCKET: !Sub 'my-photos-${Environment}-${Unique}'"), "{text}");
    assert!(text.contains("OTHER_FUNCTION: !Sub 'other-${Environment}-${Unique}'"), "{text}");
    assert!(!text.contains("s3:GetObject") && text.contains("s3:PutObject"), "{text}");
}

#[test]
fn every_action_is_allowed_on_named_resources_alone() {
    let stack = synthesize(&full());
    let role = &stack.template.resources["Role"].properties;
    let policies = role.get("Policies").and_then(Value::as_list).unwrap();
    let text = policies.iter().map(|policy| policy.to_json().to_string()).collect::<String>();
    assert!(!text.contains(r#""Resource":"*""#) && !text.contains(":*\"]"), "{text}");
    assert!(!text.contains("dynamodb:*") && !text.contains("s3:*"), "{text}");
}

#[test]
fn models_are_used_by_the_function_that_answers_their_api() {
    let access = many(&["blog.Post:read", "blog.OrderLine:write,delete"]);
    let stack = synthesize(&FunctionSpec { access, triggers: many(&["blog.Post:change"]), ..FunctionSpec::default() });
    let needs: Vec<(&str, &str)> = stack.needs.iter().map(|need| (need.of.as_str(), need.output.as_str())).collect();
    assert_eq!(needs, [("blog", "GraphQLApiId"), ("blog", "PostTableStreamArn")]);
    let text = &stack.text;
    assert!(text.contains("BLOG_POST_TABLE: !Sub 'Post-${BlogGraphQLApiId}-${Environment}'"), "{text}");
    assert!(text.contains("BLOG_ORDER_LINE_TABLE: !Sub 'Line-${BlogGraphQLApiId}-${Environment}'"), "{text}");
    let lines = text.matches("table/Line-${BlogGraphQLApiId}-${Environment}").count();
    assert_eq!(lines, 1, "no index is for a function that reads nothing: {text}");
    assert!(text.contains("EventSourceArn: !Ref BlogPostTableStreamArn"), "{text}");
    // The API's stack hands the stream on, and waits for no function.
    let spec = FunctionSpec { triggers: many(&["blog.Post:change"]), ..FunctionSpec::default() };
    let (blog, render, siblings) = (name("blog"), Renderer::default(), project(&spec));
    let mut sources = Sources::default();
    sources.insert("ampup/api/blog/schema.graphql".to_owned(), SCHEMA.to_owned());
    let api =
        siblings[&blog].synthesize(&Context { name: &blog, sources: &sources, siblings: &siblings, render: &render });
    let api = api.unwrap();
    assert!(api.text.contains("PostTableStreamArn:\n    Value: !GetAtt PostTable.StreamArn"), "{}", api.text);
    assert!(!api.text.contains("LineTableStreamArn"), "{}", api.text);
    assert!(api.needs.iter().all(|need| need.of.as_str() != "worker"), "{:?}", api.needs);
}

#[test]
fn models_that_are_not_there_are_told_with_the_nearest_one() {
    let cases = [
        ("blog.Posts:read", "no model `Posts`", "did you mean `blog.Post`?"),
        ("blog.Invoice:read", "no model `Invoice`", "it has Post, OrderLine"),
    ];
    for (access, part, hint) in cases {
        let spec = FunctionSpec { access: many(&[access]), ..FunctionSpec::default() };
        let problems = synthesize_with(&spec, &["index.mjs"]).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, Code::AMP0103));
        assert!(problems[0].message.contains(part), "{}", problems[0].message);
        assert_eq!(problems[0].hints[0].0, hint);
    }
}

#[test]
fn a_secret_is_a_name_that_the_role_may_read_and_never_a_value() {
    let stack = synthesize(&FunctionSpec {
        secrets: many(&["STRIPE_KEY", "DB_PASSWORD:secrets-manager"]),
        ..FunctionSpec::default()
    });
    let text = &stack.text;
    assert!(text.contains("STRIPE_KEY_PARAMETER: !Sub '/ampup/${Project}/${Environment}/STRIPE_KEY'"), "{text}");
    assert!(text.contains("DB_PASSWORD_SECRET: !Sub '/ampup/${Project}/${Environment}/DB_PASSWORD'"), "{text}");
    let role = stack.template.resources["Role"].properties.get("Policies").unwrap().to_json().to_string();
    assert!(role.contains(":parameter/ampup/${Project}/${Environment}/STRIPE_KEY\""), "{role}");
    assert!(role.contains(":secret:/ampup/${Project}/${Environment}/DB_PASSWORD-??????\""), "{role}");
    // Two functions that want one secret of two stores.
    let other = |store: &str| {
        let secrets = many(&[store]);
        ResourceSpec::Function(FunctionSpec { secrets, ..FunctionSpec::default() })
    };
    let mut resources = project(&FunctionSpec::default());
    resources.insert(name("other"), other("KEY"));
    resources.insert(name("worker"), other("KEY:secrets-manager"));
    let worker = name("worker");
    let problems = resources[&worker].check_among(&Among { name: &worker, resources: &resources });
    assert_eq!(problems.len(), 1);
    assert!(problems[0].why.contains("`KEY` is kept by secrets-manager, and for `other` by parameter"), "{problems:?}");
    let both = FunctionSpec {
        environment: IndexMap::from([("KEY".to_owned(), "x".to_owned())]),
        secrets: many(&["KEY"]),
        ..FunctionSpec::default()
    };
    assert!(both.check()[0].why.contains("its value stands among the variables"));
}

#[test]
fn a_missing_handler_is_told_with_the_nearest_one() {
    let hint = |spec: &FunctionSpec, files: &[&str]| {
        let problems = synthesize_with(spec, files).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, Code::AMP0315));
        (problems[0].message.clone(), problems[0].hints[0].0.clone())
    };
    let node = FunctionSpec::default();
    let (message, nearest) = hint(&node, &["indx.mjs", "lib/a.mjs"]);
    assert!(message.contains("ampup/function/worker/index.mjs"), "{message}");
    assert!(nearest.contains("handler = \"indx.handler\""), "{nearest}");
    let python = FunctionSpec { runtime: Runtime::Python312, handler: "app.main.go".to_owned(), ..node.clone() };
    let (message, _) = hint(&python, &[]);
    assert!(message.contains("app/main.py or ampup/function/worker/app/main/__init__.py"), "{message}");
    assert!(synthesize_with(&python, &["app/main.py"]).is_ok());
    assert!(synthesize_with(&FunctionSpec { handler: "lib/a.b.c".to_owned(), ..node }, &["lib/a.js"]).is_ok());
}

#[test]
fn wrong_settings_are_told() {
    let good = FunctionSpec::default();
    let cases: Vec<(FunctionSpec, &str, &str)> = vec![
        (FunctionSpec { memory: 100, ..good.clone() }, "memory", "128 to 10240"),
        (FunctionSpec { timeout: 901, ..good.clone() }, "timeout", "1 to 900"),
        (FunctionSpec { log_retention: 10, ..good.clone() }, "log-retention", "1, 3, 5"),
        (FunctionSpec { handler: "index".to_owned(), ..good.clone() }, "handler", "names no file"),
        (FunctionSpec { handler: "../x.y".to_owned(), ..good.clone() }, "handler", "names no file"),
        (FunctionSpec { layers: vec!["tools".to_owned()], ..good.clone() }, "layers", "no ARN"),
        (FunctionSpec { events: vec!["{".to_owned()], ..good.clone() }, "events", "no JSON"),
        (FunctionSpec { access: many(&["photos:read"]), ..good.clone() }, "access", "no resource `photos`"),
        (FunctionSpec { access: many(&["orders:raed"]), ..good.clone() }, "access", "`raed`"),
        (FunctionSpec { access: many(&["site:read"]), ..good.clone() }, "access", "cannot use"),
        (FunctionSpec { access: many(&["worker:send"]), ..good.clone() }, "access", "no queue"),
        (FunctionSpec { access: many(&["orders.Post:read"]), ..good.clone() }, "access", "has no models"),
        (FunctionSpec { access: many(&["blog.Post:query"]), ..good.clone() }, "access", "done with model `blog.Post`"),
        (FunctionSpec { access: many(&["blog:read"]), ..good.clone() }, "access", "`read` is nothing"),
        (FunctionSpec { triggers: many(&["blog:change"]), ..good.clone() }, "triggers", "about a table"),
        (FunctionSpec { triggers: many(&["orders.Post:change"]), ..good.clone() }, "triggers", "about a model"),
        (FunctionSpec { secrets: many(&["KEY", "KEY"]), ..good.clone() }, "secrets", "twice"),
        (FunctionSpec { triggers: many(&["orders:upload"]), ..good.clone() }, "triggers", "about a bucket"),
        (FunctionSpec { triggers: many(&["order:change"]), ..good.clone() }, "triggers", "no resource `order`"),
    ];
    for (spec, setting, part) in cases {
        let (name, resources) = (name("worker"), project(&spec));
        let among = Among { name: &name, resources: &resources };
        let problems: Vec<_> = spec.check().into_iter().chain(spec.check_among(&among)).collect();
        assert_eq!(problems.len(), 1, "{setting}: {problems:?}");
        assert_eq!(problems[0].setting, setting);
        assert!(problems[0].why.contains(part), "{:?}", problems[0]);
    }
    let variables =
        |name: &str| FunctionSpec { environment: IndexMap::from([(name.to_owned(), "x".to_owned())]), ..good.clone() };
    for bad in ["A", "1A", "A-B", "AWS_REGION"] {
        assert_eq!(variables(bad).check().len(), 1, "{bad}");
    }
    assert!(variables("STAGE").check().is_empty());
    for text in ["photos", ":read", "x:"] {
        assert!(text.parse::<Access>().is_err(), "{text}");
    }
    for text in ["photos:uplaod", "orders/x:change", "", "change"] {
        assert!(text.parse::<Trigger>().is_err(), "{text}");
    }
}

#[test]
fn settings_read_back_as_they_are_written() {
    for text in ["queue", "photos:upload", "photos/in/:remove", "orders:change", "auth:pre-sign-up"] {
        assert_eq!(text.parse::<Trigger>().unwrap().to_string(), text);
    }
    let text = toml::to_string(&full()).unwrap();
    assert_eq!(toml::from_str::<FunctionSpec>(&text).unwrap(), full());
    assert!("rate(5 minutes)".parse::<Schedule>().is_ok());
}

#[test]
fn programs_and_typescript_have_samples_of_their_own() {
    for (runtime, language, path, part) in [
        (Runtime::Node22, Some(Language::TypeScript), "index.ts", "interface Question"),
        (Runtime::Provided, Some(Language::Rust), "Cargo.toml", "name = \"bootstrap\""),
        (Runtime::Provided, None, "bootstrap", "#!/bin/sh\n"),
    ] {
        let sample = Some(FunctionSample::Hello);
        let spec = FunctionSpec { runtime, sample, language, ..FunctionSpec::default() };
        let files = spec.scaffold(&name("worker"), &Renderer::default()).unwrap();
        assert_eq!(files[0].path, format!("ampup/function/worker/{path}"));
        assert!(files[0].text.contains(part), "{}", files[0].text);
        let stack = synthesize_with(&spec, &[path]).unwrap();
        assert_eq!(stack.text.contains("NODE_OPTIONS: '--enable-source-maps'"), path == "index.ts", "{}", stack.text);
    }
    let spec = FunctionSpec { runtime: Runtime::Provided, ..FunctionSpec::default() };
    let problems = synthesize_with(&spec, &["index.mjs"]).unwrap_err();
    assert_eq!((problems.len(), problems[0].code), (1, Code::AMP0315));
    let graphql = FunctionSpec { sample: Some(FunctionSample::Graphql), ..spec };
    assert!(graphql.scaffold(&name("worker"), &Renderer::default()).is_err());
}

#[test]
fn samples_are_code_for_their_runtime() {
    for (runtime, file) in [(Runtime::Node22, "index.mjs"), (Runtime::Python313, "index.py")] {
        let samples = [
            FunctionSample::Hello,
            FunctionSample::Graphql,
            FunctionSample::Table,
            FunctionSample::Users,
            FunctionSample::Scheduled,
            FunctionSample::Stream,
            FunctionSample::Authoriser,
        ];
        for sample in samples {
            let spec = FunctionSpec { runtime, sample: Some(sample), ..FunctionSpec::default() };
            let files = spec.scaffold(&name("worker"), &Renderer::default()).unwrap();
            assert_eq!(files[0].path, format!("ampup/function/worker/{file}"));
            assert!(files[0].text.contains("handler"));
        }
    }
}
