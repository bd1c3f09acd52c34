use indexmap::IndexMap;

use super::{Attribute, BucketSpec, Expiry, Grant, IndexSpec, StorageSpec, TableSpec, client};
use crate::base::ResourceName;
use crate::category::{Among, AuthSpec, Context, FunctionSpec, ResourceSpec, Sources, Synthesis};
use crate::render::Renderer;

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).unwrap()
}

/// A project with users, the storage `things`, and a function with a trigger of it.
fn project(spec: &StorageSpec, trigger: Option<&str>) -> IndexMap<ResourceName, ResourceSpec> {
    let auth = AuthSpec { guests: true, groups: vec!["Editors".to_owned()], ..AuthSpec::default() };
    let triggers = trigger.into_iter().map(|trigger| trigger.parse().unwrap()).collect();
    let function = FunctionSpec { triggers, ..FunctionSpec::default() };
    IndexMap::from([
        (name("auth"), ResourceSpec::Auth(auth)),
        (name("things"), ResourceSpec::Storage(spec.clone())),
        (name("worker"), ResourceSpec::Function(function)),
    ])
}

fn synthesize(spec: &StorageSpec, trigger: Option<&str>) -> Synthesis {
    let (name, sources, render) = (name("things"), Sources::default(), Renderer::default());
    let siblings = project(spec, trigger);
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render }).unwrap()
}

fn bucket(spec: BucketSpec) -> StorageSpec {
    StorageSpec { bucket: Some(spec), table: None }
}

fn access(entries: &[(&str, &[&str])]) -> IndexMap<String, Vec<Grant>> {
    let grants = |grants: &[&str]| grants.iter().map(|grant| grant.parse().unwrap()).collect();
    entries.iter().map(|(path, to)| ((*path).to_owned(), grants(to))).collect()
}

/// Everything that is not the default.
fn full() -> BucketSpec {
    BucketSpec {
        name: None,
        access: access(&[
            ("public/*", &["guests:read", "signed-in:read,write"]),
            ("private/{owner}/*", &["owner:read,write,delete", "group/Editors:get"]),
            ("reports/*", &["group/Editors:read,write"]),
        ]),
        versioning: false,
        keep: false,
        origins: vec!["https://www.example.com".to_owned()],
        expire: vec![Expiry { prefix: "tmp/".to_owned(), days: 7 }],
    }
}

fn table() -> TableSpec {
    let index = IndexSpec { key: "owner".parse().unwrap(), sort_key: Some("at:number".parse().unwrap()) };
    TableSpec {
        key: "id".parse().unwrap(),
        sort_key: Some("at:number".parse().unwrap()),
        indexes: IndexMap::from([("byOwner".to_owned(), index)]),
        expires: Some("gone".to_owned()),
        point_in_time_recovery: true,
        keep: false,
        stream: false,
    }
}

#[test]
fn stacks_are_as_approved() {
    let check = |stack: &Synthesis, golden: snapbox::Data| {
        assert!(crate::cfn::check(&stack.template).is_empty());
        assert!(stack.template.resources.values().all(|resource| resource.label.is_some()));
        snapbox::assert_data_eq!(stack.text.as_str(), golden.raw());
    };
    let plain = synthesize(&bucket(BucketSpec::default()), None);
    check(&plain, snapbox::file!["../../../tests/golden/stacks/bucket-default.yaml": Text]);
    let all = synthesize(&bucket(full()), Some("things/in/:upload"));
    check(&all, snapbox::file!["../../../tests/golden/stacks/bucket-full.yaml": Text]);
    let needs: Vec<String> = all.needs.iter().map(|need| format!("{}.{}", need.of, need.output)).collect();
    let roles = ["auth.UnauthenticatedRoleName", "auth.AuthenticatedRoleName", "auth.GroupEditorsRoleName"];
    assert_eq!(needs, [&roles[..], &["worker.FunctionArn"]].concat());
    let plain = StorageSpec { bucket: None, table: Some(TableSpec::default()) };
    check(&synthesize(&plain, None), snapbox::file!["../../../tests/golden/stacks/table-default.yaml": Text]);
    let all = StorageSpec { bucket: None, table: Some(table()) };
    check(
        &synthesize(&all, Some("things:change")),
        snapbox::file!["../../../tests/golden/stacks/table-full.yaml": Text],
    );
}

#[test]
fn an_owner_reaches_no_other_folder() {
    let spec = BucketSpec { access: access(&[("private/{owner}/*", &["owner:read,write"])]), ..BucketSpec::default() };
    let text = synthesize(&bucket(spec), None).text;
    assert!(text.contains("${Bucket.Arn}/private/${!cognito-identity.amazonaws.com:sub}/*"), "{text}");
    assert!(!text.contains("private/*") && !text.contains("s3:DeleteObject"), "{text}");
    // What all may do in a folder gives nobody what its owner may.
    let grants: &[&str] = &["owner:write,delete", "signed-in:get"];
    let spec = BucketSpec { access: access(&[("{owner}/*", grants)]), ..BucketSpec::default() };
    let stack = synthesize(&bucket(spec), None);
    let policy = stack.template.resources["SignedInPolicy"].properties.to_json();
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let allowed = |action: &str| -> Vec<String> {
        let with = statements.iter().filter(|statement| statement["Action"].to_string().contains(action));
        with.map(|statement| statement["Resource"].to_string()).collect()
    };
    assert!(allowed("s3:GetObject").len() == 1 && allowed("s3:GetObject")[0].contains("/*/*"), "{policy}");
    for action in ["s3:PutObject", "s3:DeleteObject"] {
        assert!(allowed(action).len() == 1 && allowed(action)[0].contains("identity.amazonaws.com:sub}/*"), "{policy}");
    }
}

#[test]
fn wrong_settings_are_told() {
    let with =
        |path: &str, grant: &str| bucket(BucketSpec { access: access(&[(path, &[grant])]), ..BucketSpec::default() });
    let named = |name: &str| bucket(BucketSpec { name: Some(name.to_owned()), ..BucketSpec::default() });
    let index = |name: &str, key: &str| {
        let index = IndexSpec { key: key.parse().unwrap(), sort_key: None };
        let table = TableSpec { indexes: IndexMap::from([(name.to_owned(), index)]), ..TableSpec::default() };
        StorageSpec { bucket: None, table: Some(table) }
    };
    let cases = [
        (StorageSpec::default(), "neither"),
        (with("/x", "guests:read"), "no path"),
        (with("a*b", "guests:read"), "no path"),
        (with("x/${y}/*", "guests:read"), "no path"),
        (with("x-{owner}/*", "owner:read"), "must be a folder"),
        (with("x/*", "owner:read"), "not an owner's"),
        (with("x/*", "group/Editor:read"), "no group `Editor`"),
        (named("Photos"), "no name of a bucket"),
        (named("a"), "no name of a bucket"),
        (named("a..b-${env}"), "no name of a bucket"),
        (index("x", "y"), "no name of an index"),
        (index("byId", "id:number"), "one type"),
    ];
    let things = name("things");
    for (spec, part) in cases {
        let resources = project(&spec, None);
        let among = Among { name: &things, resources: &resources };
        let problems: Vec<_> = spec.check().into_iter().chain(spec.check_among(&among)).collect();
        assert!(problems.len() == 1 && problems[0].why.contains(part), "{part}: {problems:?}");
    }
    for text in ["guests", "guest:read", "guests:raed", "group/:read", ""] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
    assert_eq!("guest:read".parse::<Grant>().unwrap_err().matches("did you mean `guests`?").count(), 1);
    for text in ["", "id:text", ":number"] {
        assert!(text.parse::<Attribute>().is_err(), "{text}");
    }
}

#[test]
fn nobody_is_let_in_without_users() {
    let spec = bucket(BucketSpec { access: access(&[("x/*", &["guests:read"])]), ..BucketSpec::default() });
    let mut resources = project(&spec, None);
    let things = name("things");
    let auth = AuthSpec { guests: false, ..AuthSpec::default() };
    resources.insert(name("auth"), ResourceSpec::Auth(auth));
    let why = |resources: &IndexMap<ResourceName, ResourceSpec>| {
        spec.check_among(&Among { name: &things, resources })[0].why.clone()
    };
    assert!(why(&resources).contains("gives guests no credentials"));
    resources.shift_remove("auth");
    assert!(why(&resources).contains("no auth resource"));
}

#[test]
fn settings_read_back_as_they_are_written() {
    for spec in [bucket(full()), StorageSpec { bucket: None, table: Some(table()) }] {
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<StorageSpec>(&text).unwrap(), spec, "{text}");
    }
}

#[test]
fn front_ends_are_told_of_paths() {
    let (resource, spec) = (name("things"), full());
    let deployed = client::Deployed { resource: &resource, spec: &spec, bucket: "things-dev-1" };
    let section = client::outputs("eu-west-1", &[deployed]);
    assert_eq!((&section["bucket_name"], &section["aws_region"]), (&"things-dev-1".into(), &"eu-west-1".into()));
    let paths = &section["buckets"][0]["paths"];
    assert_eq!(paths["public/*"]["guest"], serde_json::json!(["get", "list"]));
    let own = &paths["private/${cognito-identity.amazonaws.com:sub}/*"];
    assert_eq!(own["entityidentity"], serde_json::json!(["get", "list", "write", "delete"]));
    assert_eq!(own["groupsEditors"], serde_json::json!(["get"]));
    let config = client::resources_config("eu-west-1", &[deployed]);
    assert_eq!(config["S3"]["buckets"]["things"]["bucketName"], "things-dev-1");
}
