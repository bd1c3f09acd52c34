//! Text of a schema → [`Document`], with every syntax error at once. Types are not checked here.

use apollo_compiler::parser::{Parser, SourceSpan};
use apollo_compiler::{Name, Node, ast};
use indexmap::IndexMap;

use super::schema::{
    Directive, Document, EnumValue, Extension, Field, InputValue, Literal, Named, Roots, Span, TypeDefinition,
    TypeKind, TypeRef, Value,
};
use super::syntax::{SyntaxError, causes};

/// Nesting of values and types beyond which a document is refused.
const NESTING_LIMIT: usize = 200;

/// Tokens beyond which a document is refused; AppSync takes 1 MB of text.
const TOKEN_LIMIT: usize = 4_000_000;

/// Parses the text of a schema. Operations and fragments in it are syntax errors too.
pub fn parse(text: &str) -> Result<Document, Vec<SyntaxError>> {
    let parsed = Parser::new().recursion_limit(NESTING_LIMIT).token_limit(TOKEN_LIMIT).parse_ast(text, "schema");
    let document = match parsed {
        Ok(document) => document,
        Err(failed) => match causes(text, &failed.errors) {
            errors if errors.is_empty() => failed.partial,
            errors => return Err(errors),
        },
    };
    let mut reader = Reader::default();
    for definition in &document.definitions {
        reader.definition(definition);
    }
    reader.finish()
}

fn bytes(span: &SourceSpan) -> Span {
    span.offset()..span.end_offset()
}

fn place<T>(node: &Node<T>) -> Span {
    node.location().map_or(0..0, |span| bytes(&span))
}

fn named(name: &Name) -> Named {
    Named { name: name.to_string(), span: name.location().map_or(0..0, |span| bytes(&span)) }
}

fn text(description: Option<&Node<str>>) -> Option<String> {
    description.map(ToString::to_string)
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    types: Vec<TypeDefinition>,
    extensions: Vec<TypeDefinition>,
    directives: Vec<Named>,
    roots: Roots,
    errors: Vec<SyntaxError>,
}

impl Reader {
    fn definition(&mut self, definition: &ast::Definition) {
        use ast::Definition as D;
        match definition {
            D::OperationDefinition(node) => self.not_a_schema(place(node), "an operation"),
            D::FragmentDefinition(node) => self.not_a_schema(place(node), "a fragment"),
            D::DirectiveDefinition(node) => self.directives.push(named(&node.name)),
            D::SchemaDefinition(node) => self.roots(&node.root_operations),
            D::SchemaExtension(node) => self.roots(&node.root_operations),
            _ => match type_definition(definition) {
                Some((found, true)) => self.extensions.push(found),
                Some((found, false)) => self.types.push(found),
                None => {}
            },
        }
    }

    fn not_a_schema(&mut self, span: Span, what: &str) {
        let message = format!("syntax error: {what} cannot stand in a schema");
        let hint = "a schema declares types; queries are sent by clients".to_owned();
        self.errors.push(SyntaxError { message, span: span.start..span.start + 1, hint: Some(hint) });
    }

    fn roots(&mut self, operations: &[Node<(ast::OperationType, ast::NamedType)>]) {
        self.roots.declared = true;
        for operation in operations {
            let (kind, name) = (&operation.0, operation.1.to_string());
            match kind {
                ast::OperationType::Query => self.roots.query = name,
                ast::OperationType::Mutation => self.roots.mutation = name,
                ast::OperationType::Subscription => self.roots.subscription = name,
            }
        }
    }

    fn finish(self) -> Result<Document, Vec<SyntaxError>> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let mut types = self.types;
        let places: IndexMap<String, usize> =
            types.iter().enumerate().rev().map(|(index, found)| (found.name.clone(), index)).collect();
        let mut extensions = Vec::with_capacity(self.extensions.len());
        for extension in self.extensions {
            let place = places.get(&extension.name).copied().filter(|place| same_kind(&types[*place], &extension));
            extensions.push(Extension { definition: extension.clone(), found: place.is_some() });
            match place {
                Some(index) => extend(&mut types[index], extension),
                None => types.push(extension),
            }
        }
        Ok(Document { types, extensions, directives: self.directives, roots: self.roots })
    }
}

fn same_kind(left: &TypeDefinition, right: &TypeDefinition) -> bool {
    left.keyword() == right.keyword()
}

fn extend(target: &mut TypeDefinition, extension: TypeDefinition) {
    target.directives.extend(extension.directives);
    match (&mut target.kind, extension.kind) {
        (
            TypeKind::Object { interfaces, fields } | TypeKind::Interface { interfaces, fields },
            TypeKind::Object { interfaces: more, fields: extra }
            | TypeKind::Interface { interfaces: more, fields: extra },
        ) => {
            interfaces.extend(more);
            fields.extend(extra);
        }
        (TypeKind::Union(members), TypeKind::Union(more)) => members.extend(more),
        (TypeKind::Enum(values), TypeKind::Enum(more)) => values.extend(more),
        (TypeKind::Input(fields), TypeKind::Input(more)) => fields.extend(more),
        _ => {}
    }
}

/// The type in a definition, and whether it is an extension.
fn type_definition(definition: &ast::Definition) -> Option<(TypeDefinition, bool)> {
    use ast::Definition as D;
    let object = |interfaces: &[Name], list: &[Node<ast::FieldDefinition>]| TypeKind::Object {
        interfaces: interfaces.iter().map(named).collect(),
        fields: fields(list),
    };
    let interface = |interfaces: &[Name], list: &[Node<ast::FieldDefinition>]| TypeKind::Interface {
        interfaces: interfaces.iter().map(named).collect(),
        fields: fields(list),
    };
    let union = |members: &[Name]| TypeKind::Union(members.iter().map(named).collect());
    let (name, description, list, kind, extends) = match definition {
        D::ScalarTypeDefinition(n) => (&n.name, n.description.as_ref(), &n.directives, TypeKind::Scalar, false),
        D::ObjectTypeDefinition(n) => {
            (&n.name, n.description.as_ref(), &n.directives, object(&n.implements_interfaces, &n.fields), false)
        }
        D::InterfaceTypeDefinition(n) => {
            (&n.name, n.description.as_ref(), &n.directives, interface(&n.implements_interfaces, &n.fields), false)
        }
        D::UnionTypeDefinition(n) => (&n.name, n.description.as_ref(), &n.directives, union(&n.members), false),
        D::EnumTypeDefinition(n) => {
            (&n.name, n.description.as_ref(), &n.directives, TypeKind::Enum(enum_values(&n.values)), false)
        }
        D::InputObjectTypeDefinition(n) => {
            (&n.name, n.description.as_ref(), &n.directives, TypeKind::Input(input_values(&n.fields)), false)
        }
        D::ScalarTypeExtension(n) => (&n.name, None, &n.directives, TypeKind::Scalar, true),
        D::ObjectTypeExtension(n) => (&n.name, None, &n.directives, object(&n.implements_interfaces, &n.fields), true),
        D::InterfaceTypeExtension(n) => {
            (&n.name, None, &n.directives, interface(&n.implements_interfaces, &n.fields), true)
        }
        D::UnionTypeExtension(n) => (&n.name, None, &n.directives, union(&n.members), true),
        D::EnumTypeExtension(n) => (&n.name, None, &n.directives, TypeKind::Enum(enum_values(&n.values)), true),
        D::InputObjectTypeExtension(n) => {
            (&n.name, None, &n.directives, TypeKind::Input(input_values(&n.fields)), true)
        }
        _ => return None,
    };
    let Named { name, span } = named(name);
    let found = TypeDefinition { name, span, description: text(description), directives: directives(list), kind };
    Some((found, extends))
}

fn fields(list: &[Node<ast::FieldDefinition>]) -> Vec<Field> {
    let read = |node: &Node<ast::FieldDefinition>| {
        let Named { name, span } = named(&node.name);
        Field {
            name,
            span,
            description: text(node.description.as_ref()),
            arguments: input_values(&node.arguments),
            type_ref: type_ref(&node.ty),
            directives: directives(&node.directives),
        }
    };
    list.iter().map(read).collect()
}

fn input_values(list: &[Node<ast::InputValueDefinition>]) -> Vec<InputValue> {
    let read = |node: &Node<ast::InputValueDefinition>| {
        let Named { name, span } = named(&node.name);
        InputValue {
            name,
            span,
            description: text(node.description.as_ref()),
            type_ref: type_ref(&node.ty),
            default: node.default_value.as_ref().map(literal),
            directives: directives(&node.directives),
        }
    };
    list.iter().map(read).collect()
}

fn enum_values(list: &[Node<ast::EnumValueDefinition>]) -> Vec<EnumValue> {
    let read = |node: &Node<ast::EnumValueDefinition>| {
        let Named { name, span } = named(&node.value);
        EnumValue { name, span, description: text(node.description.as_ref()), directives: directives(&node.directives) }
    };
    list.iter().map(read).collect()
}

fn type_ref(node: &ast::Type) -> TypeRef {
    match node {
        ast::Type::Named(name) => TypeRef::Named(named(name)),
        ast::Type::NonNullNamed(name) => TypeRef::NonNull(Box::new(TypeRef::Named(named(name)))),
        ast::Type::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
        ast::Type::NonNullList(inner) => TypeRef::NonNull(Box::new(TypeRef::List(Box::new(type_ref(inner))))),
    }
}

fn directives(list: &ast::DirectiveList) -> Vec<Directive> {
    let read = |node: &Node<ast::Directive>| Directive {
        name: node.name.to_string(),
        span: place(node),
        arguments: node.arguments.iter().map(|argument| (named(&argument.name), literal(&argument.value))).collect(),
    };
    list.0.iter().map(read).collect()
}

fn literal(node: &Node<ast::Value>) -> Literal {
    let value = match &**node {
        ast::Value::Null => Value::Null,
        ast::Value::Enum(name) => Value::Enum(name.to_string()),
        ast::Value::Variable(name) => Value::Variable(name.to_string()),
        ast::Value::String(content) => Value::String(content.clone()),
        ast::Value::Float(number) => Value::Float(number.as_str().to_owned()),
        ast::Value::Int(number) => Value::Int(number.as_str().to_owned()),
        ast::Value::Boolean(truth) => Value::Boolean(*truth),
        ast::Value::List(items) => Value::List(items.iter().map(literal).collect()),
        ast::Value::Object(entries) => {
            Value::Object(entries.iter().map(|(name, value)| (named(name), literal(value))).collect())
        }
    };
    Literal { value, span: place(node) }
}
