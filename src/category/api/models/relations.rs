//! Relations between models: what each field is associated with, and the foreign keys and indexes that follow.

use serde_json::{Map, json};

use super::{Association, Attribute, FieldDirective, ModelField, ModelType, Models, Reading, Shape, keys};
use crate::category::api::compile::names;

/// The directives that relate two models.
const RELATIONS: [&str; 3] = ["hasOne", "hasMany", "belongsTo"];

/// Settles every relation of every model, in their order: what one adds, the next ones see.
pub(super) fn connect(models: &mut Models, reading: Reading) {
    let names: Vec<String> = models.stored.keys().cloned().collect();
    for name in &names {
        let fields: Vec<String> = models.stored[name].fields.iter().map(|field| field.name.clone()).collect();
        for field in &fields {
            settle(models, name, field);
        }
        let unrelated = |field: &ModelField| field.association.is_none() && names.contains(&field.shape.type_name);
        models.stored[name].fields.retain(|field| !unrelated(field));
    }
    if !models.custom_keys {
        for model in models.stored.values_mut() {
            hide_targets(model, reading);
        }
    }
}

/// Without custom keys, what holds the key of the other side is no field of its own.
fn hide_targets(model: &mut ModelType, reading: Reading) {
    let partition = model.key.as_ref().filter(|_| reading.keys_always).map(|key| key.partition.clone());
    let hidden = |association: &Association| match association {
        Association::BelongsTo { targets, references: false } => targets.first().cloned(),
        _ => None,
    };
    let targets = model.fields.iter().filter_map(|field| field.association.as_ref().and_then(hidden));
    let targets: Vec<String> = targets.filter(|name| name != "id" && Some(name) != partition.as_ref()).collect();
    model.fields.retain(|field| !targets.contains(&field.name));
}

/// What a relation means.
struct Connected {
    association: Association,
    /// Fields to add to the model itself.
    own: Vec<ModelField>,
    /// Fields to add to the other model.
    theirs: Vec<ModelField>,
    /// The index that the other model gets.
    index: Option<Attribute>,
    /// The directives of the other model were looked through.
    looked: bool,
}

fn settle(models: &mut Models, model: &str, field: &str) {
    let own = &models.stored[model];
    let Some(related) = own.field(field) else { return };
    let Some(directive) = related.directives.iter().find(|found| RELATIONS.contains(&found.name.as_str())) else {
        return;
    };
    let other_name = related.shape.type_name.clone();
    let Some(other) = models.stored.get(&other_name) else { return };
    let relation = Relation { model: own, field: related, directive, other, custom_keys: models.custom_keys };
    let connected = match directive.name.as_str() {
        "hasMany" => relation.has_many(),
        "hasOne" => relation.has_one(),
        _ => relation.belongs_to(),
    };
    let Connected { association, own, theirs, index, looked } = connected;
    if let Some(other) = models.stored.get_mut(&other_name) {
        if looked {
            for directive in other.fields.iter_mut().flat_map(|field| &mut field.directives) {
                directive.seen = true;
            }
        }
        for field in theirs {
            other.add(field);
        }
        other.attributes.extend(index);
    }
    if let Some(model) = models.stored.get_mut(model) {
        for field in own {
            model.add(field);
        }
        if let Some(field) = model.fields.iter_mut().find(|found| found.name == field) {
            field.association = Some(association);
        }
    }
}

/// A relation and both its sides.
struct Relation<'a> {
    model: &'a ModelType,
    field: &'a ModelField,
    directive: &'a FieldDirective,
    other: &'a ModelType,
    custom_keys: bool,
}

impl Relation<'_> {
    fn has_many(&self) -> Connected {
        let references = self.directive.texts("references");
        let by_fields = self.given("fields");
        let with: Vec<ModelField> = if references.is_empty() {
            self.held_by_other()
        } else {
            references.iter().filter_map(|name| self.other.field(name)).cloned().collect()
        };
        let names: Vec<String> = with.iter().map(|field| field.name.clone()).collect();
        let inverse = self.other.fields.iter().find(|field| field.shape.type_name == self.model.name);
        let both = inverse.is_some_and(|field| field.directive("belongsTo").is_some());
        let index = (!both && self.directive.text("indexName").is_none()).then(|| {
            let name = format!("gsi-{}.{}", self.model.name, self.field.name);
            keys::key(Map::from_iter([("name".to_owned(), json!(name)), ("fields".to_owned(), json!(names))]))
        });
        Connected {
            association: Association::HasMany { with: names },
            own: Vec::new(),
            theirs: with,
            index,
            looked: by_fields || !references.is_empty(),
        }
    }

    fn has_one(&self) -> Connected {
        let references = self.directive.texts("references");
        if !references.is_empty() {
            let association = Association::HasOne { with: references, targets: None };
            return Connected { association, own: Vec::new(), theirs: Vec::new(), index: None, looked: true };
        }
        let fields = self.directive.texts("fields");
        let key = self.other.key_fields();
        let with = if self.custom_keys {
            key.iter().map(|field| field.name.clone()).collect()
        } else {
            vec![self.connected_field().name]
        };
        let targets = if fields.is_empty() { self.foreign_keys(self.model, self.field, self.other) } else { fields };
        Connected {
            own: self.holding(&targets),
            association: Association::HasOne { with, targets: Some(targets) },
            theirs: Vec::new(),
            index: None,
            looked: !self.custom_keys,
        }
    }

    fn belongs_to(&self) -> Connected {
        let references = self.directive.texts("references");
        let by_references = !references.is_empty();
        let mut targets = self.directive.texts("fields");
        targets.extend(references);
        if targets.is_empty() {
            targets = match self.inverse() {
                Some(inverse) if inverse.shape.list.is_some() => self.foreign_keys(self.other, &inverse, self.other),
                _ => self.foreign_keys(self.model, self.field, self.other),
            };
        }
        Connected {
            own: self.holding(&targets),
            association: Association::BelongsTo { targets, references: by_references },
            theirs: Vec::new(),
            index: None,
            looked: true,
        }
    }

    fn given(&self, argument: &str) -> bool {
        self.directive.arguments.get(argument).is_some_and(|value| !value.is_null())
    }

    /// The fields of `named` that hold the key of `keyed`: named after the relation field and each key field.
    fn foreign_keys(&self, named: &ModelType, field: &ModelField, keyed: &ModelType) -> Vec<String> {
        if !self.custom_keys {
            return vec![names::camel(&[&named.name, &field.name, "id"])];
        }
        let key = keyed.key_fields();
        key.iter().map(|part| names::camel(&[&named.name, &field.name, &part.name])).collect()
    }

    /// The fields of this model that hold the key of the other.
    fn holding(&self, targets: &[String]) -> Vec<ModelField> {
        let nullable = self.field.shape.nullable;
        if !self.custom_keys {
            let name = targets.first().into_iter();
            return name.map(|name| ModelField::implied(name, Shape::one("ID", nullable))).collect();
        }
        let key = self.other.key_fields();
        let held = targets.iter().zip(key);
        held.map(|(name, part)| ModelField::implied(name, Shape::one(&part.shape.type_name, nullable))).collect()
    }

    /// The `@hasOne` or `@hasMany` of the other model that a `@belongsTo` answers.
    fn inverses(&self) -> impl Iterator<Item = &ModelField> {
        let answered = |field: &&ModelField| {
            field.shape.type_name == self.model.name
                && field.directives.iter().any(|directive| match directive.name.as_str() {
                    "hasOne" => field.shape.list.is_none(),
                    "hasMany" => field.shape.list.is_some(),
                    _ => false,
                })
        };
        self.other.fields.iter().filter(answered)
    }

    fn inverse(&self) -> Option<ModelField> {
        if self.custom_keys { self.inverses().next().cloned() } else { Some(self.connected_field()) }
    }

    /// The fields of the other model by which a `@hasMany` finds its items.
    fn held_by_other(&self) -> Vec<ModelField> {
        if !self.custom_keys {
            return vec![self.connected_field()];
        }
        if self.given("fields") {
            let name = self.joined_name();
            let answers = |directive: &FieldDirective| {
                directive.name == "belongsTo" && directive.texts("fields").first() == Some(&name)
            };
            return self.joined_field(&name, answers).into_iter().collect();
        }
        let key = self.model.key_fields();
        let held = key.into_iter().map(|part| {
            let name = names::camel(&[&self.model.name, &self.field.name, &part.name]);
            let implied = || ModelField::implied(&name, Shape { nullable: true, ..part.shape.clone() });
            self.other.field(&name).cloned().unwrap_or_else(implied)
        });
        held.collect()
    }

    /// The field that the key of a relation by `fields` begins with: of the index, of the primary key, or the
    /// `@belongsTo` of the other side.
    fn joined_name(&self) -> String {
        let declares = |directive: &FieldDirective| match self.directive.text("indexName") {
            Some(index) => directive.name == "index" && directive.text("name") == Some(index),
            None => directive.name == "primaryKey",
        };
        let key = self.other.fields.iter().find(|field| field.directives.iter().any(declares));
        let belongs =
            |field: &&ModelField| field.shape.type_name == self.model.name && field.directive("belongsTo").is_some();
        let found = key.or_else(|| self.other.fields.iter().find(belongs));
        found.map_or("id", |field| &field.name).to_owned()
    }

    /// The relation field of the other side over the key field `name`, or that key field.
    fn joined_field(&self, name: &str, answers: impl Fn(&FieldDirective) -> bool) -> Option<ModelField> {
        let mut related = self.other.fields.iter().filter(|field| field.shape.type_name == self.model.name);
        let found = related.find(|field| field.directives.iter().any(&answers));
        found.or_else(|| self.other.field(name)).cloned()
    }

    /// Without custom keys: the one field of the other model that a relation is connected with.
    fn connected_field(&self) -> ModelField {
        let name = self.directive.name.as_str();
        if name == "belongsTo" {
            let inverses: Vec<&ModelField> = self.inverses().collect();
            if let [one] = inverses[..] {
                return one.clone();
            }
        }
        if self.given("fields") || name == "hasOne" {
            let key = self.joined_name();
            let answers = |directive: &FieldDirective| {
                RELATIONS.contains(&directive.name.as_str()) && directive.texts("fields").first() == Some(&key)
            };
            if let Some(field) = self.joined_field(&key, answers) {
                return field;
            }
        }
        let key = names::camel(&[&self.model.name, &self.field.name, "id"]);
        let implied = || ModelField::implied(&key, Shape::one("ID", true));
        self.other.field(&key).cloned().unwrap_or_else(implied)
    }
}
