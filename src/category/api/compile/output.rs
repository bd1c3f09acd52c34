//! The expanded schema while it grows: user's types first, then what the models add.
//!
//! What a user declared under a name that the compiler would add is kept as it is.

use indexmap::IndexMap;

use super::directives::is_kept;
use super::names::{self, plain_scalar};
use crate::graphql::{
    Directive, Document, Field, InputValue, Literal, Named, Roots, TypeDefinition, TypeKind, TypeRef, Value,
};

/// The expanded schema.
#[derive(Debug)]
pub(super) struct Output {
    types: IndexMap<String, TypeDefinition>,
    roots: Roots,
    /// Where the fields of root types stand: those have thousands.
    places: IndexMap<String, IndexMap<String, usize>>,
}

const SUBSCRIPTION_ONLY: [&str; 2] = ["in", "notIn"];

impl Output {
    /// The user's types, without what only the compiler reads.
    pub(super) fn new(document: &Document) -> Self {
        let mut types = IndexMap::with_capacity(document.types.len() * 8);
        for found in &document.types {
            let mut found = found.clone();
            strip(&mut found);
            types.insert(found.name.clone(), found);
        }
        let roots = document.roots.clone();
        let mut places = IndexMap::new();
        for root in [&roots.query, &roots.mutation, &roots.subscription] {
            let fields = types.get(root).map(TypeDefinition::fields).unwrap_or_default();
            let names = fields.iter().enumerate().map(|(place, field)| (field.name.clone(), place)).collect();
            places.insert(root.clone(), names);
        }
        Self { types, roots, places }
    }

    /// Every type.
    pub(super) fn types(&self) -> impl Iterator<Item = &TypeDefinition> {
        self.types.values()
    }

    pub(super) fn get(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut TypeDefinition> {
        self.types.get_mut(name)
    }

    /// Adds a type unless one of that name exists.
    pub(super) fn add(&mut self, found: TypeDefinition) {
        if !self.types.contains_key(&found.name) {
            self.types.insert(found.name.clone(), found);
        }
    }

    /// Adds a field to a root type, which is made when it is missing. Names were checked before.
    pub(super) fn add_root_field(&mut self, root: &str, field: Field) {
        let found = self.types.entry(root.to_owned()).or_insert_with(|| TypeDefinition::object(root, Vec::new()));
        if let Some(fields) = found.fields_mut() {
            self.places.entry(root.to_owned()).or_default().insert(field.name.clone(), fields.len());
            fields.push(field);
        }
    }

    /// Adds a field to an object type unless it has one of that name.
    pub(super) fn add_field(&mut self, type_name: &str, field: Field) {
        if let Some(fields) = self.get_mut(type_name).and_then(TypeDefinition::fields_mut)
            && !fields.iter().any(|own| own.name == field.name)
        {
            fields.push(field);
        }
    }

    /// Adds a field to an input type, when that exists and has none of that name.
    pub(super) fn add_input_field(&mut self, type_name: &str, name: &str, type_ref: TypeRef) {
        if let Some(TypeKind::Input(fields)) = self.get_mut(type_name).map(|found| &mut found.kind)
            && !fields.iter().any(|own| own.name == name)
        {
            fields.push(InputValue::new(name, type_ref));
        }
    }

    /// Keeps the fields of an input type that fit.
    pub(super) fn retain_input_fields(&mut self, type_name: &str, keep: impl Fn(&InputValue) -> bool) {
        if let Some(TypeKind::Input(fields)) = self.get_mut(type_name).map(|found| &mut found.kind) {
            fields.retain(keep);
        }
    }

    /// A field of an object type.
    pub(super) fn field_mut(&mut self, type_name: &str, field: &str) -> Option<&mut Field> {
        let place = match self.places.get(type_name) {
            Some(names) => *names.get(field)?,
            None => self.types.get(type_name)?.fields().iter().position(|own| own.name == field)?,
        };
        self.types.get_mut(type_name)?.fields_mut()?.get_mut(place)
    }

    /// Puts a directive on a type, once.
    pub(super) fn mark_type(&mut self, type_name: &str, directive: &str) {
        if let Some(found) = self.get_mut(type_name) {
            mark(&mut found.directives, directive);
        }
    }

    /// Name of the input by which a field of a type is filtered, made when it is missing.
    pub(super) fn filter_input(&mut self, type_name: &str, list: bool, subscription: bool) -> String {
        if matches!(self.get(type_name).map(|found| &found.kind), Some(TypeKind::Enum(_))) {
            return match (subscription, list) {
                (true, _) => self.scalar_input("String", true),
                (false, true) => self.enum_list_input(type_name),
                (false, false) => self.enum_input(type_name),
            };
        }
        self.scalar_input(plain_scalar(type_name), subscription)
    }

    fn enum_input(&mut self, type_name: &str) -> String {
        let name = format!("Model{type_name}Input");
        let fields = ["eq", "ne"].map(|condition| InputValue::new(condition, TypeRef::named(type_name)));
        self.add(TypeDefinition::input(&name, fields.to_vec()));
        name
    }

    fn enum_list_input(&mut self, type_name: &str) -> String {
        let name = format!("Model{type_name}ListInput");
        let mut fields: Vec<InputValue> =
            ["eq", "ne"].map(|condition| InputValue::new(condition, TypeRef::list_of(type_name))).to_vec();
        fields.extend(["contains", "notContains"].map(|word| InputValue::new(word, TypeRef::named(type_name))));
        self.add(TypeDefinition::input(&name, fields));
        name
    }

    fn scalar_input(&mut self, scalar: &str, subscription: bool) -> String {
        let prefix = if subscription { "ModelSubscription" } else { "Model" };
        let name = format!("{prefix}{scalar}Input");
        if self.types.contains_key(&name) {
            return name;
        }
        let mut fields = Vec::new();
        for condition in conditions(scalar) {
            fields.push(condition_field(condition, scalar));
        }
        if subscription && scalar != "Boolean" {
            fields.extend(SUBSCRIPTION_ONLY.map(|word| InputValue::new(word, TypeRef::list_of(scalar))));
        }
        if !subscription {
            fields.push(InputValue::new("attributeExists", TypeRef::named("Boolean")));
            fields.push(InputValue::new("attributeType", TypeRef::named("ModelAttributeTypes")));
            self.attribute_types();
            if matches!(scalar, "String" | "ID") {
                fields.push(InputValue::new("size", TypeRef::named("ModelSizeInput")));
                let sizes = conditions("Int").iter().map(|condition| condition_field(condition, "Int"));
                self.add(TypeDefinition::input("ModelSizeInput", sizes.collect()));
            }
        }
        self.add(TypeDefinition::input(&name, fields));
        name
    }

    fn attribute_types(&mut self) {
        let values =
            ["binary", "binarySet", "bool", "list", "map", "number", "numberSet", "string", "stringSet", "_null"];
        self.add(TypeDefinition::enumeration("ModelAttributeTypes", &values));
    }

    /// Name of the input by which a simple sort key is compared, made when it is missing.
    pub(super) fn key_condition(&mut self, type_name: &str) -> String {
        let is_enum = matches!(self.get(type_name).map(|found| &found.kind), Some(TypeKind::Enum(_)));
        let scalar = if is_enum { "String" } else { plain_scalar(type_name) };
        let name = format!("Model{scalar}KeyConditionInput");
        let mut fields: Vec<InputValue> =
            ["eq", "le", "lt", "ge", "gt", "between"].map(|word| condition_field(word, scalar)).to_vec();
        if matches!(scalar, "String" | "ID") {
            fields.push(InputValue::new("beginsWith", TypeRef::named(scalar)));
        }
        self.add(TypeDefinition::input(&name, fields));
        name
    }

    /// Name of the input by which a joined sort key is compared, made when it is missing. Each part has the type of
    /// its field, but the last is a plain scalar, as the reference transformer makes it.
    pub(super) fn composite_condition(&mut self, model: &str, index: Option<&str>, parts: &[(&str, &str)]) -> String {
        let stem = names::composite_key(model, index);
        let (condition, key) = (format!("{stem}ConditionInput"), format!("{stem}Input"));
        let mut fields: Vec<InputValue> =
            ["eq", "le", "lt", "ge", "gt", "between"].map(|word| condition_field(word, &key)).to_vec();
        fields.push(InputValue::new("beginsWith", TypeRef::named(&key)));
        self.add(TypeDefinition::input(&condition, fields));
        let part = |(place, (name, type_name)): (usize, &(&str, &str))| {
            let last = place + 1 == parts.len();
            InputValue::new(*name, TypeRef::named(if last { plain_scalar(type_name) } else { type_name }))
        };
        self.add(TypeDefinition::input(&key, parts.iter().enumerate().map(part).collect()));
        condition
    }

    /// `enum ModelSortDirection`.
    pub(super) fn sort_direction(&mut self) -> TypeRef {
        self.add(TypeDefinition::enumeration("ModelSortDirection", &["ASC", "DESC"]));
        TypeRef::named("ModelSortDirection")
    }

    /// Every type, with empty roots left out.
    pub(super) fn into_document(mut self) -> Document {
        let roots = self.roots.clone();
        self.types.retain(|name, found| !(roots.contains(name) && found.is_object() && found.fields().is_empty()));
        Document { types: self.types.into_values().collect(), roots: self.roots, ..Document::default() }
    }
}

/// Puts a directive on something, once.
pub(super) fn mark(directives: &mut Vec<Directive>, name: &str) {
    if !directives.iter().any(|own| own.name == name) {
        directives.push(Directive::new(name));
    }
}

/// `@aws_subscribe(mutations: […])`.
pub(super) fn aws_subscribe(mutations: &[&str]) -> Directive {
    let names = mutations.iter().map(|name| Literal::new(Value::String((*name).to_owned()))).collect();
    let mut directive = Directive::new("aws_subscribe");
    directive.arguments.push((Named::new("mutations"), Literal::new(Value::List(names))));
    directive
}

fn conditions(scalar: &str) -> &'static [&'static str] {
    match scalar {
        "Boolean" => &["ne", "eq"],
        "Int" | "Float" => &["ne", "eq", "le", "lt", "ge", "gt", "between"],
        _ => &["ne", "eq", "le", "lt", "ge", "gt", "contains", "notContains", "between", "beginsWith"],
    }
}

fn condition_field(condition: &str, type_name: &str) -> InputValue {
    let type_ref = if condition == "between" { TypeRef::list_of(type_name) } else { TypeRef::named(type_name) };
    InputValue::new(condition, type_ref)
}

/// Takes away the directives that only the compiler reads.
fn strip(found: &mut TypeDefinition) {
    let keep = |directives: &mut Vec<Directive>| directives.retain(|directive| is_kept(&directive.name));
    keep(&mut found.directives);
    match &mut found.kind {
        TypeKind::Object { fields, .. } | TypeKind::Interface { fields, .. } => {
            for field in fields {
                keep(&mut field.directives);
                field.arguments.iter_mut().for_each(|argument| keep(&mut argument.directives));
            }
        }
        TypeKind::Input(fields) => fields.iter_mut().for_each(|field| keep(&mut field.directives)),
        TypeKind::Enum(values) => values.iter_mut().for_each(|value| keep(&mut value.directives)),
        TypeKind::Scalar | TypeKind::Union(_) => {}
    }
}
