//! The text of `ampup.toml` and the [`Manifest`] it means; every problem of the text at once.
//!
//! Each setting is read on its own, so that a wrong one hides no other. Edits are in [`super::rewrite`].

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Map as JsonMap, Value as Json};
use toml::de::{DeTable, DeValue};

use super::{FILE, Manifest, ManifestVersion, OutputsSettings};
use crate::base::suggest::nearest;
use crate::base::{EnvName, ProjectName, ResourceName, Target};
use crate::category::{Among, ResourceSpec, SettingProblem};
use crate::error::{Code, Problem};

/// The deepest nesting of tables that is read. Ours is three; more is a mistake or an attack.
const DEEPEST: usize = 32;

/// Reads a manifest; every problem of the text at once, each with its place.
pub fn parse(text: &str) -> Result<Manifest, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| {
            let message = format!("the manifest is not TOML: {}", one_line(error.message()));
            let problem = Problem::new(Code::AMP0102, message);
            match error.span() {
                Some(span) => problem.at_span(FILE, text, span),
                None => problem,
            }
        };
        return Err(errors.iter().map(problem).collect());
    }
    let mut reader = Reader { text, problems: Vec::new() };
    let manifest = reader.manifest(&Setting::root(table.get_ref(), text.len()));
    match manifest {
        Some(manifest) if reader.problems.is_empty() => Ok(manifest),
        _ => Err(reader.problems),
    }
}

/// An error of a parser, without line breaks and without a full stop.
fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A key with its value and their places.
struct Setting {
    key: String,
    key_span: std::ops::Range<usize>,
    value_span: std::ops::Range<usize>,
    value: Json,
    /// The settings of a table, in the order of the file; empty for other values.
    inner: Vec<Setting>,
}

impl Setting {
    fn root(table: &DeTable<'_>, length: usize) -> Self {
        let inner = Self::inner(table, 0);
        Self { key: String::new(), key_span: 0..0, value_span: 0..length, value: Self::object(&inner), inner }
    }

    fn inner(table: &DeTable<'_>, depth: usize) -> Vec<Self> {
        let mut settings: Vec<Self> = table
            .iter()
            .map(|(key, value)| {
                let inner = match value.get_ref().as_table() {
                    Some(table) if depth < DEEPEST => Self::inner(table, depth + 1),
                    _ => Vec::new(),
                };
                let json = if value.get_ref().is_table() { Self::object(&inner) } else { json(value.get_ref(), depth) };
                let (key_span, value_span) = (key.span(), value.span());
                Self { key: key.get_ref().to_string(), key_span, value_span, value: json, inner }
            })
            .collect();
        settings.sort_by_key(|setting| setting.key_span.start);
        settings
    }

    fn object(inner: &[Self]) -> Json {
        Json::Object(inner.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect())
    }

    fn get(&self, key: &str) -> Option<&Self> {
        self.inner.iter().find(|setting| setting.key == key)
    }
}

fn json(value: &DeValue<'_>, depth: usize) -> Json {
    match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Json::String(number.to_string()), Json::from),
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Json::Null, Json::from),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Array(items) if depth < DEEPEST => items.iter().map(|item| json(item.get_ref(), depth + 1)).collect(),
        DeValue::Table(table) if depth < DEEPEST => {
            table.iter().map(|(key, item)| (key.get_ref().to_string(), json(item.get_ref(), depth + 1))).collect()
        }
        DeValue::Array(_) | DeValue::Table(_) => Json::Null,
    }
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, message: impl Into<String>, span: std::ops::Range<usize>, hints: Vec<String>) {
        let problem = Problem::new(Code::AMP0103, message).at_span(FILE, self.text, span);
        self.problems.push(hints.into_iter().fold(problem, Problem::hint));
    }

    fn manifest(&mut self, root: &Setting) -> Option<Manifest> {
        const SETTINGS: [&str; 5] = ["version", "name", "outputs", "environments", "resources"];
        for setting in &root.inner {
            if !SETTINGS.contains(&setting.key.as_str()) {
                self.unknown(setting, "of a manifest", &SETTINGS);
            }
        }
        let version = self.required::<ManifestVersion>(root, "version", "version = 1");
        let name = self.required::<ProjectName>(root, "name", "name = \"my-app\"");
        let outputs = self.outputs(root);
        let environments = self.named::<EnvName, Target>(root, "environments", "environment");
        let resources = self.named::<ResourceName, ResourceSpec>(root, "resources", "resource");
        self.resources(root, &resources);
        self.databases(root, &resources, &environments);
        Some(Manifest { version: version?, name: name?, outputs, environments, resources })
    }

    fn required<T: DeserializeOwned>(&mut self, root: &Setting, key: &str, example: &str) -> Option<T> {
        let Some(setting) = root.get(key) else {
            let hint = format!("add `{example}` at the top");
            self.problem(format!("the setting `{key}` is missing"), 0..0, vec![hint]);
            return None;
        };
        serde_json::from_value(setting.value.clone())
            .map_err(|error| self.wrong(key, setting, &error.to_string(), ""))
            .ok()
    }

    fn outputs(&mut self, root: &Setting) -> OutputsSettings {
        let Some(setting) = root.get("outputs") else { return OutputsSettings::default() };
        let outputs: OutputsSettings = self.settings(setting, "of `outputs`", &JsonMap::new()).unwrap_or_default();
        if !crate::category::inside(&outputs.path) {
            let span = setting.get("path").map_or(setting.key_span.clone(), |path| path.value_span.clone());
            let message = "`path` of `outputs` is wrong: it must be the path of a file inside the project, with `/`";
            self.problem(message, span, Vec::new());
        }
        outputs
    }

    /// The tables below `[environments]` or `[resources]`.
    fn named<N, T>(&mut self, root: &Setting, section: &str, what: &str) -> IndexMap<N, T>
    where
        N: TryFrom<String, Error = crate::base::NameError> + std::hash::Hash + Eq,
        T: DeserializeOwned,
    {
        let mut found = IndexMap::new();
        let Some(setting) = root.get(section) else { return found };
        if !setting.value.is_object() {
            let hint = format!("write each {what} as its own table: `[{section}.name]`");
            self.problem(format!("`{section}` must be a table"), setting.value_span.clone(), vec![hint]);
        }
        for entry in &setting.inner {
            let name = N::try_from(entry.key.clone());
            if let Err(error) = &name {
                self.problem(error.to_string(), entry.key_span.clone(), Vec::new());
            }
            let Some(kind) = entry.get("kind") else {
                let hint =
                    format!("add a line `kind = \"{}\"` below it", if what == "resource" { "api" } else { "local" });
                self.problem(
                    format!("the {what} `{}` has no `kind`", shown(&entry.key)),
                    entry.key_span.clone(),
                    vec![hint],
                );
                continue;
            };
            let fixed = JsonMap::from_iter([("kind".to_owned(), kind.value.clone())]);
            let value = self.settings(entry, &format!("of {what} `{}`", shown(&entry.key)), &fixed);
            if let (Ok(name), Some(value)) = (name, value) {
                found.insert(name, value);
            }
        }
        found
    }

    /// What the settings of one table mean: each is first read alone, beside the `fixed` ones.
    fn settings<T: DeserializeOwned>(&mut self, table: &Setting, of: &str, fixed: &JsonMap<String, Json>) -> Option<T> {
        let before = self.problems.len();
        if let Err(error) = serde_json::from_value::<T>(Json::Object(fixed.clone())) {
            let error = error.to_string();
            if let (false, Some(kind)) = (is_missing(&error), table.get("kind")) {
                self.wrong("kind", kind, &error, of);
                return None;
            }
        }
        let mut path = Vec::new();
        for setting in table.inner.iter().filter(|setting| !fixed.contains_key(&setting.key)) {
            self.leaf::<T>(setting, &mut path, of, fixed);
        }
        match serde_json::from_value(table.value.clone()) {
            Ok(value) => Some(value).filter(|_| self.problems.len() == before),
            Err(error) => {
                if self.problems.len() == before {
                    self.wrong("", table, &error.to_string(), of);
                }
                None
            }
        }
    }

    /// Reads the settings at or below `setting` alone.
    fn leaf<T: DeserializeOwned>(
        &mut self,
        setting: &Setting,
        path: &mut Vec<String>,
        of: &str,
        fixed: &JsonMap<String, Json>,
    ) {
        let alone = |path: &[String], value: Json| {
            let nested =
                path.iter().rev().fold(value, |value, key| Json::Object(JsonMap::from_iter([(key.clone(), value)])));
            let mut whole = fixed.clone();
            whole.extend(nested.as_object().cloned().unwrap_or_default());
            serde_json::from_value::<T>(Json::Object(whole)).err().map(|error| error.to_string())
        };
        path.push(setting.key.clone());
        if setting.value.is_object() && alone(path, Json::Object(JsonMap::new())).is_none_or(|error| is_missing(&error))
        {
            for inner in &setting.inner {
                self.leaf::<T>(inner, path, of, fixed);
            }
        } else if let Some(error) = alone(path, setting.value.clone()).filter(|error| !is_missing(error)) {
            self.wrong(&path.join("."), setting, &error, of);
        }
        path.pop();
    }

    /// Puts an error of the reader into the user's words.
    fn wrong(&mut self, path: &str, setting: &Setting, error: &str, of: &str) {
        let quoted: Vec<&str> = error.split('`').skip(1).step_by(2).collect();
        let of = if of.is_empty() { String::new() } else { format!(" {of}") };
        if error.starts_with("unknown field") {
            return self.unknown(setting, of.trim_start(), quoted.get(1..).unwrap_or_default());
        }
        if error.starts_with("unknown variant") {
            let known = quoted.get(1..).unwrap_or_default();
            let given = quoted.first().copied().unwrap_or_default();
            let near = nearest(given, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{path}`{of} cannot be `{}`: it is one of {}", shown(given), known.join(", "));
            return self.problem(message, setting.value_span.clone(), near.into_iter().collect());
        }
        if is_missing(error) {
            let missing = quoted.first().copied().unwrap_or_default();
            let hint = format!("add a line `{missing} = …` below it");
            return self.problem(
                format!("the setting `{missing}`{of} is missing"),
                setting.key_span.clone(),
                vec![hint],
            );
        }
        let span = setting.value_span.clone();
        self.problem(format!("`{path}`{of} is wrong: {}", one_line(error)), span, Vec::new());
    }

    fn unknown(&mut self, setting: &Setting, of: &str, known: &[&str]) {
        let known: Vec<&str> = known.iter().copied().filter(|name| *name != "kind").collect();
        let near = nearest(&setting.key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let all = format!("the settings are {}", known.join(", "));
        let message = format!("unknown setting `{}` {of}", shown(&setting.key));
        self.problem(message, setting.key_span.clone(), vec![near.unwrap_or(all)]);
    }

    /// What only shows when the resources are seen together, and values that their types cannot refuse.
    fn resources(&mut self, root: &Setting, resources: &IndexMap<ResourceName, ResourceSpec>) {
        let Some(section) = root.get("resources") else { return };
        let mut seen: Vec<(&ResourceName, &ResourceSpec)> = Vec::new();
        for (name, spec) in resources {
            let Some(table) = section.get(name.as_str()) else { continue };
            if name.as_str().eq_ignore_ascii_case("root") {
                self.problem(
                    "a resource cannot be called `root`: the root stack is",
                    table.key_span.clone(),
                    Vec::new(),
                );
            }
            let same = |other: &ResourceName| other.logical().as_str().eq_ignore_ascii_case(name.logical().as_str());
            if let Some((other, _)) = seen.iter().find(|(other, _)| same(other)) {
                let message =
                    format!("the resources `{other}` and `{name}` share the name {} in the stacks", name.logical());
                self.problem(message, table.key_span.clone(), Vec::new());
            }
            let auth = |spec: &ResourceSpec| matches!(spec, ResourceSpec::Auth(_));
            if let (true, Some((other, _))) = (auth(spec), seen.iter().find(|(_, other)| auth(other))) {
                let message = format!("`{name}` is a second auth resource beside `{other}`: a project has one");
                self.problem(message, table.key_span.clone(), Vec::new());
            }
            for problem in spec.check().into_iter().chain(spec.check_among(&Among { name, resources })) {
                self.setting_problem(table, name, &problem);
            }
            seen.push((name, spec));
        }
    }

    /// Databases of environments that are not there.
    fn databases(
        &mut self,
        root: &Setting,
        resources: &IndexMap<ResourceName, ResourceSpec>,
        environments: &IndexMap<EnvName, Target>,
    ) {
        let known: Vec<&str> = environments.keys().map(EnvName::as_str).collect();
        for (name, spec) in resources {
            let ResourceSpec::Api(spec) = spec else { continue };
            let named = spec.sql.iter().flat_map(|database| database.environments.keys());
            for wanted in named.filter(|wanted| !environments.contains_key(*wanted)) {
                let path = ["resources", name.as_str(), "sql", "environments", wanted.as_str()];
                let place = path.iter().try_fold(root, |place, key| place.get(key));
                let span = place.map_or(0..0, |place| place.key_span.clone());
                let near = match nearest(wanted.as_str(), known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the environments are {}", known.join(", ")),
                };
                let away = format!("or take it away: `ampup update {name} --sql-cluster {wanted}=off`");
                let message =
                    format!("`sql.environments` of resource `{name}` names `{wanted}`: no environment has that name");
                self.problem(message, span, vec![near, away]);
            }
        }
    }

    fn setting_problem(&mut self, table: &Setting, name: &ResourceName, problem: &SettingProblem) {
        let mut place = table;
        for key in problem.setting.split('.') {
            place = place.get(key).unwrap_or(place);
        }
        let span = if std::ptr::eq(place, table) { table.key_span.clone() } else { place.value_span.clone() };
        let message = format!("`{}` of resource `{name}` is wrong: {}", problem.setting, problem.why);
        self.problem(message, span, problem.hint.clone().into_iter().collect());
    }
}

fn is_missing(error: &str) -> bool {
    error.starts_with("missing field")
}

/// A name of the user's as it may stand in one line.
fn shown(text: &str) -> String {
    let escaped: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 { format!("{escaped}…") } else { escaped }
}
