//! What one stack of an API holds of its models: tables, roles, functions, resolvers.
//!
//! A resolver stands beside its data source, so a stack of models takes things of the API's own stack alone, and nothing
//! takes anything of a stack of models but the ids of functions.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::names::{self, Names, stream_output};
use super::placement::{FIRST, Placement, stack_path};
use super::syncing::{self, Settling};
use super::tables::{self, Role, Table};
use super::{sources, stack_id};
use crate::base::{Location, ResourceName};
use crate::category::Context;
use crate::category::api::plan::{Action, Model, Plan, Resolver, Source};
use crate::category::api::resolvers::{FunctionFile, ResolverFile};
use crate::category::function::followed_models;

/// The part that every stack of an API has.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    /// YAML for the id of the API.
    api_id: &'static str,
    /// The stack is the API's own, so that it holds the schema.
    has_schema: bool,
    tables: Vec<Table>,
    roles: Vec<Role>,
    functions: Vec<FunctionEntry>,
    /// Ids of the functions that other stacks use.
    exported: Vec<String>,
    /// Ids of the tables whose streams the API's own stack reads.
    streams: Vec<String>,
    resolvers: Vec<ResolverEntry>,
    /// What it takes of the API's own stack.
    pub(super) borrowed: Vec<Borrowed>,
    #[serde(skip)]
    origins: IndexMap<String, Location>,
}

/// The stream of a model's table, as the API's own stack hands it on.
#[derive(Debug, Serialize)]
pub(super) struct Followed {
    output: String,
    stream: String,
}

/// Something of the API's own stack that a stack of models takes by a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Borrowed {
    /// The parameter.
    id: String,
    what: &'static str,
    /// YAML for its value in the API's own stack.
    value: String,
}

#[derive(Debug, Serialize)]
struct ResolverEntry {
    id: String,
    label: String,
    type_name: String,
    field: String,
    /// YAML for the name of its data source; `None` for a pipeline.
    source: Option<String>,
    /// YAML for the ids of the functions of a pipeline.
    functions: Vec<String>,
    file: String,
    /// Who settles conflicts, when it writes to a versioned data source itself.
    settling: Option<Settling>,
}

#[derive(Debug, Serialize)]
struct FunctionEntry {
    id: String,
    label: String,
    name: String,
    /// YAML for the name of its data source.
    source: String,
    file: String,
    settling: Option<Settling>,
}

/// The code of an API, in the order of its plan.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) resolvers: Vec<ResolverFile>,
    pub(super) functions: Vec<FunctionFile>,
}

/// Everything that the stacks of an API are made of.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    plan: &'a Plan,
    name: &'a ResourceName,
    pub(super) placement: &'a Placement,
    written: &'a Written,
    names: Names,
    /// The id of each resolver, without `Resolver`.
    ids: Vec<String>,
    /// Models whose changes make functions of the project run.
    followed: BTreeSet<&'a str>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(plan: &'a Plan, context: &Context<'a>, placement: &'a Placement, written: &'a Written) -> Self {
        let (name, followed) = (context.name, followed_models(context.name, context.siblings));
        let mut names = Names::new(plan);
        let ids = written.resolvers.iter().map(|file| names.resolver(&file.type_name, &file.field)).collect();
        Self { plan, name, placement, written, names, ids, followed }
    }

    /// What the stack of a number holds.
    pub(super) fn content(&self, number: usize) -> Content {
        let here = |model: &&Model| model.sql.is_none() && self.placement.of(&model.name) == number;
        let models: Vec<&Model> = self.plan.models.values().filter(here).collect();
        let api = if number == FIRST { "GraphQLApi.ApiId" } else { "GraphQLApiId" };
        let (tables, roles) = tables::tables(self.plan, &models, &self.names, api);
        let mut content = Content {
            api_id: if number == FIRST { "!GetAtt GraphQLApi.ApiId" } else { "!Ref GraphQLApiId" },
            has_schema: number == FIRST,
            tables,
            roles,
            functions: Vec::new(),
            exported: Vec::new(),
            streams: Vec::new(),
            resolvers: Vec::new(),
            borrowed: Vec::new(),
            origins: IndexMap::new(),
        };
        if number != FIRST && models.iter().any(|model| syncing::is_synced(model)) {
            let (id, value) = (syncing::CHANGES.to_owned(), format!("!Ref {}", syncing::CHANGES));
            borrow(&mut content.borrowed, id, "Name of the table of recent changes", value);
        }
        for model in models {
            let id = self.names.model(&model.name);
            let is_read = self.is_searched(&model.name) || self.followed.contains(model.name.as_str());
            if number != FIRST && is_read {
                content.streams.push(format!("{id}Table"));
            }
            content.origins.extend(["Table", "DataSource"].map(|end| (format!("{id}{end}"), model.origin.clone())));
        }
        self.add_functions(number, &mut content);
        self.add_resolvers(number, &mut content);
        content
    }

    fn is_searched(&self, name: &str) -> bool {
        let mut actions = self.plan.resolvers.iter().map(|resolver| &resolver.action);
        actions.any(|action| matches!(action, Action::Search { model } if model == name))
    }

    /// The streams that functions of the project follow: outputs of the API's own stack, with YAML for their values.
    pub(super) fn followed(&self) -> Vec<Followed> {
        let models = self.plan.models.values().filter(|model| model.sql.is_none());
        let models = models.filter(|model| self.followed.contains(model.name.as_str()));
        models
            .map(|model| Followed { output: stream_output(&model.name), stream: self.stream(&model.name).1 })
            .collect()
    }

    /// The id of a model, and YAML for the stream of its table as the API's own stack knows it.
    pub(super) fn stream(&self, model: &str) -> (String, String) {
        let id = self.names.model(model);
        let stream = match self.placement.of(model) {
            FIRST => format!("!GetAtt {id}Table.StreamArn"),
            home => format!("!GetAtt {}.Outputs.{id}TableStreamArn", stack_id(home)),
        };
        (id, stream)
    }

    fn add_functions(&self, number: usize, content: &mut Content) {
        for (file, function) in self.written.functions.iter().zip(self.plan.functions.values()) {
            if self.source_stack(&file.source) == number {
                let id = names::function(&file.name);
                content.origins.insert(format!("{id}Function"), function.origin.clone());
                // What a model does with its own table is used by its own resolvers.
                if function.step.table().is_none() {
                    content.exported.push(id.clone());
                }
                content.functions.push(FunctionEntry {
                    label: format!("function {}", file.name),
                    name: file.name.clone(),
                    source: self.source(&file.source, number, &mut content.borrowed),
                    file: self.relative(number, &file.path),
                    settling: syncing::settling(self.plan, &file.source),
                    id,
                });
            }
        }
    }

    fn add_resolvers(&self, number: usize, content: &mut Content) {
        for ((resolver, file), id) in self.plan.deployed().zip(&self.written.resolvers).zip(&self.ids) {
            if self.placement.of_resolver(resolver) != number {
                continue;
            }
            content.origins.insert(format!("{id}Resolver"), resolver.origin.clone());
            let functions = self.pipeline(resolver, number, &mut content.borrowed);
            let unit = functions.is_empty();
            content.resolvers.push(ResolverEntry {
                id: id.clone(),
                label: format!("resolver {}.{}", file.type_name, file.field),
                type_name: file.type_name.clone(),
                field: file.field.clone(),
                source: unit.then(|| self.source(&file.source, number, &mut content.borrowed)),
                functions,
                file: self.relative(number, &file.path),
                settling: syncing::settling(self.plan, &file.source).filter(|_| unit),
            });
        }
    }

    /// YAML for the ids of the functions of a resolver, as the stack of a number knows them.
    fn pipeline(&self, resolver: &Resolver, number: usize, borrowed: &mut Vec<Borrowed>) -> Vec<String> {
        let mut reference = |name: &String| {
            let id = names::function(name);
            let own = format!("!GetAtt {id}Function.FunctionId");
            let source = self.plan.functions.get(name).map(|function| function.source.as_str());
            match source.map_or(FIRST, |source| self.source_stack(source)) {
                home if home == number => own,
                FIRST => borrow(borrowed, format!("{id}FunctionId"), "Id of a function of the API", own),
                home => format!("!GetAtt {}.Outputs.{id}FunctionId", stack_id(home)),
            }
        };
        resolver.functions(self.plan).iter().map(&mut reference).collect()
    }

    /// The stack of a data source: tables are in that of their model.
    fn source_stack(&self, source: &str) -> usize {
        match self.plan.sources.get(source) {
            Some(Source::Table { model }) => self.placement.of(model),
            _ => FIRST,
        }
    }

    /// YAML for the name of a data source, as the stack of a number knows it.
    fn source(&self, source: &str, number: usize, borrowed: &mut Vec<Borrowed>) -> String {
        let id = sources::id(self.plan, &self.names, source);
        let own = format!("!GetAtt {id}.Name");
        if self.source_stack(source) == number {
            own
        } else {
            borrow(borrowed, id, "Name of a data source of the API", own)
        }
    }

    /// The path of a file from the template that names it.
    fn relative(&self, number: usize, path: &str) -> String {
        let folder = stack_path(self.name, number);
        format!("./{}/{path}", folder.rsplit('/').next().unwrap_or(&folder))
    }

    /// Every file by its path below `ampup/stacks/`.
    pub(super) fn files(&self) -> IndexMap<String, String> {
        let folder = |number: usize| stack_path(self.name, number);
        let resolvers = self.plan.deployed().zip(&self.written.resolvers).map(|(resolver, file)| {
            (format!("{}/{}", folder(self.placement.of_resolver(resolver)), file.path), file.text.clone())
        });
        let functions = self
            .written
            .functions
            .iter()
            .map(|file| (format!("{}/{}", folder(self.source_stack(&file.source)), file.path), file.text.clone()));
        resolvers.chain(functions).collect()
    }

    /// Data sources that something uses.
    pub(super) fn uses(&self, source: &str) -> bool {
        let mut used = self.written.resolvers.iter().map(|file| &file.source);
        used.any(|known| known == source) || self.written.functions.iter().any(|file| file.source == source)
    }
}

/// YAML for the parameter by which a stack of models takes something.
fn borrow(borrowed: &mut Vec<Borrowed>, id: String, what: &'static str, value: String) -> String {
    let reference = format!("!Ref {id}");
    let one = Borrowed { id, what, value };
    if !borrowed.contains(&one) {
        borrowed.push(one);
    }
    reference
}

impl Content {
    pub(super) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    /// The user's line for a logical id that comes from one.
    pub(super) fn origin(&self, id: &str) -> Option<&Location> {
        self.origins.get(id)
    }
}
