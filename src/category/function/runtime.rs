//! What runs the code of a function: the runtimes of Lambda that we write for, and processors.

use serde::{Deserialize, Serialize};

/// A runtime by the name that Lambda gives it ("Lambda runtimes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runtime {
    /// Node.js 20.
    #[serde(rename = "nodejs20.x")]
    Node20,
    /// Node.js 22.
    #[default]
    #[serde(rename = "nodejs22.x")]
    Node22,
    /// Node.js 24.
    #[serde(rename = "nodejs24.x")]
    Node24,
    /// Python 3.11.
    #[serde(rename = "python3.11")]
    Python311,
    /// Python 3.12.
    #[serde(rename = "python3.12")]
    Python312,
    /// Python 3.13.
    #[serde(rename = "python3.13")]
    Python313,
    /// Whatever the code brings itself: a program called `bootstrap`.
    #[serde(rename = "provided.al2023")]
    Provided,
}

/// The language that a runtime runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// JavaScript, by Node.js.
    Node,
    /// Python 3.
    Python,
    /// A program of the user's own.
    Provided,
}

/// A processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    /// AWS's own, which costs less.
    #[serde(rename = "arm64")]
    Arm,
}

impl Runtime {
    /// The language.
    pub fn family(self) -> Family {
        match self {
            Self::Node20 | Self::Node22 | Self::Node24 => Family::Node,
            Self::Python311 | Self::Python312 | Self::Python313 => Family::Python,
            Self::Provided => Family::Provided,
        }
    }
}

impl Family {
    /// What the names of its runtimes begin with.
    pub fn title(self) -> &'static str {
        match self {
            Self::Node => "nodejs",
            Self::Python => "python",
            Self::Provided => "provided",
        }
    }

    /// Whether a file is code that the language's interpreter reads as it is.
    pub fn reads(self, path: &str) -> bool {
        self.has_code(path) && !is_typescript(path)
    }

    /// Whether a handler may stand in a file.
    pub(super) fn has_code(self, path: &str) -> bool {
        path.rsplit_once('.').is_some_and(|(_, ending)| self.endings().contains(&ending))
    }

    /// The endings that the handler's file may have, the usual one first.
    pub(super) fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Node => &["mjs", "js", "cjs", "ts", "mts"],
            Self::Python => &["py"],
            Self::Provided => &[],
        }
    }
}

/// Whether a file is TypeScript, which is bundled before it is deployed.
pub fn is_typescript(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ["ts", "mts"].contains(&ending))
}
