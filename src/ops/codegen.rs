//! Code for front ends: what the APIs of a project, or a schema alone, become in the front end's folders.
//!
//! A file without our marker is the user's and is never written over; a file that would not change is not touched.

use std::path::Path;

use serde::Serialize;

use super::{OperationError, backend};
use crate::base::ResourceName;
use crate::category::api::codegen::{self, is_generated};
use crate::category::api::{self, CodegenSpec, CompileOptions, SchemaSource, Target};
use crate::category::{ApiSpec, Context, Renderer, ResourceSpec, Sources};
use crate::error::{Code, Failure, Problem};
use crate::manifest::{Edit, FileChange, ManifestChange};
use crate::project::{Project, ProjectError};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CodegenReport {
    /// Files that are new.
    pub created: Vec<String>,
    /// Files with other content than before.
    pub updated: Vec<String>,
    /// Files of ours that nothing needs any more.
    pub removed: Vec<String>,
    /// How many files are as they were.
    pub unchanged: usize,
    /// Whether the settings are in the manifest, so that `push` and `dev` keep the code up to date; none without a
    /// project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_up_to_date: Option<bool>,
}

/// Flags, laid over the settings of an API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodegenFlags {
    /// What is written; the settings' when empty.
    pub targets: Vec<Target>,
    /// How many levels documents select.
    pub depth: Option<u8>,
    /// The folder of the documents.
    pub statements: Option<String>,
    /// The file of the types.
    pub types: Option<String>,
    /// The folder of the models.
    pub models: Option<String>,
}

impl CodegenFlags {
    fn lay(&self, spec: &mut CodegenSpec) {
        if !self.targets.is_empty() {
            spec.targets.clone_from(&self.targets);
        }
        spec.depth = self.depth.unwrap_or(spec.depth);
        let places = [
            (&self.statements, &mut spec.statements),
            (&self.types, &mut spec.types),
            (&self.models, &mut spec.models),
        ];
        for (flag, setting) in places {
            if let Some(path) = flag {
                path.trim_end_matches('/').clone_into(setting);
            }
        }
    }
}

/// Writes the code of a schema that belongs to no project below `out`.
pub fn from_schema(
    schema: &Path,
    options: Option<&Path>,
    out: &Path,
    flags: &CodegenFlags,
) -> Result<CodegenReport, Failure> {
    let text = super::compile::read(schema)?;
    let options = options.map_or_else(|| Ok("{}".to_owned()), super::compile::read)?;
    let options = CompileOptions::parse("options.json", &options).map_err(backend::problems)?;
    let mut spec = CodegenSpec::new(vec![Target::Ts, Target::Types]);
    flags.lay(&mut spec);
    check(&spec)?;
    let shown = schema.display().to_string();
    let source = SchemaSource { path: &shown, text: &text };
    let plan = api::compile::compile(&source, &options).map_err(backend::problems)?;
    let files = codegen::files(&source, &options, &plan, &spec).map_err(backend::problems)?;
    let mut report = CodegenReport::default();
    let places: Vec<_> = files.iter().map(|(path, text)| (path, out.join(path), text)).collect();
    let foreign: Vec<String> = places
        .iter()
        .filter(|(_, place, _)| std::fs::read_to_string(place).is_ok_and(|there| !is_generated(&there)))
        .map(|(_, place, _)| place.display().to_string())
        .collect();
    if !foreign.is_empty() {
        return Err(ProjectError::FilesExist(foreign).into());
    }
    for (path, place, text) in places {
        match std::fs::read_to_string(&place) {
            Ok(there) if there == *text => {
                report.unchanged += 1;
                continue;
            }
            Ok(_) => report.updated.push(path.clone()),
            Err(_) => report.created.push(path.clone()),
        }
        write(&place, text)?;
    }
    Ok(report)
}

/// Writes a file under another name first, so that nobody reads half of it.
fn write(place: &Path, text: &str) -> Result<(), Failure> {
    let written = || -> std::io::Result<()> {
        let folder = place.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let file = tempfile::Builder::new().prefix(".ampup-").tempfile_in(folder)?;
        std::fs::write(file.path(), text)?;
        file.persist(place)?;
        Ok(())
    };
    let path = place.display().to_string();
    Ok(written().map_err(|source| OperationError::File { path, action: "written", source })?)
}

/// Writes the code of one API of a project, or of all, by their settings or by what the front end looks like.
/// `save` puts the settings into the manifest.
pub fn in_project(
    project: &mut Project,
    wanted: Option<&str>,
    flags: &CodegenFlags,
    save: bool,
) -> Result<CodegenReport, Failure> {
    let name = wanted.map(|wanted| backend::resource(project.manifest(), wanted)).transpose()?;
    let mut apis: Vec<(ResourceName, ApiSpec)> = Vec::new();
    for (resource, spec) in &project.manifest().resources {
        match spec {
            ResourceSpec::Api(spec) if name.as_ref().is_none_or(|name| name == resource) => {
                apis.push((resource.clone(), spec.clone()));
            }
            _ => {}
        }
    }
    if apis.is_empty() {
        return Err(OperationError::NoneOfKind { kind: "api" }.into());
    }
    for (_, spec) in &mut apis {
        let code = spec.codegen.get_or_insert_with(|| CodegenSpec::new(usual_targets(project.root())));
        flags.lay(code);
        check(code)?;
    }
    let sources = project.sources()?;
    let (files, unchanged) = changes(project, &sources, &apis)?;
    let mut report = CodegenReport { unchanged, ..CodegenReport::default() };
    let same = |(name, spec): &(ResourceName, ApiSpec)| match project.manifest().resources.get(name) {
        Some(ResourceSpec::Api(known)) => known == spec,
        _ => false,
    };
    report.kept_up_to_date = Some(save || apis.iter().all(same));
    let manifest = if save {
        apis.into_iter().map(|(name, spec)| ManifestChange::PutResource(name, ResourceSpec::Api(spec))).collect()
    } else {
        Vec::new()
    };
    let applied = project.apply(&Edit { manifest, files })?;
    let ours = |paths: Vec<String>| paths.into_iter().filter(|path| path != crate::manifest::FILE).collect();
    (report.created, report.updated, report.removed) =
        (ours(applied.created), ours(applied.updated), ours(applied.removed));
    Ok(report)
}

/// What has to happen to the code of every API whose settings ask for some. Nothing is written yet.
pub(super) fn refresh(project: &Project, sources: &Sources) -> Result<Vec<FileChange>, Failure> {
    let apis: Vec<(ResourceName, ApiSpec)> = project
        .manifest()
        .resources
        .iter()
        .filter_map(|(name, spec)| match spec {
            ResourceSpec::Api(spec) if spec.codegen.is_some() => Some((name.clone(), spec.clone())),
            _ => None,
        })
        .collect();
    Ok(changes(project, sources, &apis)?.0)
}

fn check(spec: &CodegenSpec) -> Result<(), Failure> {
    let problems: Vec<Problem> = spec
        .check()
        .into_iter()
        .map(|problem| {
            let told = Problem::new(Code::AMP0103, format!("`{}` is wrong: {}", problem.setting, problem.why));
            problem.hint.into_iter().fold(told, Problem::hint)
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(backend::problems(problems)) }
}

/// The changes of files, and how many files stay as they are.
fn changes(
    project: &Project,
    sources: &Sources,
    apis: &[(ResourceName, ApiSpec)],
) -> Result<(Vec<FileChange>, usize), Failure> {
    let mut written: indexmap::IndexMap<String, (String, &ResourceName)> = indexmap::IndexMap::new();
    let mut possible: Vec<String> = Vec::new();
    for (name, spec) in apis {
        let Some(code) = &spec.codegen else { continue };
        for (path, text) in api_files(name, spec, code, sources)? {
            if let Some((_, other)) = written.get(&path) {
                let message = format!("the APIs `{other}` and `{name}` both write `{path}`");
                let hint = format!(
                    "give one of them other folders: `statements`, `types`, `models` below `[resources.{name}.codegen]`"
                );
                return Err(backend::problems(vec![Problem::new(Code::AMP0103, message).hint(hint)]));
            }
            written.insert(path, (text, name));
        }
        possible.extend(code.possible_paths());
    }
    let there = |path: &str| std::fs::read_to_string(project.root().join(path)).ok();
    let (mut files, mut foreign, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (path, (text, _)) in &written {
        match there(path) {
            Some(there) if there == *text => unchanged += 1,
            Some(there) if !is_generated(&there) => foreign.push(path.clone()),
            _ => files.push(FileChange::Write { path: path.clone(), text: text.clone() }),
        }
    }
    if !foreign.is_empty() {
        return Err(ProjectError::FilesExist(foreign).into());
    }
    for path in possible.into_iter().filter(|path| !written.contains_key(path)) {
        let before = there(&path).filter(|there| is_generated(there));
        files.extend(before.map(|before| FileChange::Remove { path, before: Some(before) }));
    }
    Ok((files, unchanged))
}

fn api_files(
    name: &ResourceName,
    spec: &ApiSpec,
    code: &CodegenSpec,
    sources: &Sources,
) -> Result<indexmap::IndexMap<String, String>, Failure> {
    let path = ApiSpec::schema_path(name);
    let (siblings, render) = (indexmap::IndexMap::new(), Renderer::default());
    let context = Context { name, sources, siblings: &siblings, render: &render };
    let files = spec.plan(&context).and_then(|plan| {
        let source = SchemaSource { path: &path, text: sources.text(&path).unwrap_or_default() };
        codegen::files(&source, &spec.compile_options(name, sources), &plan, code)
    });
    files.map_err(backend::problems)
}

/// What a front end most likely wants, by the files in its folder.
fn usual_targets(root: &Path) -> Vec<Target> {
    let package = std::fs::read_to_string(root.join("package.json")).ok();
    let package: Option<serde_json::Value> = package.and_then(|text| serde_json::from_str(&text).ok());
    let Some(package) = package else {
        let typed = root.join("tsconfig.json").is_file();
        return if typed { vec![Target::Ts, Target::Types] } else { vec![Target::Graphql] };
    };
    let uses = |name: &str| ["dependencies", "devDependencies"].iter().any(|group| package[*group].get(name).is_some());
    let typed = root.join("tsconfig.json").is_file() || uses("typescript");
    let mut targets = if uses("@angular/core") {
        vec![Target::Angular, Target::Types]
    } else if typed {
        vec![Target::Ts, Target::Types]
    } else if uses("flow-bin") {
        vec![Target::Flow]
    } else {
        vec![Target::Js]
    };
    if uses("@aws-amplify/datastore") {
        targets.push(Target::ModelsJs);
    }
    targets
}
