//! What each model adds on its own: queries, mutations, subscriptions, their inputs and filters, index queries.
//!
//! Relations and rules change this later, see `connections` and `guards`.

use indexmap::IndexMap;

use super::draft::{Catalogue, Draft, Kind};
use super::names;
use super::output::{Output, aws_subscribe};
use super::sync;
use crate::category::api::plan::{Key, Operation};
use crate::graphql::{Field, InputValue, TypeDefinition, TypeRef};

/// Expands one model.
pub(super) fn expand(draft: &Draft<'_>, catalogue: &Catalogue<'_>, output: &mut Output) {
    let expander = Expander { draft, catalogue };
    expander.implied_fields(output);
    for field in draft.fields.values() {
        expander.nested_input(field.type_ref.name(), output);
    }
    expander.queries(output);
    expander.mutations(output);
    expander.subscriptions(output);
    expander.primary_key(output);
}

/// Adds the query fields of one model's indexes.
pub(super) fn expand_indexes(draft: &Draft<'_>, catalogue: &Catalogue<'_>, output: &mut Output) {
    for index in &draft.indexes {
        let Some(query) = &index.query_field else { continue };
        let expander = Expander { draft, catalogue };
        let key = super::keys::key(draft, catalogue, &index.partition, &index.sort);
        let mut arguments = vec![InputValue::new(&key.partition.name, TypeRef::required(&key.partition.type_name))];
        arguments.extend(sort_argument(draft.name(), Some(&index.name), &key, output));
        arguments.push(InputValue::new("sortDirection", output.sort_direction()));
        expander.filter(output, Purpose::Index);
        arguments.extend(related_arguments(draft.name()));
        ensure_connection(&names::related_connection(draft.name()), draft.name(), output);
        let returned = TypeRef::named(names::related_connection(draft.name()));
        output.add_root_field(&catalogue.roots.query, Field::new(query, returned).with_arguments(arguments));
    }
}

/// The argument by which the sort key of an index or table is compared.
pub(super) fn sort_argument(model: &str, index: Option<&str>, key: &Key, output: &mut Output) -> Option<InputValue> {
    let name = key.sort_argument()?;
    let condition = match &key.sort[..] {
        [one] => output.key_condition(&one.type_name),
        many => {
            let parts: Vec<(&str, &str)> =
                many.iter().map(|part| (part.name.as_str(), part.type_name.as_str())).collect();
            output.composite_condition(model, index, &parts)
        }
    };
    Some(InputValue::new(name, TypeRef::named(condition)))
}

/// `filter`, `limit`, `nextToken`.
fn list_arguments(model: &str) -> [InputValue; 3] {
    filtered(names::filter(model))
}

/// The same where a relation or an index leads to the model.
pub(super) fn related_arguments(model: &str) -> [InputValue; 3] {
    filtered(names::related_filter(model))
}

fn filtered(filter: String) -> [InputValue; 3] {
    [
        InputValue::new("filter", TypeRef::named(filter)),
        InputValue::new("limit", TypeRef::named("Int")),
        InputValue::new("nextToken", TypeRef::named("String")),
    ]
}

/// A connection to a model, made when it is missing.
pub(super) fn ensure_connection(name: &str, model: &str, output: &mut Output) {
    let items = Field::new("items", TypeRef::list_of(model).non_null());
    let next = Field::new("nextToken", TypeRef::named("String"));
    output.add(TypeDefinition::object(name, vec![items, next]));
}

/// The filter of a model that has no list query, made when it is missing: only declared fields, as the reference
/// transformer makes it for relations and indexes.
pub(super) fn ensure_declared_filter(draft: &Draft<'_>, catalogue: &Catalogue<'_>, output: &mut Output) {
    Expander { draft, catalogue }.filter(output, Purpose::Relation);
}

struct Expander<'r, 'a> {
    draft: &'r Draft<'a>,
    catalogue: &'r Catalogue<'a>,
}

impl Expander<'_, '_> {
    fn name(&self) -> &str {
        self.draft.name()
    }

    /// `id`, unless another key is declared, and the timestamps.
    fn implied_fields(&self, output: &mut Output) {
        if !self.draft.key.declared && !self.draft.fields.contains_key("id") {
            output.add_field(self.name(), Field::new("id", TypeRef::required("ID")));
        }
        for name in self.implied_timestamps() {
            output.add_field(self.name(), Field::new(name, TypeRef::required("AWSDateTime")));
        }
        // AppSync writes these to tables of DynamoDB alone.
        for field in sync::fields().into_iter().filter(|_| self.is_synced() && self.draft.sql.is_none()) {
            output.add_field(self.name(), field);
        }
    }

    /// Names of the timestamps that need no declaration. What a table of the user's holds must be declared.
    fn implied_timestamps(&self) -> impl Iterator<Item = &String> {
        let config = &self.draft.config;
        let names = [&config.created_at, &config.updated_at].into_iter().flatten();
        names.filter(|_| self.draft.sql.is_none())
    }

    /// The input twin of a type that is no model, and of those in it.
    fn nested_input(&self, type_name: &str, output: &mut Output) {
        let mut open = vec![type_name];
        while let Some(type_name) = open.pop() {
            let name = format!("{}Input", names::upper(type_name));
            if self.catalogue.kind(type_name) != Kind::Object || output.get(&name).is_some() {
                continue;
            }
            let Some(found) = self.catalogue.types.get(type_name).copied() else { continue };
            let fields = found.fields().iter().filter_map(|field| self.input_field(field)).collect();
            output.add(TypeDefinition::input(name, fields));
            open.extend(found.fields().iter().map(|field| field.type_ref.name()));
        }
    }

    /// The input twin of a field; fields of models, interfaces and unions have none.
    fn input_field(&self, field: &Field) -> Option<InputValue> {
        let type_name = field.type_ref.name();
        let type_ref = match self.catalogue.kind(type_name) {
            Kind::Scalar | Kind::Enum => field.type_ref.renamed(type_name),
            Kind::Object => field.type_ref.renamed(&format!("{}Input", names::upper(type_name))),
            Kind::Model | Kind::Other | Kind::Unknown => return None,
        };
        Some(InputValue::new(&field.name, type_ref))
    }

    fn is_synced(&self) -> bool {
        self.draft.conflict.is_some()
    }

    /// The connection of the list and sync queries tells with data sync when it was read.
    fn connection(&self, output: &mut Output) {
        let name = names::connection(self.name());
        ensure_connection(&name, self.name(), output);
        if self.is_synced() {
            output.add_field(&name, sync::started_at());
        }
    }

    fn filter(&self, output: &mut Output, purpose: Purpose) {
        let whole = purpose == Purpose::List;
        let name = if whole { names::filter(self.name()) } else { names::related_filter(self.name()) };
        if output.get(&name).is_none() {
            let mut fields = self.conditions(output, purpose, if whole { Implied::All } else { Implied::None });
            fields.extend(combinators(&name, true));
            // With data sync tombstones can be left out.
            fields.extend(self.deleted(output).filter(|_| purpose != Purpose::Index));
            output.add(TypeDefinition::input(name, fields));
        }
    }

    /// A condition for each field that can be compared.
    fn conditions(&self, output: &mut Output, purpose: Purpose, implied: Implied) -> Vec<InputValue> {
        let mut fields: IndexMap<String, InputValue> = IndexMap::new();
        let mut add = |output: &mut Output, name: &str, type_name: &str, list: bool| {
            let condition = output.filter_input(type_name, list, purpose == Purpose::Subscription);
            fields.entry(name.to_owned()).or_insert_with(|| InputValue::new(name, TypeRef::named(condition)));
        };
        for field in self.draft.fields.values() {
            let type_name = field.type_ref.name();
            if matches!(self.catalogue.kind(type_name), Kind::Scalar | Kind::Enum) {
                add(output, &field.name, type_name, purpose.sees_list(&field.type_ref));
            }
        }
        if implied == Implied::All && self.draft.sql.is_none() && !self.draft.fields.contains_key("id") {
            add(output, "id", "ID", false);
        }
        if implied != Implied::None {
            for name in self.implied_timestamps() {
                if !self.draft.fields.contains_key(name.as_str()) {
                    add(output, name, "AWSDateTime", false);
                }
            }
        }
        fields.into_values().collect()
    }

    fn deleted(&self, output: &mut Output) -> Option<InputValue> {
        self.is_synced().then(|| sync::deleted_condition(output.filter_input("Boolean", false, false)))
    }

    fn queries(&self, output: &mut Output) {
        let (config, root) = (&self.draft.config, &self.catalogue.roots.query);
        if let Some(get) = &config.get {
            let argument = |name: &str| InputValue::new(name, TypeRef::required(self.draft.type_of(name)));
            let arguments = if self.draft.key.declared {
                self.draft.key.all().map(argument).collect()
            } else {
                vec![InputValue::new("id", TypeRef::required("ID"))]
            };
            output.add_root_field(root, Field::new(get, TypeRef::named(self.name())).with_arguments(arguments));
        }
        if let Some(list) = &config.list {
            self.filter(output, Purpose::List);
            self.connection(output);
            let arguments = self.list_arguments(output);
            let field = Field::new(list, TypeRef::named(names::connection(self.name()))).with_arguments(arguments);
            output.add_root_field(root, field);
        }
        if let Some(sync) = &config.sync {
            self.filter(output, Purpose::List);
            self.connection(output);
            let arguments = list_arguments(self.name()).into_iter().chain([sync::last_sync()]).collect();
            let field = Field::new(sync, TypeRef::named(names::connection(self.name()))).with_arguments(arguments);
            output.add_root_field(root, field);
        }
    }

    fn list_arguments(&self, output: &mut Output) -> Vec<InputValue> {
        let names = &self.draft.key;
        if !names.declared {
            return list_arguments(self.name()).to_vec();
        }
        let key = super::keys::key(self.draft, self.catalogue, &names.partition, &names.sort);
        let mut arguments = vec![InputValue::new(&key.partition.name, TypeRef::named(&key.partition.type_name))];
        if self.draft.sql.is_none() {
            arguments.extend(sort_argument(self.name(), None, &key, output));
        }
        arguments.extend(list_arguments(self.name()));
        arguments.push(InputValue::new("sortDirection", output.sort_direction()));
        arguments
    }

    fn mutations(&self, output: &mut Output) {
        let config = &self.draft.config;
        let inputs: [(Operation, &str, Vec<InputValue>); 3] = [
            (Operation::Create, "Create", self.create_fields()),
            (Operation::Update, "Update", self.update_fields()),
            (Operation::Delete, "Delete", self.delete_fields()),
        ];
        for (operation, verb, mut fields) in inputs {
            let Some(mutation) = config.mutation(operation) else { continue };
            fields.extend(self.is_synced().then(sync::known_version));
            self.condition(output);
            let input = names::input(verb, self.name());
            output.add(TypeDefinition::input(&input, fields));
            let arguments = vec![
                InputValue::new("input", TypeRef::required(input)),
                InputValue::new("condition", TypeRef::named(names::condition(self.name()))),
            ];
            let field = Field::new(mutation, TypeRef::named(self.name())).with_arguments(arguments);
            output.add_root_field(&self.catalogue.roots.mutation, field);
        }
    }

    /// The filter without the key of the table.
    fn condition(&self, output: &mut Output) {
        let name = names::condition(self.name());
        if output.get(&name).is_some() {
            return;
        }
        let mut fields = self.conditions(output, Purpose::Condition, Implied::Timestamps);
        // Keys and indexes change the input under the name of the type as it is.
        let found = name == names::related_condition(self.name());
        let indexed = found && (!self.draft.indexes.is_empty() || self.draft.key.declared);
        fields.retain(|field| {
            let plain_id = field.name == "id" && (indexed || self.draft.type_of("id") == "ID");
            let in_key = found && self.draft.key.declared && self.draft.key.contains(&field.name);
            !plain_id && !in_key
        });
        fields.extend(combinators(&name, true));
        fields.extend(self.deleted(output));
        output.add(TypeDefinition::input(name, fields));
    }

    fn written_fields(&self) -> impl Iterator<Item = InputValue> {
        self.draft.fields.values().filter_map(|field| self.input_field(field))
    }

    /// A declared timestamp need not be given, nor what is named like one.
    fn is_automatic(&self, field: &InputValue) -> bool {
        let config = &self.draft.config;
        let named = [&config.created_at, &config.updated_at].into_iter().flatten().any(|name| *name == field.name);
        (named || matches!(field.name.as_str(), "createdAt" | "updatedAt"))
            && matches!(field.type_ref.name(), "AWSDateTime" | "String")
    }

    fn create_fields(&self) -> Vec<InputValue> {
        let mut fields: Vec<InputValue> = self.written_fields().collect();
        let column_default = self.column_default();
        for field in &mut fields {
            let made = match column_default {
                None => {
                    (field.name == "id" && matches!(field.type_ref.name(), "ID" | "String")) || self.is_automatic(field)
                }
                Some(name) => field.name == name || is_always_automatic(field),
            };
            if made {
                field.type_ref = field.type_ref.clone().nullable();
            }
        }
        if !self.draft.fields.contains_key("id") && !self.draft.key.declared {
            fields.push(InputValue::new("id", TypeRef::named("ID")));
        }
        fields
    }

    /// With PostgreSQL the input is made anew for each `@default`, with that field alone open: the last one stands.
    fn column_default(&self) -> Option<&str> {
        let fields = self.draft.definition.fields().iter().rev();
        let last = fields.filter(|_| self.draft.is_postgres()).find(|field| field.directive("default").is_some())?;
        Some(&last.name)
    }

    fn update_fields(&self) -> Vec<InputValue> {
        let key = &self.draft.key;
        let mut fields: Vec<InputValue> = self.written_fields().collect();
        for field in &mut fields {
            field.type_ref = field.type_ref.clone().nullable();
            if key.contains(&field.name) {
                field.type_ref = field.type_ref.clone().non_null();
            }
        }
        if !self.draft.fields.contains_key("id") && !key.declared {
            fields.push(InputValue::new("id", TypeRef::required("ID")));
        }
        fields
    }

    fn delete_fields(&self) -> Vec<InputValue> {
        if !self.draft.key.declared {
            return vec![InputValue::new("id", TypeRef::required("ID"))];
        }
        let field = |name| InputValue::new(name, TypeRef::required(self.draft.type_of(name)));
        self.draft.key.all().map(field).collect()
    }

    fn subscriptions(&self, output: &mut Output) {
        let mut fields: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for (_, name, mutation) in self.draft.config.live_subscriptions() {
            let mutations = fields.entry(name).or_default();
            if !mutations.contains(&mutation) {
                mutations.push(mutation);
            }
        }
        if fields.is_empty() {
            return;
        }
        let filter = names::subscription_filter(self.name());
        if output.get(&filter).is_none() {
            let mut conditions = self.conditions(output, Purpose::Subscription, Implied::All);
            conditions.extend(combinators(&filter, false));
            conditions.extend(self.deleted(output));
            output.add(TypeDefinition::input(&filter, conditions));
        }
        for (name, mutations) in fields {
            let mut field = Field::new(name, TypeRef::named(self.name()))
                .with_arguments(vec![InputValue::new("filter", TypeRef::named(&filter))]);
            field.directives.push(aws_subscribe(&mutations));
            output.add_root_field(&self.catalogue.roots.subscription, field);
        }
    }

    /// The inputs that a declared key needs, even when no query takes them yet.
    fn primary_key(&self, output: &mut Output) {
        let names = &self.draft.key;
        if names.declared && !names.sort.is_empty() {
            let key = super::keys::key(self.draft, self.catalogue, &names.partition, &names.sort);
            sort_argument(self.name(), None, &key, output);
        }
        output.sort_direction();
    }
}

/// A field whose name alone says that it need not be given.
fn is_always_automatic(field: &InputValue) -> bool {
    match field.name.as_str() {
        "id" => field.type_ref.name() == "ID",
        "createdAt" | "updatedAt" => matches!(field.type_ref.name(), "AWSDateTime" | "String"),
        _ => false,
    }
}

/// What fields are compared for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    List,
    Condition,
    Subscription,
    /// The filter of an index query, of a model that has no list query.
    Index,
    /// The filter of a relation field, of a model that has neither.
    Relation,
}

impl Purpose {
    /// Whether a field of an enum is compared as a list. The reference transformer takes a required list for one value
    /// in most places.
    fn sees_list(self, type_ref: &TypeRef) -> bool {
        match self {
            Self::Index => type_ref.is_list(),
            Self::Relation => false,
            Self::List | Self::Condition | Self::Subscription => matches!(type_ref, TypeRef::List(_)),
        }
    }
}

/// Which fields besides the declared ones are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Implied {
    None,
    Timestamps,
    All,
}

fn combinators(name: &str, not: bool) -> Vec<InputValue> {
    let mut fields =
        vec![InputValue::new("and", TypeRef::list_of(name)), InputValue::new("or", TypeRef::list_of(name))];
    if not {
        fields.push(InputValue::new("not", TypeRef::named(name)));
    }
    fields
}
