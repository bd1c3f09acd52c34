use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{Blueprint, ClientConfigRequest, assemble, client_config, links, render_plan, root};
use crate::base::{Endpoint, EnvName, LogicalId, ProjectName, Region, ResourceName, Target};
use crate::category::{ApiSpec, AuthSpec, HostingSpec, Need, Offer, ResourceSpec, Sources, Synthesis};
use crate::error::{Code, Diagnose, Problem};
use crate::manifest::{FileChange, Manifest};
use crate::render::Renderer;

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).unwrap()
}

fn id(text: &str) -> LogicalId {
    LogicalId::new(text).unwrap()
}

fn manifest() -> Manifest {
    let target = Target::Local { region: Region::default() };
    let mut manifest = Manifest::new(ProjectName::new("my-app").unwrap(), EnvName::new("dev").unwrap(), target);
    let groups = vec!["Editors".to_owned()];
    manifest.resources.insert(name("auth"), ResourceSpec::Auth(AuthSpec { groups, ..AuthSpec::default() }));
    manifest.resources.insert(name("my-site"), ResourceSpec::Hosting(HostingSpec::default()));
    manifest
}

fn with(sources: &[(&str, &str)]) -> Result<Blueprint, Vec<Problem>> {
    let mut found = Sources::default();
    for (path, text) in sources {
        found.insert(*path, *text);
    }
    assemble(&manifest(), &found, &Renderer::default())
}

/// A stack with the given parameters and outputs that needs outputs of others by the same name.
fn stack(parameters: &str, outputs: &[&str], needs: &[(&str, &str)]) -> Synthesis {
    let section = |name: &str, entries: String| {
        if entries.is_empty() { String::new() } else { format!("{name}:\n{entries}") }
    };
    let outputs = outputs.iter().map(|output| format!("  {output}:\n    Value: x\n")).collect::<Vec<_>>().concat();
    let (parameters, outputs) = (section("Parameters", parameters.to_owned()), section("Outputs", outputs));
    let text = format!("{parameters}Resources:\n  A:\n    Type: AWS::SNS::Topic\n{outputs}");
    let template = crate::cfn::parse(&text, "x").unwrap();
    let offers = template.outputs.keys().map(|output| Offer { output: output.clone() }).collect();
    let needs = needs.iter().map(|(of, output)| Need { parameter: id(output), of: name(of), output: id(output) });
    let (parts, files) = (IndexMap::new(), IndexMap::new());
    Synthesis { template, text, parts, kept: Vec::new(), needs: needs.collect(), offers, files, artifacts: Vec::new() }
}

#[test]
fn the_root_stack_is_as_approved() {
    let blueprint = with(&[]).unwrap();
    snapbox::assert_data_eq!(
        blueprint.root_text.as_str(),
        snapbox::file!["../../tests/golden/stacks/root.yaml": Text].raw()
    );
    assert_eq!(blueprint.nested.keys().map(ResourceName::as_str).collect::<Vec<_>>(), ["auth", "my-site"]);
    let files: Vec<String> = blueprint.files().into_keys().collect();
    assert_eq!(files, ["root.yaml", "auth.yaml", "my-site.yaml"]);
}

#[test]
fn stacks_come_after_those_they_need() {
    let text = |name: &str| format!("  {name}:\n    Type: String\n");
    let stacks = IndexMap::from([
        (name("c"), stack(&text("B"), &["C"], &[("b", "B")])),
        (name("b"), stack(&text("A"), &["B"], &[("a", "A")])),
        (name("a"), stack("  Free:\n    Type: Number\n    Default: 7\n    MinValue: 1\n", &["A"], &[])),
    ]);
    let ordered = links::order(stacks).unwrap();
    assert_eq!(ordered.keys().map(ResourceName::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    let (root, text) = root::stack(&manifest(), &ordered, &Sources::default(), &Renderer::default()).unwrap();
    assert!(text.contains("A: !GetAtt A.Outputs.A") && text.contains("Free: !Ref Free"), "{text}");
    let free = &root.parameters["Free"];
    assert_eq!((free.kind.as_str(), free.default.as_deref()), ("Number", Some("7")));
    assert!(free.constraints.contains_key("MinValue"));
    assert!(root.outputs.contains_key("CC") && crate::cfn::check(&root).is_empty());
}

#[test]
fn links_that_lead_nowhere_are_named() {
    let text = |name: &str| format!("  {name}:\n    Type: String\n");
    let check = |stacks: Vec<(&str, Synthesis)>, wanted: &str| {
        let stacks = stacks.into_iter().map(|(stack, synthesis)| (name(stack), synthesis)).collect();
        let problems = links::order(stacks).unwrap_err();
        assert_eq!(problems[0].code, Code::AMP0310);
        assert!(problems[0].message.contains(wanted), "{problems:?}");
    };
    check(vec![("a", stack(&text("X"), &[], &[("none", "X")]))], "needs the resource `none`");
    let pair = vec![("a", stack(&text("X"), &[], &[("b", "X")])), ("b", stack("", &["Y"], &[]))];
    check(pair, "needs the output `X` of `b`");
    check(vec![("a", stack("", &[], &[("b", "Y")])), ("b", stack("", &["Y"], &[]))], "has no parameter `Y`");
    let circle = vec![("a", stack(&text("Y"), &["X"], &[("b", "Y")])), ("b", stack(&text("X"), &["Y"], &[("a", "X")]))];
    check(circle, "`a`, `b` need each other");
}

#[test]
fn names_that_would_meet_in_the_root_are_told() {
    let check = |stacks: [(&str, Synthesis); 2]| {
        let stacks = stacks.into_iter().map(|(stack, synthesis)| (name(stack), synthesis)).collect();
        root::stack(&manifest(), &stacks, &Sources::default(), &Renderer::default()).unwrap_err()
    };
    let outputs = check([("a", stack("", &["BC"], &[])), ("aB", stack("", &["C"], &[]))]);
    let number = stack("  P:\n    Type: Number\n", &[], &[]);
    let parameters = check([("a", stack("  P:\n    Type: String\n", &[], &[])), ("b", number)]);
    assert_eq!((outputs[0].code, parameters[0].code), (Code::AMP0316, Code::AMP0316));
}

#[test]
fn a_patch_is_merged_and_a_stray_one_is_told() {
    let blueprint = with(&[(
        "ampup/overrides/auth.yaml",
        "Resources:\n  UserPool:\n    Properties:\n      DeletionProtection: ACTIVE\nOutputs:\n  More:\n    Value: x\n",
    )])
    .unwrap();
    let auth = &blueprint.nested["auth"];
    assert!(auth.text.contains("DeletionProtection: ACTIVE"), "{}", auth.text);
    assert!(blueprint.root.outputs.contains_key("AuthMore"));
    let problems = with(&[
        ("ampup/overrides/auth.yaml", "Resources:\n  UserPol: {}\n"),
        ("ampup/overrides/my-site.yaml", "Resources:\n  Bucket: [\n"),
        ("ampup/overrides/aut.yaml", "Resources: {}\n"),
        ("ampup/overrides/auth.yml", "Resources: {}\n"),
    ])
    .unwrap_err();
    let files: Vec<&str> = problems.iter().map(|problem| problem.location.as_ref().unwrap().file.as_str()).collect();
    for file in ["auth.yaml", "my-site.yaml", "aut.yaml", "auth.yml"] {
        assert!(files.contains(&format!("ampup/overrides/{file}").as_str()), "{file} {files:?}");
    }
    assert!(with(&[("ampup/overrides/root.yaml", "Description: mine\n")]).unwrap().root_text.contains("mine"));
}

/// The plan for a folder that is up to date but for what `change` does to it.
fn plan(change: impl FnOnce(&mut BTreeMap<String, String>)) -> super::RenderPlan {
    let blueprint = with(&[]).unwrap();
    let mut current: BTreeMap<String, String> = blueprint.files().into_iter().collect();
    change(&mut current);
    render_plan(&blueprint, &current)
}

fn paths(files: &[super::StackFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn a_folder_that_is_up_to_date_stays_as_it_is() {
    assert!(plan(|_| {}).is_fresh());
    assert!(plan(|files| _ = files.insert("notes.md".to_owned(), "mine".to_owned())).is_fresh());
    let with_other_line_ends = plan(|files| files.values_mut().for_each(|text| *text = text.replace('\n', "\r\n")));
    assert!(with_other_line_ends.is_fresh());
}

#[test]
fn missing_files_are_written_and_stale_ones_removed() {
    let fresh = render_plan(&with(&[]).unwrap(), &BTreeMap::new());
    assert_eq!(paths(&fresh.writes), ["root.yaml", "auth.yaml", "my-site.yaml"]);
    let stale = plan(|files| {
        let text = files["auth.yaml"].clone();
        files.insert("old.yaml".to_owned(), text);
    });
    assert_eq!(paths(&stale.removals), ["old.yaml"]);
    assert!(stale.refuse_edited().is_ok());
    assert!(
        matches!(&stale.file_changes()[..], [FileChange::Remove { path, before: Some(_) }] if path == "ampup/stacks/old.yaml")
    );
}

#[test]
fn what_we_rendered_earlier_is_replaced() {
    let mut other = manifest();
    other.resources.insert(name("auth"), ResourceSpec::Auth(AuthSpec { guests: true, ..AuthSpec::default() }));
    let other = assemble(&other, &Sources::default(), &Renderer::default()).unwrap();
    let current = other.files().into_iter().collect();
    let plan = render_plan(&with(&[]).unwrap(), &current);
    assert_eq!(paths(&plan.writes), ["auth.yaml"]);
    assert!(plan.edited.is_empty());
}

#[test]
fn a_hand_edit_is_never_overwritten_unless_asked() {
    let edited = plan(|files| {
        let auth = files.get_mut("auth.yaml").unwrap();
        *auth = auth.replace("CaseSensitive: false", "CaseSensitive: true");
        files.insert("root.yaml".to_owned(), "no line of ours\n".to_owned());
        let stale = format!("{}# more\n", files["my-site.yaml"]);
        files.insert("stale.yaml".to_owned(), stale);
    });
    assert_eq!(paths(&edited.edited), ["root.yaml", "auth.yaml", "stale.yaml"]);
    assert!(edited.file_changes().is_empty() && !edited.is_fresh());
    let problems = edited.refuse_edited().unwrap_err();
    assert_eq!(problems.code(), Code::AMP0107);
    let auth = problems.list().iter().find(|problem| problem.location.as_ref().unwrap().file.ends_with("auth.yaml"));
    let auth = auth.unwrap();
    let line = with(&[]).unwrap().files()["auth.yaml"].lines().position(|line| line.contains("CaseSensitive")).unwrap();
    assert_eq!(auth.location.as_ref().unwrap().line, line + 1);
    assert!(auth.hints.iter().any(|hint| hint.0.contains("ampup render --overwrite")));
    assert!(auth.hints.iter().any(|hint| hint.0.contains("ampup/overrides/auth.yaml")));
    let overwriting = edited.overwriting();
    assert_eq!(paths(&overwriting.writes), ["root.yaml", "auth.yaml"]);
    assert_eq!(paths(&overwriting.removals), ["stale.yaml"]);
    assert_eq!(overwriting.file_changes().len(), 3);
}

#[test]
fn dependents_are_those_that_need_it() {
    let nested = IndexMap::from([
        (name("a"), stack("", &["X"], &[])),
        (name("b"), stack("  X:\n    Type: String\n", &[], &[("a", "X")])),
    ]);
    let blueprint = Blueprint { nested, ..with(&[]).unwrap() };
    assert_eq!(blueprint.dependents(&name("a")), [&name("b")]);
    assert!(blueprint.dependents(&name("b")).is_empty());
}

#[test]
fn the_client_file_has_the_form_that_its_target_needs() {
    let manifest = manifest();
    let sources = Sources::default();
    let outputs: IndexMap<LogicalId, String> =
        [("AuthUserPoolId", "us-east-1_A"), ("AuthUserPoolClientId", "client"), ("AuthIdentityPoolId", "us-east-1:1")]
            .map(|(output, value)| (id(output), value.to_owned()))
            .into();
    let local = Endpoint::new("http://localhost:4700").unwrap();
    let config = |target: &Target, outputs: &IndexMap<LogicalId, String>| -> serde_json::Value {
        let request =
            ClientConfigRequest { manifest: &manifest, sources: &sources, target, local: Some(&local), outputs };
        serde_json::from_str(&client_config(&request).unwrap()).unwrap()
    };
    let aws = config(&Target::Aws { profile: None, region: Region::default() }, &outputs);
    assert_eq!((&aws["version"], &aws["auth"]["user_pool_id"]), (&"1.4".into(), &"us-east-1_A".into()));
    assert!(aws.get("Auth").is_none());
    let here = config(&Target::Local { region: Region::default() }, &outputs);
    assert_eq!((&here["version"], &here["auth"]), (&"local-1.4".into(), &aws["auth"]));
    assert_eq!(here["Auth"]["Cognito"]["identityPoolEndpoint"], "http://localhost:4700");
    let undeployed = config(&Target::Local { region: Region::default() }, &IndexMap::new());
    assert!(undeployed.get("auth").is_none() && undeployed.get("Auth").is_none());
}

const SCHEMA: &str = "type Todo @model @auth(rules: [{ allow: public }]) {\n  id: ID!\n  title: String\n}\n";

/// A project with two APIs and what is deployed of them.
fn config(target: &Target, url: &str) -> serde_json::Value {
    let mut manifest = manifest();
    let mut sources = Sources::default();
    for api in ["blog", "shop"] {
        manifest.resources.insert(name(api), ResourceSpec::Api(ApiSpec::default()));
        sources.insert(ApiSpec::schema_path(&name(api)), SCHEMA);
    }
    let outputs =
        [("BlogGraphQLUrl", url), ("BlogGraphQLApiId", "abc"), ("BlogApiKey", "da2-k"), ("ShopGraphQLUrl", "x")];
    let outputs = outputs.map(|(output, value)| (id(output), value.to_owned())).into();
    let local = Endpoint::new("http://localhost:4700").unwrap();
    let request =
        ClientConfigRequest { manifest: &manifest, sources: &sources, target, local: Some(&local), outputs: &outputs };
    serde_json::from_str(&client_config(&request).unwrap()).unwrap()
}

#[test]
fn apis_are_told_in_the_form_of_their_target() {
    let region = Region::default;
    let aws = config(
        &Target::Aws { profile: None, region: region() },
        "https://x.appsync-api.us-east-1.amazonaws.com/graphql",
    );
    assert_eq!(aws["data"]["url"], "https://x.appsync-api.us-east-1.amazonaws.com/graphql");
    assert_eq!((&aws["data"]["api_key"], &aws["data"]["aws_region"]), (&"da2-k".into(), &"us-east-1".into()));
    assert!(aws["data"]["model_introspection"]["models"]["Todo"].is_object() && aws.get("API").is_none());
    assert_eq!(aws["custom"]["shop"]["url"], "x");
    let local = config(&Target::Local { region: region() }, "http://localhost:4700/graphql/abc");
    assert_eq!(local["data"]["url"], "http://localhost:4700/graphql/abc");
    assert_eq!(local["API"]["GraphQL"]["endpoint"], "HTTP://localhost:4700/graphql/abc");
    assert_eq!((&local["API"]["GraphQL"]["apiKey"], &local["version"]), (&"da2-k".into(), &"local-1.4".into()));
    let endpoint = Endpoint::new("http://127.0.0.1:4566").unwrap();
    let emulator = Target::LocalStack { endpoint, region: region(), ca_bundle: None };
    let emulated = config(&emulator, "https://abc.appsync-api.us-east-1.amazonaws.com/graphql");
    assert_eq!(emulated["API"]["GraphQL"]["endpoint"], "HTTP://127.0.0.1:4566/v1/apis/abc/graphql");
}

/// The project of the blog sample.
fn blog() -> (Manifest, Sources) {
    let mut manifest = manifest();
    let spec = ApiSpec {
        auth: crate::category::api::ApiAuth::UserPool,
        additional_auth: vec![crate::category::api::ApiAuth::ApiKey],
        sample: crate::category::api::Sample::Blog,
        ..ApiSpec::default()
    };
    let mut sources = Sources::default();
    for file in spec.scaffold(&name("blog"), &Renderer::default()).unwrap() {
        sources.insert(file.path, file.text);
    }
    manifest.resources.insert(name("blog"), ResourceSpec::Api(spec));
    (manifest, sources)
}

#[test]
fn the_blog_is_assembled() {
    let (manifest, sources) = blog();
    let blueprint = assemble(&manifest, &sources, &Renderer::default()).unwrap();
    assert_eq!(blueprint.dependents(&name("auth")), [&name("blog")]);
    assert!(blueprint.root_text.contains("!GetAtt Auth.Outputs.UserPoolId"), "{}", blueprint.root_text);
    assert!(blueprint.root.parameters.contains_key("ApiKeyExpires"));
    let files = blueprint.files();
    assert!(files.contains_key("blog/schema.graphql"));
    // Whatever a template names by path is there to be uploaded, and the other way round.
    let text = &blueprint.nested["blog"].text;
    for path in files.keys().filter(|path| path.starts_with("blog/")) {
        assert!(text.contains(&format!("./{path}")), "{path}");
    }
    assert!(render_plan(&blueprint, &files.into_iter().collect()).is_fresh());
}

#[test]
fn without_its_users_the_blog_is_refused() {
    let (mut manifest, sources) = blog();
    manifest.resources.shift_remove("auth");
    let problems = assemble(&manifest, &sources, &Renderer::default()).unwrap_err();
    assert!(problems.iter().any(|problem| problem.code == Code::AMP0310), "{problems:#?}");
}

#[test]
fn the_problems_of_all_resources_are_told() {
    let (mut manifest, mut sources) = blog();
    sources.insert("ampup/api/blog/schema.graphql", "type A @model { b: Missing }\ntype C @modle { id: ID }\n");
    let groups = vec!["a b".to_owned()];
    manifest.resources.insert(name("auth"), ResourceSpec::Auth(AuthSpec { groups, ..AuthSpec::default() }));
    let problems = assemble(&manifest, &sources, &Renderer::default()).unwrap_err();
    assert!(problems.iter().any(|problem| problem.message.contains("`groups`")), "{problems:#?}");
    assert!(problems.iter().filter(|problem| problem.location.is_some()).count() >= 2, "{problems:#?}");
}
