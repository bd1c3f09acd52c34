//! Long code, long pipelines, long schemas.

use super::*;
use crate::category::api::plan::{Function, Resolver};
use crate::category::api::resolvers::{FunctionFile, ResolverFile};
use crate::category::api::testing;

#[test]
fn code_and_pipelines_that_are_too_long_are_named() {
    let mut plan = testing::blog();
    let written = |length: usize, plan: &Plan| Written {
        resolvers: plan.deployed().map(|resolver| file(resolver, length)).collect(),
        functions: plan.functions.keys().map(|name| function(name, length)).collect(),
    };
    assert!(code(&plan, &written(LONGEST_CODE, &plan)).is_empty());
    let found = code(&plan, &written(LONGEST_CODE + 3, &plan));
    assert_eq!(found.len(), plan.deployed().count() + plan.functions.len());
    assert!(found.iter().all(|problem| problem.code == Code::AMP0320 && problem.location.is_some()), "{found:#?}");
    assert!(found[0].message.contains("so 3 are too many"), "{}", found[0].message);

    let first = plan.resolvers[0].clone();
    let names: Vec<String> = (0..=MOST_FUNCTIONS).map(|number| format!("f{number}")).collect();
    for name in &names {
        let step = crate::category::api::plan::Step::Check { type_name: "Query".to_owned(), field: "now".to_owned() };
        let function = Function { source: "NONE_DS".to_owned(), step, origin: first.origin.clone() };
        plan.functions.insert(name.clone(), function);
    }
    plan.resolvers[0].action = crate::category::api::plan::Action::Pipeline { functions: names };
    let found = code(&plan, &written(1, &plan));
    let wanted = format!("{}.{} would be a pipeline of 11 functions", first.type_name, first.field);
    assert!(found.len() == 1 && found[0].message.contains(&wanted), "{found:#?}");
}

fn file(resolver: &Resolver, length: usize) -> ResolverFile {
    let (type_name, field) = (resolver.type_name.clone(), resolver.field.clone());
    ResolverFile { type_name, field, source: String::new(), path: String::new(), text: "é".repeat(length) }
}

fn function(name: &str, length: usize) -> FunctionFile {
    FunctionFile { name: name.to_owned(), source: String::new(), path: String::new(), text: "x".repeat(length) }
}

#[test]
fn a_long_schema_is_deployed_in_fewer_bytes() {
    let name = ResourceName::new("blog").unwrap();
    let mut plan = testing::blog();
    plan.schema = "type Query {\n  a: Int\n}\n".to_owned();
    let small = Schema::of(&plan, &name);
    assert_eq!((small.file(), small.files.len()), ("blog/schema.graphql", 1));

    plan.schema = format!("\"{}\"\n{}", "x".repeat(LONGEST_READABLE), plan.schema);
    let large = Schema::of(&plan, &name);
    assert_eq!((large.file(), large.files.len()), ("blog/schema.compact.graphql", 2));
    assert_eq!(large.files[0], "type Query{a:Int}");
    assert_eq!(large.files["blog/schema.graphql"], plan.schema);
}
