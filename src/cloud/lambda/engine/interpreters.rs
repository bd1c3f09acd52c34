//! The machine's interpreters: where `node` and `python3` are, and what runs a runtime.
//!
//! They are looked for when the first function needs one, never at start. Version managers put scripts in their place
//! that start slowly and read the user's environment; so the interpreter itself is asked where it lies, once.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::settings::Settings;
use crate::cloud::service::ApiError;

/// What we hand to Node and Python.
const NODE_BOOTSTRAP: &str = include_str!("../bootstrap/node.mjs");
const PYTHON_BOOTSTRAP: &str = include_str!("../bootstrap/python.py");

/// What kind of runtime a function has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud::lambda) enum Family {
    Node,
    Python,
    /// The function brings its own `bootstrap`.
    Provided,
}

impl Family {
    /// The family of a runtime whose name was checked.
    pub(in crate::cloud::lambda) fn of(runtime: &str) -> Self {
        match runtime {
            name if name.starts_with("nodejs") => Self::Node,
            name if name.starts_with("python") => Self::Python,
            _ => Self::Provided,
        }
    }
}

/// A command that runs a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The version of the interpreter: `v22.1.0`.
    pub version: Option<String>,
}

/// The interpreters, found as they are needed.
#[derive(Debug)]
pub(in crate::cloud::lambda) struct Interpreters {
    node: Interpreter,
    python: Interpreter,
}

#[derive(Debug)]
struct Interpreter {
    /// What is looked for on the `PATH`.
    name: &'static str,
    /// What makes it print where it lies and which version it is, each on a line.
    question: [&'static str; 2],
    install: &'static str,
    found: OnceLock<Found>,
}

/// An interpreter that was found.
#[derive(Clone, Debug)]
struct Found {
    path: PathBuf,
    version: String,
}

/// An interpreter of functions, as it was looked for on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterpreterFound {
    /// `node`, `python3`.
    pub name: &'static str,
    /// The runtimes that need it: `nodejs`, `python`.
    pub runtimes: &'static str,
    /// Its version and where it lies, when it runs.
    pub found: Option<String>,
    /// What helps when it does not.
    pub install: &'static str,
}

/// Looks for the interpreters of functions.
pub fn find_interpreters() -> Vec<InterpreterFound> {
    let Interpreters { node, python } = Interpreters::default();
    let look = |interpreter: &Interpreter, runtimes: &'static str| InterpreterFound {
        name: interpreter.name,
        runtimes,
        found: interpreter
            .find(runtimes)
            .ok()
            .map(|Found { path, version }| format!("{version} at {}", path.display())),
        install: interpreter.install,
    };
    vec![look(&node, "nodejs"), look(&python, "python")]
}

impl Default for Interpreters {
    fn default() -> Self {
        Self::named("node", "python3")
    }
}

impl Interpreters {
    /// Interpreters by other names; for tests.
    pub(in crate::cloud::lambda) fn named(node: &'static str, python: &'static str) -> Self {
        Self {
            node: Interpreter {
                name: node,
                question: ["-p", "process.execPath + '\\n' + process.version"],
                install: "install Node.js 20 or later",
                found: OnceLock::new(),
            },
            python: Interpreter {
                name: python,
                question: ["-c", "import sys; print(sys.executable); print(sys.version.split()[0])"],
                install: "install Python 3.9 or later",
                found: OnceLock::new(),
            },
        }
    }

    /// Refuses a runtime whose interpreter is missing.
    pub(super) fn check(&self, runtime: &str) -> Result<(), ApiError> {
        self.interpreter(runtime).map_or(Ok(()), |interpreter| interpreter.find(runtime).map(|_| ()))
    }

    /// What runs a function whose code lies in `code`; our own files are written to `folder`.
    pub(super) fn launch(&self, settings: &Settings, code: &Path, folder: &Path) -> Result<Launch, ApiError> {
        let runtime = &settings.runtime;
        let fault = |error: io::Error| {
            ApiError::new("ServiceException", format!("the runtime could not be written: {error}")).status(500)
        };
        let Some(interpreter) = self.interpreter(runtime) else {
            return Ok(Launch { program: code.join("bootstrap"), arguments: Vec::new(), version: None });
        };
        let Found { path: program, version } = interpreter.find(runtime)?.clone();
        let arguments = if Family::of(runtime) == Family::Python {
            // `-B`: the folder of the code is not for writing. `-u`: what is printed is seen at once.
            let script = written(folder, "python.py", PYTHON_BOOTSTRAP).map_err(fault)?;
            vec!["-B".to_owned(), "-u".to_owned(), script]
        } else {
            let script = written(folder, "node.mjs", NODE_BOOTSTRAP).map_err(fault)?;
            // The rest of the memory is for what lies outside of the heap.
            vec![format!("--max-old-space-size={}", settings.memory_mb * 9 / 10), script]
        };
        Ok(Launch { program, arguments, version: Some(version) })
    }

    fn interpreter(&self, runtime: &str) -> Option<&Interpreter> {
        match Family::of(runtime) {
            Family::Node => Some(&self.node),
            Family::Python => Some(&self.python),
            Family::Provided => None,
        }
    }
}

impl Interpreter {
    fn find(&self, runtime: &str) -> Result<&Found, ApiError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let asked = Command::new(self.name).args(self.question).stdin(Stdio::null()).stderr(Stdio::null()).output();
        let told = asked.ok().filter(|output| output.status.success());
        let told = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let mut lines = told.lines().map(str::trim);
        let path = lines.next().map(PathBuf::from).filter(|path| path.is_absolute());
        let version = lines.next().unwrap_or_default().to_owned();
        let path = path.ok_or_else(|| {
            let message = format!(
                "the runtime {runtime} needs `{}`, which does not run on this machine: {}",
                self.name, self.install
            );
            ApiError::new("InvalidRuntimeException", message).status(502)
        })?;
        Ok(self.found.get_or_init(|| Found { path, version }))
    }
}

/// The path of one of our files, which is written when it is not there as it should be.
fn written(folder: &Path, name: &str, text: &str) -> io::Result<String> {
    // Functions start at the same time, and the fresh file has one name.
    static WRITING: Mutex<()> = Mutex::new(());
    let _one = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = folder.join(name);
    if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
        std::fs::create_dir_all(folder)?;
        let fresh = folder.join(format!("{name}.{}", std::process::id()));
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, &path)?;
    }
    Ok(path.to_string_lossy().into_owned())
}
