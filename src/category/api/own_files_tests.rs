//! The user's own resolver files, from the folder to the stack.

use indexmap::IndexMap;

use crate::base::ResourceName;
use crate::category::api::ApiAuth;
use crate::category::api::access::{Access, ApiAccess, Verb, access};
use crate::category::{ApiSpec, AuthSpec, Context, ResourceSpec, Sources, Synthesis};
use crate::cfn;
use crate::error::{Code, Problem};
use crate::render::Renderer;

const SCHEMA: &str = r#"
type Post @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  secret: String @auth(rules: [{ allow: owner }])
}
type Query {
  now: String
  count: Int @auth(rules: [{ allow: groups, groups: ["Admins"] }])
  echo(text: String!): String @function(name: "echo")
}
type Mutation {
  publish(id: ID!): Post @auth(rules: [{ allow: private }])
}
"#;

const CODE: &str =
    "export function request(ctx) {\n  return {};\n}\n\nexport function response(ctx) {\n  return 7;\n}\n";

fn stack(schema: &str, own: &[(&str, &str)]) -> Result<Synthesis, Vec<Problem>> {
    with(schema, own, &[], ApiSpec::synthesize)
}

/// Who may do what, where roles may sign requests too.
fn matrix(schema: &str, own: &[(&str, &str)]) -> ApiAccess {
    with(schema, own, &[ApiAuth::Iam], |spec, context| spec.plan(context).map(|plan| access(&plan))).unwrap()
}

fn with<T>(
    schema: &str,
    own: &[(&str, &str)],
    additional_auth: &[ApiAuth],
    make: impl Fn(&ApiSpec, &Context<'_>) -> Result<T, Vec<Problem>>,
) -> Result<T, Vec<Problem>> {
    let name = ResourceName::new("blog").unwrap();
    let additional_auth = additional_auth.to_vec();
    let spec = ApiSpec { auth: ApiAuth::UserPool, additional_auth, ..ApiSpec::default() };
    let siblings = IndexMap::from([
        (name.clone(), ResourceSpec::Api(spec.clone())),
        (ResourceName::new("users").unwrap(), ResourceSpec::Auth(AuthSpec::default())),
    ]);
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), schema);
    for (path, header) in own {
        sources.insert(format!("ampup/api/blog/{path}"), format!("{header}\n{CODE}"));
    }
    let render = Renderer::default();
    make(&spec, &Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

const ANSWERED: [(&str, &str); 3] = [
    ("resolvers/Query.now.js", "// The present."),
    ("resolvers/Query.count.js", "// source: PostTable"),
    ("resolvers/Mutation.publish.js", "// functions: find, store"),
];

fn answered(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let functions = [("functions/find.js", "// source: PostTable"), ("functions/store.js", "// source: PostTable")];
    ANSWERED.iter().chain(&functions).chain(more).copied().collect()
}

fn resource(synthesis: &Synthesis, id: &str) -> String {
    let start = synthesis.text.find(&format!("\n  {id}:\n")).unwrap_or_else(|| panic!("no {id}: {}", synthesis.text));
    synthesis.text[start + 1..].split("\n\n").next().unwrap_or_default().to_owned()
}

#[test]
fn files_answer_the_fields_that_they_are_named_after() {
    let synthesis = stack(SCHEMA, &answered(&[])).unwrap();
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    assert!(resource(&synthesis, "QueryNowResolver").contains("DataSourceName: !GetAtt NoneSource.Name"));
    assert!(synthesis.files["blog/resolvers/Query.now.js"].ends_with(CODE));
    // The rules of the field are asked before the user's code.
    let count = resource(&synthesis, "QueryCountResolver");
    assert!(count.contains("Kind: PIPELINE") && count.contains("OwnQueryCount"), "{count}");
    let check = &synthesis.files["blog/resolvers/Query.count.js"];
    assert!(check.contains("['Admins'].includes(group)") && !check.contains("return 7"), "{check}");
    assert!(synthesis.files["blog/functions/OwnQuery_count.js"].ends_with(CODE));
    let publish = resource(&synthesis, "MutationPublishResolver");
    let order: Vec<Option<usize>> = ["CheckMutationPublish", "Find", "Store"].map(|name| publish.find(name)).to_vec();
    assert!(order[0].is_some() && order.is_sorted(), "{publish}");
    assert!(synthesis.files["blog/functions/CheckMutation_publish.js"].contains("util.unauthorized();"));
    let role = resource(&synthesis, "TablesRole");
    for action in ["dynamodb:Scan", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"] {
        assert!(role.contains(action), "{role}");
    }
}

#[test]
fn files_stand_instead_of_ours() {
    let own = [("resolvers/Query.getPost.js", "// mine"), ("resolvers/Query.echo.js", "// source: NONE")];
    let synthesis = stack(SCHEMA, &answered(&own)).unwrap();
    assert!(synthesis.files["blog/resolvers/Query.getPost.js"].ends_with(CODE));
    assert!(resource(&synthesis, "QueryGetPostResolver").contains("PostDataSource.Name"));
    assert!(resource(&synthesis, "QueryEchoResolver").contains("NoneSource.Name"));
    assert!(!synthesis.text.contains("AWS_LAMBDA"), "nothing invokes the function any more");
    let field = stack(SCHEMA, &answered(&[("resolvers/Post.secret.js", "// mine")])).unwrap();
    assert!(field.files["blog/resolvers/Post.secret.js"].contains("meets(ctx.source, test)"));
}

#[test]
fn files_that_answer_nothing_are_refused_with_what_was_meant() {
    let cases = [
        (
            ("resolvers/Query.getPots.js", ""),
            "`Query.getPots` is no field of the API",
            "did you mean `Query.getPost.js`?",
        ),
        (("resolvers/now.js", ""), "`now` is no field of the API", "a file is named after its field"),
        (
            ("resolvers/Query.getPost.js", "// source: PostsTable"),
            "no data source `PostsTable`",
            "did you mean `PostTable`?",
        ),
        (("resolvers/Query.getPost.js", "// functions: finde"), "there is no function `finde`", "did you mean `find`?"),
        (("functions/unused.js", ""), "no pipeline runs the function `unused`", "// functions: unused"),
        (("functions/2nd.js", ""), "`2nd` is not a name for a function", "a letter first"),
        (("functions/third.js", "// functions: find"), "runs no functions itself", "// source: NAME"),
    ];
    for (own, message, hint) in cases {
        let problems = stack(SCHEMA, &answered(&[own])).expect_err(own.0);
        let found = problems.iter().find(|problem| problem.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("{own:?}: {problems:#?}"));
        assert_eq!(found.code, Code::AMP0319);
        assert!(found.hints.iter().any(|own| own.0.contains(hint)), "{found:#?}");
        assert_eq!(found.location.as_ref().map(|place| place.file.clone()), Some(format!("ampup/api/blog/{}", own.0)));
    }
}

#[test]
fn an_operation_without_an_answer_is_told_with_the_file_to_write() {
    let problems = stack(SCHEMA, &[]).unwrap_err();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        ["nothing answers Query.now", "nothing answers Query.count", "nothing answers Mutation.publish"]
    );
    assert!(problems[0].hints[0].0.contains("ampup/api/blog/resolvers/Query.now.js"));
}

#[test]
fn a_renamed_model_keeps_its_table() {
    let schema = "type Todo @model @mapsTo(name: \"Task\") { id: ID! list: List @belongsTo(references: [\"listId\"]) \
                  listId: ID } type List @model @mapsTo(name: \"Board\") { id: ID! todos: [Todo] \
                  @hasMany(references: [\"listId\"]) }";
    let synthesis = stack(schema, &[]).unwrap();
    let table = resource(&synthesis, "TodoTable");
    assert!(table.contains("TableName: !Sub 'Task-${GraphQLApi.ApiId}-${Environment}'"), "{table}");
    assert!(table.contains("gsi-Board.todos"), "{table}");
    let cases = [
        ("type A @model @mapsTo(name: \"B\") { id: ID! } type B @model { id: ID! }", "\"B\" model already exists"),
        (
            "type A @model @mapsTo(name: \"X\") { id: ID! } type B @model @mapsTo(name: \"X\") { id: ID! }",
            "same name mapping",
        ),
        ("type A @mapsTo(name: \"X\") { id: ID! } type B @model { id: ID! }", "only be used on a @model type"),
        ("type A @model @mapsTo(name: \"a b\") { id: ID! }", "cannot be part of the name of a table"),
        (
            "type A @model @mapsTo(name: \"X\") { id: ID! bs: [B] @hasMany } type B @model { id: ID! xBsId: ID }",
            "keeps aBsId as \"xBsId\"",
        ),
        (
            "type A @model @mapsTo(name: \"X\") { id: ID! bs: [B] @hasMany } type B @model @searchable { id: ID! }",
            "a search of B is not built yet",
        ),
    ];
    for (schema, message) in cases {
        let problems = stack(schema, &[]).expect_err(schema);
        assert!(problems.iter().any(|problem| problem.message.contains(message)), "{schema}: {problems:#?}");
    }
}

#[test]
fn foreign_keys_of_a_renamed_model_keep_their_attributes() {
    let schema = "type Article @model @mapsTo(name: \"Post\") { slug: ID! @primaryKey(sortKeyFields: [\"lang\"]) \
                  lang: String! comments: [Comment] @hasMany cover: Image @hasOne tags: [Tag] \
                  @manyToMany(relationName: \"Labels\") } type Comment @model { id: ID! article: Article @belongsTo } \
                  type Image @model { id: ID! } type Tag @model { id: ID! articles: [Article] \
                  @manyToMany(relationName: \"Labels\") }";
    let synthesis = stack(schema, &[]).unwrap();
    let comments = resource(&synthesis, "CommentTable");
    for attribute in ["gsi-Post.comments", "AttributeName: postCommentsSlug", "AttributeName: postCommentsLang"] {
        assert!(comments.contains(attribute), "{attribute}: {comments}");
    }
    let joins = resource(&synthesis, "LabelsTable");
    for attribute in ["IndexName: byPost", "AttributeName: postSlug", "AttributeName: postlang"] {
        assert!(joins.contains(attribute), "{attribute}: {joins}");
    }
    let names = |field: &str| {
        let file = &synthesis.files[&format!("blog/resolvers/{field}.js")];
        let line = file.lines().find_map(|line| line.strip_prefix("const attributes = "));
        line.map(str::to_owned)
    };
    let comment = "{ articleCommentsSlug: 'postCommentsSlug', articleCommentsLang: 'postCommentsLang' };";
    for field in ["Mutation.createComment", "Query.listComments", "Article.comments"] {
        assert_eq!(names(field).as_deref(), Some(comment), "{field}");
    }
    assert_eq!(names("Mutation.updateArticle").as_deref(), Some("{ articleCoverId: 'postCoverId' };"));
    assert_eq!(names("Labels.article").as_deref(), Some("{ articleCoverId: 'postCoverId' };"));
    assert_eq!(
        names("Query.labelsByArticleSlugAndArticlelang").as_deref(),
        Some("{ articleSlug: 'postSlug', articlelang: 'postlang' };")
    );
    // Subscribers filter what the mutation gave, which has the names of the API.
    assert_eq!(names("Subscription.onCreateComment"), None);
    assert_eq!(names("Query.getTag"), None);
}

#[test]
fn the_matrix_tells_what_is_left_to_the_files() {
    let own = [("resolvers/Query.getPost.js", "// source: PostTable"), ("resolvers/Mutation.updatePost.js", "")];
    let found = matrix(SCHEMA, &answered(&own));
    let post = &found.models[0];
    let cells = |verb: Verb| {
        let at = post.columns.iter().position(|column| column.operation == verb).unwrap();
        let cells = post.rows.iter().map(move |row| (row.identity.label(), row.cells[at].access));
        cells.collect::<Vec<(String, Access)>>()
    };
    for verb in [Verb::Get, Verb::Update] {
        for (label, access) in cells(verb) {
            // AppSync lets no caller into a field whose mode no rule names.
            let wanted = if label.starts_with("user pool") { Access::File } else { Access::Refused };
            assert_eq!(access, wanted, "{verb:?} as {label}");
        }
    }
    assert!(cells(Verb::Delete).iter().all(|(_, access)| *access != Access::File));
    let of = |field: &str| {
        let custom = found.custom.iter().find(|custom| custom.field == field).unwrap();
        custom.rows.iter().map(|row| row.access).collect::<Vec<Access>>()
    };
    assert!(of("now").contains(&Access::File), "{:?}", of("now"));
    assert!(of("count").contains(&Access::Allowed) && !of("count").contains(&Access::File), "{:?}", of("count"));
    let files: Vec<(String, bool)> =
        found.files.iter().map(|own| (format!("{}.{}", own.type_name, own.field), own.checked)).collect();
    let listed = |name: &str, checked: bool| files.contains(&(name.to_owned(), checked));
    assert!(listed("Query.getPost", false) && listed("Mutation.updatePost", false), "{files:?}");
    assert!(listed("Query.count", true) && listed("Mutation.publish", true), "{files:?}");
    assert_eq!(found.files[0].file, "ampup/api/blog/resolvers/Mutation.publish.js");
}

#[test]
fn roles_may_still_call_what_a_file_answers() {
    let schema = "type Post @model @auth(rules: [{ allow: public, provider: iam }]) { id: ID! }";
    let own = [("resolvers/Query.getPost.js", "// source: PostTable")];
    let made = with(schema, &own, &[ApiAuth::Iam], ApiSpec::synthesize).unwrap();
    let guests = resource(&made, "GuestPolicy");
    assert!(guests.contains("types/Query/fields/getPost") && guests.contains("types/Post/*"), "{guests}");
}
