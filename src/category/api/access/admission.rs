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
}

impl Admission {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut admission = Self { default: plan.modes.default, modes: IndexMap::new(), roots: Vec::new() };
        // A compiled schema can be read: the compiler printed it.
        let Ok(document) = parse(&plan.schema) else { return admission };
        let roots = &document.roots;
        for found in document.types.iter().filter(|found| found.is_object()) {
            admission.note(found.name.clone(), &found.directives);
            let is_root = [&roots.query, &roots.mutation, &roots.subscription].contains(&&found.name);
            for field in found.fields() {
                admission.note(format!("{}.{}", found.name, field.name), &field.directives);
                if is_root {
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
