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
}

/// The language that a runtime runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// JavaScript, by Node.js.
    Node,
    /// Python 3.
    Python,
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
        }
    }
}

impl Family {
    /// Whether a file is code of the language.
    pub fn reads(self, path: &str) -> bool {
        path.rsplit_once('.').is_some_and(|(_, ending)| self.endings().contains(&ending))
    }

    /// The endings that the handler's file may have, the usual one first.
    pub(super) fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Node => &["mjs", "js", "cjs"],
            Self::Python => &["py"],
        }
    }
}
