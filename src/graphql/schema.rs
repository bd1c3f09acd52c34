//! A schema as data: types, fields, directives, each with the bytes where it stands.
//!
//! It is a tree of syntax: names are not resolved. What a program adds has the empty span.

use std::ops::Range;

/// Bytes of the source text.
pub type Span = Range<usize>;

/// A schema document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Types in the order of the text; extensions are merged into what they extend.
    pub types: Vec<TypeDefinition>,
    /// The extensions as they stand; what they hold is in `types` too.
    pub extensions: Vec<Extension>,
    /// Directives that the document declares.
    pub directives: Vec<Named>,
    /// The names of the root types.
    pub roots: Roots,
}

/// `extend type …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// What it says.
    pub definition: TypeDefinition,
    /// The document declares what it extends.
    pub found: bool,
}

/// The names of the root types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// Of queries.
    pub query: String,
    /// Of mutations.
    pub mutation: String,
    /// Of subscriptions.
    pub subscription: String,
    /// The document names its roots with `schema { … }`.
    pub declared: bool,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            query: "Query".to_owned(),
            mutation: "Mutation".to_owned(),
            subscription: "Subscription".to_owned(),
            declared: false,
        }
    }
}

impl Roots {
    /// Whether a type is a root.
    pub fn contains(&self, name: &str) -> bool {
        name == self.query || name == self.mutation || name == self.subscription
    }
}

/// A name and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Where.
    pub span: Span,
}

impl Named {
    /// A name of our own.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), span: 0..0 }
    }
}

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDefinition {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its description.
    pub description: Option<String>,
    /// Its directives.
    pub directives: Vec<Directive>,
    /// What it is.
    pub kind: TypeKind,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `scalar`.
    Scalar,
    /// `type`.
    Object {
        /// What it implements.
        interfaces: Vec<Named>,
        /// Its fields.
        fields: Vec<Field>,
    },
    /// `interface`.
    Interface {
        /// What it implements.
        interfaces: Vec<Named>,
        /// Its fields.
        fields: Vec<Field>,
    },
    /// `union`.
    Union(Vec<Named>),
    /// `enum`.
    Enum(Vec<EnumValue>),
    /// `input`.
    Input(Vec<InputValue>),
}

impl TypeDefinition {
    /// A type of our own.
    pub fn new(name: impl Into<String>, kind: TypeKind) -> Self {
        Self { name: name.into(), span: 0..0, description: None, directives: Vec::new(), kind }
    }

    /// An object type of our own.
    pub fn object(name: impl Into<String>, fields: Vec<Field>) -> Self {
        Self::new(name, TypeKind::Object { interfaces: Vec::new(), fields })
    }

    /// An input type of our own.
    pub fn input(name: impl Into<String>, fields: Vec<InputValue>) -> Self {
        Self::new(name, TypeKind::Input(fields))
    }

    /// An enum of our own.
    pub fn enumeration(name: impl Into<String>, values: &[&str]) -> Self {
        let values = values.iter().map(|value| EnumValue {
            name: (*value).to_owned(),
            span: 0..0,
            description: None,
            directives: Vec::new(),
        });
        Self::new(name, TypeKind::Enum(values.collect()))
    }

    /// Fields of an object or interface; empty for the rest.
    pub fn fields(&self) -> &[Field] {
        match &self.kind {
            TypeKind::Object { fields, .. } | TypeKind::Interface { fields, .. } => fields,
            _ => &[],
        }
    }

    /// Fields of an object or interface.
    pub fn fields_mut(&mut self) -> Option<&mut Vec<Field>> {
        match &mut self.kind {
            TypeKind::Object { fields, .. } | TypeKind::Interface { fields, .. } => Some(fields),
            _ => None,
        }
    }

    /// Fields of an input type; empty for the rest.
    pub fn input_fields(&self) -> &[InputValue] {
        match &self.kind {
            TypeKind::Input(fields) => fields,
            _ => &[],
        }
    }

    /// The interfaces that it implements.
    pub fn interfaces(&self) -> &[Named] {
        match &self.kind {
            TypeKind::Object { interfaces, .. } | TypeKind::Interface { interfaces, .. } => interfaces,
            _ => &[],
        }
    }

    /// A directive of that name.
    pub fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().find(|directive| directive.name == name)
    }

    /// `type`.
    pub fn is_object(&self) -> bool {
        matches!(self.kind, TypeKind::Object { .. })
    }

    /// The keyword with which it is declared.
    pub fn keyword(&self) -> &'static str {
        match self.kind {
            TypeKind::Scalar => "scalar",
            TypeKind::Object { .. } => "type",
            TypeKind::Interface { .. } => "interface",
            TypeKind::Union(_) => "union",
            TypeKind::Enum(_) => "enum",
            TypeKind::Input(_) => "input",
        }
    }
}

/// A field of an object or interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its description.
    pub description: Option<String>,
    /// Its arguments.
    pub arguments: Vec<InputValue>,
    /// Its type.
    pub type_ref: TypeRef,
    /// Its directives.
    pub directives: Vec<Directive>,
}

impl Field {
    /// A field of our own.
    pub fn new(name: impl Into<String>, type_ref: TypeRef) -> Self {
        Self {
            name: name.into(),
            span: 0..0,
            description: None,
            arguments: Vec::new(),
            type_ref,
            directives: Vec::new(),
        }
    }

    /// The same with arguments.
    pub fn with_arguments(mut self, arguments: Vec<InputValue>) -> Self {
        self.arguments = arguments;
        self
    }

    /// A directive of that name.
    pub fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().find(|directive| directive.name == name)
    }
}

/// An argument, or a field of an input type.
#[derive(Clone, Debug, PartialEq)]
pub struct InputValue {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its description.
    pub description: Option<String>,
    /// Its type.
    pub type_ref: TypeRef,
    /// Its default.
    pub default: Option<Literal>,
    /// Its directives.
    pub directives: Vec<Directive>,
}

impl InputValue {
    /// An argument or field of our own.
    pub fn new(name: impl Into<String>, type_ref: TypeRef) -> Self {
        Self { name: name.into(), span: 0..0, description: None, type_ref, default: None, directives: Vec::new() }
    }
}

/// A value of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Its description.
    pub description: Option<String>,
    /// Its directives.
    pub directives: Vec<Directive>,
}

/// A reference to a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeRef {
    /// `Post`.
    Named(Named),
    /// `[…]`.
    List(Box<TypeRef>),
    /// `…!`.
    NonNull(Box<TypeRef>),
}

impl TypeRef {
    /// `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named(Named::new(name))
    }

    /// `name!`.
    pub fn required(name: impl Into<String>) -> Self {
        Self::named(name).non_null()
    }

    /// `[name]`.
    pub fn list_of(name: impl Into<String>) -> Self {
        Self::List(Box::new(Self::named(name)))
    }

    /// With `!` outside.
    pub fn non_null(self) -> Self {
        if self.is_required() { self } else { Self::NonNull(Box::new(self)) }
    }

    /// Without `!` outside.
    pub fn nullable(self) -> Self {
        match self {
            Self::NonNull(inner) => *inner,
            other => other,
        }
    }

    /// The named type at the core.
    pub fn base(&self) -> &Named {
        match self {
            Self::Named(named) => named,
            Self::List(inner) | Self::NonNull(inner) => inner.base(),
        }
    }

    /// Name of the type at the core.
    pub fn name(&self) -> &str {
        &self.base().name
    }

    /// `!` on the outside.
    pub fn is_required(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// A list, required or not.
    pub fn is_list(&self) -> bool {
        match self {
            Self::Named(_) => false,
            Self::List(_) => true,
            Self::NonNull(inner) => inner.is_list(),
        }
    }

    /// The type of the elements, when it is a list.
    pub fn element(&self) -> Option<&TypeRef> {
        match self {
            Self::Named(_) => None,
            Self::List(inner) => Some(inner),
            Self::NonNull(inner) => inner.element(),
        }
    }

    /// The same with another type at the core.
    pub fn renamed(&self, name: &str) -> Self {
        match self {
            Self::Named(_) => Self::named(name),
            Self::List(inner) => Self::List(Box::new(inner.renamed(name))),
            Self::NonNull(inner) => Self::NonNull(Box::new(inner.renamed(name))),
        }
    }
}

/// A directive on something.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    /// Its name, without `@`.
    pub name: String,
    /// Where the whole of it stands, from `@`.
    pub span: Span,
    /// Its arguments.
    pub arguments: Vec<(Named, Literal)>,
}

impl Directive {
    /// A directive of our own.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), span: 0..0, arguments: Vec::new() }
    }

    /// An argument.
    pub fn argument(&self, name: &str) -> Option<&Literal> {
        self.arguments.iter().find(|(argument, _)| argument.name == name).map(|(_, value)| value)
    }
}

/// A value in a document, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// The value.
    pub value: Value,
    /// Where.
    pub span: Span,
}

impl Literal {
    /// A value of our own.
    pub fn new(value: Value) -> Self {
        Self { value, span: 0..0 }
    }

    /// Text, when it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// An entry, when it is an object.
    pub fn get(&self, name: &str) -> Option<&Literal> {
        match &self.value {
            Value::Object(entries) => entries.iter().find(|(entry, _)| entry.name == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// `null`.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Elements of a list; the value itself when it is none, as GraphQL coerces it; none for `null`.
    pub fn elements(&self) -> Vec<&Literal> {
        match &self.value {
            Value::List(items) => items.iter().collect(),
            Value::Null => Vec::new(),
            _ => vec![self],
        }
    }

    /// The texts in a list, or the text itself.
    pub fn strings(&self) -> Vec<String> {
        self.elements().into_iter().filter_map(Literal::as_str).map(str::to_owned).collect()
    }
}

/// A value in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Boolean(bool),
    /// Digits, as written.
    Int(String),
    /// A number with point or exponent, as written.
    Float(String),
    /// Text.
    String(String),
    /// A name.
    Enum(String),
    /// A list.
    List(Vec<Literal>),
    /// An object.
    Object(Vec<(Named, Literal)>),
    /// A variable; never valid in a schema.
    Variable(String),
}
