//! Functions that are invoked together for the siblings of a level.

use serde_json::{Value, json};

use super::world::{World, code};

const SCHEMA: &str = "
type Post { id: ID! related: [Post] author: Author score: Int late: Int }
type Author { name: String posts: [Post] }
type Query { posts(count: Int): [Post] one(id: ID): Int }
type Mutation { put(id: ID): Int }
";

/// Writes down what it is invoked with, a line each time; what it answers depends on the field.
const WORKER: &str = "
def handler(event, context):
    if isinstance(event, dict):
        return event['id']
    with open('SEEN', 'a') as seen:
        seen.write(' '.join(item['field'] + ':' + str(item['id']) for item in event) + '\\n')
    field = event[0]['field']
    if field == 'related':
        return [[{'id': item['id'] + '.' + str(n)} for n in range(2)] for item in event]
    if field == 'author':
        return [{'name': 'by ' + item['id']} for item in event]
    if field == 'score':
        return [
            {'data': None, 'errorMessage': 'no score', 'errorType': 'NoScore'} if item['id'] == '2'
            else None if item['id'] == '3' else {'data': int(item['id'])} for item in event
        ]
    if field == 'short':
        return []
    if field == 'broken':
        raise ValueError('broken')
    return [int(item['id']) for item in event]
";

const TAKE: &str = "if (ctx.error) { util.error(ctx.error.message, ctx.error.type); } return ctx.result;";

/// A request handler that joins a batch.
fn batch(field: &str) -> String {
    format!(
        "return {{ operation: 'BatchInvoke', payload: {{ field: '{field}', id: ctx.source?.id ?? ctx.args.id }} }};"
    )
}

impl World {
    async fn batching(&self, api: &str, (kind, field): (&str, &str), size: Value, (request, response): (&str, &str)) {
        let resolver = json!({
            "ApiId": api, "TypeName": kind, "FieldName": field, "DataSourceName": "Worker", "MaxBatchSize": size,
            "Code": code(request, response), "Runtime": { "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" },
        });
        self.make("AWS::AppSync::Resolver", resolver).await;
    }
}

/// An API over the worker.
struct Batching {
    world: World,
    api: String,
    key: String,
    seen: tempfile::NamedTempFile,
}

async fn with_worker() -> Batching {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let seen = tempfile::NamedTempFile::new().unwrap();
    let arn = world.function("worker", &WORKER.replace("SEEN", &seen.path().to_string_lossy())).await;
    world.function_source(&api, "Worker", (&arn, &arn)).await;
    let posts = "return { payload: [...' '.repeat(ctx.args.count ?? 3)].map((_, index) => ({ id: `${index + 1}` })) };";
    world.resolver(&api, ("Query", "posts"), "None", (posts, "return ctx.result;")).await;
    Batching { world, api, key, seen }
}

impl Batching {
    async fn ask(&self, query: &str) -> Value {
        self.world.query(&self.api, &self.key, query).await
    }

    /// The invocations since the last look, each with what it was given.
    fn seen(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(self.seen.path()).unwrap();
        std::fs::write(self.seen.path(), "").unwrap();
        text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
    }
}

fn ids(field: &str, ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| format!("{field}:{id}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn siblings_are_one_invocation_and_each_gets_its_own() {
    let batching = with_worker().await;
    let (world, api) = (&batching.world, &batching.api);
    world.batching(api, ("Post", "related"), json!(100), (&batch("related"), TAKE)).await;
    world.batching(api, ("Post", "author"), json!("100"), (&batch("author"), TAKE)).await;
    let answer = batching.ask("{ posts { id related { id author { name } } author { name } } }").await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let second = &answer["data"]["posts"][1];
    assert_eq!(second["related"][1], json!({ "id": "2.1", "author": { "name": "by 2.1" } }));
    assert_eq!(second["author"]["name"], "by 2");
    let mut invocations = batching.seen();
    invocations.sort();
    let deep = ["1.0", "1.1", "2.0", "2.1", "3.0", "3.1"];
    let three = ["1", "2", "3"];
    assert_eq!(invocations, [ids("author", &three), ids("author", &deep), ids("related", &three)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_as_large_as_the_resolver_says_or_five() {
    let batching = with_worker().await;
    let (world, api) = (&batching.world, &batching.api);
    world.batching(api, ("Post", "author"), json!(4), (&batch("author"), TAKE)).await;
    world.batching(api, ("Post", "late"), Value::Null, (&batch("late"), TAKE)).await;
    let sizes = async |query: &str| {
        let answer = batching.ask(query).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let mut sizes: Vec<usize> = batching.seen().iter().map(Vec::len).collect();
        sizes.sort_unstable();
        (answer, sizes)
    };
    let (answer, found) = sizes("{ posts(count: 9) { author { name } } }").await;
    assert_eq!((&answer["data"]["posts"][8]["author"]["name"], found), (&json!("by 9"), vec![1, 4, 4]));
    let (answer, found) = sizes("{ posts(count: 7) { late } }").await;
    assert_eq!((&answer["data"]["posts"][6]["late"], found), (&json!(7), vec![2, 5]));
    let refused = world
        .try_make(
            "AWS::AppSync::Resolver",
            json!({
                "ApiId": api, "TypeName": "Query", "FieldName": "one", "DataSourceName": "Worker", "MaxBatchSize": 2001,
                "Code": code("return {};", TAKE), "Runtime": { "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" },
            }),
        )
        .await
        .unwrap_err();
    assert!(refused.contains("between 0 and 2000"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_of_an_entry_or_of_the_whole_batch() {
    let batching = with_worker().await;
    let (world, api) = (&batching.world, &batching.api);
    let single = "if (ctx.result?.errorMessage) { util.error(ctx.result.errorMessage, ctx.result.errorType, ctx.result.data); } return ctx.result?.data ?? null;";
    world.batching(api, ("Post", "score"), json!(10), (&batch("score"), single)).await;
    let answer = batching.ask("{ posts { score } }").await;
    assert_eq!(answer["data"]["posts"], json!([{ "score": 1 }, { "score": null }, { "score": null }]));
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{answer}");
    assert_eq!((&errors[0]["path"], &errors[0]["errorType"]), (&json!(["posts", 1, "score"]), &json!("NoScore")));
    for (field, kind) in [("short", "Lambda:IllegalArgument"), ("broken", "Lambda:Unhandled")] {
        world.batching(api, ("Post", "late"), json!(10), (&batch(field), TAKE)).await;
        let answer = batching.ask("{ posts { late } }").await;
        let kinds: Vec<&Value> = answer["errors"].as_array().unwrap().iter().map(|error| &error["errorType"]).collect();
        assert_eq!(kinds, [kind, kind, kind], "{answer}");
        let path = format!("/v1/apis/{api}/types/Post/resolvers/late");
        world.control(http::Method::DELETE, &path, &Value::Null).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_of_a_query_join_and_mutations_do_not() {
    let batching = with_worker().await;
    let (world, api) = (&batching.world, &batching.api);
    world.batching(api, ("Query", "one"), json!(10), (&batch("one"), TAKE)).await;
    world.batching(api, ("Mutation", "put"), json!(10), (&batch("put"), TAKE)).await;
    let answer = batching.ask("{ a: one(id: 1) b: one(id: 2) }").await;
    assert_eq!(answer["data"], json!({ "a": 1, "b": 2 }), "{answer}");
    assert_eq!(batching.seen(), [ids("one", &["1", "2"])]);
    let answer = batching.ask("mutation { a: put(id: 1) b: put(id: 2) }").await;
    assert_eq!(answer["data"], json!({ "a": 1, "b": 2 }), "{answer}");
    assert_eq!(batching.seen(), [ids("put", &["1"]), ids("put", &["2"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_of_pipelines_join_after_what_comes_before_them() {
    let batching = with_worker().await;
    let (world, api) = (&batching.world, &batching.api);
    let runtime = json!({ "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" });
    let mut functions = Vec::new();
    // The first step of each is awaited by itself.
    let first = "return { operation: 'Invoke', payload: { id: ctx.source.id } };";
    let second =
        "return { operation: 'BatchInvoke', payload: { field: 'author', id: `${ctx.prev.result}x${ctx.stash.id}` } };";
    for (name, request) in [("first", first), ("second", second)] {
        let function = json!({
            "ApiId": api, "Name": name, "DataSourceName": "Worker", "MaxBatchSize": 50, "Runtime": runtime,
            "Code": code(request, TAKE),
        });
        let made = world.make("AWS::AppSync::FunctionConfiguration", function).await;
        functions.push(made.attributes["FunctionId"].clone());
    }
    let resolver = json!({
        "ApiId": api, "TypeName": "Post", "FieldName": "author", "Kind": "PIPELINE", "Runtime": runtime,
        "PipelineConfig": { "Functions": functions },
        "Code": code("ctx.stash.id = ctx.source.id; return {};", "return ctx.prev.result;"),
    });
    world.make("AWS::AppSync::Resolver", resolver).await;
    let answer = batching.ask("{ posts { author { name } } }").await;
    assert_eq!(answer["data"]["posts"][2]["author"]["name"], "by 3x3", "{answer}");
    assert_eq!(batching.seen(), [ids("author", &["1x1", "2x2", "3x3"])]);
}
