//! The rules of a type system, and those that AppSync adds: many faults at once, each with its bytes.
//!
//! Directives are not checked here: what they mean is the business of those who read them.

use indexmap::{IndexMap, IndexSet};

use super::scalars::{SCALARS, accepts_literal, is_scalar};
use super::schema::{Document, Field, InputValue, Literal, Named, Span, TypeDefinition, TypeKind, TypeRef, Value};
use crate::base::suggest::nearest;

/// A breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Of what kind.
    pub kind: FaultKind,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What may help.
    pub hint: Option<String>,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A name that is not declared.
    Unknown,
    /// A name that is declared twice.
    Duplicate,
    /// What GraphQL or AppSync do not take.
    Refused,
}

/// Every fault of a document.
pub fn check(document: &Document) -> Vec<Fault> {
    let mut faults = check_declarations(document);
    faults.extend(check_interfaces(&document.types, |_| true));
    faults
}

/// Whether the types that are asked have the fields of their interfaces. Types that get fields later are asked later.
pub fn check_interfaces<'a>(
    types: impl IntoIterator<Item = &'a TypeDefinition>,
    asked: impl Fn(&TypeDefinition) -> bool,
) -> Vec<Fault> {
    let types: Vec<&TypeDefinition> = types.into_iter().collect();
    let implementing: Vec<&TypeDefinition> =
        types.iter().copied().filter(|found| !found.interfaces().is_empty() && asked(found)).collect();
    // Large schemas have thousands of types, and mostly no interface.
    if implementing.is_empty() {
        return Vec::new();
    }
    let types = types.into_iter().map(|found| (found.name.as_str(), found)).collect();
    let mut checker = Checker { types, faults: Vec::new() };
    for found in implementing {
        for named in found.interfaces() {
            let interface = checker.types.get(named.name.as_str()).copied();
            let Some(interface) = interface.filter(|above| above.name != found.name) else { continue };
            if matches!(interface.kind, TypeKind::Interface { .. }) {
                interface
                    .fields()
                    .iter()
                    .for_each(|wanted| checker.implements(found, found.fields(), interface, wanted));
            }
        }
    }
    checker.faults
}

/// Every fault of a document but those of [`check_interfaces`].
pub fn check_declarations(document: &Document) -> Vec<Fault> {
    let mut checker = Checker { types: IndexMap::new(), faults: Vec::new() };
    for found in &document.types {
        checker.declare(found);
    }
    for found in &document.types {
        checker.type_definition(found);
    }
    checker.endless_inputs();
    for root in [&document.roots.query, &document.roots.mutation, &document.roots.subscription] {
        checker.root(root);
    }
    checker.faults
}

struct Checker<'a> {
    types: IndexMap<&'a str, &'a TypeDefinition>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, kind: FaultKind, span: &Span, message: String) {
        self.faults.push(Fault { kind, message, span: span.clone(), hint: None });
    }

    fn refuse(&mut self, span: &Span, message: String) {
        self.fault(FaultKind::Refused, span, message);
    }

    fn declare(&mut self, found: &'a TypeDefinition) {
        if self.types.contains_key(found.name.as_str()) {
            let message = format!("there can be only one type named \"{}\"", found.name);
            self.fault(FaultKind::Duplicate, &found.span, message);
            return;
        }
        let own_scalar = matches!(found.kind, TypeKind::Scalar) && !is_scalar(&found.name);
        if own_scalar {
            self.refuse(&found.span, format!("appsync has no scalars of your own: scalar {}", found.name));
        } else if is_scalar(&found.name) && !matches!(found.kind, TypeKind::Scalar) {
            self.refuse(&found.span, format!("\"{}\" is a scalar of AppSync and cannot be declared anew", found.name));
        } else if found.name.starts_with("AWS") && !is_scalar(&found.name) {
            self.refuse(&found.span, format!("names that start with AWS are reserved by AppSync: {}", found.name));
        }
        self.own_name(&found.name, &found.span);
        self.types.insert(&found.name, found);
    }

    fn own_name(&mut self, name: &str, span: &Span) {
        if name.starts_with("__") {
            self.refuse(span, format!("names that start with __ are reserved by GraphQL: {name}"));
        }
    }

    fn root(&mut self, name: &str) {
        if let Some(found) = self.types.get(name).filter(|found| !found.is_object()) {
            let (span, keyword) = (found.span.clone(), found.keyword());
            self.refuse(&span, format!("a root type must be an object type: {name} is declared as {keyword}"));
        }
    }

    fn type_definition(&mut self, found: &'a TypeDefinition) {
        match &found.kind {
            TypeKind::Scalar => {}
            TypeKind::Object { interfaces, fields } | TypeKind::Interface { interfaces, fields } => {
                self.not_empty(found, fields.len(), "fields");
                self.fields(found, fields);
                self.interfaces(found, interfaces);
            }
            TypeKind::Union(members) => self.union(found, members),
            TypeKind::Enum(values) => {
                self.not_empty(found, values.len(), "values");
                let names = values.iter().map(|value| (value.name.as_str(), &value.span));
                self.distinct(names, &format!("value of enum {}", found.name));
            }
            TypeKind::Input(fields) => {
                self.not_empty(found, fields.len(), "fields");
                let names = fields.iter().map(|field| (field.name.as_str(), &field.span));
                self.distinct(names, &format!("field of input {}", found.name));
                for field in fields {
                    self.input_value(field, &format!("field {}.{}", found.name, field.name));
                }
            }
        }
    }

    /// Inputs that need themselves, directly or through others: no value could ever be given.
    fn endless_inputs(&mut self) {
        let mut told: IndexSet<&'a str> = IndexSet::new();
        let inputs: Vec<&'a str> = self.types.keys().copied().collect();
        for start in inputs {
            let Some((field, path)) = self.way_back(start).filter(|(_, path)| !path.iter().any(|on| told.contains(on)))
            else {
                continue;
            };
            told.extend(&path);
            let way = path.iter().chain([&start]).copied().collect::<Vec<&str>>().join(" → ");
            let message = format!("input {start} can never be given: it needs another of itself ({way})");
            let hint = Some(format!("make {start}.{} nullable, or a list", field.name));
            self.faults.push(Fault { kind: FaultKind::Refused, message, span: field.span.clone(), hint });
        }
    }

    /// The inputs by which required fields lead from an input back to it, and its own field that is the first step.
    fn way_back(&self, start: &'a str) -> Option<(&'a InputValue, Vec<&'a str>)> {
        let mut open: Vec<(&'a str, usize)> = vec![(start, 0)];
        let mut seen: IndexSet<&'a str> = IndexSet::from([start]);
        let mut first: Vec<&'a InputValue> = Vec::new();
        while let Some((name, next)) = open.last_mut() {
            let Some(field) = self.needs(name).nth(*next) else {
                open.pop();
                first.truncate(open.len().min(1));
                continue;
            };
            *next += 1;
            if open.len() == 1 {
                first = vec![field];
            }
            let target = field.type_ref.name();
            if target == start {
                let path = open.iter().map(|(name, _)| *name).collect();
                return first.first().map(|field| (*field, path));
            }
            if seen.insert(target) {
                open.push((target, 0));
            }
        }
        None
    }

    /// The fields of an input that need a value of another input.
    fn needs(&self, name: &str) -> impl Iterator<Item = &'a InputValue> {
        let fields = match self.types.get(name).map(|found| &found.kind) {
            Some(TypeKind::Input(fields)) => &fields[..],
            _ => &[],
        };
        fields
            .iter()
            .filter(|field| field.type_ref.is_required() && field.default.is_none() && !field.type_ref.is_list())
    }

    fn not_empty(&mut self, found: &TypeDefinition, count: usize, what: &str) {
        if count == 0 {
            let message = format!("{} {} must define one or more {what}", found.keyword(), found.name);
            self.refuse(&found.span, message);
        }
    }

    fn distinct<'n>(&mut self, names: impl Iterator<Item = (&'n str, &'n Span)>, what: &str) {
        let mut seen = IndexSet::new();
        for (name, span) in names {
            if !seen.insert(name) {
                self.fault(FaultKind::Duplicate, span, format!("there can be only one {what} named \"{name}\""));
            }
            self.own_name(name, span);
        }
    }

    fn fields(&mut self, found: &TypeDefinition, fields: &[Field]) {
        let names = fields.iter().map(|field| (field.name.as_str(), &field.span));
        self.distinct(names, &format!("field of {}", found.name));
        for field in fields {
            let place = format!("{}.{}", found.name, field.name);
            if let Some(target) = self.resolve(field.type_ref.base())
                && matches!(target.kind, TypeKind::Input(_))
            {
                let message =
                    format!("the type of {place} must be an output type, but \"{}\" is an input type", target.name);
                self.refuse(&field.type_ref.base().span, message);
            }
            let arguments = field.arguments.iter().map(|argument| (argument.name.as_str(), &argument.span));
            self.distinct(arguments, &format!("argument of {place}"));
            for argument in &field.arguments {
                self.input_value(argument, &format!("argument {place}({})", argument.name));
            }
        }
    }

    fn input_value(&mut self, value: &InputValue, place: &str) {
        let target = self.resolve(value.type_ref.base());
        if let Some(target) = target
            && !matches!(target.kind, TypeKind::Input(_) | TypeKind::Enum(_) | TypeKind::Scalar)
        {
            let message = format!(
                "the type of {place} must be an input type, but \"{}\" is declared as {}",
                target.name,
                target.keyword()
            );
            self.refuse(&value.type_ref.base().span, message);
            return;
        }
        if let Some(default) = &value.default {
            self.default(&value.type_ref, default, place);
        }
    }

    fn default(&mut self, type_ref: &TypeRef, literal: &Literal, place: &str) {
        if !self.fits(type_ref, literal) {
            let message = format!("the default {literal} of {place} is not a value of type {type_ref}");
            self.refuse(&literal.span, message);
        }
    }

    fn fits(&self, type_ref: &TypeRef, literal: &Literal) -> bool {
        match (type_ref, &literal.value) {
            (TypeRef::NonNull(_), Value::Null) | (_, Value::Variable(_)) => false,
            (TypeRef::NonNull(inner), _) => self.fits(inner, literal),
            (_, Value::Null) => true,
            (TypeRef::List(inner), Value::List(items)) => items.iter().all(|item| self.fits(inner, item)),
            (TypeRef::List(inner), _) => self.fits(inner, literal),
            (TypeRef::Named(named), _) if is_scalar(&named.name) => accepts_literal(&named.name, literal),
            (TypeRef::Named(named), value) => match (self.types.get(named.name.as_str()).map(|t| &t.kind), value) {
                (Some(TypeKind::Enum(values)), Value::Enum(name)) => values.iter().any(|value| value.name == *name),
                (Some(TypeKind::Input(fields)), Value::Object(entries)) => {
                    let known = entries.iter().all(|(name, value)| {
                        let field = fields.iter().find(|field| field.name == name.name);
                        field.is_some_and(|field| self.fits(&field.type_ref, value))
                    });
                    known && fields.iter().all(|field| Self::given(field, entries))
                }
                // A type that is unknown or no input is told elsewhere.
                (Some(TypeKind::Enum(_) | TypeKind::Input(_)), _) => false,
                _ => true,
            },
        }
    }

    fn given(field: &InputValue, entries: &[(Named, Literal)]) -> bool {
        !field.type_ref.is_required()
            || field.default.is_some()
            || entries.iter().any(|(name, _)| name.name == field.name)
    }

    fn resolve(&mut self, named: &Named) -> Option<&'a TypeDefinition> {
        if let Some(found) = self.types.get(named.name.as_str()) {
            return Some(found);
        }
        if !is_scalar(&named.name) {
            let candidates = self.types.keys().copied().chain(SCALARS);
            let hint = nearest(&named.name, candidates).map(|near| format!("did you mean \"{near}\"?"));
            let message = format!("unknown type \"{}\"", named.name);
            self.faults.push(Fault { kind: FaultKind::Unknown, message, span: named.span.clone(), hint });
        }
        None
    }

    fn union(&mut self, found: &TypeDefinition, members: &[Named]) {
        self.not_empty(found, members.len(), "member types");
        let names = members.iter().map(|member| (member.name.as_str(), &member.span));
        self.distinct(names, &format!("member of union {}", found.name));
        for member in members {
            let scalar = is_scalar(&member.name) && !self.types.contains_key(member.name.as_str());
            let other = !scalar && self.resolve(member).is_some_and(|target| !target.is_object());
            if scalar || other {
                let message =
                    format!("union {} can only include object types, it cannot include {}", found.name, member.name);
                self.refuse(&member.span, message);
            }
        }
    }

    fn interfaces(&mut self, found: &TypeDefinition, interfaces: &[Named]) {
        let names = interfaces.iter().map(|named| (named.name.as_str(), &named.span));
        self.distinct(names, &format!("interface of {}", found.name));
        for named in interfaces {
            let Some(interface) = self.resolve(named) else { continue };
            if interface.name == found.name {
                self.refuse(&named.span, format!("interface {} cannot implement itself", found.name));
                continue;
            }
            for above in interface.interfaces() {
                if above.name != found.name && !interfaces.iter().any(|own| own.name == above.name) {
                    let message = format!(
                        "type {} must implement {} because it is implemented by {}",
                        found.name, above.name, interface.name
                    );
                    self.refuse(&named.span, message);
                }
            }
            if !matches!(interface.kind, TypeKind::Interface { .. }) {
                let message = format!("{} can only implement interfaces, and {} is none", found.name, named.name);
                self.refuse(&named.span, message);
            }
        }
    }

    fn implements(&mut self, found: &TypeDefinition, fields: &[Field], interface: &TypeDefinition, wanted: &Field) {
        let expected = format!("{}.{}", interface.name, wanted.name);
        let Some(field) = fields.iter().find(|field| field.name == wanted.name) else {
            let message = format!("interface field {expected} expected but {} does not provide it", found.name);
            self.refuse(&found.span, message);
            return;
        };
        // A field that a compiler added stands nowhere.
        let span = if field.span.is_empty() { &found.span } else { &field.span };
        if !self.covariant(&wanted.type_ref, &field.type_ref) {
            let message = format!(
                "interface field {expected} expects type {} but {}.{} is type {}",
                wanted.type_ref, found.name, field.name, field.type_ref
            );
            self.refuse(span, message);
        }
        for argument in &wanted.arguments {
            let same = field.arguments.iter().find(|own| own.name == argument.name);
            if same.is_none_or(|own| own.type_ref.to_string() != argument.type_ref.to_string()) {
                let message = format!(
                    "interface field argument {expected}({}: {}) expected but {}.{} does not provide it",
                    argument.name, argument.type_ref, found.name, field.name
                );
                self.refuse(span, message);
            }
        }
        let extra = field.arguments.iter().filter(|own| own.type_ref.is_required() && own.default.is_none());
        let extra: Vec<&InputValue> =
            extra.filter(|own| !wanted.arguments.iter().any(|argument| argument.name == own.name)).collect();
        for own in extra {
            let message = format!(
                "argument {} of {}.{} is required, but the interface {} does not have it",
                own.name, found.name, field.name, interface.name
            );
            self.refuse(if own.span.is_empty() { span } else { &own.span }, message);
        }
    }

    fn covariant(&self, wanted: &TypeRef, given: &TypeRef) -> bool {
        match (wanted, given) {
            (TypeRef::NonNull(wanted), TypeRef::NonNull(given)) | (TypeRef::List(wanted), TypeRef::List(given)) => {
                self.covariant(wanted, given)
            }
            (_, TypeRef::NonNull(given)) => self.covariant(wanted, given),
            (TypeRef::Named(wanted), TypeRef::Named(given)) => {
                wanted.name == given.name || self.is_part(&wanted.name, &given.name)
            }
            _ => false,
        }
    }

    fn is_part(&self, whole: &str, part: &str) -> bool {
        let member = match self.types.get(whole).map(|found| &found.kind) {
            Some(TypeKind::Union(members)) => members.iter().any(|member| member.name == part),
            _ => false,
        };
        member
            || self
                .types
                .get(part)
                .is_some_and(|found| found.interfaces().iter().any(|interface| interface.name == whole))
    }
}
