//! An API with SQL models: its settings by flags, and where it can be deployed.

use crate::support::sandbox::{Sandbox, finish};

const CLUSTER: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:shop";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-a1B2c3";
const SCHEMA: &str = "type Order @model @auth(rules: [{ allow: public }]) { id: ID! @primaryKey total: Int }\n\
                      type Note @model @auth(rules: [{ allow: public }]) { text: String }\n\
                      type Query {\n  count: Int @sql(reference: \"count\") @auth(rules: [{ allow: public }])\n}\n";

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "shop", "--target", "local"]).ok();
    sandbox.write("shop.graphql", SCHEMA);
    sandbox.write("ampup/api/shop/sql/count.sql", "select count(*) from \"Order\"\n");
    let flags = ["--schema", "shop.graphql", "--auth", "api-key", "--sql", "postgresql:shop", "--sql-models", "Order"];
    let _ = sandbox.run(&[&["add", "api", "--name", "shop"], &flags[..]].concat()).ok();
    sandbox
}

/// The command fails with a code and exit status, and says each word.
fn refuses(sandbox: &Sandbox, arguments: &[&str], exit: i32, words: &[&str]) {
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, exit, "{arguments:?}: {ran:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{arguments:?}: `{word}` is not in\n{}", ran.stderr);
    }
}

#[test]
fn flags_become_settings_and_settings_stacks() {
    let sandbox = shop();
    let settings = sandbox.read("ampup.toml");
    for wanted in ["engine = \"postgresql\"", "database = \"shop\"", "models = [\"Order\"]"] {
        assert!(settings.contains(wanted), "{wanted} is not in\n{settings}");
    }
    let stack = sandbox.read("ampup/stacks/shop.yaml");
    assert!(stack.contains("DatabaseName: shop") && !stack.contains("OrderTable"), "{stack}");
    let access = sandbox.run(&["api", "access", "Order", "--json"]).ok().json().to_string();
    assert!(access.contains("Order"), "{access}");
    let code = sandbox.run(&["codegen", "--target", "types", "--json"]).ok();
    assert!(sandbox.read("src/API.ts").contains("CreateOrderInput"), "{code:?}");
    let _ = sandbox.run(&["env", "add", "prod", "--target", "aws", "--region", "eu-west-1"]).ok();
    let _ = sandbox.run(&["update", "shop", "--sql-cluster", &format!("prod={CLUSTER},{SECRET}")]).ok();
    let settings = sandbox.read("ampup.toml");
    assert!(settings.contains(CLUSTER) && settings.contains(SECRET), "{settings}");
    assert!(!sandbox.read("ampup/stacks/shop.yaml").contains("111122223333"), "an environment is a parameter");
    let _ =
        sandbox.run(&["update", "shop", "--sql", "mysql:other", "--sql-models", "all", "--sql-cluster", "prod=off"]);
    let settings = sandbox.read("ampup.toml");
    assert!(settings.contains("models = [\"Order\"]"), "a note without a primary key is no SQL model:\n{settings}");
}

#[test]
fn an_environment_without_the_database_is_refused_before_anything_is_deployed() {
    let sandbox = shop();
    refuses(
        &sandbox,
        &["push", "--yes"],
        1,
        &["AMP0605", "PostgreSQL", "no RDS", "ampup env add prod", "AWS_ENDPOINT_URL_RDS_DATA=http"],
    );
    let _ = sandbox.run(&["env", "add", "prod", "--target", "aws", "--region", "eu-west-1"]).ok();
    let words = ["AMP0103", "`prod`", "ampup update shop --sql-cluster prod=CLUSTER_ARN,SECRET_ARN"];
    refuses(&sandbox, &["push", "--yes", "--env", "prod"], 3, &words);
}

#[test]
fn with_an_rds_data_api_of_ones_own_the_embedded_cloud_takes_the_database() {
    let sandbox = shop();
    let push = |address: &str| {
        let arguments = ["push", "--yes"];
        let mut command = sandbox.command(&arguments);
        command.env("AWS_ENDPOINT_URL_RDS_DATA", address);
        finish(command, &arguments)
    };
    let wrong = push("127.0.0.1:9/x");
    assert!(wrong.code == 2 && wrong.stderr.contains("AMP0202"), "{wrong:?}");
    assert!(wrong.stderr.contains("AWS_ENDPOINT_URL_RDS_DATA: `127.0.0.1:9/x`"), "{wrong:?}");
    let unnamed = push("http://127.0.0.1:9");
    assert!(unnamed.code == 3 && unnamed.stderr.contains("--sql-cluster dev=CLUSTER_ARN,SECRET_ARN"), "{unnamed:?}");
    let _ = sandbox.run(&["update", "shop", "--sql-cluster", &format!("dev={CLUSTER},{SECRET}")]).ok();
    let _ = push("http://127.0.0.1:9").ok();
}

#[test]
fn wrong_settings_are_told_with_their_place() {
    let sandbox = shop();
    let good = sandbox.read("ampup.toml");
    let with = |more: &str| {
        let head = good.lines().filter(|line| !line.starts_with("sql")).collect::<Vec<_>>().join("\n");
        let database = "[resources.shop.sql]\nengine = \"mysql\"\ndatabase = \"shop\"\nmodels = [\"Order\"]\n";
        sandbox.write("ampup.toml", &format!("{head}\n\n{database}{more}\n"));
    };
    with(&format!("[resources.shop.sql.environments.dve]\ncluster = \"{CLUSTER}\"\nsecret = \"{SECRET}\""));
    refuses(&sandbox, &["render"], 3, &["AMP0103", "`dve`", "did you mean `dev`?", "ampup.toml:"]);
    with(&format!("[resources.shop.sql.environments.dev]\ncluster = \"{CLUSTER}\"\nsecret = \"hunter2\""));
    let ran = sandbox.run(&["render"]);
    assert!(ran.code == 3 && ran.stderr.contains("sql.environments.dev.secret"), "{ran:?}");
    with("moduls = []");
    refuses(&sandbox, &["render"], 3, &["AMP0103", "moduls", "did you mean `models`?"]);
    with("");
    sandbox.write("ampup/api/shop/sql/cuont.sql", "select 1");
    refuses(&sandbox, &["render"], 3, &["AMP0319", "ampup/api/shop/sql/cuont.sql"]);
}

#[test]
fn flags_about_a_database_need_one() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "shop", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "api", "--name", "shop", "--sample", "todo"]).ok();
    refuses(
        &sandbox,
        &["update", "shop", "--sql-models", "Todo"],
        2,
        &["AMP0202", "--sql-models", "--sql postgresql:NAME"],
    );
    refuses(&sandbox, &["update", "shop", "--sql", "oracle:shop"], 2, &["`mysql` or `postgresql`"]);
}

#[test]
fn the_database_of_an_environment_can_be_taken_away() {
    let sandbox = shop();
    let empty = Sandbox::new();
    let _ = empty.run(&["init", "empty", "--target", "local"]).ok();
    let dev = empty.dev();
    let emulator = ["env", "add", "emulator", "--target", "localstack", "--endpoint", dev.endpoint.as_str()];
    let _ = sandbox.run(&emulator).ok();
    let _ = sandbox.run(&["update", "shop", "--sql-cluster", &format!("emulator={CLUSTER},{SECRET}")]).ok();
    let _ = sandbox.run(&["push", "--dry-run", "--env", "emulator"]).ok();
    let away = "ampup update shop --sql-cluster emulator=off";
    refuses(&sandbox, &["env", "remove", "emulator", "--yes"], 3, &["AMP0103", "`emulator`", away]);
    let _ = sandbox.run(&["update", "shop", "--sql-cluster", "emulator=off"]).ok();
    let _ = sandbox.run(&["env", "remove", "emulator", "--yes"]).ok();
}
