//! An API as queries see it: schema, keys, data sources, and the programs of its resolvers, read once for each change.
//!
//! Not here: running any of it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::caching::Caching;
use super::datasource::is_awaited;
use super::js::Program;
use super::record::{Api, ApiKey, DataSource, FunctionRecord, ResolverRecord, SyncConfig};
use super::schema::CompiledSchema;

/// How many requests are invoked together when nothing is said (AppSync guide: up to five).
const BATCH_SIZE: usize = 5;

/// Code, known to sandboxes by a name that changes with its text.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct Code {
    pub name: String,
    text: String,
    program: OnceLock<Result<Program, String>>,
}

impl Code {
    pub(in crate::cloud::appsync) fn new(text: &str) -> Self {
        let name = hex::encode(Sha256::digest(text));
        Self { name, text: text.to_owned(), program: OnceLock::new() }
    }

    /// Whether a write of it may ask a function when its condition fails.
    fn may_ask(&self) -> bool {
        self.text.contains("conditionalCheckFailedHandler")
    }

    /// The program; it is read on first use.
    pub(in crate::cloud::appsync) fn program(&self) -> Result<&Program, &str> {
        let read = || {
            Program::read(&self.text).map_err(|errors| {
                let listed: Vec<String> = errors.iter().map(ToString::to_string).collect();
                listed.join("; ")
            })
        };
        self.program.get_or_init(read).as_ref().map_err(String::as_str)
    }
}

/// One step of a pipeline, or the whole of a unit resolver: code and the data source it speaks to.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct Step {
    pub code: Arc<Code>,
    pub source: Arc<DataSource>,
    /// What settles conflicts, when the data source is versioned.
    pub sync: Option<SyncConfig>,
    /// How many requests are invoked together at most.
    pub batch_size: usize,
}

impl Step {
    fn new(code: Arc<Code>, source: &Arc<DataSource>, (sync, batch_size): (Option<SyncConfig>, usize)) -> Arc<Self> {
        let batch_size = if batch_size == 0 { BATCH_SIZE } else { batch_size };
        Arc::new(Self { code, source: Arc::clone(source), sync, batch_size })
    }
}

impl Step {
    /// Whether it may set off code outside.
    fn calls_out(&self) -> bool {
        let settles = self.sync.as_ref().is_some_and(SyncConfig::calls_function);
        !matches!(self.source.kind.as_str(), "NONE" | "AMAZON_DYNAMODB") || settles || self.code.may_ask()
    }
}

/// What answers a field.
#[derive(Debug)]
pub(in crate::cloud::appsync) enum Resolver {
    /// Request, data source, response.
    Unit(Arc<Step>),
    /// Before, functions, after.
    Pipeline { code: Arc<Code>, steps: Vec<Arc<Step>> },
    /// It names a data source or a function that is gone.
    Broken(String),
}

impl Resolver {
    /// Whether it may set off code outside, which may send requests of its own.
    pub(in crate::cloud::appsync) fn calls_out(&self) -> bool {
        self.steps().any(|step| step.calls_out())
    }

    /// Whether it may hold a thread for long. Functions are waited for without one.
    pub(in crate::cloud::appsync) fn blocks(&self) -> bool {
        self.steps().any(|step| !is_awaited(&step.source) && step.calls_out())
    }

    /// What it speaks to, in order.
    fn steps(&self) -> impl Iterator<Item = &Arc<Step>> {
        match self {
            Self::Unit(step) => std::slice::from_ref(step).iter(),
            Self::Pipeline { steps, .. } => steps.iter(),
            Self::Broken(_) => std::slice::Iter::default(),
        }
    }

    /// One of its steps, from 0.
    pub(in crate::cloud::appsync) fn step(&self, position: usize) -> Option<&Arc<Step>> {
        self.steps().nth(position)
    }

    /// Whether any of its code may look at `ctx.info`.
    pub(in crate::cloud::appsync) fn uses_info(&self) -> bool {
        let uses = |code: &Code| code.program().is_ok_and(|program| program.uses_info);
        match self {
            Self::Unit(step) => uses(&step.code),
            Self::Pipeline { code, steps } => uses(code) || steps.iter().any(|step| uses(&step.code)),
            Self::Broken(_) => false,
        }
    }
}

/// An API.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct CompiledApi {
    pub api: Api,
    /// `arn:aws:appsync:…:apis/ID`.
    pub arn: String,
    pub account: String,
    pub schema: Arc<CompiledSchema>,
    pub keys: BTreeMap<String, ApiKey>,
    /// Whether some fields may wait for others, to be invoked together.
    pub gathers: bool,
    /// By type, then field.
    resolvers: BTreeMap<String, BTreeMap<String, Arc<Resolver>>>,
    /// For how long and by what the answers of resolvers are kept, by type, then field.
    cached: BTreeMap<String, BTreeMap<String, Caching>>,
}

impl CompiledApi {
    pub(in crate::cloud::appsync) fn new(
        api: Api,
        schema: Arc<CompiledSchema>,
        keys: Vec<ApiKey>,
        sources: Vec<DataSource>,
        (functions, rows): (Vec<FunctionRecord>, Vec<ResolverRecord>),
        (arn, account): (String, &str),
    ) -> Self {
        let gathers = sources.iter().any(is_awaited);
        let sources: BTreeMap<String, Arc<DataSource>> =
            sources.into_iter().map(|source| (source.name.clone(), Arc::new(source))).collect();
        let steps: BTreeMap<String, Arc<Step>> = functions
            .into_iter()
            .filter_map(|row| {
                let source = sources.get(&row.data_source_name)?;
                let code = Arc::new(Code::new(&row.code.unwrap_or_default()));
                Some((row.function_id, Step::new(code, source, (row.sync_config, row.max_batch_size))))
            })
            .collect();
        let mut resolvers: BTreeMap<String, BTreeMap<String, Arc<Resolver>>> = BTreeMap::new();
        let mut cached: BTreeMap<String, BTreeMap<String, Caching>> = BTreeMap::new();
        for row in rows {
            let (type_name, field_name) = (row.type_name.clone(), row.field_name.clone());
            if let Some(caching) = Caching::of(&api, row.caching_config.as_ref()) {
                cached.entry(type_name.clone()).or_default().insert(field_name.clone(), caching);
            }
            let resolver = resolver(row, &sources, &steps).unwrap_or_else(Resolver::Broken);
            resolvers.entry(type_name).or_default().insert(field_name, Arc::new(resolver));
        }
        let keys = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
        Self { api, arn, account: account.to_owned(), schema, keys, gathers, resolvers, cached }
    }

    /// For how long and by what the answers of a field's resolver are kept.
    pub(in crate::cloud::appsync) fn caching(&self, type_name: &str, field_name: &str) -> Option<&Caching> {
        self.cached.get(type_name)?.get(field_name)
    }

    /// What answers a field; none means that the field is read off its parent.
    pub(in crate::cloud::appsync) fn resolver(&self, type_name: &str, field_name: &str) -> Option<&Arc<Resolver>> {
        self.resolvers.get(type_name)?.get(field_name)
    }
}

fn resolver(
    row: ResolverRecord,
    sources: &BTreeMap<String, Arc<DataSource>>,
    steps: &BTreeMap<String, Arc<Step>>,
) -> Result<Resolver, String> {
    let code = Arc::new(Code::new(&row.code.unwrap_or_default()));
    if row.kind == "PIPELINE" {
        let ids = row.pipeline_config.unwrap_or_default().functions;
        let found = ids.iter().map(|id| steps.get(id).cloned().ok_or_else(|| format!("Function {id} not found.")));
        return Ok(Resolver::Pipeline { code, steps: found.collect::<Result<_, _>>()? });
    }
    let name = row.data_source_name.unwrap_or_default();
    let source = sources.get(&name).ok_or_else(|| format!("No data source found named {name}"))?;
    Ok(Resolver::Unit(Step::new(code, source, (row.sync_config, row.max_batch_size))))
}
