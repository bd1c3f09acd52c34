//! One process of a function: started, asked, ended.
//!
//! The program is started by a shell that waits for a line first, so that the warden knows of it before it runs. The
//! environment is Lambda's and the function's own; nothing of the user's leaks in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

use super::interpreters::{Family, Launch};
use super::output::Output;
use super::record::Function;
use super::runtime_api::{RuntimeApi, Stage};
use super::warden::Warden;
use crate::base::Clock;

/// Waits for the line, then becomes the program: no input, both outputs in one.
const STARTER: &str = "read -r go && exec \"$@\" </dev/null 2>&1";

/// How old a process may become: its credentials last an hour, and an invocation up to 15 minutes.
pub(super) const LONGEST_LIFE: Duration = Duration::from_mins(45);

/// How a process ended, in Lambda's words: `exit status 1`, `signal: killed`; `None` without a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exit(pub Option<String>);

/// One process of a function. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    /// The build of the function that it runs.
    pub build: String,
    /// The key of the code that it runs.
    pub code: String,
    pub started: Instant,
    /// The log stream of everything that it prints.
    pub stream: String,
    /// What the log says of its start.
    pub introduction: String,
    pub api: RuntimeApi,
    pub output: Arc<Output>,
    pub ended: watch::Receiver<Option<Exit>>,
    group: u32,
    end: Arc<Notify>,
    warden: Arc<Warden>,
    /// One of the places for processes.
    _place: OwnedSemaphorePermit,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a process is started with.
pub(super) struct Start<'a> {
    pub function: &'a Function,
    pub launch: Launch,
    pub folder: PathBuf,
    /// Everything but the address of the runtime API.
    pub environment: BTreeMap<String, String>,
    /// A text that nobody can guess.
    pub token: String,
    pub warden: &'a Arc<Warden>,
    pub place: OwnedSemaphorePermit,
    pub stream: String,
    pub introduction: String,
    pub clock: Arc<dyn Clock>,
}

impl Process {
    /// Starts a process; whether it can load the code is seen later.
    pub(super) async fn start(start: Start<'_>) -> std::io::Result<Self> {
        let Start { function, launch, folder, mut environment, token, warden, place, stream, introduction, clock } =
            start;
        let own = Family::of(&function.settings.runtime) != Family::Provided;
        let api = RuntimeApi::start(own.then_some(token.as_str())).await?;
        environment.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), api.address.clone());
        let mut command = tokio::process::Command::new("/bin/sh");
        command
            .args(["-c", STARTER, "lambda"])
            .arg(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(&environment)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let group = child.id().ok_or_else(|| std::io::Error::other("the process has ended"))?;
        warden.watch(group)?;
        let output = Arc::new(Output::new(&token, clock));
        if let Some(stdout) = child.stdout.take() {
            let output = Arc::clone(&output);
            tokio::spawn(async move { output.read(stdout).await });
        }
        if let Some(mut input) = child.stdin.take() {
            input.write_all(b"go\n").await?;
        }
        let (ending, ended) = watch::channel(None);
        let end = Arc::new(Notify::new());
        let (told, keeper) = (Arc::clone(&end), Arc::clone(warden));
        tokio::spawn(async move {
            let status = tokio::select! {
                status = child.wait() => status,
                () = told.notified() => {
                    // It may have ended in this moment.
                    let _ = child.start_kill();
                    child.wait().await
                }
            };
            // What it started itself goes with it.
            keeper.end(group);
            ending.send_replace(Some(Exit::of(status.ok())));
        });
        let (build, code) = (function.build.clone(), function.code.key.clone());
        let warden = Arc::clone(warden);
        Ok(Self {
            build,
            code,
            started: Instant::now(),
            stream,
            introduction,
            api,
            output,
            ended,
            group,
            end,
            warden,
            _place: place,
        })
    }

    /// Ends it and everything that it started, at once.
    pub(super) fn kill(&self) {
        self.end.notify_one();
    }

    /// As [`Self::kill`], and waits until it is gone.
    pub(super) async fn killed(&self) {
        self.warden.kill(self.group);
        self.kill();
        // An error means that nobody is left to tell; then it is gone.
        let _ = self.ended.clone().wait_for(Option::is_some).await;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Waits until it waits for an event; the error is why it does not.
    pub(super) async fn ready(&self) -> Result<(), NotReady> {
        let (mut stage, mut ended) = (self.api.stage.clone(), self.ended.clone());
        let settled = |stage: &Stage| matches!(stage, Stage::Waiting | Stage::Failed(_));
        tokio::select! {
            biased;
            reached = stage.wait_for(settled) => match reached.as_deref() {
                Ok(Stage::Failed(document)) => Err(NotReady::Failed(document.clone())),
                Ok(_) => Ok(()),
                Err(_) => Err(NotReady::Ended(Exit(None))),
            },
            exit = ended.wait_for(Option::is_some) => {
                Err(NotReady::Ended(exit.ok().and_then(|exit| exit.clone()).unwrap_or(Exit(None))))
            }
        }
    }

    /// The memory that it has now and has had at most, in KiB, where the system tells.
    pub(super) fn memory_kib(&self) -> Option<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group)).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
        };
        Some((field("VmRSS")?, field("VmHWM")?))
    }
}

/// Why a process takes no events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotReady {
    /// It could not load the code: the error document.
    Failed(Bytes),
    Ended(Exit),
}

impl Exit {
    fn of(status: Option<ExitStatus>) -> Self {
        let Some(status) = status else { return Self(None) };
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self(Some(format!("signal: {}", signal_name(signal))));
        }
        Self(status.code().filter(|code| *code != 0).map(|code| format!("exit status {code}")))
    }
}

/// The words of the system for the signals that end processes.
#[cfg(unix)]
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}
