//! What users write themselves, from the schema to the stack: `@validate`, `@function`, `@http`.

use indexmap::IndexMap;

use super::compile::{CompileOptions, SchemaSource, compile};
use super::plan::{Plan, Source};
use super::resolvers;
use crate::base::ResourceName;
use crate::category::{ApiSpec, AuthSpec, Context, ResourceSpec, Sources, Synthesis};
use crate::cfn;
use crate::error::Problem;
use crate::render::Renderer;

const MIXED: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["API_KEY","AWS_IAM"]}"#;

fn try_plan(schema: &str, options: &str) -> Result<Plan, Vec<Problem>> {
    let options = CompileOptions::parse("options.json", options).unwrap();
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
}

fn plan(schema: &str, options: &str) -> Plan {
    try_plan(schema, options).unwrap_or_else(|problems| panic!("{schema}: {problems:#?}"))
}

/// The files of a plan by their path.
fn files(plan: &Plan) -> IndexMap<String, String> {
    let render = Renderer::default();
    let functions = resolvers::write_functions(plan, &render).unwrap().into_iter().map(|file| (file.path, file.text));
    let resolvers = resolvers::write(plan, &render).unwrap().into_iter().map(|file| (file.path, file.text));
    resolvers.chain(functions).collect()
}

#[track_caller]
fn check(files: &IndexMap<String, String>, path: &str, wanted: &[&str], unwanted: &[&str]) {
    let text = files.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", files.keys()));
    for part in wanted {
        assert!(text.contains(part), "{path} lacks {part}:\n{text}");
    }
    for part in unwanted {
        assert!(!text.contains(part), "{path} has {part}:\n{text}");
    }
}

/// The stack of a schema, with other files of the user.
fn stack(schema: &str, spec: &ApiSpec, own: &[(&str, &str)]) -> Result<Synthesis, Vec<Problem>> {
    let name = ResourceName::new("blog").unwrap();
    let siblings = IndexMap::from([
        (name.clone(), ResourceSpec::Api(spec.clone())),
        (ResourceName::new("users").unwrap(), ResourceSpec::Auth(AuthSpec::default())),
    ]);
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), schema);
    for (path, text) in own {
        sources.insert(format!("ampup/api/blog/{path}"), *text);
    }
    let render = Renderer::default();
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

fn resource(synthesis: &Synthesis, id: &str) -> String {
    let start = synthesis.text.find(&format!("\n  {id}:\n")).unwrap_or_else(|| panic!("no {id}: {}", synthesis.text));
    let rest = &synthesis.text[start + 1..];
    rest.split("\n\n").next().unwrap_or_default().to_owned()
}

#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    let event = "type EventInvocationResponse { success: Boolean! }";
    let cases = [
        (
            "type A { n: Int @validate(type: gt, value: \"1\") } type Query { a: A @function(name: \"f\") }",
            "within @model types",
        ),
        ("type A @model { id: ID! n: [Int] @validate(type: gt, value: \"1\") }", "on list field 'n'"),
        ("type A @model { id: ID! n: Int @validate(type: gt, value: \"1\") @default(value: \"2\") }", "after @default"),
        (
            "type A @model { id: ID! n: Int @validate(type: gt, value: \"1\") @validate(type: gt, value: \"2\") }",
            "only be used once per field",
        ),
        (
            "type A @model { id: ID! s: String @validate(type: minLength, value: \"-1\") }",
            "must be a non-negative integer. Received '-1'",
        ),
        ("type A @model { id: ID! n: Float @validate(type: lt, value: \"few\") }", "must be a number. Received 'few'"),
        (
            "type A @model { id: ID! n: Int @validate(type: matches, value: \"1\") }",
            "can only be used with 'String' fields",
        ),
        ("type A @model { id: ID! s: ID @validate(type: lte, value: \"1\") }", "with numeric fields (Int, Float)"),
        ("type Query { a: Int @function(name: \"no such\") }", "not the name of a Lambda function"),
        ("type Query { a: Int @function(name: \"f-${stage}\") }", "a placeholder that is not known"),
        ("type Query { a: Int @function(name: \"f\", region: \"Ireland\") }", "not a region of AWS"),
        ("type Query { a: Int @function(name: \"f\", accountId: \"mine\") }", "not twelve digits"),
        ("type Query { a: Int @function(name: \"f\") @http(url: \"https://a.example\") }", "answered by one of them"),
        (
            "type Query { a: T @function(name: \"f\") } type T { b: Int @function(name: \"f\", invocationType: Event) }",
            "on Query or Mutation field",
        ),
        ("type Query { a: Int @function(name: \"f\", invocationType: Event) }", "invalid return type Int"),
        (
            "type Query { a: EventInvocationResponse @function(name: \"f\", invocationType: Event) } type EventInvocationResponse { ok: Boolean! }",
            "invalid 'EventInvocationResponse' definition",
        ),
        ("type Query { a: Int @http(url: \"ftp://a.example\") }", "begins with http:// or https://"),
        ("type Query { a: Int @http(url: \"https://\") }", "names no server"),
        ("type Query { a: Int @http(url: \"https://me:secret@a.example\") }", "user name or password"),
        ("type Query { a: Int @http(url: \"https://a.example/${stage}\") }", "\"${stage}\" is not a placeholder"),
        ("type Query { a: Int @http(url: \"https://a.example/:1st\") }", "names begin with a letter"),
        (
            "type Query { a: Int @http(url: \"https://a.example\", headers: [{ key: \"a b\", value: \"c\" }]) }",
            "not the name of an HTTP header",
        ),
        (
            "type Query { a: Int @http(url: \"https://a.example\", headers: [{ key: \"a\", value: \"$ctx.args.b\" }]) }",
            "are not evaluated in @http",
        ),
        (
            "type Query { a(b: Int): Int @http(url: \"https://a.example\") } input QueryAQueryInput { c: Int }",
            "conflicting input type",
        ),
    ];
    for (schema, reason) in cases {
        let problems = try_plan(&format!("{schema} {}", if schema.contains("ok: Boolean") { "" } else { event }), "{}")
            .expect_err(schema);
        assert!(problems.iter().any(|problem| problem.message.contains(reason)), "{schema}: {problems:#?}");
        assert!(problems.iter().all(|problem| problem.location.is_some()), "{schema}");
    }
}

#[test]
fn written_values_are_tested_after_the_rules_and_before_the_write() {
    let files = files(&plan(
        "type A @model @auth(rules: [{ allow: public }]) { id: ID! n: Int @validate(type: gt, value: \"-1.50\") @validate(type: lte, value: \"1e3\") \
         s: String @default(value: \"ab\") @validate(type: minLength, value: \"2\", errorMessage: \"it's short\") \
         @validate(type: matches, value: \"^[a-z']+$\") t: String @validate(type: endsWith, value: \"!\") }",
        "{}",
    ));
    let tests = [
        "if (values.n <= -1.5) {",
        "'Field n of type A must be greater than -1.50'",
        "if (values.n > 1000) {",
        "if (values.s.length < 2) {",
        "util.error('it\\'s short')",
        "if (!util.matches('^[a-z\\']+$', values.s)) {",
        "'Field t of type A must end with !'",
        "if ((values.t ?? null) !== null) {",
    ];
    check(&files, "resolvers/Mutation.createA.js", &[&tests[..], &["  validate(item);"]].concat(), &[]);
    check(&files, "resolvers/Mutation.updateA.js", &[&tests[..], &["  validate(input);"]].concat(), &[]);
    check(&files, "resolvers/Mutation.deleteA.js", &[], &["validate("]);
    for (path, text) in &files {
        if let Some(at) = text.find("  validate(") {
            let before = text.find("util.unauthorized();").expect("the rules are asked");
            assert!(before < at && at < text.find("operation: '").unwrap(), "{path}:\n{text}");
        }
    }
}

const FUNCTIONS: &str = r#"
type Query {
  one(a: Int): String @function(name: "echo-${env}")
  same: String @function(name: "echo-${env}") @auth(rules: [{ allow: groups, groups: ["Admins"] }])
  far: String @function(name: "echo-${env}", region: "us-west-2", accountId: "123456789012")
  nobody: String @function(name: "echo-${env}") @auth(rules: [{ allow: owner }])
  guests: Out @function(name: "echo-${env}") @auth(rules: [{ allow: public, provider: iam }])
}
type Out { inner: Inner }
type Inner { x: Int @function(name: "inner") }
type Mutation {
  chain: String @function(name: "first") @function(name: "second") @function(name: "first")
  other: String @function(name: "second") @function(name: "first") @auth(rules: [{ allow: private }])
  fire: EventInvocationResponse @function(name: "first", invocationType: Event)
}
type EventInvocationResponse { success: Boolean! }
type Note @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read] }]) {
  id: ID!
  score: Int @function(name: "score") @auth(rules: [{ allow: owner }])
  open: Int @function(name: "score")
}
type Plain @model @auth(rules: [{ allow: owner }]) { id: ID! score: Int @function(name: "score") }
"#;

#[test]
fn one_function_is_a_resolver_and_several_are_a_pipeline_of_shared_functions() {
    let plan = plan(FUNCTIONS, MIXED);
    let names: Vec<&str> = plan.functions.keys().map(String::as_str).collect();
    assert_eq!(names, ["InvokeFirstLambdaDataSource", "InvokeSecondLambdaDataSource"]);
    let lambdas = plan.sources.values().filter(|source| matches!(source, Source::Lambda(_))).count();
    assert_eq!(lambdas, 6, "{:?}", plan.sources.keys());
    let files = files(&plan);
    let payload =
        ["typeName: ctx.info.parentTypeName", "arguments: ctx.args", "identity: ctx.identity", "source: ctx.source"];
    check(&files, "resolvers/Query.one.js", &payload, &["access", "Event", "earlyReturn"]);
    check(&files, "resolvers/Query.same.js", &["['Admins'].includes(group)", "util.unauthorized();"], &["earlyReturn"]);
    check(&files, "resolvers/Query.nobody.js", &["no rule allows it to anyone"], &["Invoke"]);
    check(&files, "resolvers/Mutation.chain.js", &["return ctx.prev.result;"], &["access", "Invoke"]);
    check(&files, "resolvers/Mutation.other.js", &["if (!access(ctx)) {"], &[]);
    check(
        &files,
        "resolvers/Mutation.fire.js",
        &["invocationType: 'Event'", "success: !ctx.error", "appendError"],
        &["util.error("],
    );
    check(
        &files,
        "functions/InvokeFirstLambdaDataSource.js",
        &["prev: ctx.prev,", "util.error(ctx.error.message"],
        &["access"],
    );
    let guarded = ["ctx.source.__operation === 'Mutation'", "meets(ctx.source, test)", "runtime.earlyReturn(null);"];
    check(&files, "resolvers/Note.score.js", &guarded, &[]);
    check(&files, "resolvers/Plain.score.js", &payload, &["access"]);
}

#[test]
fn two_functions_are_two_data_sources_even_when_their_names_look_alike() {
    let plan = plan("type Query { a: Int @function(name: \"a-b\") b: Int @function(name: \"aB\") }", "{}");
    let source = |field: &str| plan.resolvers.iter().find(|own| own.field == field).unwrap().source.clone();
    assert_eq!(source("a"), "ABLambdaDataSource");
    assert_ne!(source("a"), source("b"));
}

#[test]
fn appsync_may_invoke_these_functions_and_nothing_else() {
    let spec = ApiSpec {
        auth: super::ApiAuth::UserPool,
        additional_auth: vec![super::ApiAuth::ApiKey, super::ApiAuth::Iam],
        ..ApiSpec::default()
    };
    let synthesis = stack(FUNCTIONS, &spec, &[]).unwrap();
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    let role = resource(&synthesis, "FunctionsRole");
    assert_eq!(role.matches("Action:").count(), 2, "{role}");
    assert!(role.contains("Action: lambda:InvokeFunction"), "{role}");
    for arn in [
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:echo-${Environment}",
        "arn:${AWS::Partition}:lambda:us-west-2:123456789012:function:echo-${Environment}",
    ] {
        assert_eq!(role.matches(arn).count(), 1, "{role}");
    }
    let source = resource(&synthesis, "FirstLambdaSource");
    assert!(source.contains("ServiceRoleArn: !GetAtt FunctionsRole.Arn"), "{source}");
    assert!(resource(&synthesis, "MutationChainResolver").contains("Kind: PIPELINE"));
    assert!(resource(&synthesis, "QueryOneResolver").contains("Kind: UNIT"));
    let guests = resource(&synthesis, "GuestPolicy");
    for path in ["types/Query/fields/guests", "types/Out/*", "types/Inner/*"] {
        assert!(guests.contains(path), "{guests}");
    }
}

#[test]
fn hundreds_of_functions_stay_under_the_limit_of_a_role() {
    let fields: Vec<String> =
        (0..300).map(|at| format!("f{at}: Int @function(name: \"a-rather-long-name-{at}-${{env}}\")")).collect();
    let plan = plan(&format!("type Query {{ {} }}", fields.join(" ")), "{}");
    let functions = plan.sources.values().filter_map(|source| match source {
        Source::Lambda(function) => Some(super::stack::function_arn(function)),
        _ => None,
    });
    let filled: Vec<usize> = super::stack::role_sizes(functions);
    assert!(filled.len() > 1 && filled.iter().all(|characters| *characters < 10_240), "{filled:?}");
    let account = try_plan("type Query { a: Int @function(name: \"f\", accountId: \"12\") }", "{}").map(|_| ());
    assert!(account.is_ok(), "only a deployment needs a real account: {account:?}");
    let problems =
        stack("type Query { a: Int @function(name: \"f\", accountId: \"12\") }", &ApiSpec::default(), &[]).unwrap_err();
    assert!(problems[0].message.contains("twelve digits"), "{problems:#?}");
}

const HTTP: &str = r#"
type Out { id: ID! }
enum Kind { A }
type Query {
  get(id: ID!, kind: Kind, tags: [String]): Out @http(url: "https://${env}.example.com/v1/:id/of/:owner?fixed=1")
  list(q: String, page: Int!): [Out] @http(url: "https://api.example.com/posts", headers: [{ key: "X-Region", value: "${aws_region}" }])
}
type Mutation {
  add(title: String!, n: Int): Out @http(method: POST, url: "https://api.example.com/posts") @auth(rules: [{ allow: private }])
  remove(id: ID!): Out @http(method: DELETE, url: "https://api.example.com/posts/:id")
}
"#;

#[test]
fn requests_are_sent_as_the_directive_says() {
    let plan = plan(HTTP, MIXED);
    for line in [
        "get(params: QueryGetParamsInput!, query: QueryGetQueryInput): Out",
        "list(query: QueryListQueryInput!): [Out]",
        "add(query: MutationAddQueryInput, body: MutationAddBodyInput): Out",
        "remove(params: MutationRemoveParamsInput!): Out",
    ] {
        assert!(plan.schema.contains(line), "{line} in {}", plan.schema);
    }
    let files = files(&plan);
    let path = "['/v1/', segment(ctx.args.params.id), '/of/', segment(ctx.args.params.owner)].join('')";
    check(
        &files,
        "resolvers/Query.get.js",
        &[path, "query: { fixed: '1', ...ctx.args.query }", "util.urlEncode("],
        &["body:"],
    );
    let headers = ["'x-region': ctx.env.REGION", "...util.http.copyHeaders(ctx.request.headers)", "util.xml.toMap("];
    check(&files, "resolvers/Query.list.js", &headers, &["segment", "content-type': 'application"]);
    let posted = ["method: 'POST'", "body: ctx.args.body", "['title'].some(", "if (!access(ctx)) {", "[200, 201]"];
    check(&files, "resolvers/Mutation.add.js", &posted, &[]);
    check(&files, "resolvers/Mutation.remove.js", &["method: 'DELETE'"], &["body:", "query:"]);
    let spec = ApiSpec {
        auth: super::ApiAuth::UserPool,
        additional_auth: vec![super::ApiAuth::ApiKey, super::ApiAuth::Iam],
        ..ApiSpec::default()
    };
    let synthesis = stack(HTTP, &spec, &[]).unwrap();
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    assert!(synthesis.text.contains("Endpoint: !Sub 'https://${Environment}.example.com'"), "{}", synthesis.text);
    assert_eq!(synthesis.text.matches("Type: HTTP").count(), 2);
    assert!(resource(&synthesis, "GraphQLApi").contains("ENVIRONMENT: !Ref Environment"));
}
