//! Resolvers that read: by key, by list, by index, by relation.

use serde::Serialize;

use super::access::{Guard, QueriedKey, covered, rules_for};
use super::gate::is_listened_to;
use super::script::member;
use super::sql::{self, KeyTest, key_tests};
use super::{Helpers, KeyEntry, Scene, all, denied, key_entries, key_fields, shown};
use crate::category::api::plan::{Allow, Key, Model, Operation, Rule};
use crate::render::{RenderError, Renderer};

/// What a page holds unless the caller says otherwise.
const PAGE: u32 = 100;

/// Context of `get.js`.
#[derive(Debug, Serialize)]
struct Getting {
    title: String,
    dynamic: bool,
    key_entries: Vec<KeyEntry>,
    /// The same for SQL models.
    key_tests: Vec<KeyTest>,
    guards: Vec<Guard>,
    helpers: Helpers,
    shown: Vec<KeyEntry>,
}

/// Context of `list.js` and `related_one.js`.
#[derive(Debug, Serialize)]
struct Reading {
    title: String,
    dynamic: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
    /// The field's own rules, which are about the item that it stands in.
    source_guard: Option<SourceGuard>,
    imports_runtime: bool,
    redacted: bool,
    /// The key comes from the item that the field stands in.
    from_source: bool,
    /// JavaScript that is true when that item has no such key.
    absent: String,
    limit: u32,
    index: Option<String>,
    key: QueryKey,
    /// JavaScript for the partition and for the test of the sort key.
    partition: String,
    sort: String,
    may_scan: bool,
    sort_alone: String,
    /// Items are filtered when they are read, because a rule is about the sort key.
    filter_after: bool,
    by_query: bool,
    key_entries: Vec<KeyEntry>,
    /// For SQL models: the columns that must equal something, and those by which items are sorted.
    key_tests: Vec<KeyTest>,
    sort_fields: Vec<KeyTest>,
    shown: Vec<KeyEntry>,
}

#[derive(Debug, Serialize)]
struct SourceGuard {
    dynamic: bool,
}

/// The key that is queried.
#[derive(Debug, Serialize)]
struct QueryKey {
    partition: String,
    sort_attribute: Option<String>,
    /// The argument that narrows the sort key.
    sort_argument: Option<String>,
    /// Several fields that make up the sort key.
    parts: Option<Vec<String>>,
    /// The key condition, where a relation gives the sort key or the beginning of it.
    sort_given: Option<&'static str>,
    one_operator: String,
    two_values: String,
}

/// A relation, seen from the item that holds its field.
pub(super) struct Relation<'a> {
    pub(super) from: &'a Model,
    pub(super) index: Option<&'a str>,
    pub(super) fields: &'a [String],
    pub(super) limit: u32,
    /// Null is no answer.
    pub(super) required: bool,
}

/// `Query.getPost`
pub(super) fn get(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let rules = scene.reading_rules(&[Operation::Get]);
    let guard =
        Guard::new("access", format!("What the rules of {} let the caller read.", model.name), &all(&rules), None);
    if guard.is_closed() {
        return denied(scene, render);
    }
    let values: Vec<String> = key_fields(&model.key).iter().map(|name| member("ctx.args", name)).collect();
    let dynamic = guard.dynamic;
    let guards = vec![guard];
    let context = Getting {
        title: format!("{}: one {} by its key.", scene.name(), model.name),
        dynamic,
        key_entries: key_entries(&model.key, &values),
        helpers: Helpers::of(&guards, dynamic),
        key_tests: key_tests(&model.key, "ctx.args"),
        guards,
        shown: shown(model),
    };
    if let Some(table) = &model.sql {
        return sql::write(model, table, "api/resolver/sql_get.js", &context, render);
    }
    render.render("api/resolver/get.js", &context)
}

/// `Query.listPosts`
pub(super) fn list(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let partition = member("ctx.args", &scene.model.key.partition.name);
    let title = format!("{}: {}, of one partition or all.", scene.name(), scene.model.plural);
    let context = reading(scene, title, (&scene.model.key, true), partition);
    finish(scene, context, "api/resolver/list.js", render)
}

/// `Query.postsByDate`
pub(super) fn query_index(scene: &Scene<'_>, index: &str, render: &Renderer) -> Result<String, RenderError> {
    let key = index_key(scene, Some(index))?;
    let partition = member("ctx.args", &key.partition.name);
    let title = format!("{}: {} by the index {index}.", scene.name(), scene.model.plural);
    let context = Reading { index: Some(index.to_owned()), ..reading(scene, title, (key, false), partition) };
    finish(scene, context, "api/resolver/list.js", render)
}

/// `Post.comments`
pub(super) fn related_many(
    scene: &Scene<'_>,
    relation: &Relation<'_>,
    render: &Renderer,
) -> Result<String, RenderError> {
    let title = format!("{}: {} of this {}.", scene.name(), scene.model.plural, relation.from.name);
    let context = related(scene, relation, title, Operation::List)?;
    finish(scene, context, "api/resolver/list.js", render)
}

/// `Comment.post`
pub(super) fn related_one(
    scene: &Scene<'_>,
    relation: &Relation<'_>,
    render: &Renderer,
) -> Result<String, RenderError> {
    let title = format!("{}: the {} of this {}.", scene.name(), scene.model.name, relation.from.name);
    let context = related(scene, relation, title, Operation::Get)?;
    finish(scene, context, "api/resolver/related_one.js", render)
}

/// What all readers of several items share.
fn reading(scene: &Scene<'_>, title: String, (key, may_scan): (&Key, bool), partition: String) -> Reading {
    let rules = scene.reading_rules(&[Operation::List]);
    // SQL filters by columns of a key as by any other.
    let queried = scene.model.sql.is_none().then_some(QueriedKey { key, partition: &partition, may_scan });
    let comment = format!("What the rules of {} let the caller read.", scene.model.name);
    let guard = Guard::new("access", comment, &all(&rules), queried);
    let sort_alone_in_key = queried.is_some() && matches!(&key.sort[..], [sort] if guard.tests(&sort.name));
    let sort_argument = key.sort_argument();
    let sort = sort_argument.as_deref().map(|name| member("ctx.args", name)).unwrap_or_default();
    let sort_alone = sort_argument.as_deref().map(|name| {
        format!("When providing argument '{name}' you must also provide argument '{}'.", key.partition.name)
    });
    Reading {
        title,
        dynamic: guard.dynamic,
        guards: vec![guard],
        helpers: Helpers { identities: false, groups: false, meets: false },
        source_guard: None,
        imports_runtime: false,
        redacted: false,
        from_source: false,
        absent: String::new(),
        limit: PAGE,
        index: None,
        key: query_key(key, None),
        key_tests: vec![KeyTest::new(&key.partition.name, partition.clone())],
        sort_fields: key.sort.iter().map(|field| KeyTest::new(&field.name, String::new())).collect(),
        partition,
        sort,
        may_scan,
        sort_alone: sort_alone.unwrap_or_default(),
        filter_after: sort_alone_in_key,
        by_query: true,
        key_entries: Vec::new(),
        shown: shown(scene.model),
    }
}

fn related(
    scene: &Scene<'_>,
    relation: &Relation<'_>,
    title: String,
    operation: Operation,
) -> Result<Reading, RenderError> {
    let key = index_key(scene, relation.index)?;
    let values: Vec<String> = relation.fields.iter().map(|name| member("ctx.source", name)).collect();
    let Some(partition) = values.first().cloned() else {
        return Err(scene.fault("the relation has no fields".to_owned()));
    };
    let absent = values.iter().map(|value| format!("({value} ?? null) === null")).collect::<Vec<_>>().join(" || ");
    let whole_key = relation.index.is_none() && values.len() == 1 + key.sort.len();
    let mut context = reading(scene, title, (key, false), partition.clone());
    context.key_tests =
        key_fields(key).into_iter().zip(&values).map(|(field, value)| KeyTest::new(&field, value.clone())).collect();
    if values.len() > 1 {
        context.sort = leading_sort(key, &values[1..]);
        context.key = query_key(key, Some(&values[1..]));
    }
    if operation == Operation::Get {
        let rules = scene.reading_rules(&[Operation::Get]);
        let comment = format!("What the rules of {} let the caller read.", scene.model.name);
        let guard = Guard::new("access", comment, &all(&rules), None);
        context.dynamic = guard.dynamic;
        context.guards = vec![guard];
        context.by_query = !whole_key;
        context.filter_after = false;
        context.key = query_key(key, Some(&values[1..]));
        if whole_key {
            context.key_entries = key_entries(key, &values);
        }
    }
    let field = &scene.resolver.field;
    if relation.from.field_rules.contains_key(field) {
        let rules = super::access::field_rules_for(relation.from, field, &[Operation::Get, Operation::List]);
        let comment = format!("Whether the rules of {}.{field} let the caller read it.", relation.from.name);
        let guard = Guard::new("sourceAccess", comment, &all(&rules), None);
        context.source_guard = Some(SourceGuard { dynamic: guard.dynamic });
        context.guards.push(guard);
    }
    let open = scene.plan.switches.relations_reach_subscribers;
    let narrower = context.source_guard.is_some() || (!open && is_narrower(relation.from, scene.model, operation));
    context.redacted = narrower && !relation.required && is_listened_to(scene.plan, &relation.from.name);
    Ok(Reading {
        imports_runtime: true,
        from_source: true,
        absent,
        limit: relation.limit,
        index: relation.index.map(ToOwned::to_owned),
        ..context
    })
}

fn finish(scene: &Scene<'_>, mut context: Reading, template: &str, render: &Renderer) -> Result<String, RenderError> {
    if context.guards.iter().any(Guard::is_closed) {
        return denied(scene, render);
    }
    let looks_at_items = context.filter_after || (context.dynamic && template.ends_with("related_one.js"));
    let looks_at_source = context.source_guard.as_ref().is_some_and(|guard| guard.dynamic);
    context.helpers = Helpers::of(&context.guards, looks_at_items || looks_at_source);
    if let Some(table) = &scene.model.sql {
        let one = template.ends_with("related_one.js");
        let template = if one { "api/resolver/sql_related_one.js" } else { "api/resolver/sql_list.js" };
        return sql::write(scene.model, table, template, &context, render);
    }
    render.render(template, &context)
}

/// The key of an index, or of the table.
fn index_key<'a>(scene: &Scene<'a>, index: Option<&str>) -> Result<&'a Key, RenderError> {
    let Some(name) = index else { return Ok(&scene.model.key) };
    let found = scene.model.indexes.iter().find(|index| index.name == name);
    found.map(|index| &index.key).ok_or_else(|| scene.fault(format!("{} has no index `{name}`", scene.model.name)))
}

/// `given`: JavaScript for the leading parts of the sort key, where a relation gives them.
fn query_key(key: &Key, given: Option<&[String]>) -> QueryKey {
    let sort_argument = key.sort_argument();
    let argument = sort_argument.clone().unwrap_or_default();
    let sort_given = given.filter(|values| !values.is_empty()).map(|values| {
        if values.len() >= key.sort.len() {
            "#partition = :partition AND #sort = :sort"
        } else {
            "#partition = :partition AND begins_with(#sort, :sort)"
        }
    });
    QueryKey {
        partition: key.partition.name.clone(),
        sort_attribute: key.sort_attribute(),
        sort_argument: sort_argument.filter(|_| given.is_none()),
        parts: (key.sort.len() > 1).then(|| key.sort.iter().map(|field| field.name.clone()).collect()),
        sort_given,
        one_operator: format!("Argument {argument} must specify at most one key condition operation."),
        two_values: format!("Argument {argument}.between expects exactly 2 elements."),
    }
}

/// JavaScript for the leading parts of a sort key, as they are stored.
fn leading_sort(key: &Key, values: &[String]) -> String {
    match values {
        [one] if key.sort.len() <= 1 => one.clone(),
        values if values.len() < key.sort.len() => format!("[{}, ''].join('#')", values.join(", ")),
        values => format!("[{}].join('#')", values.join(", ")),
    }
}

/// Whether somebody who may listen to `from` may not read every item of `related`.
fn is_narrower(from: &Model, related: &Model, operation: Operation) -> bool {
    let readers = rules_for(related, &[operation]);
    let mut listeners = rules_for(from, &[Operation::Listen]);
    // Those whom the settings of the API let pass everywhere.
    listeners.retain(|rule| !(rule.allow.is_setting() && covered(rule, &readers)));
    let readers: Vec<Rule> = readers.into_iter().filter(|rule| !rule.allow.is_setting()).collect();
    let same_single = |listeners: &[Rule], readers: &[Rule]| match (listeners, readers) {
        ([one], [other]) => one.mode == other.mode && one.allow == other.allow,
        _ => false,
    };
    let open = listeners.iter().all(|rule| covered(rule, &readers) || is_moot(rule, &listeners, &readers));
    !open && !same_single(&listeners, &readers)
}

/// A narrower rule beside one that gives everyone of its mode the same.
fn is_moot(rule: &Rule, listeners: &[Rule], readers: &[Rule]) -> bool {
    let everyone = |other: &&Rule| matches!(other.allow, Allow::Private | Allow::Public | Allow::Custom);
    listeners.iter().filter(everyone).any(|other| other.mode == rule.mode && covered(other, readers))
}
