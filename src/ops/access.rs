//! Who may do what with the project's APIs, or with a schema alone.

use std::path::Path;

use serde::Serialize;

use super::compile::read;
use super::{OperationError, backend};
use crate::category::api::access::{ApiAccess, access};
use crate::category::api::compile::{CompileOptions, SchemaSource, compile};
use crate::category::api::plan::Plan;
use crate::category::{Context, ResourceSpec};
use crate::error::Failure;
use crate::project::Project;

/// The matrices of some APIs.
#[derive(Clone, Debug, Serialize)]
pub struct AccessReport {
    /// Each API.
    pub apis: Vec<NamedAccess>,
}

/// The matrix of one API.
#[derive(Clone, Debug, Serialize)]
pub struct NamedAccess {
    /// Its name in the project, or the file of its schema.
    pub api: String,
    /// The matrix.
    #[serde(flatten)]
    pub access: ApiAccess,
}

/// The matrices of the project's APIs; of one model when it is named.
///
/// # Errors
/// Every problem of the schemas; or that there is no API, or no such model.
pub fn of_project(project: &Project, model: Option<&str>) -> Result<AccessReport, Failure> {
    let (sources, render) = (project.sources()?, project.renderer()?);
    let resources = &project.manifest().resources;
    let mut apis = Vec::new();
    let mut problems = Vec::new();
    for (name, spec) in resources {
        let ResourceSpec::Api(spec) = spec else { continue };
        let context = Context { name, sources: &sources, siblings: resources, render: &render };
        match spec.plan(&context) {
            Ok(plan) => apis.push(named(name.to_string(), &plan)),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(backend::problems(problems));
    }
    if apis.is_empty() {
        return Err(OperationError::NoneOfKind { kind: "api" }.into());
    }
    narrowed(apis, model)
}

/// The matrix of a schema; of one model when it is named.
///
/// # Errors
/// Every problem of the schema or the options; or that there is no such model.
pub fn of_schema(schema: &Path, options: Option<&Path>, model: Option<&str>) -> Result<AccessReport, Failure> {
    let text = read(schema)?;
    let path = schema.display().to_string();
    let options = match options {
        Some(file) => CompileOptions::parse(&file.display().to_string(), &read(file)?).map_err(backend::problems)?,
        None => CompileOptions::default(),
    };
    let plan = compile(&SchemaSource { path: &path, text: &text }, &options).map_err(backend::problems)?;
    narrowed(vec![named(path, &plan)], model)
}

fn named(api: String, plan: &Plan) -> NamedAccess {
    NamedAccess { api, access: access(plan) }
}

/// Of one model only, without the fields that belong to none.
fn narrowed(mut apis: Vec<NamedAccess>, model: Option<&str>) -> Result<AccessReport, Failure> {
    let Some(wanted) = model else { return Ok(AccessReport { apis }) };
    let known: Vec<String> = apis.iter().flat_map(|api| &api.access.models).map(|found| found.model.clone()).collect();
    for api in &mut apis {
        api.access.models.retain(|found| found.model == wanted);
        api.access.custom.clear();
        let columns = api.access.models.iter().flat_map(|found| &found.columns);
        let fields: Vec<&str> = columns.map(|column| column.field.as_str()).collect();
        api.access.files.retain(|own| own.type_name == wanted || fields.contains(&own.field.as_str()));
    }
    apis.retain(|api| !api.access.models.is_empty());
    if apis.is_empty() {
        return Err(OperationError::NoModel { wanted: wanted.to_owned(), known }.into());
    }
    Ok(AccessReport { apis })
}
