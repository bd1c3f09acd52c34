//! A schema, checked and ready: types, AWS's scalars and directives, and who may see which field.
//!
//! Not here: documents; those are checked against it in `execute`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use apollo_compiler::ast;
use apollo_compiler::ast::OperationType;
use apollo_compiler::schema::{DirectiveList, ExtendedType, Implementers, Schema};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Node};

use super::execute::validate;
use super::fault::Fault;

/// The largest schema that AppSync takes, in bytes (AppSync quotas: 1 MB).
pub(in crate::cloud::appsync) const SCHEMA_LIMIT_BYTES: usize = 1_000_000;

/// How many answers to introspection are kept for each schema.
const INTROSPECTIONS_KEPT: usize = 16;

/// How many checked documents are kept for each schema.
const DOCUMENTS_KEPT: usize = 256;

/// The longest text of a document that is kept.
const DOCUMENT_KEPT_BYTES: usize = 16_384;

/// AWS's scalars and directives.
const PRELUDE: &str = include_str!("schema.graphql");

/// A way to identify that a directive admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud::appsync) enum Admits {
    ApiKey,
    Iam,
    /// With the groups, when the directive gives some.
    UserPools(Option<Vec<String>>),
    Oidc,
    Lambda,
    /// `@aws_auth`: groups of the only user pool.
    Groups(Vec<String>),
}

/// A schema.
pub(in crate::cloud::appsync) struct CompiledSchema {
    pub schema: Valid<Schema>,
    /// Who implements which interface.
    pub implementers: apollo_compiler::collections::HashMap<Name, Implementers>,
    /// By type; absent where no directive is given.
    admits: BTreeMap<String, Admissions>,
    /// The mutations of each field of the subscription type, by `@aws_subscribe`.
    subscribes: BTreeMap<String, Vec<String>>,
    /// How many members a list of the introspection types has, about; see [`Self::members`].
    members: Members,
    /// Answers to introspection, by the text that asked.
    introspections: Mutex<BTreeMap<String, Arc<serde_json::Value>>>,
    /// Checked documents, by their text.
    documents: RwLock<BTreeMap<String, Arc<Valid<ExecutableDocument>>>>,
}

impl std::fmt::Debug for CompiledSchema {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CompiledSchema").field("types", &self.schema.types.len()).finish_non_exhaustive()
    }
}

impl CompiledSchema {
    /// Reads and checks a schema; the errors are all of them, each with its place.
    pub(in crate::cloud::appsync) fn compile(text: &str) -> Result<Self, Vec<String>> {
        if text.len() > SCHEMA_LIMIT_BYTES {
            return Err(vec![format!("The schema is larger than {SCHEMA_LIMIT_BYTES} bytes.")]);
        }
        let builder = Schema::builder().parse(PRELUDE, "aws.graphql").parse(text, "schema.graphql");
        let built = builder.build().map_err(|found| messages(&found.errors));
        let schema = built.and_then(|schema| schema.validate().map_err(|found| messages(&found.errors)))?;
        let mut errors = Vec::new();
        if schema.root_operation(OperationType::Query).is_none() {
            errors.push("A query type must be defined in the schema.".to_owned());
        }
        let own_scalars = schema.types.values().filter(|kind| kind.is_scalar() && !kind.is_built_in());
        for kind in own_scalars.filter(|kind| !kind.name().starts_with("AWS")) {
            errors.push(format!("Custom scalar types are not supported: {}", kind.name()));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let implementers = schema.implementers_map();
        let (admits, subscribes) = (admissions(&schema), subscribes(&schema));
        Ok(Self {
            members: Members::of(&schema),
            schema,
            implementers,
            admits,
            subscribes,
            introspections: Mutex::default(),
            documents: RwLock::default(),
        })
    }

    /// A document, checked; the same text is checked once.
    pub(in crate::cloud::appsync) fn document(&self, text: &str) -> Result<Arc<Valid<ExecutableDocument>>, Vec<Fault>> {
        if let Some(found) = self.documents.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(Arc::clone(found));
        }
        let document = Arc::new(validate::document(self, text)?);
        if text.len() <= DOCUMENT_KEPT_BYTES {
            let mut documents = self.documents.write().unwrap_or_else(PoisonError::into_inner);
            if documents.len() >= DOCUMENTS_KEPT {
                documents.clear();
            }
            documents.insert(text.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }

    /// The answer to the usual introspection query, as JSON.
    pub(in crate::cloud::appsync) fn introspection_json(&self) -> String {
        let answer = self.document(include_str!("introspection.graphql")).map(|document| {
            let operation = document.operations.get(None).expect("the document holds one operation");
            super::execute::introspect::answer(self, &document, operation, &serde_json::Map::new())
        });
        serde_json::json!({ "data": answer.unwrap_or_default() }).to_string()
    }

    /// About how many members a list of an introspection type has, by its field; 1 for what is no list, and for no name
    /// the size of the whole schema.
    pub(in crate::cloud::appsync) fn members(&self, name: &str) -> usize {
        match name {
            "" => self.members.types.saturating_add(self.members.fields),
            "types" => self.members.types,
            "fields" | "inputFields" | "enumValues" => self.members.fields.div_ceil(self.members.types.max(1)).max(1),
            "directives" => self.schema.directive_definitions.len(),
            "args" | "interfaces" | "possibleTypes" => 2,
            _ => 1,
        }
    }

    /// Who may see a field: its own directives, else those of its type, else nobody in particular (the default mode).
    pub(in crate::cloud::appsync) fn admits(&self, type_name: &str, field_name: &str) -> Option<&[Admits]> {
        let found = self.admits.get(type_name)?;
        let rules = found.fields.get(field_name).unwrap_or(&found.own);
        (!rules.is_empty()).then_some(rules.as_slice())
    }

    /// Whether a type is where operations begin.
    pub(in crate::cloud::appsync) fn is_root(&self, type_name: &str) -> bool {
        let roots = [OperationType::Query, OperationType::Mutation, OperationType::Subscription];
        roots.into_iter().any(|root| self.schema.root_operation(root).is_some_and(|name| name == type_name))
    }

    /// The mutations that a subscription listens to.
    pub(in crate::cloud::appsync) fn mutations_of(&self, subscription: &str) -> Vec<String> {
        self.subscribes.get(subscription).cloned().unwrap_or_default()
    }

    /// That a field is there, or AppSync's words for that it is not.
    pub(in crate::cloud::appsync) fn check_field(&self, type_name: &str, field_name: &str) -> Result<(), String> {
        let object = self.schema.get_object(type_name).ok_or_else(|| format!("No type named {type_name} found."))?;
        if object.fields.contains_key(field_name) {
            Ok(())
        } else {
            Err(format!("No field named {field_name} found on type {type_name}"))
        }
    }

    /// The answer to an introspection, from the kept ones or from `ask`.
    pub(in crate::cloud::appsync) fn introspect(
        &self,
        key: &str,
        ask: impl FnOnce() -> serde_json::Value,
    ) -> Arc<serde_json::Value> {
        let mut kept = self.introspections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(key) {
            return Arc::clone(found);
        }
        let answer = Arc::new(ask());
        if kept.len() >= INTROSPECTIONS_KEPT {
            kept.clear();
        }
        kept.insert(key.to_owned(), Arc::clone(&answer));
        answer
    }
}

/// How large a schema is.
#[derive(Clone, Copy)]
struct Members {
    types: usize,
    /// Fields of objects and interfaces, members of inputs, values of enums.
    fields: usize,
}

impl Members {
    fn of(schema: &Schema) -> Self {
        let fields = schema.types.values().map(|kind| match kind {
            ExtendedType::Object(object) => object.fields.len(),
            ExtendedType::Interface(interface) => interface.fields.len(),
            ExtendedType::InputObject(input) => input.fields.len(),
            ExtendedType::Enum(choice) => choice.values.len(),
            _ => 0,
        });
        Self { types: schema.types.len(), fields: fields.sum() }
    }
}

/// What is wrong with a text, each with its place.
pub(super) fn messages(errors: &apollo_compiler::validation::DiagnosticList) -> Vec<String> {
    errors
        .iter()
        .map(|found| {
            let message = found.error.unstable_compat_message().unwrap_or_else(|| found.error.to_string());
            match found.line_column_range() {
                Some(range) => format!("{message} (line {}, column {})", range.start.line, range.start.column),
                None => message,
            }
        })
        .collect()
}

/// Who may see the fields of a type.
struct Admissions {
    /// Those without directives of their own.
    own: Vec<Admits>,
    /// Those with.
    fields: BTreeMap<String, Vec<Admits>>,
}

fn admissions(schema: &Schema) -> BTreeMap<String, Admissions> {
    let mut found = BTreeMap::new();
    for (name, kind) in &schema.types {
        let ExtendedType::Object(object) = kind else { continue };
        let own = of_schema(&object.directives);
        let fields = object.fields.iter().map(|(name, field)| (name.to_string(), of_field(&field.directives)));
        let fields: BTreeMap<_, _> = fields.filter(|(_, rules)| !rules.is_empty()).collect();
        if !own.is_empty() || !fields.is_empty() {
            found.insert(name.to_string(), Admissions { own, fields });
        }
    }
    found
}

fn subscribes(schema: &Schema) -> BTreeMap<String, Vec<String>> {
    let root = schema.root_operation(OperationType::Subscription).and_then(|name| schema.get_object(name));
    let mutations = |field: &ast::FieldDefinition| {
        let value = field.directives.get("aws_subscribe")?.specified_argument_by_name("mutations")?;
        Some(match value.as_list() {
            Some(list) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            None => value.as_str().map(str::to_owned).into_iter().collect(),
        })
    };
    let fields = root.into_iter().flat_map(|root| &root.fields);
    fields.filter_map(|(name, field)| Some((name.to_string(), mutations(field)?))).collect()
}

fn of_schema(list: &DirectiveList) -> Vec<Admits> {
    list.iter().filter_map(|directive| admission(&directive.node)).collect()
}

fn of_field(list: &ast::DirectiveList) -> Vec<Admits> {
    list.iter().filter_map(admission).collect()
}

fn admission(directive: &Node<ast::Directive>) -> Option<Admits> {
    let groups = directive.specified_argument_by_name("cognito_groups").map(|value| match value.as_list() {
        Some(list) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        None => value.as_str().map(str::to_owned).into_iter().collect(),
    });
    match directive.name.as_str() {
        "aws_api_key" => Some(Admits::ApiKey),
        "aws_iam" => Some(Admits::Iam),
        "aws_oidc" => Some(Admits::Oidc),
        "aws_lambda" => Some(Admits::Lambda),
        "aws_cognito_user_pools" => Some(Admits::UserPools(groups)),
        "aws_auth" => Some(Admits::Groups(groups.unwrap_or_default())),
        _ => None,
    }
}
