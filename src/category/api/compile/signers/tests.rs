//! What the schema opens, and whom the rules let pass.

use crate::category::api::compile::{CompileOptions, SchemaSource, compile};
use crate::category::api::plan::{Allow, Plan};

const SCHEMA: &str = "type Owned @model @auth(rules: [{ allow: owner, operations: [create] }]) { id: ID! }
type Free @model { id: ID! kind: String @index }
type Half @model { id: ID! @auth(rules: [{ allow: owner }]) part: String @auth(rules: [{ allow: owner }]) }
type Inner { x: Int }
type Query { q: Inner @function(name: \"f\") r: Int @function(name: \"f\") @auth(rules: [{ allow: owner }]) }";

fn plan(options: &str) -> Plan {
    let options = format!("{{\"defaultAuth\":\"AMAZON_COGNITO_USER_POOLS\",{options}}}");
    let options = CompileOptions::parse("options.json", &options).unwrap();
    compile(&SchemaSource { path: "schema.graphql", text: SCHEMA }, &options).unwrap()
}

/// The line of the schema that begins so, after that.
fn line<'a>(schema: &'a str, start: &str) -> &'a str {
    let found = schema.lines().map(str::trim_start).find_map(|line| line.strip_prefix(start));
    found.unwrap_or_else(|| panic!("no {start} in {schema}"))
}

#[test]
fn the_schema_opens_what_has_rules_to_named_roles() {
    let plan = plan(r#""additionalAuth":["AWS_IAM"],"adminRoles":["Auditor"]"#);
    let both = "@aws_iam";
    for start in ["type Owned", "createOwned(", "getOwned(", "onDeleteOwned(", "type ModelOwnedConnection", "r: Int"] {
        assert!(line(&plan.schema, start).contains(both), "{start}: {}", line(&plan.schema, start));
    }
    // Callers of the default mode are not shut out where no rule names them.
    assert!(line(&plan.schema, "getOwned(").contains("@aws_cognito_user_pools"));
    for start in ["type Free", "getFree(", "type Inner", "q: Inner"] {
        assert!(!line(&plan.schema, start).contains("@aws_"), "{start}: {}", line(&plan.schema, start));
    }
}

#[test]
fn the_schema_opens_everything_to_every_signature() {
    let plan = plan(r#""additionalAuth":["AWS_IAM"],"enableIamAccess":true"#);
    for start in ["type Owned", "type Free", "getFree(", "freesByKind(", "onCreateFree(", "type Inner", "q: Inner"] {
        assert!(line(&plan.schema, start).contains("@aws_iam"), "{start}: {}", line(&plan.schema, start));
    }
    assert!(!line(&plan.schema, "getFree(").contains("@aws_cognito_user_pools"));
}

#[test]
fn rules_let_them_pass_where_signatures_are_taken() {
    let named = Allow::AdminRoles(vec!["Auditor".to_owned()]);
    let cases = [
        (r#""additionalAuth":["AWS_IAM"],"adminRoles":["Auditor"]"#, Some(&named), false),
        (
            r#""additionalAuth":["AWS_IAM"],"adminRoles":["Auditor"],"enableIamAccess":true"#,
            Some(&Allow::AnySigner),
            true,
        ),
        (r#""adminRoles":["Auditor"]"#, None, false),
        (r#""additionalAuth":["AWS_IAM"]"#, None, false),
    ];
    for (options, wanted, without_rules) in cases {
        let plan = plan(options);
        let last = |rules: &[crate::category::api::plan::Rule]| {
            rules.last().map(|rule| rule.allow.clone()).filter(Allow::is_setting)
        };
        let found =
            [&plan.models["Owned"].rules, &plan.models["Half"].field_rules["part"], &plan.custom_rules["Query.r"]];
        for rules in found {
            assert_eq!(last(rules).as_ref(), wanted, "{options}");
        }
        assert_eq!(last(&plan.models["Half"].rules).as_ref(), wanted, "{options}");
        assert_eq!(last(&plan.models["Free"].rules).is_some(), without_rules, "{options}");
    }
}
