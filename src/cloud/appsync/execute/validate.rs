//! Checks a document against a schema and tells what is wrong in AppSync's words.
//!
//! AppSync speaks as graphql-java does: `Validation error of type FieldUndefined: … @ 'path'`. The rules whose texts
//! clients meet are our own; what passes them goes through the compiler's full set of rules.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::ast::{self, Definition, Document, Selection, Type, Value as Literal, VariableDefinition};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::DiagnosticList;
use apollo_compiler::{ExecutableDocument, Node, parser::Parser, validation::Valid};
use serde_json::Map;

use super::{coerce, nesting};
use crate::cloud::appsync::fault::{Fault, Place};
use crate::cloud::appsync::schema::CompiledSchema;

/// The deepest nesting of a document, also of literals; deeper ones are refused by the parser.
pub(in crate::cloud::appsync) const NESTING_LIMIT: usize = 100;

/// The most tokens of a document, blanks among them. graphql-java takes 15,000 and any number of blanks.
pub(in crate::cloud::appsync) const TOKEN_LIMIT: usize = 40_000;

/// The most operations of a document: each is checked with all the fragments that it spreads.
const OPERATIONS_LIMIT: usize = 100;

/// The most that is told to be wrong with a document; graphql-java tells as much.
const FAULT_LIMIT: usize = 100;

/// The document, ready for execution, or everything that is wrong with it.
pub(in crate::cloud::appsync) fn document(
    schema: &CompiledSchema,
    text: &str,
) -> Result<Valid<ExecutableDocument>, Vec<Fault>> {
    let mut parser = Parser::new().recursion_limit(NESTING_LIMIT).token_limit(TOKEN_LIMIT);
    let document = parser.parse_ast(text, "request.graphql").map_err(|found| syntax(&found.errors))?;
    let operations = document.definitions.iter().filter_map(Definition::as_operation_definition).count();
    if operations > OPERATIONS_LIMIT {
        let message = format!("Validation error of type InvalidSyntax: more than {OPERATIONS_LIMIT} operations");
        return Err(vec![Fault::document(message, None)]);
    }
    if nesting::is_too_deep(&document) {
        let message = "Validation error of type InvalidSyntax: the fragments of the document are nested too deep";
        return Err(vec![Fault::document(message, None)]);
    }
    let mut check = Check::new(schema, &document);
    check.all();
    if !check.faults.is_empty() {
        return Err(check.faults);
    }
    document.to_executable_validate(&schema.schema).map_err(|found| rest(&found.errors))
}

fn syntax(errors: &DiagnosticList) -> Vec<Fault> {
    let first = errors.iter().next();
    let place = first
        .as_ref()
        .and_then(apollo_compiler::diagnostic::Diagnostic::line_column_range)
        .map(|range| Place { line: range.start.line, column: range.start.column });
    let reason = first.map(|found| found.error.to_string()).unwrap_or_default();
    let reason = reason.trim_start_matches("syntax error: ");
    let at = place.map(|place| format!(" at line {} column {}", place.line, place.column)).unwrap_or_default();
    vec![Fault::document(format!("Validation error of type InvalidSyntax: Invalid syntax{at}: {reason}"), place)]
}

/// What only the compiler's rules found.
fn rest(errors: &DiagnosticList) -> Vec<Fault> {
    let fault = |found: apollo_compiler::diagnostic::Diagnostic<'_, _>| {
        let error: &apollo_compiler::validation::DiagnosticData = found.error;
        let kind = match error.unstable_error_name() {
            Some("ConflictingFieldName" | "ConflictingFieldType" | "ConflictingFieldArgument") => "FieldsConflict",
            Some("UniqueArgument") => "DuplicateArgumentNames",
            Some("UniqueVariable") => "DuplicateVariableName",
            Some("UniqueDirective") => "DuplicateDirectiveName",
            Some("AmbiguousAnonymousOperation") => "LoneAnonymousOperationViolation",
            Some("OperationNameCollision") => "DuplicateOperationName",
            Some("FragmentNameCollision") => "DuplicateFragmentName",
            Some("RecursiveFragmentDefinition") => "FragmentCycle",
            Some("InvalidFragmentSpread") => "InvalidFragmentType",
            Some("UnsupportedLocation") => "MisplacedDirective",
            Some("VariableInputType") => "NonInputTypeOnVariable",
            Some(other) => other,
            None => "ValidationError",
        };
        let message = error.unstable_compat_message().unwrap_or_else(|| error.to_string());
        let place = found.line_column_range().map(|range| Place { line: range.start.line, column: range.start.column });
        Fault::document(format!("Validation error of type {kind}: {message}"), place)
    };
    errors.iter().take(FAULT_LIMIT).map(fault).collect()
}

struct Check<'a> {
    schema: &'a CompiledSchema,
    document: &'a Document,
    fragments: BTreeMap<&'a str, &'a ast::FragmentDefinition>,
    /// Response keys and fragment names down to where we are.
    path: Vec<String>,
    faults: Vec<Fault>,
    /// The variables of the operation; none inside a fragment on its own.
    variables: Option<&'a [Node<VariableDefinition>]>,
    used: BTreeSet<String>,
    /// The fragment that is checked.
    within: Option<&'a str>,
    /// Variables in fragments: each is checked once, and again only for its type by operations.
    uses: BTreeMap<&'a str, Vec<Used>>,
}

impl<'a> Check<'a> {
    fn new(schema: &'a CompiledSchema, document: &'a Document) -> Self {
        let fragments = document.definitions.iter().filter_map(|definition| match definition {
            Definition::FragmentDefinition(fragment) => Some((fragment.name.as_str(), &**fragment)),
            _ => None,
        });
        let fragments = fragments.collect();
        let (used, uses) = (BTreeSet::new(), BTreeMap::new());
        Self { schema, document, fragments, path: vec![], faults: vec![], variables: None, used, within: None, uses }
    }

    fn fault(&mut self, kind: &str, message: &str, location: Option<SourceSpan>) {
        if self.faults.len() >= FAULT_LIMIT {
            return;
        }
        let at = if self.path.is_empty() { String::new() } else { format!(" @ '{}'", self.path.join("/")) };
        let place = location.and_then(|span| span.line_column(&self.document.sources));
        let place = place.map(|place| Place { line: place.line, column: place.column });
        self.faults.push(Fault::document(format!("Validation error of type {kind}: {message}{at}"), place));
    }

    fn all(&mut self) {
        // First, since operations answer for the variables in what they spread.
        let mut of_fragments = BTreeMap::new();
        for fragment in self.document.definitions.iter().filter_map(Definition::as_fragment_definition) {
            self.fragment(fragment);
            of_fragments.insert(fragment.name.as_str(), std::mem::take(&mut self.faults));
        }
        for definition in &self.document.definitions {
            match definition {
                Definition::OperationDefinition(operation) => self.operation(operation),
                Definition::FragmentDefinition(fragment) => {
                    let faults = of_fragments.remove(fragment.name.as_str()).unwrap_or_default();
                    self.faults.extend(faults);
                }
                other => {
                    let name = other.name().map(ToString::to_string).unwrap_or_default();
                    self.fault(
                        "NonExecutableDefinition",
                        &format!("{name} definition is not executable."),
                        other.location(),
                    );
                }
            }
        }
        self.unused_fragments();
    }

    fn operation(&mut self, operation: &'a Node<ast::OperationDefinition>) {
        let Some(root) = self.schema.schema.root_operation(operation.operation_type) else {
            let message = format!("The schema has no {}.", operation.operation_type.name());
            self.fault("UnknownOperation", &message, operation.location());
            return;
        };
        for variable in &operation.variables {
            if !self.schema.schema.types.contains_key(variable.ty.inner_named_type()) {
                let message = format!("Unknown type {}", variable.ty.inner_named_type());
                self.fault("UnknownType", &message, variable.location());
            }
        }
        self.variables = Some(&operation.variables);
        self.used.clear();
        self.directives(&operation.directives);
        self.selections(root.as_str(), &operation.selection_set);
        self.spread_variables(&operation.selection_set);
        for variable in &operation.variables {
            if !self.used.contains(variable.name.as_str()) {
                self.fault("UnusedVariable", &format!("Unused variable {}", variable.name), variable.location());
            }
        }
        self.variables = None;
    }

    fn fragment(&mut self, fragment: &'a Node<ast::FragmentDefinition>) {
        self.path.push(fragment.name.to_string());
        self.within = Some(fragment.name.as_str());
        let condition = fragment.type_condition.as_str();
        match self.schema.schema.types.get(condition) {
            None => self.fault("UnknownType", &format!("Unknown type {condition}"), fragment.location()),
            Some(kind) if !(kind.is_object() || kind.is_interface() || kind.is_union()) => {
                let message = "Fragment type condition is invalid, must be on Object/Interface/Union";
                self.fault("FragmentTypeConditionInvalid", message, fragment.location());
            }
            Some(_) => self.selections(condition, &fragment.selection_set),
        }
        self.within = None;
        self.path.pop();
    }

    fn unused_fragments(&mut self) {
        let mut spread = BTreeSet::new();
        let operations = self.document.definitions.iter().filter_map(Definition::as_operation_definition);
        for operation in operations {
            self.spread_names(&operation.selection_set, &mut spread);
        }
        let unused: Vec<_> = self.document.definitions.iter().filter_map(Definition::as_fragment_definition).collect();
        for fragment in unused.into_iter().filter(|fragment| !spread.contains(fragment.name.as_str())) {
            self.fault("UnusedFragment", &format!("Unused fragment {}", fragment.name), fragment.location());
        }
    }

    fn spread_names(&self, selections: &'a [Selection], seen: &mut BTreeSet<&'a str>) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.spread_names(&field.selection_set, seen),
                Selection::InlineFragment(inline) => self.spread_names(&inline.selection_set, seen),
                Selection::FragmentSpread(spread) => {
                    if seen.insert(spread.fragment_name.as_str())
                        && let Some(fragment) = self.fragments.get(spread.fragment_name.as_str())
                    {
                        self.spread_names(&fragment.selection_set, seen);
                    }
                }
            }
        }
    }

    /// Checks and counts the variables that spread fragments use.
    fn spread_variables(&mut self, selections: &'a [Selection]) {
        let mut spread = BTreeSet::new();
        self.spread_names(selections, &mut spread);
        let uses = std::mem::take(&mut self.uses);
        for used in spread.iter().filter_map(|name| uses.get(name)).flatten() {
            if let Some((kind, message)) = self.variable(used) {
                self.path.clone_from(&used.path);
                self.fault(kind, &message, used.location);
                self.path.clear();
            }
        }
        self.uses = uses;
    }

    fn selections(&mut self, parent: &str, selections: &'a [Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    self.path.push(field.name.to_string());
                    self.field(parent, field);
                    self.path.pop();
                }
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives);
                    let condition = inline.type_condition.as_ref().map_or(parent, |name| name.as_str());
                    match self.schema.schema.types.get(condition) {
                        None => self.fault("UnknownType", &format!("Unknown type {condition}"), inline.location()),
                        Some(kind) if !(kind.is_object() || kind.is_interface() || kind.is_union()) => {
                            let message =
                                "Inline fragment type condition is invalid, must be on Object/Interface/Union";
                            self.fault("InlineFragmentTypeConditionInvalid", message, inline.location());
                        }
                        Some(_) => self.selections(condition, &inline.selection_set),
                    }
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    if !self.fragments.contains_key(spread.fragment_name.as_str()) {
                        let message = format!("Undefined fragment {}", spread.fragment_name);
                        self.fault("UndefinedFragment", &message, spread.location());
                    }
                }
            }
        }
    }

    fn field(&mut self, parent: &str, field: &'a Node<ast::Field>) {
        let Ok(definition) = self.schema.schema.type_field(parent, &field.name) else {
            let message = format!("Field '{}' in type '{parent}' is undefined", field.name);
            self.fault("FieldUndefined", &message, field.location());
            return;
        };
        let definition = definition.clone();
        self.directives(&field.directives);
        for argument in &field.arguments {
            match definition.argument_by_name(&argument.name) {
                None => {
                    let message = format!("Unknown field argument {}", argument.name);
                    self.fault("UnknownArgument", &message, argument.location());
                }
                Some(expected) => self.value(&argument.name, expected, &argument.value),
            }
        }
        for expected in definition.arguments.iter().filter(|expected| expected.is_required()) {
            let given = field.arguments.iter().find(|argument| argument.name == expected.name);
            if given.is_none() {
                let message = format!("Missing field argument {}", expected.name);
                self.fault("MissingFieldArgument", &message, field.location());
            }
        }
        let inner = definition.ty.inner_named_type().clone();
        let leaf = self.schema.schema.types.get(&inner).is_some_and(ExtendedType::is_leaf);
        if leaf && !field.selection_set.is_empty() {
            let message = format!("Sub selection not allowed on leaf type {} of field {}", definition.ty, field.name);
            self.fault("SubSelectionNotAllowed", &message, field.location());
        } else if !leaf && field.selection_set.is_empty() {
            let message = format!("Sub selection required for type {} of field {}", definition.ty, field.name);
            self.fault("SubSelectionRequired", &message, field.location());
        } else if !leaf {
            self.selections(&inner, &field.selection_set);
        }
    }

    fn directives(&mut self, list: &'a ast::DirectiveList) {
        for directive in list {
            let Some(definition) = self.schema.schema.directive_definitions.get(&directive.name) else {
                self.fault("UnknownDirective", &format!("Unknown directive {}", directive.name), directive.location());
                continue;
            };
            let definition = definition.clone();
            for argument in &directive.arguments {
                if let Some(expected) = definition.argument_by_name(&argument.name) {
                    self.value(&argument.name, expected, &argument.value);
                }
            }
        }
    }

    fn value(&mut self, name: &str, expected: &ast::InputValueDefinition, value: &'a Node<Literal>) {
        let mut variables = Vec::new();
        variable_uses(self.schema, &expected.ty, expected.default_value.is_some(), value, &mut variables);
        for (name, expected, has_default) in variables {
            let location = value.location();
            let mut used = Used { name, expected, has_default, location, path: Vec::new() };
            if let Some(fragment) = self.within {
                used.path.clone_from(&self.path);
                self.uses.entry(fragment).or_default().push(used);
            } else if let Some((kind, message)) = self.variable(&used) {
                self.fault(kind, &message, location);
            }
        }
        if let Some((path, value, complaint)) = misfit(self.schema, &expected.ty, name, value) {
            let message = format!("argument '{path}' with value '{}' {complaint}", shown(value));
            self.fault("WrongType", &message, value.location());
        }
    }

    /// Counts a use of a variable of the operation; what is wrong with it.
    fn variable(&mut self, used: &Used) -> Option<(&'static str, String)> {
        let Used { name, expected, has_default, .. } = used;
        if !self.used.contains(name) {
            self.used.insert(name.clone());
        }
        let mut variables = self.variables?.iter();
        let Some(definition) = variables.find(|variable| variable.name == name.as_str()) else {
            return Some(("UndefinedVariable", format!("Undefined variable {name}")));
        };
        let default = definition.default_value.as_ref().is_some_and(|value| !value.is_null());
        let fits = definition.ty.is_assignable_to(expected)
            || ((default || *has_default) && definition.ty.as_ref().clone().non_null().is_assignable_to(expected));
        let mismatch = || format!("Variable type '{}' doesn't match expected type '{expected}'", definition.ty);
        (!fits).then(|| ("VariableTypeMismatch", mismatch()))
    }
}

/// A variable where it is used.
struct Used {
    name: String,
    /// The type that is expected of it.
    expected: Type,
    /// Whether a default stands behind it.
    has_default: bool,
    location: Option<SourceSpan>,
    path: Vec<String>,
}

/// Every variable in a literal, with the type that is expected of it and whether a default stands behind it.
fn variable_uses(
    schema: &CompiledSchema,
    expected: &Type,
    has_default: bool,
    value: &Literal,
    uses: &mut Vec<(String, Type, bool)>,
) {
    match value {
        Literal::Variable(name) => uses.push((name.to_string(), expected.clone(), has_default)),
        Literal::List(items) => {
            let item = if expected.is_list() { expected.item_type() } else { expected };
            for one in items {
                variable_uses(schema, item, false, one, uses);
            }
        }
        Literal::Object(members) => {
            let Some(definition) = schema.schema.get_input_object(expected.inner_named_type()) else { return };
            for (name, value) in members {
                if let Some(member) = definition.fields.get(name) {
                    variable_uses(schema, &member.ty, member.default_value.is_some(), value, uses);
                }
            }
        }
        _ => {}
    }
}

/// The part of a literal that is not of its type: its path, its value, and what is wrong with it.
fn misfit<'v>(
    schema: &CompiledSchema,
    expected: &Type,
    path: &str,
    value: &'v Node<Literal>,
) -> Option<(String, &'v Node<Literal>, String)> {
    if value.as_variable().is_some() {
        return None;
    }
    let refuse = |complaint: String| Some((path.to_owned(), value, complaint));
    if value.is_null() {
        return if expected.is_non_null() { refuse("must not be null".to_owned()) } else { None };
    }
    if let Type::List(item) | Type::NonNullList(item) = expected {
        return match &**value {
            Literal::List(items) => {
                items.iter().enumerate().find_map(|(index, one)| misfit(schema, item, &format!("{path}[{index}]"), one))
            }
            _ => misfit(schema, item, path, value),
        };
    }
    let name = expected.inner_named_type();
    match schema.schema.types.get(name)? {
        ExtendedType::InputObject(definition) => {
            let Some(members) = value.as_object() else { return refuse(format!("is not a valid '{name}'")) };
            let missing: Vec<&str> = definition
                .fields
                .values()
                .filter(|member| member.is_required() && !members.iter().any(|(one, _)| *one == member.name))
                .map(|member| member.name.as_str())
                .collect();
            if !missing.is_empty() {
                return refuse(format!("is missing required fields '[{}]'", missing.join(", ")));
            }
            members.iter().find_map(|(member, one)| match definition.fields.get(member) {
                None => refuse(format!("contains a field not in '{name}': '{member}'")),
                Some(known) => misfit(schema, &known.ty, &format!("{path}.{member}"), one),
            })
        }
        _ => match coerce::literal(&schema.schema, expected, value, &Map::new()) {
            Some(_) => None,
            None => refuse(format!("is not a valid '{name}'")),
        },
    }
}

/// A literal as graphql-java shows it.
fn shown(value: &Literal) -> String {
    match value {
        Literal::Null => "NullValue{}".to_owned(),
        Literal::Enum(name) => format!("EnumValue{{name='{name}'}}"),
        Literal::Variable(name) => format!("VariableReference{{name='{name}'}}"),
        Literal::String(text) => format!("StringValue{{value='{text}'}}"),
        Literal::Float(number) => format!("FloatValue{{value={}}}", number.as_str()),
        Literal::Int(number) => format!("IntValue{{value={}}}", number.as_str()),
        Literal::Boolean(flag) => format!("BooleanValue{{value={flag}}}"),
        Literal::List(items) => {
            let items: Vec<String> = items.iter().map(|one| shown(one)).collect();
            format!("ArrayValue{{values=[{}]}}", items.join(", "))
        }
        Literal::Object(members) => {
            let member = |(name, value): &(apollo_compiler::Name, Node<Literal>)| {
                format!("ObjectField{{name='{name}', value={}}}", shown(value))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("ObjectValue{{objectFields=[{}]}}", members.join(", "))
        }
    }
}
