//! Plans for tests, made by hand: a blog with every kind of rule, key and relation.

use indexmap::IndexMap;
use serde_json::json;

use super::plan::*;
use crate::base::Location;

/// A stored field.
pub(super) fn field(name: &str, type_name: &str) -> Field {
    let list = type_name.starts_with('[');
    Field {
        name: name.to_owned(),
        type_name: type_name.trim_matches(['[', ']', '!']).to_owned(),
        kind: FieldKind::Scalar,
        list,
        required: type_name.ends_with('!'),
        implied: false,
    }
}

/// A key of text fields, or of numbers where the name says so.
pub(super) fn key(names: &[&str]) -> Key {
    let part = |name: &&str| {
        let number = name.ends_with("Count");
        KeyField {
            name: (*name).to_owned(),
            type_name: if number { "Int" } else { "String" }.to_owned(),
            attribute: if number { AttributeType::N } else { AttributeType::S },
        }
    };
    Key { partition: part(&names[0]), sort: names[1..].iter().map(part).collect() }
}

/// A secondary index.
pub(super) fn index(name: &str, names: &[&str]) -> Index {
    Index {
        name: name.to_owned(),
        key: key(names),
        query_field: None,
        local: false,
        projection: Projection::All,
        origin: None,
    }
}

/// Every operation.
pub(super) const EVERY: [Operation; 8] = Operation::ALL;

/// What `read` is spread into.
pub(super) const READ: [Operation; 5] =
    [Operation::Get, Operation::List, Operation::Sync, Operation::Listen, Operation::Search];

/// A rule for some operations.
pub(super) fn rule(mode: AuthMode, allow: Allow, operations: &[Operation]) -> Rule {
    Rule { mode, identity_pool: mode == AuthMode::Iam, allow, operations: operations.to_vec() }
}

/// The owner in a field, by `sub::username`.
pub(super) fn owner(field: &str, list: bool) -> Allow {
    Allow::Owner { field: field.to_owned(), list, claims: vec!["sub".to_owned(), "username".to_owned()] }
}

/// Members of a group.
pub(super) fn group(name: &str) -> Allow {
    Allow::Groups { claim: "cognito:groups".to_owned(), groups: vec![name.to_owned()] }
}

/// Members of the groups in a field.
pub(super) fn groups_in(field: &str, list: bool) -> Allow {
    Allow::DynamicGroups { claim: "cognito:groups".to_owned(), field: field.to_owned(), list }
}

/// A model by its name and fields, with timestamps and without rules.
pub(super) fn model(name: &str, keys: &[&str], fields: &[(&str, &str)]) -> Model {
    let stamps = [("createdAt", "AWSDateTime!"), ("updatedAt", "AWSDateTime!")];
    let fields = fields.iter().chain(&stamps).map(|(name, kind)| ((*name).to_owned(), field(name, kind)));
    Model {
        name: name.to_owned(),
        table: name.to_owned(),
        plural: format!("{name}s"),
        fields: fields.collect(),
        relations: Vec::new(),
        key: key(keys),
        indexes: Vec::new(),
        created_at: Some("createdAt".to_owned()),
        updated_at: Some("updatedAt".to_owned()),
        defaults: IndexMap::new(),
        validations: IndexMap::new(),
        rules: Vec::new(),
        field_rules: IndexMap::new(),
        sandbox: false,
        public_subscriptions: false,
        sql: None,
        stream: true,
        shown_owners: Vec::new(),
        attributes: IndexMap::new(),
        conflict: None,
        origin: Location::new("schema.graphql", 1, 1),
    }
}

/// A resolver of some field.
pub(super) fn resolver(type_name: &str, field: &str, action: Action) -> Resolver {
    let origin = Location::new("schema.graphql", 1, 1);
    let source = action.table().map_or_else(|| NONE_SOURCE.to_owned(), table_source);
    Resolver { type_name: type_name.to_owned(), field: field.to_owned(), action, source, origin }
}

/// The resolvers that every model gets.
pub(super) fn crud(model: &Model) -> Vec<Resolver> {
    let name = || model.name.clone();
    let mut resolvers = vec![
        resolver("Query", &format!("get{}", name()), Action::Get { model: name() }),
        resolver("Query", &format!("list{}", model.plural), Action::List { model: name() }),
        resolver("Mutation", &format!("create{}", name()), Action::Create { model: name() }),
        resolver("Mutation", &format!("update{}", name()), Action::Update { model: name() }),
        resolver("Mutation", &format!("delete{}", name()), Action::Delete { model: name() }),
    ];
    for (word, to) in [("Create", Operation::Create), ("Update", Operation::Update), ("Delete", Operation::Delete)] {
        let action = Action::Subscribe { model: name(), to };
        resolvers.push(resolver("Subscription", &format!("on{word}{}", name()), action));
    }
    resolvers
}

/// A plan of some models, with the resolvers that every model gets and some more.
pub(super) fn plan(models: Vec<Model>, more: Vec<Resolver>) -> Plan {
    let resolvers = models.iter().flat_map(crud).chain(more).collect();
    let tables = models.iter().map(|model| (table_source(&model.name), Source::Table { model: model.name.clone() }));
    let sources = tables.chain([(NONE_SOURCE.to_owned(), Source::None)]).collect();
    Plan {
        schema: "type Query { x: Int }\n".to_owned(),
        modes: Modes {
            default: AuthMode::UserPools,
            additional: vec![AuthMode::ApiKey, AuthMode::Iam, AuthMode::Oidc, AuthMode::Lambda],
        },
        models: models.into_iter().map(|model| (model.name.clone(), model)).collect(),
        sources,
        resolvers,
        functions: IndexMap::new(),
        introspection: json!({ "version": 1, "models": {}, "enums": {}, "nonModels": {} }),
        custom_rules: IndexMap::new(),
        returned: IndexMap::new(),
        declared: Vec::new(),
        own_files: IndexMap::new(),
        own_answers: IndexMap::new(),
        switches: Switches::default(),
        conflict: None,
    }
}

/// A blog: posts of an owner, read by all; comments by post; categories of a group; profiles with guarded fields.
pub(super) fn blog() -> Plan {
    let mut open = model("Note", &["id"], &[("id", "ID!"), ("at", "AWSTimestamp")]);
    open.sandbox = true;
    open.created_at = Some("at".to_owned());
    let closed = model("Secret", &["id"], &[("id", "ID!")]);
    let named = |value: &str| value.to_owned();
    let mut more = vec![
        resolver("Query", "postsByStatus", Action::QueryIndex { model: named("Post"), index: named("byStatus") }),
        resolver("Query", "postsByDate", Action::QueryIndex { model: named("Post"), index: named("byDate") }),
        resolver("Query", "commentsByOwner", Action::QueryIndex { model: named("Comment"), index: named("byOwner") }),
        resolver("Query", "commentsByText", Action::QueryIndex { model: named("Comment"), index: named("byText") }),
        resolver("Post", "owner", Action::OwnerField { model: named("Post") }),
        resolver("Comment", "editors", Action::OwnerField { model: named("Comment") }),
        resolver("Profile", "salary", Action::ProtectedField { model: named("Profile") }),
    ];
    more.extend(related());
    plan(vec![post(), comment(), category(), profile(), open, closed], more)
}

/// Posts of an owner, read by all.
fn post() -> Model {
    let mut post = model(
        "Post",
        &["id"],
        &[
            ("id", "ID!"),
            ("title", "String!"),
            ("status", "String"),
            ("date", "AWSDate"),
            ("likesCount", "Int"),
            ("owner", "String"),
        ],
    );
    post.rules = vec![
        rule(AuthMode::UserPools, owner("owner", false), &EVERY),
        rule(AuthMode::UserPools, Allow::Private, &READ),
        rule(AuthMode::ApiKey, Allow::Public, &READ),
    ];
    post.indexes =
        vec![index("byStatus", &["status", "date", "likesCount"]), index("byDate", &["status", "likesCount"])];
    post.defaults.insert("status".to_owned(), json!("DRAFT"));
    post
}

/// Comments by post, edited by those in a list.
fn comment() -> Model {
    let mut comment = model(
        "Comment",
        &["id"],
        &[("id", "ID!"), ("text", "String!"), ("postId", "ID"), ("owner", "String"), ("editors", "[String]")],
    );
    comment.rules = vec![
        rule(AuthMode::UserPools, owner("owner", false), &EVERY),
        rule(
            AuthMode::UserPools,
            owner("editors", true),
            &[Operation::Update, Operation::Get, Operation::List, Operation::Listen],
        ),
        rule(AuthMode::UserPools, group("Admins"), &EVERY),
    ];
    comment.indexes = vec![
        index("byPost", &["postId", "createdAt"]),
        index("byOwner", &["owner"]),
        index("byText", &["text", "owner"]),
    ];
    comment
}

/// Categories with a key of three fields and every kind of group.
fn category() -> Model {
    let mut category = model(
        "Category",
        &["name", "region", "zone"],
        &[("name", "String!"), ("region", "String!"), ("zone", "String!"), ("team", "String"), ("teams", "[String]")],
    );
    category.rules = vec![
        rule(AuthMode::UserPools, group("Editors"), &EVERY),
        rule(AuthMode::UserPools, groups_in("team", false), &EVERY),
        rule(AuthMode::Oidc, groups_in("teams", true), &EVERY),
        rule(AuthMode::Iam, Allow::Public, &READ),
        rule(AuthMode::Iam, Allow::Private, &EVERY),
        rule(AuthMode::Lambda, Allow::Custom, &READ),
    ];
    category
}

/// Profiles of which one field is guarded.
fn profile() -> Model {
    let mut profile =
        model("Profile", &["id"], &[("id", "ID!"), ("name", "String"), ("salary", "Int"), ("owner", "String")]);
    profile.updated_at = None;
    profile.rules = vec![
        rule(
            AuthMode::UserPools,
            Allow::Private,
            &[Operation::Create, Operation::Update, Operation::Get, Operation::List],
        ),
        rule(AuthMode::UserPools, owner("owner", false), &EVERY),
    ];
    profile.field_rules.insert(
        "salary".to_owned(),
        vec![rule(AuthMode::UserPools, owner("owner", false), &EVERY), rule(AuthMode::UserPools, group("Pay"), &READ)],
    );
    profile
}

/// Relations with and without an index, to one and to many.
fn related() -> Vec<Resolver> {
    let named = |value: &str| value.to_owned();
    vec![
        resolver(
            "Post",
            "comments",
            Action::RelatedMany {
                model: named("Post"),
                related: named("Comment"),
                index: Some(named("byPost")),
                fields: vec![named("id")],
                limit: 50,
            },
        ),
        resolver(
            "Post",
            "categories",
            Action::RelatedMany {
                model: named("Post"),
                related: named("Category"),
                index: None,
                fields: vec![named("status"), named("title")],
                limit: 100,
            },
        ),
        resolver(
            "Comment",
            "post",
            Action::RelatedOne {
                model: named("Comment"),
                related: named("Post"),
                index: None,
                fields: vec![named("postId")],
                required: false,
            },
        ),
        resolver(
            "Post",
            "profile",
            Action::RelatedOne {
                model: named("Post"),
                related: named("Comment"),
                index: Some(named("byPost")),
                fields: vec![named("id")],
                required: false,
            },
        ),
        resolver(
            "Post",
            "category",
            Action::RelatedOne {
                model: named("Post"),
                related: named("Category"),
                index: None,
                fields: vec![named("title"), named("status"), named("date")],
                required: false,
            },
        ),
    ]
}
