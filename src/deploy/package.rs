//! Relative paths in templates become the files themselves or addresses of uploaded ones, much as
//! `aws cloudformation package` does it.
//!
//! Pure: it decides what has to be uploaded and what the templates then say; it uploads nothing.

use std::collections::BTreeMap;

use bytes::Bytes;
use indexmap::IndexMap;

use super::artifacts::{ArtifactKey, ObjectStore, Upload};
use super::function_code;
use crate::base::{LogicalId, ResourceKind, StackName};
use crate::blueprint::Blueprint;
use crate::cfn::{self, Map, Template, Value};
use crate::error::{Code, Problem};

/// The properties that may hold a path, by resource type, and what becomes of it.
const PATHS: [(&str, &str, Kind); 9] = [
    ("AWS::CloudFormation::Stack", "TemplateURL", Kind::Template),
    ("AWS::AppSync::GraphQLSchema", "DefinitionS3Location", Kind::File { inline: "Definition", largest: 256 * 1024 }),
    ("AWS::AppSync::Resolver", "CodeS3Location", CODE),
    ("AWS::AppSync::Resolver", "RequestMappingTemplateS3Location", REQUEST),
    ("AWS::AppSync::Resolver", "ResponseMappingTemplateS3Location", RESPONSE),
    ("AWS::AppSync::FunctionConfiguration", "CodeS3Location", CODE),
    ("AWS::AppSync::FunctionConfiguration", "RequestMappingTemplateS3Location", REQUEST),
    ("AWS::AppSync::FunctionConfiguration", "ResponseMappingTemplateS3Location", RESPONSE),
    ("AWS::Lambda::Function", "Code", Kind::Archive),
];

/// `AppSync` takes code of 32 KiB and mapping templates of 64 KiB; half of the smaller is inlined.
const LARGEST_CODE: usize = 16 * 1024;
const CODE: Kind = Kind::File { inline: "Code", largest: LARGEST_CODE };
const REQUEST: Kind = Kind::File { inline: "RequestMappingTemplate", largest: LARGEST_CODE };
const RESPONSE: Kind = Kind::File { inline: "ResponseMappingTemplate", largest: LARGEST_CODE };

/// Files are inlined until a template would be longer than this, in bytes. `CloudFormation` takes 1,000,000; the rest is
/// for the addresses of what is uploaded.
const LONGEST_TEMPLATE: usize = 900_000;

/// What becomes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A nested template: packaged first, then named by its URL.
    Template,
    /// A file: the value of the property `inline` when it has at most `largest` bytes, else named by its `s3://` URI.
    File { inline: &'static str, largest: usize },
    /// A folder or a file: uploaded as an archive, named by its bucket and key.
    Archive,
}

/// What is packaged: the root template and everything that paths may lead to.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The root template.
    pub root: Template,
    /// Nested templates by their path.
    pub templates: BTreeMap<String, Template>,
    /// Other files by their path.
    pub files: BTreeMap<String, Bytes>,
}

impl Bundle {
    /// The bundle of a blueprint; paths are relative to `ampup/stacks/`.
    pub fn of(blueprint: &Blueprint) -> Self {
        let mut bundle = Self { root: blueprint.root.clone(), ..Self::default() };
        for (name, synthesis) in &blueprint.nested {
            bundle.templates.insert(format!("{name}.yaml"), synthesis.template.clone());
            for (path, part) in &synthesis.parts {
                bundle.templates.insert(format!("{path}.yaml"), part.template.clone());
            }
            for (path, text) in &synthesis.files {
                bundle.files.insert(path.clone(), Bytes::from(text.clone()));
            }
        }
        bundle
    }
}

/// One stack of a packaged tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// What the user knows the stack as: the name of the resource, or of the root stack.
    pub name: StackName,
    /// Its template, as it will be deployed.
    pub template: Template,
}

/// Every stack of a deployment, by the logical ids that lead to it; the root is the empty path.
pub type Tree = BTreeMap<Vec<String>, Node>;

/// What is ready to be uploaded and deployed.
#[derive(Clone, Debug)]
pub struct Packaged {
    /// Everything to upload, nested templates before those that name them.
    pub uploads: IndexMap<ArtifactKey, Upload>,
    /// The root template as it will be uploaded.
    pub root_text: String,
    /// Where the root template will lie.
    pub root_url: String,
    /// Every stack.
    pub tree: Tree,
}

/// Packages a bundle for a bucket.
///
/// Small files become part of the template that names them, in its order, as long as it stays short enough; sizes alone
/// decide, so equal projects give equal templates. That saves a request for each file, here and in the cloud, and
/// emulators deploy it that do not know locations in S3 (`MiniStack` ignores them). Larger files are uploaded.
///
/// # Errors
/// Every path that leads nowhere, and every nested file that is no template.
pub fn package(bundle: &Bundle, stack: &StackName, objects: &dyn ObjectStore) -> Result<Packaged, Vec<Problem>> {
    let mut packer = Packer { bundle, objects, uploads: IndexMap::new(), tree: Tree::new(), problems: Vec::new() };
    let place = Place { file: "root.yaml", path: Vec::new(), name: stack.clone() };
    let (root_text, root_url) = packer.template(&bundle.root, &place);
    if packer.problems.is_empty() {
        Ok(Packaged { uploads: packer.uploads, root_text, root_url, tree: packer.tree })
    } else {
        Err(packer.problems)
    }
}

/// Where a template stands.
struct Place<'a> {
    file: &'a str,
    path: Vec<String>,
    name: StackName,
}

struct Packer<'a> {
    bundle: &'a Bundle,
    objects: &'a dyn ObjectStore,
    uploads: IndexMap<ArtifactKey, Upload>,
    tree: Tree,
    problems: Vec<Problem>,
}

/// Templates that hold each other deeper than this are a circle.
const DEEPEST: usize = 10;

impl Packer<'_> {
    /// Packages a template and everything below it; gives its text and its URL.
    fn template(&mut self, template: &Template, place: &Place<'_>) -> (String, String) {
        let mut packed = template.clone();
        let mut length = cfn::print::json(template).len();
        for (id, resource) in &mut packed.resources {
            let kind = resource.kind.clone();
            let Value::Map(properties) = &mut resource.properties else { continue };
            for (_, property, becomes) in PATHS.iter().filter(|(wanted, ..)| *wanted == kind.as_str()) {
                let Some(Value::Text(text)) = properties.get(*property) else { continue };
                if text.contains("://") {
                    continue;
                }
                let found = resolve(place.file, text);
                let placed = match becomes {
                    Kind::Template => self.nested(&found, id, place).map(|url| (*property, Value::Text(url))),
                    Kind::Archive => self.archived(&found).map(|location| (*property, location)),
                    // Both properties at once are the user's mistake, and the cloud's to refuse.
                    Kind::File { inline, .. } if properties.contains_key(*inline) => {
                        self.uploaded(&found).map(|uri| (*property, Value::Text(uri)))
                    }
                    Kind::File { inline, largest } => match self.inlined(&found, *largest, length) {
                        Some(content) => Some((*inline, Value::Text(content))),
                        None => self.uploaded(&found).map(|uri| (*property, Value::Text(uri))),
                    },
                };
                let Some((name, value)) = placed else {
                    self.problems.push(lost(place, id, &kind, property, text));
                    continue;
                };
                length += value.to_json().to_string().len();
                replace(properties, property, name, value);
            }
        }
        let text = cfn::print::json(&packed);
        self.tree.insert(place.path.clone(), Node { name: place.name.clone(), template: packed });
        let key = self.add(place.file, Bytes::from(text.clone()), "json");
        let url = self.objects.url(&key.0);
        (text, url)
    }

    /// The content of a file that may stand in a template of this length.
    fn inlined(&self, found: &str, largest: usize, length: usize) -> Option<String> {
        let content = self.bundle.files.get(found).filter(|content| content.len() <= largest)?;
        let text = std::str::from_utf8(content).ok()?;
        // `CloudFormation` replaces dynamic references wherever they stand in a template; in an object it does not.
        let fits = !text.contains("{{resolve:") && length + printed_length(text) < LONGEST_TEMPLATE;
        fits.then(|| text.to_owned())
    }

    /// The URI of a file, which is uploaded; `None` when there is no such file.
    fn uploaded(&mut self, found: &str) -> Option<String> {
        let content = self.bundle.files.get(found)?.clone();
        let extension = found.rsplit_once('.').map_or("txt", |(_, extension)| extension).to_owned();
        let key = self.add(found, content, &extension);
        Some(self.objects.uri(&key.0))
    }

    /// The bucket and key of a function's code, which is uploaded; `None` when there is nothing at the path.
    fn archived(&mut self, found: &str) -> Option<Value> {
        let content = function_code::archive(&self.bundle.files, found)?;
        let key = self.add(found, content, "zip");
        let uri = self.objects.uri(&key.0);
        let (bucket, key) = uri.trim_start_matches("s3://").split_once('/')?;
        let members = [("S3Bucket", bucket), ("S3Key", key)];
        Some(Value::Map(
            members.map(|(name, text)| (name.to_owned(), Value::Text(text.to_owned()))).into_iter().collect(),
        ))
    }

    /// The URL of a nested template; `None` when the path leads nowhere, or in a circle.
    fn nested(&mut self, found: &str, id: &LogicalId, place: &Place<'_>) -> Option<String> {
        let bundle = self.bundle;
        let parsed;
        let template = if let Some(template) = bundle.templates.get(found) {
            template
        } else {
            let content = bundle.files.get(found)?;
            match cfn::parse::parse(&String::from_utf8_lossy(content), found) {
                Ok(template) => parsed = template,
                Err(problems) => {
                    self.problems.extend(problems);
                    return Some(String::new());
                }
            }
            &parsed
        };
        let mut path = place.path.clone();
        path.push(id.to_string());
        if path.len() > DEEPEST {
            return None;
        }
        let stem = found.rsplit_once('.').map_or(found, |(stem, _)| stem).replace('/', "-");
        let name = StackName::new(stem).unwrap_or_else(|_| place.name.clone());
        Some(self.template(template, &Place { file: found, path, name }).1)
    }

    fn add(&mut self, name: &str, content: Bytes, extension: &str) -> ArtifactKey {
        let key = ArtifactKey::of(&content, extension);
        self.uploads.entry(key.clone()).or_insert_with(|| Upload { name: name.to_owned(), content });
        key
    }
}

/// How long a text is in a printed template.
fn printed_length(text: &str) -> usize {
    serde_json::Value::from(text).to_string().len()
}

/// Puts `name` with a value where `property` was.
fn replace(properties: &mut Map, property: &str, name: &str, value: Value) {
    if let Some((index, ..)) = properties.shift_remove_full(property) {
        properties.shift_insert(index, name.to_owned(), value);
    }
}

/// The path that `text`, written in `file`, leads to.
fn resolve(file: &str, text: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            // What lies beside the stacks keeps its `..`.
            ".." if parts.last().is_none_or(|last| *last == "..") => parts.push(".."),
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn lost(place: &Place<'_>, id: &LogicalId, kind: &ResourceKind, property: &str, text: &str) -> Problem {
    let Place { file, .. } = place;
    let message =
        format!("`{property}` of `{id}` ({kind}) in {file} leads to `{}`: there is no such file", text.escape_debug());
    Problem::new(Code::AMP0315, message).hint("`ampup render` writes the stacks anew")
}
