//! Which directives exist, where they may stand and which arguments they take.
//!
//! Whether the values make sense together is decided by whoever reads the directive.

use super::report::Report;
use crate::base::suggest::nearest;
use crate::error::Code;
use crate::graphql::{Directive, Document, Literal, Span, TypeDefinition, TypeKind, Value};

/// Where a directive may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Object,
    Field,
    Other,
}

/// What an argument takes.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Text,
    /// A list of texts, or one text.
    Texts,
    /// A text that becomes a name in the schema, or an empty one.
    Word,
    /// A text that becomes a name in the schema, and is not empty.
    FullWord,
    /// A list of such texts, or one.
    FullWords,
    Integer,
    /// Any number; what range it must be in is decided by whoever reads the directive.
    Number,
    /// One of these names.
    Name(&'static str, &'static [&'static str]),
    /// A list of these names.
    Names(&'static str, &'static [&'static str]),
    /// An object with these entries.
    Object(&'static str, &'static [Argument]),
    /// A list of such objects.
    Objects(&'static str, &'static [Argument]),
}

#[derive(Clone, Copy, Debug)]
struct Argument {
    name: &'static str,
    shape: Shape,
    required: bool,
}

const fn argument(name: &'static str, shape: Shape) -> Argument {
    Argument { name, shape, required: false }
}

const fn required(name: &'static str, shape: Shape) -> Argument {
    Argument { name, shape, required: true }
}

#[derive(Clone, Copy, Debug)]
struct Known {
    name: &'static str,
    places: &'static [Place],
    repeatable: bool,
    arguments: &'static [Argument],
}

/// Types of the arguments of directives, which share their names with the user's types in the reference transformer.
const TAKEN: [&str; 25] = [
    "AuthProvider",
    "AuthRule",
    "AuthStrategy",
    "ConversationAuth",
    "ConversationAuthProvider",
    "ConversationAuthStrategy",
    "ConversationHandlerFunctionConfiguration",
    "ConversationInferenceConfiguration",
    "ConversationToolModelOperation",
    "GenerationInferenceConfiguration",
    "HttpHeader",
    "HttpMethod",
    "InvocationType",
    "ModelMutationMap",
    "ModelOperation",
    "ModelQueryMap",
    "ModelSubscriptionLevel",
    "ModelSubscriptionMap",
    "PredictionsActions",
    "ProjectionInput",
    "ProjectionType",
    "SearchableQueryMap",
    "TimestampConfiguration",
    "ToolMap",
    "ValidationType",
];

const OPERATIONS: &[&str] = &["create", "update", "delete", "read", "list", "get", "sync", "listen", "search"];
const STRATEGIES: &[&str] = &["owner", "groups", "private", "public", "custom"];
const PROVIDERS: &[&str] = &["apiKey", "iam", "identityPool", "oidc", "userPools", "function"];
const VALIDATIONS: &[&str] = &["gt", "gte", "lt", "lte", "minLength", "maxLength", "startsWith", "endsWith", "matches"];
const LEVELS: &[&str] = &["off", "public", "on"];

const RULE: &[Argument] = &[
    required("allow", Shape::Name("AuthStrategy", STRATEGIES)),
    argument("provider", Shape::Name("AuthProvider", PROVIDERS)),
    argument("identityClaim", Shape::Text),
    argument("groupClaim", Shape::Text),
    argument("ownerField", Shape::Word),
    argument("groupsField", Shape::Word),
    argument("groups", Shape::Texts),
    argument("operations", Shape::Names("ModelOperation", OPERATIONS)),
];
const QUERIES: &[Argument] = &[argument("get", Shape::Word), argument("list", Shape::Word)];
const INFERENCE: &[Argument] =
    &[argument("maxTokens", Shape::Number), argument("temperature", Shape::Number), argument("topP", Shape::Number)];
const CONVERSATION_AUTH: &[Argument] = &[
    required("strategy", Shape::Name("ConversationAuthStrategy", &["owner"])),
    required("provider", Shape::Name("ConversationAuthProvider", &["userPools"])),
];
const HANDLER: &[Argument] = &[required("functionName", Shape::Text), required("eventVersion", Shape::Text)];
const TOOL: &[Argument] = &[
    required("name", Shape::Text),
    required("description", Shape::Text),
    argument("queryName", Shape::Text),
    argument("modelName", Shape::Text),
    argument("modelOperation", Shape::Name("ConversationToolModelOperation", &["list"])),
];
const PREDICTIONS: &[&str] = &["identifyText", "identifyLabels", "convertTextToSpeech", "translateText"];
const SEARCHES: &[Argument] = &[argument("search", Shape::Word)];
const MUTATIONS: &[Argument] =
    &[argument("create", Shape::Word), argument("update", Shape::Word), argument("delete", Shape::Word)];
const SUBSCRIPTIONS: &[Argument] = &[
    argument("onCreate", Shape::FullWords),
    argument("onUpdate", Shape::FullWords),
    argument("onDelete", Shape::FullWords),
    argument("level", Shape::Name("ModelSubscriptionLevel", LEVELS)),
];
const TIMESTAMPS: &[Argument] = &[argument("createdAt", Shape::FullWord), argument("updatedAt", Shape::FullWord)];
const HEADER: &[Argument] = &[argument("key", Shape::Text), argument("value", Shape::Text)];
const PROJECTION: &[Argument] = &[
    required("type", Shape::Name("ProjectionType", &["ALL", "KEYS_ONLY", "INCLUDE"])),
    argument("nonKeyAttributes", Shape::Texts),
];

const fn directive(name: &'static str, places: &'static [Place], arguments: &'static [Argument]) -> Known {
    Known { name, places, repeatable: false, arguments }
}

/// A directive of AppSync, which the schema keeps.
const fn kept(name: &'static str, arguments: &'static [Argument]) -> Known {
    directive(name, &[Place::Object, Place::Field], arguments)
}

const OBJECT: &[Place] = &[Place::Object];
const FIELD: &[Place] = &[Place::Field];
const BOTH: &[Place] = &[Place::Object, Place::Field];

const KNOWN: &[Known] = &[
    directive(
        "model",
        OBJECT,
        &[
            argument("queries", Shape::Object("ModelQueryMap", QUERIES)),
            argument("mutations", Shape::Object("ModelMutationMap", MUTATIONS)),
            argument("subscriptions", Shape::Object("ModelSubscriptionMap", SUBSCRIPTIONS)),
            argument("timestamps", Shape::Object("TimestampConfiguration", TIMESTAMPS)),
        ],
    ),
    directive("searchable", OBJECT, &[argument("queries", Shape::Object("SearchableQueryMap", SEARCHES))]),
    directive("auth", BOTH, &[required("rules", Shape::Objects("AuthRule", RULE))]),
    directive("primaryKey", FIELD, &[argument("sortKeyFields", Shape::Texts)]),
    Known {
        repeatable: true,
        ..directive(
            "index",
            FIELD,
            &[
                argument("name", Shape::Text),
                argument("sortKeyFields", Shape::Texts),
                argument("queryField", Shape::Word),
                argument("projection", Shape::Object("ProjectionInput", PROJECTION)),
            ],
        )
    },
    directive(
        "hasMany",
        FIELD,
        &[
            argument("indexName", Shape::Text),
            argument("fields", Shape::Texts),
            argument("references", Shape::Texts),
            argument("limit", Shape::Integer),
        ],
    ),
    directive("hasOne", FIELD, &[argument("fields", Shape::Texts), argument("references", Shape::Texts)]),
    directive("belongsTo", FIELD, &[argument("fields", Shape::Texts), argument("references", Shape::Texts)]),
    directive(
        "conversation",
        FIELD,
        &[
            required("aiModel", Shape::Text),
            required("systemPrompt", Shape::Text),
            required("auth", Shape::Object("ConversationAuth", CONVERSATION_AUTH)),
            argument("functionName", Shape::Text),
            argument("handler", Shape::Object("ConversationHandlerFunctionConfiguration", HANDLER)),
            argument("tools", Shape::Objects("ToolMap", TOOL)),
            argument("inferenceConfiguration", Shape::Object("ConversationInferenceConfiguration", INFERENCE)),
        ],
    ),
    directive(
        "generation",
        FIELD,
        &[
            required("aiModel", Shape::Text),
            required("systemPrompt", Shape::Text),
            argument("inferenceConfiguration", Shape::Object("GenerationInferenceConfiguration", INFERENCE)),
        ],
    ),
    directive("predictions", FIELD, &[required("actions", Shape::Names("PredictionsActions", PREDICTIONS))]),
    directive("manyToMany", FIELD, &[required("relationName", Shape::Text), argument("limit", Shape::Integer)]),
    directive("default", FIELD, &[argument("value", Shape::Text)]),
    directive("refersTo", BOTH, &[required("name", Shape::Text)]),
    directive("sql", FIELD, &[argument("statement", Shape::Text), argument("reference", Shape::Text)]),
    Known {
        repeatable: true,
        ..directive(
            "function",
            FIELD,
            &[
                required("name", Shape::Text),
                argument("region", Shape::Text),
                argument("accountId", Shape::Text),
                argument("invocationType", Shape::Name("InvocationType", &["RequestResponse", "Event"])),
            ],
        )
    },
    directive(
        "http",
        FIELD,
        &[
            argument("method", Shape::Name("HttpMethod", &["GET", "POST", "PUT", "DELETE", "PATCH"])),
            required("url", Shape::Text),
            argument("headers", Shape::Objects("HttpHeader", HEADER)),
        ],
    ),
    Known {
        repeatable: true,
        ..directive(
            "validate",
            FIELD,
            &[
                required("type", Shape::Name("ValidationType", VALIDATIONS)),
                required("value", Shape::Text),
                argument("errorMessage", Shape::Text),
            ],
        )
    },
    directive("mapsTo", OBJECT, &[required("name", Shape::Text)]),
    kept("aws_api_key", &[]),
    kept("aws_iam", &[]),
    kept("aws_oidc", &[]),
    kept("aws_lambda", &[]),
    kept("aws_cognito_user_pools", &[argument("cognito_groups", Shape::Texts)]),
    kept("aws_auth", &[argument("cognito_groups", Shape::Texts)]),
    directive("aws_subscribe", FIELD, &[argument("mutations", Shape::Texts)]),
    directive("aws_publish", FIELD, &[argument("subscriptions", Shape::Texts)]),
    directive("deprecated", &[Place::Field, Place::Other], &[argument("reason", Shape::Text)]),
];

/// Directives of the first transformer, and what stands for them today.
const FIRST_GENERATION: &[(&str, &str)] = &[
    ("key", "use @primaryKey and @index on the fields of the key"),
    ("connection", "use @hasOne, @hasMany and @belongsTo"),
    ("versioned", "conflict detection is a setting of the API, not a directive"),
];

/// Whether the expanded schema keeps a directive.
pub(super) fn is_kept(name: &str) -> bool {
    name == "deprecated" || name.starts_with("aws_")
}

/// Checks every directive of a document.
pub(super) fn check(document: &Document, report: &mut Report<'_>) {
    let declared: Vec<&str> = document.directives.iter().map(|named| named.name.as_str()).collect();
    let mut checker = Checker { declared: &declared, report };
    for found in &document.types {
        checker.type_definition(found);
    }
}

struct Checker<'r, 'a> {
    declared: &'r [&'r str],
    report: &'r mut Report<'a>,
}

impl Checker<'_, '_> {
    fn type_definition(&mut self, found: &TypeDefinition) {
        if TAKEN.contains(&found.name.as_str()) {
            let message = format!("there can be only one type named \"{}\": directives have one", found.name);
            self.report.add_with_hint(Code::AMP0316, &found.span, message, Some("give it another name".to_owned()));
        }
        let place = if found.is_object() { Place::Object } else { Place::Other };
        self.list(&found.directives, place);
        let field_place = if matches!(found.kind, TypeKind::Object { .. }) { Place::Field } else { Place::Other };
        for field in found.fields() {
            self.list(&field.directives, field_place);
            field.arguments.iter().for_each(|argument| self.list(&argument.directives, Place::Other));
        }
        match &found.kind {
            TypeKind::Enum(values) => values.iter().for_each(|value| self.list(&value.directives, Place::Other)),
            TypeKind::Input(fields) => fields.iter().for_each(|field| self.list(&field.directives, Place::Other)),
            _ => {}
        }
    }

    fn list(&mut self, directives: &[Directive], place: Place) {
        for (index, directive) in directives.iter().enumerate() {
            let again = directives[..index].iter().any(|earlier| earlier.name == directive.name);
            self.directive(directive, place, again);
        }
    }

    fn directive(&mut self, directive: &Directive, place: Place, again: bool) {
        let Some(known) = KNOWN.iter().find(|known| known.name == directive.name) else {
            self.unknown(directive);
            return;
        };
        let start = directive.span.start;
        let span = start..start + directive.name.len() + 1;
        if !known.places.contains(&place) {
            let places: Vec<&str> = known.places.iter().map(|place| place.what()).collect();
            let message = format!("directive \"@{}\" may not be used on {}", known.name, place.what());
            let hint = format!("@{} belongs on {}", known.name, places.join(" or "));
            self.report.add_with_hint(Code::AMP0305, &span, message, Some(hint));
        } else if again && !known.repeatable {
            let message = format!("the directive \"@{}\" can only be used once at this location", known.name);
            self.report.add(Code::AMP0305, &span, message);
        }
        let what = format!("directive \"@{}\"", known.name);
        self.entries(&directive.arguments, known.arguments, &what, &span);
    }

    fn unknown(&mut self, directive: &Directive) {
        if self.declared.contains(&directive.name.as_str()) {
            return;
        }
        let start = directive.span.start;
        let span = start..start + directive.name.len() + 1;
        if let Some((name, instead)) = FIRST_GENERATION.iter().find(|(name, _)| *name == directive.name) {
            let message = format!(
                "your graphql schema is using \"@{name}\" directive from an older version of the graphql transformer: \
                 migrate your schema"
            );
            self.report.add_with_hint(Code::AMP0303, &span, message, Some((*instead).to_owned()));
            return;
        }
        let near = nearest(&directive.name, KNOWN.iter().map(|known| known.name));
        let hint = near.map(|name| format!("did you mean @{name}?"));
        self.report.add_with_hint(Code::AMP0303, &span, format!("unknown directive \"@{}\"", directive.name), hint);
    }

    fn entries(&mut self, given: &[(crate::graphql::Named, Literal)], known: &[Argument], what: &str, span: &Span) {
        for (index, (name, value)) in given.iter().enumerate() {
            let Some(argument) = known.iter().find(|argument| argument.name == name.name) else {
                let near = nearest(&name.name, known.iter().map(|argument| argument.name))
                    .map(|near| format!("did you mean \"{near}\"?"));
                let message = format!("\"{}\" is not defined: unknown argument or field of {what}", name.name);
                self.report.add_with_hint(Code::AMP0303, &name.span, message, near);
                continue;
            };
            if given[..index].iter().any(|(earlier, _)| earlier.name == name.name) {
                let message = format!("there can be only one \"{}\" in {what}", name.name);
                self.report.add(Code::AMP0305, &name.span, message);
            }
            if argument.required && value.is_null() {
                self.wrong(value, &format!("\"{}\" of {what} must not be null", name.name));
            } else {
                self.value(value, argument.shape, &format!("\"{}\" of {what}", name.name));
            }
        }
        for argument in known.iter().filter(|argument| argument.required) {
            if !given.iter().any(|(name, _)| name.name == argument.name) {
                let message = format!("\"{}\" of {what} is required, but it was not provided", argument.name);
                self.report.add(Code::AMP0305, span, message);
            }
        }
    }

    fn wrong(&mut self, value: &Literal, message: &str) {
        self.report.add(Code::AMP0305, &value.span, message);
    }

    fn value(&mut self, value: &Literal, shape: Shape, what: &str) {
        if value.is_null() {
            return;
        }
        match shape {
            Shape::Text if value.as_str().is_none() => {
                self.wrong(value, &format!("{what} must be a text, not {value}"));
            }
            Shape::Number if !matches!(value.value, Value::Int(_) | Value::Float(_)) => {
                self.wrong(value, &format!("{what} must be a number, not {value}"));
            }
            Shape::Text | Shape::Number => {}
            Shape::Word if value.as_str() == Some("") => {}
            Shape::Word | Shape::FullWord => self.word(value, what),
            Shape::FullWords => value.elements().into_iter().for_each(|item| self.word(item, what)),
            Shape::Integer => {
                let number = match &value.value {
                    Value::Int(number) => number.parse::<u32>().ok(),
                    _ => None,
                };
                if number.is_none_or(|number| number == 0) {
                    self.wrong(value, &format!("{what} must be a whole number above 0, not {value}"));
                }
            }
            Shape::Texts => {
                for item in value.elements() {
                    if item.as_str().is_none() {
                        self.wrong(item, &format!("{what} must be a list of texts, and {item} is none"));
                    }
                }
            }
            Shape::Name(kind, names) => self.name(value, kind, names, what),
            Shape::Names(kind, names) => {
                for item in value.elements() {
                    self.name(item, kind, names, what);
                }
            }
            Shape::Object(kind, entries) => self.object(value, kind, entries, what),
            Shape::Objects(kind, entries) => {
                for item in value.elements() {
                    self.object(item, kind, entries, what);
                }
            }
        }
    }

    fn word(&mut self, value: &Literal, what: &str) {
        match value.as_str() {
            None => self.wrong(value, &format!("{what} must be a text, not {value}")),
            Some(word) if is_name(word) => {}
            Some(word) => {
                let message = format!("{what} becomes a name in the schema, and \"{word}\" cannot be one");
                let hint = "a name holds the letters A to Z, a to z, digits and _, and begins with no digit and no __";
                self.report.add_with_hint(Code::AMP0305, &value.span, message, Some(hint.to_owned()));
            }
        }
    }

    fn name(&mut self, value: &Literal, kind: &str, names: &[&str], what: &str) {
        if let Value::Enum(name) = &value.value
            && names.contains(&name.as_str())
        {
            return;
        }
        let word = value.to_string();
        let near = nearest(word.trim_matches('"'), names.iter().copied());
        let hint = near.map_or_else(|| format!("one of: {}", names.join(", ")), |near| format!("did you mean {near}?"));
        let message = format!("value {word} does not exist in \"{kind}\": it is not one for {what}");
        self.report.add_with_hint(Code::AMP0303, &value.span, message, Some(hint));
    }

    fn object(&mut self, value: &Literal, kind: &str, known: &[Argument], what: &str) {
        let Value::Object(entries) = &value.value else {
            self.wrong(value, &format!("{what} must be an object of type \"{kind}\", not {value}"));
            return;
        };
        self.entries(entries, known, &format!("type \"{kind}\""), &value.span);
    }
}

/// Whether a text can be a name of a schema's own (GraphQL specification, "Names").
fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    begins && !text.starts_with("__") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Place {
    fn what(self) -> &'static str {
        match self {
            Self::Object => "an object type",
            Self::Field => "a field of an object type",
            Self::Other => "this part of the schema",
        }
    }
}
