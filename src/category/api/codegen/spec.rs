//! What code a front end wants, and where in it each file belongs.

use serde::{Deserialize, Serialize};

use crate::category::SettingProblem;

/// Code for a front end, in the order in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Documents as `.graphql` files; files in storage by a shared fragment.
    Graphql,
    /// Documents in JavaScript.
    Js,
    /// Documents in TypeScript, each with the types of its variables and result.
    Ts,
    /// Documents in JavaScript that Flow checks.
    Flow,
    /// Documents as `.graphql` files without shared fragments, as Angular's tools want them.
    Angular,
    /// TypeScript types of the API.
    Types,
    /// DataStore models in JavaScript, with type declarations.
    ModelsJs,
    /// DataStore models in TypeScript.
    ModelsTs,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 8] =
        [Self::Graphql, Self::Js, Self::Ts, Self::Flow, Self::Angular, Self::Types, Self::ModelsJs, Self::ModelsTs];

    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graphql => "graphql",
            Self::Js => "js",
            Self::Ts => "ts",
            Self::Flow => "flow",
            Self::Angular => "angular",
            Self::Types => "types",
            Self::ModelsJs => "models-js",
            Self::ModelsTs => "models-ts",
        }
    }

    /// Documents, in any form.
    pub(super) fn is_statements(self) -> bool {
        matches!(self, Self::Graphql | Self::Js | Self::Ts | Self::Flow | Self::Angular)
    }
}

/// What code is written, and where. Paths are relative to the project, with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CodegenSpec {
    /// What is written.
    pub targets: Vec<Target>,
    /// How many levels of objects documents select, 1 to 8.
    #[serde(default = "depth", skip_serializing_if = "is_depth")]
    pub depth: u8,
    /// The folder of the documents.
    #[serde(default = "statements", skip_serializing_if = "is_statements")]
    pub statements: String,
    /// The file of the types.
    #[serde(default = "types", skip_serializing_if = "is_types")]
    pub types: String,
    /// The folder of the models.
    #[serde(default = "models", skip_serializing_if = "is_models")]
    pub models: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_depth(given: &u8) -> bool {
    *given == depth()
}

fn is_statements(given: &str) -> bool {
    given == statements()
}

fn is_types(given: &str) -> bool {
    given == types()
}

fn is_models(given: &str) -> bool {
    given == models()
}

fn depth() -> u8 {
    2
}

fn statements() -> String {
    "src/graphql".to_owned()
}

fn types() -> String {
    "src/API.ts".to_owned()
}

fn models() -> String {
    "src/models".to_owned()
}

impl CodegenSpec {
    /// These targets, at the places where client libraries' guides expect them.
    pub fn new(targets: Vec<Target>) -> Self {
        Self { targets, depth: depth(), statements: statements(), types: types(), models: models() }
    }

    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if !(1..=8).contains(&self.depth) {
            let why = format!("documents select 1 to 8 levels, not {}", self.depth);
            problems.push(SettingProblem::new("codegen.depth", why).hint("`depth = 2`"));
        }
        if self.targets.is_empty() {
            let problem = SettingProblem::new("codegen.targets", "nothing would be written");
            problems.push(problem.hint("`targets = [\"ts\", \"types\"]`"));
        }
        for (one, other) in [(Target::Js, Target::Flow), (Target::Graphql, Target::Angular)] {
            if self.targets.contains(&one) && self.targets.contains(&other) {
                let why = format!("`{}` and `{}` write the same files", one.name(), other.name());
                problems.push(SettingProblem::new("codegen.targets", why).hint("keep one of them"));
            }
        }
        let places = [
            ("codegen.statements", &self.statements),
            ("codegen.types", &self.types),
            ("codegen.models", &self.models),
        ];
        for (setting, path) in places {
            if !crate::category::inside(path) {
                problems.push(SettingProblem::new(setting, "it must be a path inside the project, with `/`"));
            }
        }
        if std::path::Path::new(&self.types).extension().is_none_or(|ending| ending != "ts") {
            let problem = SettingProblem::new("codegen.types", "it must be the path of a TypeScript file");
            problems.push(problem.hint("`types = \"src/API.ts\"`"));
        }
        if self.statements == self.models {
            let problem = SettingProblem::new("codegen.models", "models and documents need folders of their own");
            problems.push(problem.hint("`models = \"src/models\"`"));
        }
        problems
    }

    /// Every path that one of the targets may write, whatever the schema holds.
    pub fn possible_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut statements = |ending: &str| {
            let kinds = ["queries", "mutations", "subscriptions", "fragments"];
            paths.extend(kinds.iter().map(|kind| self.statement(kind, ending)));
        };
        for target in &self.targets {
            match target {
                Target::Graphql | Target::Angular => statements("graphql"),
                Target::Js | Target::Flow => statements("js"),
                Target::Ts => statements("ts"),
                Target::Types | Target::ModelsJs | Target::ModelsTs => {}
            }
        }
        for target in &self.targets {
            match target {
                Target::Types => paths.push(self.types.clone()),
                Target::ModelsJs => {
                    let files = ["index.js", "index.d.ts", "schema.js", "schema.d.ts"];
                    paths.extend(files.iter().map(|file| self.model(file)));
                }
                Target::ModelsTs => paths.extend(["index.ts", "schema.ts"].iter().map(|file| self.model(file))),
                _ => {}
            }
        }
        paths
    }

    pub(super) fn statement(&self, kind: &str, ending: &str) -> String {
        format!("{}/{kind}.{ending}", self.statements)
    }

    pub(super) fn model(&self, file: &str) -> String {
        format!("{}/{file}", self.models)
    }

    /// How documents import the types: the way from their folder, without the ending.
    pub(super) fn types_import(&self) -> String {
        let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let (from, to) = (parts(&self.statements), parts(self.types.trim_end_matches(".ts")));
        let folders = to.len().saturating_sub(1);
        let shared = from.iter().zip(&to[..folders]).take_while(|(one, other)| one == other).count();
        let up = from.len() - shared;
        let start = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
        start + &to[shared..].join("/")
    }
}
