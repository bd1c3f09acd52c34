use proptest::prelude::*;

use super::write;
use crate::category::api::plan::{Allow, AuthMode, Model, Operation, Plan, Rule};
use crate::category::api::testing::{EVERY, READ, blog, group, groups_in, index, model, owner, plan, resolver, rule};
use crate::render::Renderer;

/// The text of one resolver.
fn text(plan: &Plan, name: &str) -> String {
    let files = write(plan, &Renderer::default()).unwrap();
    let path = format!("resolvers/{name}.js");
    files.into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {name}")).text
}

fn check(plan: &Plan, name: &str, wanted: &[&str], unwanted: &[&str]) {
    let text = text(plan, name);
    for part in wanted {
        assert!(text.contains(part), "{name} lacks {part}:\n{text}");
    }
    for part in unwanted {
        assert!(!text.contains(part), "{name} has {part}:\n{text}");
    }
}

/// A plan of one model with one rule.
fn single(rule: Rule) -> Plan {
    let fields = [("id", "ID!"), ("name", "String"), ("owner", "String"), ("editors", "[String]"), ("team", "String")];
    let mut one = model("Item", &["id"], &fields);
    one.rules = vec![rule];
    plan(vec![one], Vec::new())
}

const REFUSED: &str = "no rule allows it to anyone";

#[test]
fn every_action_is_written_for_every_kind_of_rule() {
    let rules = [
        (AuthMode::ApiKey, Allow::Public),
        (AuthMode::Iam, Allow::Public),
        (AuthMode::Iam, Allow::Private),
        (AuthMode::UserPools, Allow::Private),
        (AuthMode::Oidc, Allow::Private),
        (AuthMode::Lambda, Allow::Custom),
        (AuthMode::UserPools, owner("owner", false)),
        (AuthMode::UserPools, owner("editors", true)),
        (AuthMode::Oidc, owner("owner", false)),
        (AuthMode::UserPools, group("Admins")),
        (AuthMode::UserPools, groups_in("team", false)),
        (AuthMode::Oidc, groups_in("editors", true)),
    ];
    for (mode, allow) in rules {
        let plan = single(rule(mode, allow.clone(), &EVERY));
        for file in write(&plan, &Renderer::default()).unwrap() {
            let name = format!("{} for {mode:?} {allow:?}:\n{}", file.path, file.text);
            assert!(file.text.contains("export function request("), "{name}");
            assert!(file.text.contains("export function response("), "{name}");
            assert!(file.text.contains("util.unauthorized();"), "{name}");
            assert!(!file.text.contains(REFUSED), "{name}");
            assert_eq!(file.text.matches("import ").count(), 1, "{name}");
            assert!(file.text.contains("from '@aws-appsync/utils';"), "{name}");
            // What is not given is told apart from what is null; anything else that is undefined is a fault of ours.
            let text = file.text.replace(" === undefined", "");
            for part in ["++", "try {", "throw ", "while", "async", "undefined", "\n\n\n"] {
                assert!(!text.contains(part), "`{part}` in {name}");
            }
            let bare = skeleton(&file.text);
            let count = |c: char| bare.matches(c).count();
            assert_eq!((count('{'), count('('), count('[')), (count('}'), count(')'), count(']')), "{name}");
        }
    }
}

#[test]
fn what_no_rule_allows_is_refused() {
    let plan = single(rule(AuthMode::ApiKey, Allow::Public, &READ));
    for name in ["Mutation.createItem", "Mutation.updateItem", "Mutation.deleteItem"] {
        check(&plan, name, &[REFUSED], &["PutItem", "UpdateItem", "DeleteItem"]);
    }
    for name in ["Query.getItem", "Query.listItems", "Subscription.onCreateItem"] {
        check(&plan, name, &["'API Key Authorization'"], &[REFUSED, "User Pool"]);
    }
    let nobody = plan_of(model("Item", &["id"], &[("id", "ID!")]));
    for file in write(&nobody, &Renderer::default()).unwrap() {
        assert!(file.text.contains(REFUSED), "{}", file.path);
    }
}

fn plan_of(one: Model) -> Plan {
    plan(vec![one], Vec::new())
}

#[test]
fn sandbox_mode_lets_api_keys_in_and_nobody_else() {
    let blog = blog();
    check(&blog, "Mutation.createNote", &["'API Key Authorization'", "util.time.nowEpochSeconds()"], &["User Pool"]);
    check(&blog, "Query.getSecret", &[REFUSED], &["API Key"]);
}

#[test]
fn owners_stand_in_conditions_and_filters() {
    let plan = single(rule(AuthMode::UserPools, owner("owner", false), &EVERY));
    let test = "tests.push({ owner: { eq: name } });";
    check(&plan, "Mutation.updateItem", &[test, "...owned, condition]", "attributeExists: true"], &[]);
    check(&plan, "Mutation.deleteItem", &[test, "...owned, condition]", "!result"], &[]);
    check(&plan, "Query.listItems", &[test, "all ? null : { or: tests }"], &["meets("]);
    check(&plan, "Query.getItem", &[test, "meets(ctx.result, test)"], &["filter:"]);
    check(&plan, "Subscription.onCreateItem", &[test, "operator: 'in'", "ctx.args['owner']"], &[]);
    check(
        &plan,
        "Mutation.createItem",
        &["item.owner === undefined) {", "item.owner = identities(", "attributeExists: false"],
        &[],
    );
    let list = single(rule(AuthMode::UserPools, owner("editors", true), &EVERY));
    check(&list, "Mutation.createItem", &["identities([claims.sub, claims.username", ".slice(0, 1)"], &[]);
    check(&list, "Query.listItems", &["{ editors: { contains: name } }"], &[]);
    check(&list, "Subscription.onCreateItem", &["'containsAny'"], &["ctx.args['editors']"]);
}

#[test]
fn items_show_their_owners_as_people_know_them() {
    let mut plan = single(rule(AuthMode::UserPools, owner("owner", false), &EVERY));
    check(&plan, "Query.getItem", &["return ctx.result;"], &["shown"]);
    plan.models["Item"].shown_owners = vec!["owner".to_owned(), "editors".to_owned()];
    let one = "owner: last(item.owner), editors: item.editors ? item.editors.map(last) : null }";
    check(&plan, "Query.getItem", &[one, "meets(ctx.result, test)", "shown(ctx.result)"], &[]);
    check(&plan, "Query.listItems", &[one, "items: ctx.result.items.map((item) => shown(item))"], &[]);
    check(&plan, "Mutation.createItem", &[one, "...shown(ctx.result), __operation"], &["...ctx.result"]);
    for write in ["Mutation.updateItem", "Mutation.deleteItem"] {
        // What is stored is compared, not what is shown.
        check(&plan, write, &[one, "meets(item, test)", "...shown(result), __operation"], &["shown(item)."]);
    }
    check(&plan, "Subscription.onCreateItem", &[], &["shown"]);
}

#[test]
fn a_rule_for_everyone_of_a_mode_leaves_no_tests() {
    let mut one = model("Item", &["id"], &[("id", "ID!"), ("owner", "String")]);
    one.rules = vec![
        rule(AuthMode::UserPools, owner("owner", false), &EVERY),
        rule(AuthMode::UserPools, Allow::Private, &READ),
    ];
    let plan = plan_of(one);
    check(&plan, "Query.listItems", &["return true;"], &["tests", "identities"]);
    check(&plan, "Mutation.deleteItem", &["tests"], &["return true;"]);
}

#[test]
fn signed_requests_are_told_apart_by_the_role_of_the_identity_pool() {
    let guests = single(rule(AuthMode::Iam, Allow::Public, &EVERY));
    check(&guests, "Query.getItem", &["cognitoIdentityAuthType === 'unauthenticated'"], &["'authenticated'"]);
    let users = single(rule(AuthMode::Iam, Allow::Private, &EVERY));
    check(&users, "Query.getItem", &["cognitoIdentityAuthType === 'authenticated'"], &["'unauthenticated'"]);
}

#[test]
fn composite_sort_keys_are_joined_and_checked() {
    let blog = blog();
    let message = "you must provide all fields for the key";
    check(&blog, "Mutation.createPost", &["item['date#likesCount'] = sortKey(", message, "'creating'"], &[]);
    check(&blog, "Mutation.updatePost", &["{ 'date#likesCount': '__sort0' }", message, "'updating'"], &[]);
    check(&blog, "Query.getCategory", &["'region#zone': [ctx.args.region, ctx.args.zone].join('#')"], &[]);
    check(&blog, "Mutation.createCategory", &["item['region#zone'] = sortKey("], &["checkSortKey"]);
    check(
        &blog,
        "Query.postsByStatus",
        &["joined(sort.between[0], operator)", "keyCondition(ctx.args.status, ctx.args.dateLikesCount)"],
        &[],
    );
    check(&blog, "Post.categories", &["begins_with(#sort, :sort)", "[ctx.source.title, ''].join('#')"], &[]);
}

#[test]
fn rules_about_the_queried_key_are_not_filters() {
    let blog = blog();
    check(&blog, "Query.commentsByOwner", &[".includes(ctx.args.owner)"], &["{ owner: { eq: name } }"]);
    check(&blog, "Query.commentsByText", &["ctx.result.items.filter("], &["{ or: tests }"]);
    // A table is scanned where no partition is given.
    let mut own = model("Folder", &["owner", "name"], &[("owner", "String!"), ("name", "String!")]);
    own.rules = vec![rule(AuthMode::UserPools, owner("owner", false), &EVERY)];
    let scanned = "of ((ctx.args.owner ?? null) === null ? identities([claims.sub, claims.username";
    check(&plan_of(own), "Query.listFolders", &[scanned, ".includes(ctx.args.owner)", "{ or: tests }"], &[]);
}

#[test]
fn what_nobody_listens_to_is_not_kept_from_subscribers() {
    let mut quiet = blog();
    quiet.resolvers.retain(|resolver| resolver.type_name != "Subscription");
    let redacted = "__operation === 'Mutation'";
    check(&quiet, "Profile.salary", &["util.unauthorized()"], &[redacted]);
    check(&quiet, "Post.comments", &["{ or: tests }"], &[redacted]);
}

#[test]
fn subscribers_get_nothing_that_only_the_caller_may_see() {
    let blog = blog();
    let redacted = "ctx.source.__operation === 'Mutation'";
    // Everyone signed in listens to posts, but only owners, editors and admins read comments.
    check(&blog, "Post.comments", &[redacted, "{ items: [] }"], &[]);
    // Everyone who listens to comments reads posts.
    check(&blog, "Comment.post", &[], &[redacted]);
    check(&blog, "Profile.salary", &[redacted], &[]);
    for write in ["Mutation.createPost", "Mutation.updatePost", "Mutation.deletePost"] {
        check(&blog, write, &["__operation: 'Mutation'"], &[]);
    }
}

#[test]
fn fields_with_rules_are_guarded_one_by_one() {
    let blog = blog();
    check(&blog, "Mutation.updateProfile", &["field === 'salary'", "access3(ctx)", "Unauthorized on ["], &[]);
    check(&blog, "Mutation.createProfile", &["field === 'salary'", "access2(ctx)"], &["access3"]);
    // Without a timestamp there would be nothing to set.
    check(&blog, "Mutation.updateProfile", &["__typename: 'Profile'"], &["updatedAt"]);
}

#[test]
fn public_subscriptions_have_no_check() {
    let mut one = model("Item", &["id"], &[("id", "ID!")]);
    one.public_subscriptions = true;
    check(&plan_of(one), "Subscription.onUpdateItem", &["export function request() {"], &["unauthorized", "access"]);
}

#[test]
fn rules_of_types_that_are_no_models_cannot_ask_for_owners() {
    let custom = || crate::category::api::plan::Action::ProtectedField { model: "Weather".to_owned() };
    let mut plan =
        plan(Vec::new(), vec![resolver("Weather", "wind", custom()), resolver("Query", "weather", custom())]);
    let open = rule(AuthMode::UserPools, group("Sailors"), &[Operation::Get]);
    plan.custom_rules.insert("Weather.wind".to_owned(), vec![open]);
    let owned = rule(AuthMode::UserPools, owner("owner", false), &[Operation::Get]);
    plan.custom_rules.insert("Query.weather".to_owned(), vec![owned]);
    check(&plan, "Weather.wind", &["['Sailors'].includes(group)", "(ctx.source ?? {}).wind"], &[]);
    check(&plan, "Query.weather", &["return util.unauthorized();"], &["access"]);
}

#[test]
fn a_plan_that_names_what_it_does_not_have_is_a_fault_not_a_panic() {
    let action = crate::category::api::plan::Action::Get { model: "Ghost".to_owned() };
    let broken = plan(Vec::new(), vec![resolver("Query", "getGhost", action)]);
    let error = write(&broken, &Renderer::default()).unwrap_err();
    assert_eq!(error.reason, "the plan has no model `Ghost`");
}

/// The text without what stands in quotes and in comments.
fn skeleton(text: &str) -> String {
    let mut bare = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['/', '*'])) {
        let mut letters = line.chars();
        while let Some(c) = letters.next() {
            bare.push(c);
            if c == '\'' {
                while let Some(inner) = letters.next() {
                    match inner {
                        '\\' => drop(letters.next()),
                        '\'' => break,
                        _ => {}
                    }
                }
            }
        }
        bare.push('\n');
    }
    bare
}

fn named(name: &str) -> Plan {
    let mut one = model("Item", &["id"], &[("id", "ID!"), ("status", "String")]);
    one.rules = vec![rule(AuthMode::UserPools, group(name), &EVERY)];
    one.defaults.insert("status".to_owned(), name.into());
    one.indexes = vec![index(name, &["status"])];
    let action = crate::category::api::plan::Action::QueryIndex { model: "Item".to_owned(), index: name.to_owned() };
    plan(vec![one], vec![resolver("Query", "byStatus", action)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_hostile_name_changes_no_code(name in any::<String>().prop_filter("names are not empty", |name| !name.is_empty())) {
        let write = |name: &str| -> Vec<String> {
            write(&named(name), &Renderer::default()).unwrap().iter().map(|file| skeleton(&file.text)).collect()
        };
        prop_assert!(write(&name) == write("plain"), "{:?}", name);
    }
}
