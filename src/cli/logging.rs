//! The log: always into a file of the project, with `-v` also to standard error. It never decides anything.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::ops::Project;

use super::Context;

/// Begins to log a command. A log that cannot be written is no reason to stop.
pub(super) fn begin(context: &Context<'_>, project: &Project, command: &str) {
    let stamp = crate::base::clock::iso_ms(context.settings.clock.now_ms()).replace([':', '.'], "-");
    let file = project.new_log(&format!("{stamp}-{command}")).ok().map(|(_, file)| file);
    let file = file.map(|file| {
        fmt::layer().with_ansi(false).with_writer(std::sync::Mutex::new(file)).with_filter(LevelFilter::DEBUG)
    });
    let level = match context.settings.verbosity {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let screen = (level != LevelFilter::OFF).then(|| {
        fmt::layer().with_ansi(context.settings.ui.err_style.colour).with_writer(std::io::stderr).with_filter(level)
    });
    // Fails only when a subscriber is there already, which then does the work.
    let _ = tracing_subscriber::registry().with(file).with(screen).try_init();
}
