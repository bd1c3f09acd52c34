use indexmap::IndexMap;

use super::{DatabaseCluster, DatabaseEngine, DatabaseParameters, DatabaseSpec, problems};
use crate::base::{EnvName, ResourceName};
use crate::category::api::codegen;
use crate::category::api::{CodegenSpec, SchemaSource, Target};
use crate::category::{ApiSpec, Context, ResourceSpec, Sources, Synthesis};
use crate::cfn;
use crate::error::Problem;
use crate::render::Renderer;

const CLUSTER: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:shop";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-a1B2c3";

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).expect(text)
}

#[test]
fn settings_read_back_as_they_are_written() {
    let text = format!(
        "engine = \"postgresql\"\ndatabase = \"shop\"\nmodels = [\"Order\"]\n\n[environments.prod]\ncluster = \"{CLUSTER}\"\nsecret = \"{SECRET}\"\n"
    );
    let spec: DatabaseSpec = toml::from_str(&text).expect(&text);
    assert_eq!(spec.engine, DatabaseEngine::Postgresql);
    assert_eq!(toml::to_string(&spec).expect("it can be written"), text);
    let least: DatabaseSpec = toml::from_str("engine = \"mysql\"\ndatabase = \"shop\"\n").expect("it is enough");
    assert_eq!(toml::to_string(&least).expect("it can be written"), "engine = \"mysql\"\ndatabase = \"shop\"\n");
}

#[test]
fn what_is_no_database_is_refused_and_a_secret_is_never_repeated() {
    let cases = [
        ("engine = \"oracle\"\ndatabase = \"a\"".to_owned(), "`mysql`"),
        ("engine = \"mysql\"\ndatabase = \"a b\"".to_owned(), "the name of a database"),
        ("engine = \"mysql\"".to_owned(), "database"),
        ("engine = \"mysql\"\ndatabase = \"a\"\npassword = \"hunter2\"".to_owned(), "unknown field"),
    ];
    for (text, wanted) in cases {
        let error = toml::from_str::<DatabaseSpec>(&text).expect_err(&text).message().to_owned();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    let wrong = [
        ("shop", SECRET, "a cluster"),
        ("arn:aws:rds:eu-west-1:111122223333:db:shop", SECRET, "a cluster"),
        ("arn:aws:rds:eu-west-1:1111:cluster:shop", SECRET, "a cluster"),
        (CLUSTER, "hunter2", "an ARN is wanted"),
        (CLUSTER, CLUSTER, "an ARN is wanted"),
    ];
    for (cluster, secret, wanted) in wrong {
        let error = DatabaseCluster::new(cluster, secret).expect_err(cluster);
        assert!(error.contains(wanted) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_cluster_and_its_secret_are_in_one_region() {
    let mut spec = DatabaseSpec::new(DatabaseEngine::Mysql, "shop").expect("a good name");
    let prod = EnvName::new("prod").expect("a good name");
    spec.environments.insert(prod.clone(), DatabaseCluster::new(CLUSTER, SECRET).expect("good ARNs"));
    assert_eq!(spec.check(false), []);
    assert_eq!(spec.check(true)[0].setting, "conflict");
    let only_statements = DatabaseSpec { models: Some(Vec::new()), ..spec.clone() };
    assert_eq!(only_statements.check(true), []);
    let blog = name("my-blog");
    let parameters = spec.parameters(&blog, &prod).expect("there is a cluster");
    let names = DatabaseParameters::of(&blog);
    assert_eq!(parameters, [(names.cluster, CLUSTER.to_owned()), (names.secret, SECRET.to_owned())]);
    assert_eq!(parameters[0].0, "MyBlogSqlCluster");
    assert_eq!(spec.parameters(&blog, &EnvName::new("dev").expect("a good name")), None);
    let far = DatabaseCluster::new(CLUSTER, &SECRET.replace("eu-west-1", "us-east-1")).expect("good ARNs");
    spec.environments.insert(prod, far);
    let found = spec.check(false);
    assert!(found[0].why.contains("eu-west-1") && found[0].why.contains("us-east-1"), "{found:?}");
}

#[test]
fn every_file_is_a_statement_that_some_field_runs() {
    let schema = "type Order @model { id: ID! @primaryKey } \
                  type Query { a: Int @sql(reference: \"first\") b: Int @sql(statement: \"select 1\") } \
                  extend type Query { c: Int @sql(reference: \"more/second\") }";
    let mut sources = Sources::default();
    for (file, text) in
        [("first.sql", "select 1\n"), ("more/second.sql", "  \n"), ("third.sql", "select 3"), ("notes.md", "not ours")]
    {
        sources.insert(format!("ampup/api/blog/sql/{file}"), text);
    }
    sources.insert("ampup/api/other/sql/fourth.sql", "select 4");
    let mut spec = DatabaseSpec::new(DatabaseEngine::Mysql, "shop").expect("a good name");
    spec.models = Some(vec!["Order".to_owned(), "Ordr".to_owned()]);
    let found = problems(Some(&spec), &name("blog"), schema, &sources);
    let told: Vec<(String, String)> = found
        .iter()
        .map(|problem| {
            (problem.message.clone(), problem.location.as_ref().map(ToString::to_string).unwrap_or_default())
        })
        .collect();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].0.contains("names `Ordr`"), "{told:#?}");
    assert!(told[1].0.contains("holds no statement") && told[1].1.contains("more/second.sql"), "{told:#?}");
    assert!(told[2].0.contains("no field runs the statement `third`"), "{told:#?}");
    let options = spec.options(&name("blog"), &sources);
    assert_eq!(options.statements["first"], "select 1");
    assert!(!options.statements.contains_key("fourth"));
}

/// The stacks of an API with a schema and statements in files.
fn try_stacks(schema: &str, sql: DatabaseSpec, files: &[(&str, &str)]) -> Result<Synthesis, Vec<Problem>> {
    let name = name("my-blog");
    let spec = ApiSpec { sql: Some(sql), ..ApiSpec::default() };
    let siblings = IndexMap::from([(name.clone(), ResourceSpec::Api(spec.clone()))]);
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), schema);
    for (file, text) in files {
        sources.insert(format!("ampup/api/my-blog/sql/{file}"), *text);
    }
    let render = Renderer::default();
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

fn database(models: &[&str]) -> DatabaseSpec {
    let spec = DatabaseSpec::new(DatabaseEngine::Postgresql, "shop").expect("a good name");
    DatabaseSpec { models: Some(models.iter().map(|&model| model.to_owned()).collect()), ..spec }
}

const BOTH: &str = "type Order @model @auth(rules: [{allow: public}]) { id: ID! @primaryKey } \
                    type Note @model @auth(rules: [{allow: public}]) { text: String } \
                    type Query { total: Int @sql(reference: \"total\") @auth(rules: [{allow: public}]) }";

#[test]
fn the_role_may_run_statements_in_one_cluster_and_read_one_secret() {
    let stacks = try_stacks(BOTH, database(&["Order"]), &[("total.sql", "select 1")]).expect("it is sound");
    assert_eq!(cfn::check::check(&stacks.template), Vec::new());
    let resource =
        |id: &str| stacks.template.resources.get(id).unwrap_or_else(|| panic!("no {id}")).properties.to_json();
    let source = resource("SqlSource");
    let config = &source["RelationalDatabaseConfig"];
    assert_eq!(source["Type"], "RELATIONAL_DATABASE");
    assert_eq!(config["RelationalDatabaseSourceType"], "RDS_HTTP_ENDPOINT");
    assert_eq!(config["RdsHttpEndpointConfig"]["DatabaseName"], "shop");
    assert_eq!(config["RdsHttpEndpointConfig"]["DbClusterIdentifier"]["Ref"], "MyBlogSqlCluster");
    assert_eq!(config["RdsHttpEndpointConfig"]["AwsSecretStoreArn"]["Ref"], "MyBlogSqlSecret");
    let role = resource("SqlSourceRole");
    let statements = serde_json::json!([
        { "Effect": "Allow", "Action": "rds-data:ExecuteStatement", "Resource": { "Ref": "MyBlogSqlCluster" } },
        { "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": { "Ref": "MyBlogSqlSecret" } },
    ]);
    assert_eq!(role["Policies"][0]["PolicyDocument"]["Statement"], statements);
    assert!(stacks.template.resources.get("OrderTable").is_none(), "the table of an SQL model is the user's");
    assert!(stacks.template.resources.get("NoteTable").is_some());
    assert!(stacks.files["my-blog/resolvers/Query.total.js"].contains("'select 1'"), "{:?}", stacks.files.keys());
}

#[test]
fn a_database_that_nothing_uses_is_no_data_source() {
    let schema = "type Note @model @auth(rules: [{allow: public}]) { text: String }";
    let stacks = try_stacks(schema, database(&[]), &[]).expect("it is sound");
    assert!(!stacks.text.contains("SqlSource") && !stacks.text.contains("MyBlogSqlCluster"), "{}", stacks.text);
}

#[test]
fn a_file_of_the_users_may_ask_the_database() {
    let schema = "type Query { now: String }";
    let name = name("my-blog");
    let spec = ApiSpec { sql: Some(database(&[])), ..ApiSpec::default() };
    let siblings = IndexMap::from([(name.clone(), ResourceSpec::Api(spec.clone()))]);
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), schema);
    sources
        .insert("ampup/api/my-blog/resolvers/Query.now.js", "// source: SqlDatabase\nexport function request() {}\n");
    let render = Renderer::default();
    let stacks = spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render });
    let stacks = stacks.expect("it is sound");
    let source = &stacks.template.resources["QueryNowResolver"].properties.to_json()["DataSourceName"];
    assert_eq!(source, &serde_json::json!({ "Fn::GetAtt": ["SqlSource", "Name"] }));
    assert!(stacks.template.resources.contains_key("SqlSourceRole"));
}

#[test]
fn a_missing_statement_is_told_where_it_is_named() {
    let told = |files: &[(&str, &str)]| {
        let problems = try_stacks(BOTH, database(&["Order"]), files).expect_err("there is no such statement");
        let found = problems.iter().find(|problem| problem.message.contains("references a custom SQL statement"));
        let problem = found.unwrap_or_else(|| panic!("{problems:#?}"));
        let place = problem.location.clone().expect("it has a place");
        assert_eq!((place.file.as_str(), place.line), ("ampup/api/my-blog/schema.graphql", 1));
        problem.hints[0].0.clone()
    };
    assert!(told(&[]).contains("`ampup/api/my-blog/sql/total.sql`"));
    assert!(told(&[("totals.sql", "select 1")]).contains("did you mean \"totals\"?"));
}

#[test]
fn resolvers_of_further_stacks_take_the_data_source_of_the_first() {
    use std::fmt::Write as _;
    let mut schema = String::new();
    for number in 0..60 {
        let _ = writeln!(
            schema,
            "type Order{number} @model @auth(rules: [{{allow: public}}]) {{ id: ID! @primaryKey name: String }}"
        );
    }
    let spec = DatabaseSpec::new(DatabaseEngine::Mysql, "shop").expect("a good name");
    let stacks = try_stacks(&schema, spec, &[]).expect("it is sound");
    let part = &stacks.parts["my-blog/models-2"];
    assert!(stacks.text.contains("SqlSource: !GetAtt SqlSource.Name"), "the first stack hands it on");
    assert!(part.template.parameters.keys().any(|parameter| parameter.as_str() == "SqlSource"));
    assert!(part.text.contains("DataSourceName: !Ref SqlSource"));
    assert!(!part.text.contains("AWS::IAM::Role") && !part.text.contains("AWS::DynamoDB::Table"), "{}", part.text);
    for template in stacks.templates() {
        assert!(template.resources.len() <= 500, "a stack has {} resources", template.resources.len());
    }
}

#[test]
fn plan_introspection_and_code_know_sql_models() {
    let name = name("my-blog");
    let spec = ApiSpec { sql: Some(database(&["Order"])), ..ApiSpec::default() };
    let siblings = IndexMap::new();
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), BOTH);
    sources.insert("ampup/api/my-blog/sql/total.sql", "select 1");
    let render = Renderer::default();
    let plan = spec.plan(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render });
    let plan = plan.expect("it is sound");
    assert!(plan.models["Order"].sql.is_some() && plan.models["Note"].sql.is_none());
    assert!(plan.introspection["models"]["Order"]["fields"]["id"].is_object());
    let targets = vec![Target::Graphql, Target::Types, Target::ModelsJs];
    let path = ApiSpec::schema_path(&name);
    let source = SchemaSource { path: &path, text: BOTH };
    let files = codegen::files(&source, &spec.compile_options(&name, &sources), &plan, &CodegenSpec::new(targets));
    let files = files.expect("code can be written");
    assert!(files.values().any(|text| text.contains("ListOrders")), "{:?}", files.keys());
}
