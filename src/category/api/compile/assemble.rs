//! Drafts and the expanded schema → the plan: models with stored fields and indexes, resolvers.

use indexmap::{IndexMap, IndexSet};

use super::answers::Answered;
use super::connections::{foreign_keys, owns_key};
use super::draft::{Catalogue, Draft, Kind, Level};
use super::guards::is_list;
use super::keys;
use super::options::Parameters;
use super::output::Output;
use super::relations::{By, Relation, RelationKind, index_name};
use super::report::Report;
use super::rules::{ParsedRule, Strategy};
use super::sql::Statements;
use super::{mapping, sync};
use crate::category::api::plan::{
    Action, DeclaredField, Field, FieldKind, Function, Index, Key, KeyField, Model, NONE_SOURCE, Operation, Projection,
    Resolver, Rule, SEARCH_SOURCE, SQL_SOURCE, Source, Step, checked_write, table_source,
};
use crate::graphql::{Field as GraphqlField, Span};

/// Writes the parts of a plan.
pub(super) struct Assembler<'r, 'a, 's> {
    pub drafts: &'r IndexMap<&'a str, Draft<'a>>,
    pub catalogue: &'r Catalogue<'a>,
    pub parameters: &'r Parameters,
    pub sandbox: bool,
    pub output: &'r Output,
    pub report: &'r Report<'s>,
    pub statements: &'r Statements,
}

impl<'a> Assembler<'_, 'a, '_> {
    /// Every model.
    pub(super) fn models(&self) -> IndexMap<String, Model> {
        let mut implied: IndexMap<&str, Vec<Index>> = IndexMap::new();
        for draft in self.drafts.values() {
            for relation in &draft.relations {
                if let Some(index) = self.implied_index(draft, relation) {
                    implied.entry(relation.related).or_default().push(index);
                }
            }
        }
        let mut attributes = mapping::attributes(self.drafts, self.catalogue, self.parameters);
        let mut models = IndexMap::with_capacity(self.drafts.len());
        for (name, draft) in self.drafts {
            let more = implied.swap_remove(name).unwrap_or_default();
            let mut model = self.model(draft, more);
            mapping::apply(&mut model, attributes.swap_remove(*name).unwrap_or_default());
            models.insert((*name).to_owned(), model);
        }
        models
    }

    fn model(&self, draft: &Draft<'a>, implied: Vec<Index>) -> Model {
        let rules = |parsed: &[ParsedRule]| -> Vec<Rule> {
            parsed.iter().map(|rule| rule.plan(|field| is_list(draft, field))).collect()
        };
        let key = |partition: &str, sort: &[String]| keys::key(draft, self.catalogue, partition, sort);
        let mut indexes: Vec<Index> = Vec::new();
        for index in &draft.indexes {
            indexes.push(Index {
                name: index.name.clone(),
                key: key(&index.partition, &index.sort),
                query_field: index.query_field.clone(),
                local: index.local,
                projection: index.projection.clone(),
                origin: Some(self.report.location(index.span.start)),
            });
        }
        for index in implied {
            if !indexes.iter().any(|own| own.name == index.name) {
                indexes.push(index);
            }
        }
        Model {
            name: draft.name().to_owned(),
            table: mapping::stored_name(draft.definition).to_owned(),
            plural: draft.plural.clone(),
            fields: self.stored_fields(draft),
            relations: draft.relations.iter().map(|relation| relation.field.name.clone()).collect(),
            key: key(&draft.key.partition, &draft.key.sort),
            indexes,
            created_at: Self::automatic(draft, draft.config.created_at.as_deref()),
            updated_at: Self::automatic(draft, draft.config.updated_at.as_deref()),
            defaults: draft.defaults.clone(),
            validations: draft.validations.clone(),
            rules: rules(&draft.rules),
            field_rules: draft.field_rules.iter().map(|(field, list)| (field.clone(), rules(list))).collect(),
            sandbox: self.sandbox && draft.access.is_none(),
            public_subscriptions: draft.config.level == Level::Public,
            sql: draft.sql.clone(),
            stream: true,
            shown_owners: Vec::new(),
            attributes: IndexMap::new(),
            conflict: draft.conflict.clone().filter(|_| draft.sql.is_none()),
            origin: self.report.location(draft.definition.span.start),
        }
    }

    /// A timestamp is written unless it is declared with a type that holds none.
    fn automatic(draft: &Draft<'a>, name: Option<&str>) -> Option<String> {
        let name = name?;
        if draft.sql.is_some() && !draft.fields.contains_key(name) {
            return None;
        }
        let holds = draft.fields.get(name).is_none_or(|field| {
            !field.type_ref.is_list() && matches!(field.type_ref.name(), "AWSDateTime" | "String" | "AWSTimestamp")
        });
        holds.then(|| name.to_owned())
    }

    fn stored_fields(&self, draft: &Draft<'a>) -> IndexMap<String, Field> {
        let expanded = self.output.get(draft.name()).map(crate::graphql::TypeDefinition::fields).unwrap_or_default();
        let mut fields = IndexMap::with_capacity(expanded.len());
        // AppSync writes the fields of data sync.
        let automatic = |field: &&GraphqlField| draft.conflict.is_some() && sync::FIELDS.contains(&field.name.as_str());
        for field in expanded.iter().filter(|field| !automatic(field)) {
            let type_name = field.type_ref.name();
            let kind = match self.catalogue.kind(type_name) {
                Kind::Scalar => FieldKind::Scalar,
                Kind::Enum => FieldKind::Enum,
                Kind::Object | Kind::Other => FieldKind::NonModel,
                Kind::Model | Kind::Unknown => continue,
            };
            fields.insert(
                field.name.clone(),
                Field {
                    name: field.name.clone(),
                    type_name: type_name.to_owned(),
                    kind,
                    list: field.type_ref.is_list(),
                    required: field.type_ref.is_required(),
                    implied: !draft.fields.contains_key(field.name.as_str()),
                },
            );
        }
        fields
    }

    /// The index that a relation adds to the other side.
    fn implied_index(&self, draft: &Draft<'a>, relation: &Relation<'a>) -> Option<Index> {
        let related = self.drafts.get(relation.related)?;
        if !relation.implies_index() {
            return None;
        }
        let parts: Vec<KeyField> = match &relation.by {
            By::Implicit => {
                let keys = foreign_keys(draft.name(), &relation.field.name, draft, self.parameters);
                let typed = self.parameters.respect_primary_key_attributes_on_connection_field;
                let keys = keys.into_iter().take(if typed { usize::MAX } else { 1 });
                let part = |(name, type_name): (String, String)| KeyField {
                    attribute: keys::attribute(self.catalogue, &type_name),
                    name,
                    type_name,
                };
                keys.map(|key| part((key.name, key.type_name))).collect()
            }
            By::References(names) => {
                let key = keys::key(related, self.catalogue, names.first()?, &names[1..]);
                std::iter::once(key.partition).chain(key.sort).collect()
            }
            By::Fields(_) => return None,
        };
        let mut parts = parts.into_iter();
        Some(Index {
            name: index_name(mapping::stored_name(draft.definition), &relation.field.name),
            key: Key { partition: parts.next()?, sort: parts.collect() },
            query_field: None,
            local: false,
            projection: Projection::All,
            origin: None,
        })
    }

    /// Every data source, sorted by name.
    pub(super) fn sources(&self, answered: &Answered) -> IndexMap<String, Source> {
        let tables = self.drafts.iter().map(|(name, draft)| match &draft.sql {
            Some(table) => (SQL_SOURCE.to_owned(), Source::Sql { engine: table.engine }),
            None => (table_source(name), Source::Table { model: (*name).to_owned() }),
        });
        let mut sources: IndexMap<String, Source> = tables.collect();
        let run = self.statements.values().next();
        sources.extend(run.map(|statement| (SQL_SOURCE.to_owned(), Source::Sql { engine: statement.engine })));
        sources.extend(answered.sources.clone());
        sources.insert(NONE_SOURCE.to_owned(), Source::None);
        if self.drafts.values().any(|draft| draft.search.is_some()) {
            sources.insert(SEARCH_SOURCE.to_owned(), Source::Search);
        }
        sources.sort_keys();
        sources
    }

    /// The functions of pipelines: a write that reads the item first is two.
    pub(super) fn functions(&self, models: &IndexMap<String, Model>) -> IndexMap<String, Function> {
        let mut functions = IndexMap::new();
        for model in models.values() {
            let mutations = [Operation::Update, Operation::Delete].into_iter();
            let present = |write: &Operation| {
                let draft = self.drafts.get(model.name.as_str());
                draft.is_some_and(|draft| draft.config.mutation(*write).is_some()) && model.reads_before(*write)
            };
            for write in mutations.filter(present) {
                let (source, model_name) = (table_source(&model.name), model.name.clone());
                let steps = [
                    Step::CheckItem { model: model_name.clone(), write },
                    Step::WriteItem { model: model_name, write },
                ];
                for (name, step) in checked_write(&model.name, write).into_iter().zip(steps) {
                    functions.insert(name, Function { source: source.clone(), step, origin: model.origin.clone() });
                }
            }
        }
        functions
    }

    /// Every resolver, sorted by type and field. What answers a field checks its rules as well.
    pub(super) fn resolvers(
        &self,
        custom: &IndexMap<(String, String), Vec<ParsedRule>>,
        answered: &Answered,
    ) -> Vec<Resolver> {
        let mut resolvers = Vec::new();
        for ((type_name, field), (action, source)) in &answered.actions {
            let resolver = self.resolver(type_name, field, action.clone(), &self.span(type_name, field));
            resolvers.push(Resolver { source: source.clone(), ..resolver });
        }
        for draft in self.drafts.values() {
            self.operations(draft, &mut resolvers);
            self.fields(draft, &mut resolvers);
        }
        for ((type_name, field), statement) in self.statements {
            let action = Action::SqlStatement(statement.clone());
            resolvers.push(self.resolver(type_name, field, action, &self.span(type_name, field)));
        }
        for (type_name, field) in custom.keys() {
            let action = Action::ProtectedField { model: type_name.clone() };
            resolvers.push(self.resolver(type_name, field, action, &self.span(type_name, field)));
        }
        // The first of several for one field stays.
        resolvers.sort_by(|left, right| (&left.type_name, &left.field).cmp(&(&right.type_name, &right.field)));
        resolvers.dedup_by(|left, right| left.type_name == right.type_name && left.field == right.field);
        resolvers
    }

    /// Where a field of a type stands.
    fn span(&self, type_name: &str, field: &str) -> Span {
        let found = self.catalogue.types.get(type_name);
        let field = found.and_then(|found| found.fields().iter().find(|own| own.name == *field));
        field.map_or(0..0, |field| field.span.clone())
    }

    fn source(&self, action: &Action) -> String {
        match action.table() {
            Some(model) if self.drafts.get(model).is_some_and(|draft| draft.sql.is_some()) => SQL_SOURCE.to_owned(),
            Some(model) => table_source(model),
            None => match action {
                Action::SqlStatement(_) => SQL_SOURCE.to_owned(),
                Action::Search { .. } => SEARCH_SOURCE.to_owned(),
                _ => NONE_SOURCE.to_owned(),
            },
        }
    }

    /// The object types that fields with rules of their own return, directly or within.
    pub(super) fn returned(
        &self,
        custom: &IndexMap<(String, String), Vec<ParsedRule>>,
    ) -> IndexMap<String, Vec<String>> {
        let types = &self.catalogue.types;
        let reach = |(type_name, field): &(String, String)| {
            let found = types.get(type_name.as_str()).map(|found| found.fields()).unwrap_or_default();
            let mut open: Vec<&str> =
                found.iter().filter(|own| own.name == *field).map(|own| own.type_ref.name()).collect();
            let mut reached: IndexSet<&str> = IndexSet::new();
            while let Some(name) = open.pop() {
                let Some(found) = types.get(name).filter(|found| found.is_object()) else { continue };
                if reached.insert(name) && !self.catalogue.models.contains(name) {
                    open.extend(found.fields().iter().map(|field| field.type_ref.name()));
                }
            }
            (format!("{type_name}.{field}"), reached.into_iter().map(str::to_owned).collect())
        };
        custom.keys().map(reach).collect()
    }

    /// The queries and mutations that the user declared.
    pub(super) fn declared_operations(&self) -> Vec<DeclaredField> {
        let roots = self.catalogue.roots;
        let mut declared = Vec::new();
        for root in [&roots.query, &roots.mutation] {
            let fields = self.catalogue.types.get(root.as_str()).map(|found| found.fields()).unwrap_or_default();
            declared.extend(fields.iter().map(|field| DeclaredField {
                type_name: root.clone(),
                field: field.name.clone(),
                origin: self.report.location(field.span.start),
            }));
        }
        declared
    }

    fn resolver(&self, type_name: &str, field: &str, action: Action, span: &Span) -> Resolver {
        let source = self.source(&action);
        Resolver {
            type_name: type_name.to_owned(),
            field: field.to_owned(),
            action,
            source,
            origin: self.report.location(span.start),
        }
    }

    fn operations(&self, draft: &Draft<'a>, resolvers: &mut Vec<Resolver>) {
        let (config, roots, span) = (&draft.config, self.catalogue.roots, &draft.definition.span);
        let model = draft.name().to_owned();
        let mut add = |root: &str, name: Option<&str>, action: Action, span: &Span| {
            if let Some(name) = name {
                resolvers.push(self.resolver(root, name, action, span));
            }
        };
        add(&roots.query, config.get.as_deref(), Action::Get { model: model.clone() }, span);
        add(&roots.query, config.list.as_deref(), Action::List { model: model.clone() }, span);
        add(&roots.query, draft.search.as_deref(), Action::Search { model: model.clone() }, span);
        add(&roots.query, config.sync.as_deref(), Action::Sync { model: model.clone() }, span);
        for index in &draft.indexes {
            let action = Action::QueryIndex { model: model.clone(), index: index.name.clone() };
            add(&roots.query, index.query_field.as_deref(), action, &index.span);
        }
        add(&roots.mutation, config.create.as_deref(), Action::Create { model: model.clone() }, span);
        add(&roots.mutation, config.update.as_deref(), Action::Update { model: model.clone() }, span);
        add(&roots.mutation, config.delete.as_deref(), Action::Delete { model: model.clone() }, span);
        for (to, name, _) in config.live_subscriptions() {
            add(&roots.subscription, Some(name), Action::Subscribe { model: model.clone(), to }, span);
        }
    }

    /// Relations, protected fields, owner fields.
    fn fields(&self, draft: &Draft<'a>, resolvers: &mut Vec<Resolver>) {
        let model = draft.name();
        for relation in &draft.relations {
            if let Some(action) = self.relation(draft, relation) {
                resolvers.push(self.resolver(model, &relation.field.name, action, &relation.span));
            }
        }
        let Some(access) = &draft.access else { return };
        for field in draft.fields.values() {
            let is_relation = draft.relations.iter().any(|relation| relation.field.name == field.name);
            if !is_relation && access.is_protected(&field.name) {
                let action = Action::ProtectedField { model: model.to_owned() };
                resolvers.push(self.resolver(model, &field.name, action, &field.span));
            }
        }
        for role in access.roles() {
            if let Strategy::Owner { field, claim } = &role.strategy
                && claim.contains("::")
                && !access.is_protected(field)
                && self.parameters.use_sub_username_for_default_identity_claim
            {
                let action = Action::OwnerField { model: model.to_owned() };
                resolvers.push(self.resolver(model, field, action, &draft.definition.span));
            }
        }
    }

    fn relation(&self, draft: &Draft<'a>, relation: &Relation<'a>) -> Option<Action> {
        let related = self.drafts.get(relation.related)?;
        let model = draft.name().to_owned();
        let own_key = || draft.key.all().map(str::to_owned).collect::<Vec<String>>();
        let index = index_name(mapping::stored_name(draft.definition), &relation.field.name);
        let related_name = related.name().to_owned();
        if let RelationKind::Many { limit } = relation.kind {
            let (index, fields) = match (&relation.by, &relation.index) {
                (By::Fields(fields), index) => (index.clone(), fields.clone()),
                (By::Implicit, Some(named)) => (Some(named.clone()), vec![draft.key.partition.clone()]),
                (By::Implicit | By::References(_), _) => (Some(index), own_key()),
            };
            return Some(Action::RelatedMany { model, related: related_name, index, fields, limit });
        }
        let (index, fields) = match &relation.by {
            By::References(names) if relation.kind == RelationKind::Belongs => (None, names.clone()),
            By::References(_) => (Some(index), own_key()),
            By::Fields(fields) => (None, fields.clone()),
            By::Implicit => {
                let named = Self::named_by_inverse(draft, related, relation);
                (None, named.unwrap_or_else(|| self.implied_fields(draft, relation)))
            }
        };
        let required = relation.field.type_ref.is_required();
        Some(Action::RelatedOne { model, related: related_name, index, fields, required })
    }

    /// For a `@belongsTo` without fields: those of the index that the other side's `@hasMany` names.
    pub(super) fn named_by_inverse(
        draft: &Draft<'a>,
        related: &Draft<'a>,
        relation: &Relation<'a>,
    ) -> Option<Vec<String>> {
        let field = &relation.inverse.filter(|inverse| inverse.many)?.field.name;
        let other = related.relations.iter().find(|other| other.field.name == *field)?;
        let name = other.index.as_ref()?;
        let index = draft.indexes.iter().find(|index| index.name == *name)?;
        let parts = std::iter::once(&index.partition).chain(&index.sort).cloned();
        let count = related.key.all().count();
        let fields: Vec<String> = parts.take(count).collect();
        (fields.len() == count).then_some(fields)
    }

    /// The foreign key fields of an implicit relation to one item.
    pub(super) fn implied_fields(&self, draft: &Draft<'a>, relation: &Relation<'a>) -> Vec<String> {
        let Some(related) = self.drafts.get(relation.related) else { return Vec::new() };
        let (owner, field) = match relation.inverse {
            Some(inverse) if !owns_key(relation) => (related.name(), inverse.field.name.as_str()),
            _ => (draft.name(), relation.field.name.as_str()),
        };
        foreign_keys(owner, field, related, self.parameters).into_iter().map(|key| key.name).collect()
    }
}
