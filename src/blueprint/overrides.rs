//! The user's patches of rendered stacks: `ampup/overrides/<resource>.yaml`.

use indexmap::IndexMap;

use crate::base::suggest::nearest;
use crate::base::{Location, ResourceName};
use crate::category::{Sources, Synthesis};
use crate::cfn::{self, Template};
use crate::error::{Code, Problem};
use crate::manifest::{Manifest, OVERRIDES};

/// What the root stack is called here. No resource can have this name.
pub(super) const ROOT: &str = "root";

/// The patch of a stack: its path and text.
fn patch<'a>(name: &str, sources: &'a Sources) -> Option<(String, &'a str)> {
    let path = format!("{OVERRIDES}/{name}.yaml");
    let text = sources.text(&path)?;
    Some((path, text))
}

/// The template and the text of a stack with the user's patch applied. Comments of a patched text are lost.
pub(super) fn patched(
    name: &str,
    template: Template,
    text: String,
    sources: &Sources,
) -> Result<(Template, String), Vec<Problem>> {
    let Some((path, patch)) = patch(name, sources) else { return Ok((template, text)) };
    let template = cfn::patch::apply(&template, patch, &path)?;
    let text = cfn::print::yaml(&template);
    Ok((template, text))
}

/// As [`patched`], for a resource.
pub(super) fn apply(name: &ResourceName, stack: Synthesis, sources: &Sources) -> Result<Synthesis, Vec<Problem>> {
    let Synthesis { template, text, mut parts, kept, needs, mut offers, files, artifacts } = stack;
    let (template, text) = patched(name.as_str(), template, text, sources)?;
    for (path, part) in &mut parts {
        (part.template, part.text) =
            patched(path, std::mem::take(&mut part.template), std::mem::take(&mut part.text), sources)?;
    }
    // A patch may add outputs and take some away.
    offers.retain(|offer| template.outputs.contains_key(&offer.output));
    for output in template.outputs.keys() {
        if offers.iter().all(|offer| offer.output != *output) {
            offers.push(crate::category::Offer { output: output.clone() });
        }
    }
    Ok(Synthesis { template, text, parts, kept, needs, offers, files, artifacts })
}

/// Files in the folder that are the patch of no stack. Those for parts of a stack that could not be made may be right.
pub(super) fn strays(manifest: &Manifest, made: &IndexMap<ResourceName, Synthesis>, sources: &Sources) -> Vec<Problem> {
    let resources = || manifest.resources.keys().map(ResourceName::as_str);
    let parts = || made.values().flat_map(|stack| stack.parts.keys()).map(String::as_str);
    let known = || resources().chain([ROOT]).chain(parts());
    let unmade = |file: &str| {
        let resource = file.split_once('/').map(|(resource, _)| resource);
        resource.is_some_and(|name| resources().any(|known| known == name) && !made.contains_key(name))
    };
    let stray = |(path, _): (&str, &str)| {
        let file = path.strip_prefix(OVERRIDES)?.trim_start_matches('/').to_owned();
        let name = file.strip_suffix(".yaml");
        if name.is_some_and(|name| known().any(|known| known == name)) || unmade(&file) {
            return None;
        }
        let problem = Problem::new(Code::AMP0113, format!("`{file}` patches nothing: there is no such resource"));
        let problem = problem.at(Location::new(path, 1, 1));
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        let near = known().find(|known| *known == stem).or_else(|| nearest(stem, known()));
        Some(match near {
            Some(near) => problem.hint(format!("name it `{near}.yaml`")),
            None => problem.hint(format!("the stacks are {}", known().collect::<Vec<_>>().join(", "))),
        })
    };
    sources.below(OVERRIDES).filter_map(stray).collect()
}
