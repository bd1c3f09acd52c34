//! The variables that states read: `variableReferences` of the descriptions that the API gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::super::jsonata;
use super::super::path::Path;
use super::super::template::{Placement, Selection};
use super::code::{Code, Filling, Setting, Source, Step, Ways, When, Work};

/// Variables by name, in order.
type Names = BTreeSet<String>;

impl Code {
    /// The variables that each state reads, those of inner branches too; states that read none are absent.
    pub fn references(&self) -> IndexMap<Arc<str>, BTreeSet<String>> {
        let mut all = IndexMap::new();
        self.collect(&mut all);
        all
    }

    fn collect(&self, all: &mut IndexMap<Arc<str>, Names>) {
        for (name, step) in &self.steps {
            let names = step.references();
            if !names.is_empty() {
                all.insert(Arc::clone(name), names);
            }
            step.branches().iter().chain(step.processor()).for_each(|code| code.collect(all));
        }
    }
}

impl Step {
    /// The variables that the state itself reads.
    pub fn references(&self) -> BTreeSet<String> {
        let mut names = Names::new();
        self.ways(&mut names);
        self.work(&mut names);
        filling(self.assign.as_ref(), &mut names);
        for catcher in &self.catch {
            template(catcher.output.as_ref(), &mut names);
            filling(catcher.assign.as_ref(), &mut names);
        }
        names
    }

    fn ways(&self, names: &mut Names) {
        match &self.flow {
            Ways::Jsonata { arguments, output } => {
                template(arguments.as_ref(), names);
                template(output.as_ref(), names);
            }
            Ways::Path { input, parameters, selector, result, output } => {
                for selection in [input, output] {
                    if let Selection::At(path) = selection {
                        note(path, names);
                    }
                }
                if let Placement::At(path) = result {
                    note(path, names);
                }
                for template in [parameters, selector].into_iter().flatten() {
                    path_template(template, names);
                }
            }
        }
    }

    fn work(&self, names: &mut Names) {
        match &self.work {
            Work::Pass { .. } | Work::Succeed | Work::Parallel { .. } => {}
            Work::Choice { rules, .. } => {
                for rule in rules {
                    match &rule.when {
                        When::Path(condition) => condition.paths().into_iter().for_each(|path| note(path, names)),
                        When::Expression(expression) => names.extend(expression.survey().variables),
                        When::Constant(_) => {}
                    }
                    filling(rule.assign.as_ref(), names);
                    template(rule.output.as_ref(), names);
                }
            }
            Work::Seconds(seconds) => setting(Some(seconds), names),
            Work::Timestamp(point) => setting(Some(point), names),
            Work::Fail(ending) => {
                setting(ending.error.as_ref(), names);
                setting(ending.cause.as_ref(), names);
            }
            Work::Task(job) => {
                setting(job.timeout.as_ref(), names);
                setting(job.heartbeat.as_ref(), names);
                filling(job.credentials.as_ref(), names);
            }
            Work::Map(iteration) => {
                match &iteration.items {
                    Source::Input => {}
                    Source::Path(path) => note(path, names),
                    Source::Template(items) => template(Some(items), names),
                    Source::Expression(expression) => names.extend(expression.survey().variables),
                }
                filling(iteration.selector.as_ref(), names);
                setting(iteration.max_concurrency.as_ref(), names);
                setting(iteration.tolerated_count.as_ref(), names);
                setting(iteration.tolerated_percentage.as_ref(), names);
                setting(iteration.reader_max_items.as_ref(), names);
                for outside in [&iteration.reader, &iteration.writer].into_iter().flatten() {
                    filling(outside.parameters.as_ref(), names);
                }
                if let Some(batch) = &iteration.batch {
                    filling(batch.input.as_ref(), names);
                    setting(batch.max_items.as_ref(), names);
                    setting(batch.max_bytes.as_ref(), names);
                }
            }
        }
    }
}

fn note(path: &Path, names: &mut Names) {
    names.extend(path.variable().map(str::to_owned));
}

fn path_template(template: &super::super::template::Template, names: &mut Names) {
    for (_, dynamic) in template.dynamics() {
        dynamic.paths().into_iter().for_each(|path| note(path, names));
    }
}

fn template(template: Option<&jsonata::Template>, names: &mut Names) {
    let expressions = template.map(jsonata::Template::expressions).unwrap_or_default();
    names.extend(expressions.into_iter().flat_map(|(_, expression)| expression.survey().variables));
}

fn filling(filling: Option<&Filling>, names: &mut Names) {
    match filling {
        None => {}
        Some(Filling::Path(template)) => path_template(template, names),
        Some(Filling::Jsonata(found)) => template(Some(found), names),
    }
}

fn setting<T>(setting: Option<&Setting<T>>, names: &mut Names) {
    match setting {
        None | Some(Setting::Literal(_)) => {}
        Some(Setting::Path(path)) => note(path, names),
        Some(Setting::Intrinsic(call)) => call.paths().into_iter().for_each(|path| note(path, names)),
        Some(Setting::Expression(expression)) => names.extend(expression.survey().variables),
    }
}
