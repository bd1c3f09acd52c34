//! Flags, environment variables and defaults, settled once into values. The one reader of the environment.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{ColorArg, GlobalArgs, ProgressArg};
use crate::base::endpoints::{BEDROCK_RUNTIME_VARIABLE, OPENSEARCH_VARIABLE, RDS_DATA_VARIABLE};
use crate::base::{
    Clock, Endpoint, EnvName, FixedClock, Ids, RandomIds, Secret, SequenceIds, ServiceEndpoints, SystemClock,
};
use crate::error::{Code, Failure, Problem, Problems};
use crate::ui::{ProgressMode, Style, UiSettings};

/// Everything that is settled before a command runs.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The folder where the project is looked for.
    pub(crate) folder: PathBuf,
    /// The environment that was named.
    pub(crate) environment: Option<EnvName>,
    /// Confirmations are given.
    pub(crate) yes: bool,
    /// Questions may be asked.
    pub(crate) interactive: bool,
    /// How the screen is used.
    pub(crate) ui: UiSettings,
    /// How much is logged to standard error: 0 nothing, 1 what we do, 2 everything.
    pub(crate) verbosity: u8,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Random bytes.
    pub(crate) ids: Arc<dyn Ids>,
    /// Keys for clouds at an address.
    pub(crate) keys: Option<(String, Secret<String>)>,
    /// Where services are that the embedded cloud does not have itself.
    pub(crate) endpoints: ServiceEndpoints,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Reads an environment variable; an empty one counts as absent.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// True when errors have to be told in JSON although the command line could not be parsed.
pub(super) fn wants_json() -> bool {
    std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json") || flag("AMPUP_JSON")
}

/// A variable that switches something on: anything but `0`, `false` and `no`.
fn flag(name: &str) -> bool {
    variable(name).is_some_and(|value| !matches!(value.as_str(), "0" | "false" | "no"))
}

/// How the screen is used when the command line is not known yet.
pub(super) fn early_ui(json: bool) -> UiSettings {
    let err_style = style(None, std::io::stderr().is_terminal());
    UiSettings { json, quiet: false, progress: ProgressMode::None, out_style: Style::PLAIN, err_style }
}

/// Settles everything.
pub(super) fn settle(global: &GlobalArgs) -> Result<Settings, Failure> {
    let (out_tty, err_tty) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
    let json = global.json || flag("AMPUP_JSON");
    let no_input = global.no_input || flag("AMPUP_NO_INPUT") || variable("CI").is_some();
    let interactive = std::io::stdin().is_terminal() && err_tty && !no_input && !json;
    let progress = global.progress.unwrap_or(ProgressArg::Auto);
    let environment = match (&global.environment, variable("AMPUP_ENV")) {
        (Some(name), _) => Some(name.clone()),
        (None, Some(name)) => Some(EnvName::new(name)?),
        (None, None) => None,
    };
    let folder = global.project.clone().or_else(|| variable("AMPUP_PROJECT").map(PathBuf::from));
    Ok(Settings {
        folder: folder.unwrap_or_else(|| PathBuf::from(".")),
        environment,
        yes: global.yes || flag("AMPUP_YES"),
        interactive,
        verbosity: global.verbose,
        ui: UiSettings {
            json,
            quiet: global.quiet,
            progress: progress_mode(progress, err_tty, global),
            out_style: style(global.color, out_tty),
            err_style: style(global.color, err_tty),
        },
        clock: clock()?,
        ids: if variable("AMPUP_TEST_IDS").is_some() {
            Arc::new(SequenceIds::default())
        } else {
            Arc::new(RandomIds::default())
        },
        keys: variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY").map(Secret::new)),
        endpoints: endpoints()?,
    })
}

/// The addresses that the standard variables give.
fn endpoints() -> Result<ServiceEndpoints, Failure> {
    let mut problems = Vec::new();
    let mut endpoint = |name: &str| {
        let read = Endpoint::new(variable(name)?);
        read.map_err(|error| problems.push(Problem::new(Code::AMP0202, format!("{name}: {error}")))).ok()
    };
    let found = ServiceEndpoints {
        rds_data: endpoint(RDS_DATA_VARIABLE),
        bedrock_runtime: endpoint(BEDROCK_RUNTIME_VARIABLE),
        opensearch: endpoint(OPENSEARCH_VARIABLE),
    };
    Problems::some(problems).map_or(Ok(found), |problems| Err(problems.into()))
}

fn progress_mode(wanted: ProgressArg, err_tty: bool, global: &GlobalArgs) -> ProgressMode {
    match wanted {
        // Log lines would tear the tree.
        ProgressArg::Auto if err_tty && global.verbose == 0 && !dumb() => ProgressMode::Tree,
        ProgressArg::Auto | ProgressArg::Lines => ProgressMode::Lines,
        ProgressArg::Tree => ProgressMode::Tree,
        ProgressArg::Json => ProgressMode::Json,
        ProgressArg::None => ProgressMode::None,
    }
}

fn dumb() -> bool {
    variable("TERM").is_some_and(|kind| kind == "dumb")
}

/// The dress of a stream: flags first, then `NO_COLOR`, `CLICOLOR_FORCE`, then what the stream is.
fn style(color: Option<ColorArg>, terminal: bool) -> Style {
    let colour = match color {
        Some(ColorArg::Always) => true,
        Some(ColorArg::Never) => false,
        Some(ColorArg::Auto) | None if variable("NO_COLOR").is_some() => false,
        Some(ColorArg::Auto) | None if flag("CLICOLOR_FORCE") => true,
        Some(ColorArg::Auto) | None => terminal && !dumb(),
    };
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    let utf8 = utf8.is_some_and(|locale| locale.to_ascii_uppercase().replace('-', "").contains("UTF8"));
    Style { colour, unicode: terminal && utf8 && !dumb() }
}

/// The computer's clock, or one that stands still, for tests.
fn clock() -> Result<Arc<dyn Clock>, Failure> {
    let Some(text) = variable("AMPUP_TEST_CLOCK") else { return Ok(Arc::new(SystemClock)) };
    if let Ok(now_ms) = text.parse() {
        return Ok(Arc::new(FixedClock::at(now_ms)));
    }
    let message = format!("AMPUP_TEST_CLOCK is `{}`: it must be milliseconds since 1970", text.escape_debug());
    Err(Problems::some(vec![Problem::new(Code::AMP0202, message)]).expect("a list of one is not empty").into())
}
