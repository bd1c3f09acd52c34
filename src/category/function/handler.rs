//! The handler: which file of the code it means, and whether that file is there.

use super::{Family, FunctionSpec, code_folder};
use crate::base::suggest::nearest;
use crate::category::{Context, SettingProblem};
use crate::error::{Code, Problem};

/// A handler that names no file and function.
pub(super) fn check(family: Family, handler: &str) -> Option<SettingProblem> {
    let example = "`handler = \"index.handler\"`: the file without its ending, a dot, the function in it";
    let problem = |why: String| Some(SettingProblem::new("handler", why).hint(example));
    let shown = handler.escape_debug();
    if family == Family::Provided
        && !handler.is_empty()
        && handler.len() <= 128
        && !handler.contains(char::is_whitespace)
    {
        // The program reads it, or does not.
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '$');
    if handler.len() > 128 || !handler.chars().all(plain) {
        return problem(format!("`{shown}` is no handler: up to 128 letters, digits and `._-/$`"));
    }
    match module(family, handler) {
        Some((file, function)) if !file.is_empty() && !function.is_empty() && super::super::inside(&file) => None,
        _ => problem(format!("`{shown}` names no file and function")),
    }
}

/// The file without its ending, and the function in it. Python parts folders by dots too.
fn module(family: Family, handler: &str) -> Option<(String, &str)> {
    let (file, function) = match family {
        // As the runtime reads it: the first dot behind the last slash parts file and function.
        Family::Node => {
            let start = handler.rfind('/').map_or(0, |slash| slash + 1);
            let dot = handler[start..].find('.')? + start;
            (handler[..dot].to_owned(), &handler[dot + 1..])
        }
        Family::Python => {
            let (file, function) = handler.rsplit_once('.')?;
            (file.replace('.', "/"), function)
        }
        Family::Provided => return None,
    };
    Some((file, function))
}

/// The file that holds the handler, relative to the project.
///
/// # Errors
/// The problem that no such file is there, with the nearest one that is.
pub fn file(spec: &FunctionSpec, context: &Context<'_>) -> Result<String, Problem> {
    let folder = code_folder(context.name);
    let family = spec.runtime.family();
    if family == Family::Provided {
        return program(&folder, context);
    }
    let stem = module(family, &spec.handler).map(|(file, _)| file).unwrap_or_default();
    let paths = family.endings().iter().map(|ending| format!("{folder}/{stem}.{ending}"));
    let package = (family == Family::Python).then(|| format!("{folder}/{stem}/__init__.py"));
    let wanted: Vec<String> = paths.chain(package).collect();
    if let Some(found) = wanted.iter().find(|path| context.sources.has(path)) {
        return Ok(found.clone());
    }
    let message = format!(
        "the code of function `{}` is missing: its handler `{}` needs the file {}",
        context.name,
        spec.handler,
        wanted.join(" or ")
    );
    let problem = Problem::new(Code::AMP0315, message);
    let there: Vec<&str> = context.sources.paths_below(&folder).filter(|path| family.has_code(path)).collect();
    let near = wanted.first().and_then(|path| nearest(path, there.iter().copied())).or(there.first().copied());
    Err(match near.and_then(|near| handler_of(family, near, &folder, &spec.handler)) {
        Some(handler) => problem.hint(format!("did you mean `handler = \"{handler}\"`?")),
        None => {
            problem.hint(format!("write {}, or take the function away: `ampup remove {}`", wanted[0], context.name))
        }
    })
}

/// What a runtime of the user's own starts: a program, or the Rust project that it is built of.
fn program(folder: &str, context: &Context<'_>) -> Result<String, Problem> {
    let wanted = ["bootstrap", "Cargo.toml"].map(|file| format!("{folder}/{file}"));
    let found = wanted.iter().find(|path| context.sources.has(path));
    found.cloned().ok_or_else(|| {
        let message = format!(
            "the code of function `{}` is missing: the runtime provided.al2023 starts the program {}, or the one that is built of {}",
            context.name, wanted[0], wanted[1]
        );
        Problem::new(Code::AMP0315, message).hint(format!("put the program there: `cp PROGRAM {}`", wanted[0]))
    })
}

/// The handler that means a file, with the function of the handler that is set.
fn handler_of(family: Family, path: &str, folder: &str, handler: &str) -> Option<String> {
    let (_, function) = module(family, handler)?;
    let (stem, _) = path.strip_prefix(folder)?.trim_start_matches('/').rsplit_once('.')?;
    let stem = if family == Family::Python { stem.replace('/', ".") } else { stem.to_owned() };
    Some(format!("{stem}.{function}"))
}
