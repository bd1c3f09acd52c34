//! Which authorisation modes AppSync lets into a field, by the `@aws_…` directives of the expanded schema.
//!
//! Not here: what resolvers decide.

use indexmap::IndexMap;

use crate::category::api::plan::{AuthMode, Plan};
use crate::graphql::{Directive, parse};

/// The directives of a schema, as AppSync reads them.
#[derive(Debug)]
pub(super) struct Admission {
    default: AuthMode,
    /// By `Type` and `Type.field`; absent where no directive is given.
    modes: IndexMap<String, Vec<AuthMode>>,
    roots: Vec<(String, String)>,
    /// The connection type that a field of a root type returns.
    connections: IndexMap<String, String>,
}

impl Admission {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut admission = Self {
            default: plan.modes.default,
            modes: IndexMap::new(),
            roots: Vec::new(),
            connections: IndexMap::new(),
        };
        // A compiled schema can be read: the compiler printed it.
        let Ok(document) = parse(&plan.schema) else { return admission };
        let roots = &document.roots;
        let pages = |name: &str| {
            let found = document.types.iter().find(|found| found.name == name && found.is_object());
            found.is_some_and(|found| found.fields().iter().any(|field| field.name == "items"))
        };
        for found in document.types.iter().filter(|found| found.is_object()) {
            admission.note(found.name.clone(), &found.directives);
            let is_root = [&roots.query, &roots.mutation, &roots.subscription].contains(&&found.name);
            for field in found.fields() {
                admission.note(format!("{}.{}", found.name, field.name), &field.directives);
                if is_root {
                    let returned = field.type_ref.name();
                    if pages(returned) {
                        let name = format!("{}.{}", found.name, field.name);
                        admission.connections.insert(name, returned.to_owned());
                    }
                    admission.roots.push((found.name.clone(), field.name.clone()));
                }
            }
        }
        admission
    }

    fn note(&mut self, name: String, directives: &[Directive]) {
        let modes: Vec<AuthMode> = directives.iter().filter_map(|directive| mode(&directive.name)).collect();
        if !modes.is_empty() {
            self.modes.insert(name, modes);
        }
    }

    /// Whether callers of a mode reach a field: its own directives count, else those of its type, else the default mode.
    pub(super) fn admits(&self, type_name: &str, field: &str, mode: AuthMode) -> bool {
        let own = self.modes.get(&format!("{type_name}.{field}"));
        match own.or_else(|| self.modes.get(type_name)) {
            Some(modes) => modes.contains(&mode),
            None => mode == self.default,
        }
    }

    /// Whether callers of a mode reach a field of a root type and the items of the page that it returns. A type of pages
    /// that relations of other models lead to may be open to their callers alone.
    pub(super) fn opens(&self, type_name: &str, field: &str, mode: AuthMode) -> bool {
        let page = self.connections.get(&format!("{type_name}.{field}"));
        self.admits(type_name, field, mode) && page.is_none_or(|page| self.admits(page, "items", mode))
    }

    /// The fields of the root types, by type and name.
    pub(super) fn root_fields(&self) -> Vec<(String, String)> {
        self.roots.clone()
    }
}

fn mode(directive: &str) -> Option<AuthMode> {
    Some(match directive {
        "aws_api_key" => AuthMode::ApiKey,
        "aws_cognito_user_pools" => AuthMode::UserPools,
        "aws_iam" => AuthMode::Iam,
        "aws_oidc" => AuthMode::Oidc,
        "aws_lambda" => AuthMode::Lambda,
        _ => return None,
    })
}
