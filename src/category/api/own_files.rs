//! The user's own resolver files: which fields they answer, by which data source, and what is wrong with them.
//!
//! `resolvers/Query.now.js` answers `Query.now`, or stands instead of ours. Its first comment may say
//! `// source: PostTable`, or `// functions: check, store` for a pipeline of `functions/check.js` and
//! `functions/store.js`. The code itself is not read.

use indexmap::{IndexMap, IndexSet};

use super::plan::{Action, Function, NONE_SOURCE, OwnAnswer, Plan, Resolver, Source, Step};
use crate::base::suggest::nearest;
use crate::base::{Location, ResourceName};
use crate::category::Sources;
use crate::error::{Code, Problem};
use crate::graphql;

/// What a file calls the data source without data.
const NONE: &str = "NONE";
/// What AppSync runs in one pipeline ("AWS AppSync quotas").
const MOST_FUNCTIONS: usize = 10;

/// Puts the user's files into a plan.
///
/// # Errors
/// Every file that answers nothing or names what is not there, and every operation without an answer.
pub(super) fn apply(plan: &mut Plan, name: &ResourceName, sources: &Sources) -> Result<(), Vec<Problem>> {
    let folder = format!("ampup/api/{name}");
    let (function_folder, resolver_folder) = (format!("{folder}/functions"), format!("{folder}/resolvers"));
    let (functions, resolvers) = (files(sources, &function_folder), files(sources, &resolver_folder));
    let mut reader = Reader { plan, problems: Vec::new() };
    for file in &functions {
        reader.function(file);
    }
    let fields = if resolvers.is_empty() { IndexSet::new() } else { reader.fields() };
    for file in &resolvers {
        reader.resolver(file, &fields);
    }
    for file in &functions {
        reader.check_use(file);
    }
    reader.check_operations(&folder);
    let problems = reader.problems;
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// A file of JavaScript.
struct OwnFile<'a> {
    path: &'a str,
    text: &'a str,
    /// Its name without `.js`.
    stem: &'a str,
    header: Header<'a>,
}

/// What the first comment of a file says, with the line.
#[derive(Default)]
struct Header<'a> {
    source: Option<(&'a str, usize)>,
    functions: Option<(Vec<&'a str>, usize)>,
}

fn files<'a>(sources: &'a Sources, folder: &'a str) -> Vec<OwnFile<'a>> {
    let file = |(path, text): (&'a str, &'a str)| {
        let stem = path[folder.len() + 1..].strip_suffix(".js")?;
        Some(OwnFile { path, text, stem, header: header(text) })
    };
    sources.below(folder).filter_map(file).collect()
}

fn header(text: &str) -> Header<'_> {
    let mut header = Header::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let Some(comment) = line.strip_prefix("//") else {
            if line.is_empty() {
                continue;
            }
            break;
        };
        match comment.split_once(':').map(|(word, value)| (word.trim(), value.trim())) {
            Some(("source", value)) => header.source = Some((value, at + 1)),
            Some(("functions", value)) => {
                header.functions = Some((value.split(',').map(str::trim).collect(), at + 1));
            }
            _ => {}
        }
    }
    header
}

struct Reader<'p> {
    plan: &'p mut Plan,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn refuse(&mut self, file: &OwnFile<'_>, line: usize, message: String, hint: String) {
        let problem = Problem::new(Code::AMP0319, message).at(Location::new(file.path, line, 1));
        self.problems.push(problem.hint(hint));
    }

    /// `Type.field` for every field of the API.
    fn fields(&self) -> IndexSet<String> {
        let document = graphql::parse(&self.plan.schema).unwrap_or_default();
        let objects = document.types.iter().filter(|found| found.is_object());
        objects.flat_map(|found| found.fields().iter().map(|field| format!("{}.{}", found.name, field.name))).collect()
    }

    /// The data source that a file names, as AppSync calls it.
    fn source(&mut self, file: &OwnFile<'_>) -> Option<String> {
        let (name, line) = file.header.source?;
        if name == NONE {
            return Some(NONE_SOURCE.to_owned());
        }
        if self.plan.sources.contains_key(name) {
            return Some(name.to_owned());
        }
        let known: Vec<&str> =
            self.plan.sources.keys().map(String::as_str).filter(|known| *known != NONE_SOURCE).chain([NONE]).collect();
        let hint = nearest(name, known.iter().copied())
            .map_or_else(|| format!("one of: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        self.refuse(file, line, format!("the API has no data source `{name}`"), hint);
        None
    }

    fn function(&mut self, file: &OwnFile<'_>) {
        let name = file.stem;
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            let message = format!("`{name}` is not a name for a function");
            self.refuse(file, 1, message, "letters, digits and underscores, a letter first".to_owned());
            return;
        }
        if let Some((_, line)) = file.header.functions {
            let message = "a function of a pipeline runs no functions itself".to_owned();
            self.refuse(file, line, message, "name its data source: `// source: NAME`".to_owned());
        }
        let source = self.source(file);
        let ours = self.plan.functions.get(name).map(|ours| ours.source.clone());
        let function = Function {
            source: source.or(ours).unwrap_or_else(|| NONE_SOURCE.to_owned()),
            step: Step::Own,
            origin: Location::new(file.path, 1, 1),
        };
        self.plan.functions.insert(name.to_owned(), function);
        self.plan.own_files.insert(format!("functions/{name}.js"), file.text.to_owned());
    }

    fn resolver(&mut self, file: &OwnFile<'_>, fields: &IndexSet<String>) {
        let Some((type_name, field)) = file.stem.split_once('.').filter(|_| fields.contains(file.stem)) else {
            let hint = match nearest(file.stem, fields.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}.js`?"),
                None => "a file is named after its field: `Query.getPost.js`".to_owned(),
            };
            self.refuse(file, 1, format!("`{}` is no field of the API", file.stem), hint);
            return;
        };
        let existing = self.plan.resolvers.iter().find(|own| own.type_name == type_name && own.field == field).cloned();
        let origin = Location::new(file.path, 1, 1);
        let blank = || Resolver {
            type_name: type_name.to_owned(),
            field: field.to_owned(),
            action: Action::Own { table: None },
            source: NONE_SOURCE.to_owned(),
            origin: origin.clone(),
        };
        let source = self.source(file);
        let instead_of = existing.as_ref().map(|own| own.action.clone());
        // What a field of an owner shows may be done by others; the user's code is always run.
        let mut resolver =
            existing.filter(|own| !matches!(own.action, Action::OwnerField { .. })).unwrap_or_else(blank);
        let (checked, path) = (self.has_rules(type_name, field), format!("resolvers/{}.js", file.stem));
        if let Some((names, line)) = &file.header.functions {
            let Some(mut functions) = self.pipeline(file, names, *line) else { return };
            let last = functions.last().and_then(|name| self.plan.functions.get(name));
            resolver.source = last.map_or_else(|| NONE_SOURCE.to_owned(), |function| function.source.clone());
            if checked {
                functions.insert(0, self.check(type_name, field, &origin));
            }
            resolver.action = Action::Pipeline { functions };
            self.plan.own_files.insert(path, file.text.to_owned());
        } else if checked {
            // Ours lets the caller in, then the user's code runs as the one function of the pipeline.
            let name = format!("Own{type_name}_{field}");
            let source = source.unwrap_or_else(|| resolver.source.clone());
            let step = Function { source: source.clone(), step: Step::Own, origin: origin.clone() };
            self.plan.functions.insert(name.clone(), step);
            self.plan.own_files.insert(format!("functions/{name}.js"), file.text.to_owned());
            resolver = Resolver { action: Action::Pipeline { functions: vec![name] }, source, ..resolver };
        } else {
            if let Some(source) = source {
                let table = match self.plan.sources.get(&source) {
                    Some(Source::Table { model }) => Some(model.clone()),
                    _ => None,
                };
                resolver = Resolver { action: Action::Own { table }, source, ..resolver };
            }
            self.plan.own_files.insert(path, file.text.to_owned());
        }
        let answer = OwnAnswer { file: file.path.to_owned(), checked, instead_of };
        self.plan.own_answers.insert(file.stem.to_owned(), answer);
        self.put(resolver);
    }

    /// Whether the field has rules that a resolver must check. Those of a model's operations are the model's.
    fn has_rules(&self, type_name: &str, field: &str) -> bool {
        let of_model = self.plan.models.get(type_name).is_some_and(|model| model.field_rules.contains_key(field));
        of_model || self.plan.custom_rules.contains_key(&format!("{type_name}.{field}"))
    }

    /// The functions of a user's pipeline.
    fn pipeline(&mut self, file: &OwnFile<'_>, names: &[&str], line: usize) -> Option<Vec<String>> {
        let before = self.problems.len();
        if file.header.source.is_some() {
            let message = "a pipeline has no data source of its own".to_owned();
            self.refuse(file, line, message, "take the line `// source:` away: its functions have theirs".to_owned());
        }
        if names.len() > MOST_FUNCTIONS {
            let message = format!("a pipeline of {} functions: AppSync runs {MOST_FUNCTIONS}", names.len());
            self.refuse(file, line, message, "join some of them".to_owned());
        }
        for name in names {
            if !self.plan.functions.contains_key(*name) {
                let hint = match nearest(name, self.plan.functions.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write `functions/{name}.js`"),
                };
                self.refuse(file, line, format!("there is no function `{name}`"), hint);
            }
        }
        (self.problems.len() == before).then(|| names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The function that lets the caller of a field in.
    fn check(&mut self, type_name: &str, field: &str, origin: &Location) -> String {
        let name = format!("Check{type_name}_{field}");
        let step = Step::Check { type_name: type_name.to_owned(), field: field.to_owned() };
        let function = Function { source: NONE_SOURCE.to_owned(), step, origin: origin.clone() };
        self.plan.functions.insert(name.clone(), function);
        name
    }

    fn put(&mut self, resolver: Resolver) {
        let key = (resolver.type_name.clone(), resolver.field.clone());
        let place = |own: &Resolver| (own.type_name.clone(), own.field.clone());
        match self.plan.resolvers.iter_mut().find(|own| place(own) == key) {
            Some(own) => *own = resolver,
            None => self.plan.resolvers.push(resolver),
        }
        self.plan.resolvers.sort_by_key(place);
    }

    /// A function that nothing runs is a slip of the pen.
    fn check_use(&mut self, file: &OwnFile<'_>) {
        let name = file.stem.to_owned();
        let used = self.plan.resolvers.iter().any(|resolver| resolver.functions(self.plan).contains(&name));
        if used || !self.plan.functions.contains_key(&name) {
            return;
        }
        let all: IndexMap<String, ()> = self
            .plan
            .resolvers
            .iter()
            .flat_map(|resolver| resolver.functions(self.plan))
            .map(|name| (name, ()))
            .collect();
        let hint = match nearest(&name, all.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `functions/{near}.js`?"),
            None => format!("name it in a resolver of yours: `// functions: {name}`"),
        };
        self.refuse(file, 1, format!("no pipeline runs the function `{name}`"), hint);
    }

    /// Operations that the user declared, and that nothing answers.
    fn check_operations(&mut self, folder: &str) {
        for declared in &self.plan.declared {
            let (type_name, field) = (&declared.type_name, &declared.field);
            let answers = |own: &&Resolver| own.type_name == *type_name && own.field == *field;
            let answer = self.plan.resolvers.iter().find(answers);
            if answer.is_some_and(|own| !matches!(own.action, Action::ProtectedField { .. })) {
                continue;
            }
            let problem = Problem::new(Code::AMP0315, format!("nothing answers {type_name}.{field}"))
                .at(declared.origin.clone())
                .hint(format!("write `{folder}/resolvers/{type_name}.{field}.js`"))
                .hint("or let a Lambda function answer it: `@function(name: \"NAME\")`");
            self.problems.push(problem);
        }
    }
}
