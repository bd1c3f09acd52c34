//! What can go wrong with a project on disk.

use std::path::PathBuf;

use crate::base::suggest::nearest;
use crate::error::{Code, Diagnose, Hint, Problem, Problems};

/// What can go wrong with a project on disk.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no manifest in the folder or above it.
    #[error("there is no project here: no `ampup.toml` in {} or above it", .0.display())]
    NotFound(PathBuf),
    /// A project is there already.
    #[error("a project exists here already: {} is there", .0.display())]
    Exists(PathBuf),
    /// The manifest or another file of the user is wrong.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// A file or folder could not be used.
    #[error("{} cannot be {action}", .path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// What was tried: `read`, `written`, `removed`.
        action: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// Files that should be created are there already, with other content.
    #[error("{} there already: a change never overwrites a file of yours", list(.0))]
    FilesExist(Vec<String>),
    /// Files are not what they were when the change was planned.
    #[error("{} changed while the command ran", list(.0))]
    Changed(Vec<String>),
    /// Another command is changing the project.
    #[error("another command is changing this project: {} is locked", .0.display())]
    Busy(PathBuf),
    /// A path that leads out of the project.
    #[error("`{}` leads out of the project", .0.escape_debug())]
    Outside(String),
    /// There is no such environment.
    #[error("there is no environment `{wanted}`")]
    NoEnvironment {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The project has no environment at all.
    #[error("the project has no environment")]
    NoEnvironments,
}

/// `a.txt is` or `a.txt, b.txt are`.
fn list(paths: &[String]) -> String {
    let verb = if paths.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", paths.join(", "))
}

impl ProjectError {
    /// The error of a failed access.
    pub(super) fn disk(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { path, action, source }
    }
}

impl Diagnose for ProjectError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => Code::AMP0101,
            Self::Exists(_) => Code::AMP0111,
            Self::Wrong(problems) => problems.code(),
            Self::Disk { .. } | Self::Outside(_) => Code::AMP0105,
            Self::FilesExist(_) => Code::AMP0104,
            Self::Changed(_) | Self::Busy(_) => Code::AMP0106,
            Self::NoEnvironment { .. } | Self::NoEnvironments => Code::AMP0108,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let hint = |text: &str| vec![Hint::new(text)];
        match self {
            Self::NotFound(_) => hint("`ampup init` makes a project here; `-C <folder>` names another folder"),
            Self::Exists(_) => hint("`ampup add auth` adds to it; `ampup status` shows it"),
            Self::FilesExist(_) => hint("move or remove the file, or choose another `--name`"),
            Self::Changed(_) => hint("run the command again"),
            Self::Busy(_) => hint("wait for the other command, or stop it, and run this one again"),
            Self::Disk { path, action, .. } if *action != "read" => {
                vec![Hint::new(format!("make it writable: `chmod u+w '{}'`", path.display()))]
            }
            Self::NoEnvironment { wanted, known } => {
                let near = nearest(wanted, known.iter().map(String::as_str));
                let near = near.map(|near| Hint::new(format!("did you mean `{near}`?")));
                near.into_iter()
                    .chain([Hint::new(format!("there are: {}; `ampup env add {wanted}` makes it", known.join(", ")))])
                    .collect()
            }
            Self::NoEnvironments => hint("`ampup env add dev --target local` makes one"),
            Self::Wrong(_) | Self::Disk { .. } | Self::Outside(_) => Vec::new(),
        }
    }

    fn location(&self) -> Option<crate::base::Location> {
        match self {
            Self::Wrong(problems) => problems.location(),
            _ => None,
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Wrong(problems) => problems.list(),
            _ => &[],
        }
    }
}
