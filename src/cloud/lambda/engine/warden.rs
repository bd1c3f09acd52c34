//! The warden: one small shell that outlives a killed cloud just long enough to kill the functions' processes.
//!
//! It reads which groups of processes there are. When its input ends, which the system sees to even when the cloud
//! is killed, it kills every group and ends. A process that leaves its group (`setsid`) escapes it.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// What the shell does.
const SCRIPT: &str = include_str!("warden.sh");

/// Watches over groups of processes. Starts with the first of them.
#[derive(Debug, Default)]
pub(super) struct Warden {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shell: Option<Child>,
    groups: BTreeSet<u32>,
}

impl Warden {
    /// From now on the group is killed when the cloud ends.
    pub(super) fn watch(&self, group: u32) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.groups.insert(group);
        state.tell(&format!("watch {group}\n"))
    }

    /// Kills what is left of a group, and forgets it.
    pub(super) fn end(&self, group: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.groups.remove(&group)
            && let Err(error) = state.tell(&format!("kill {group}\nforget {group}\n"))
        {
            tracing::warn!(%error, group, "a function's processes could not be ended");
        }
    }

    /// Kills what is in a group, which stays watched.
    pub(super) fn kill(&self, group: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.groups.contains(&group)
            && let Err(error) = state.tell(&format!("kill {group}\n"))
        {
            tracing::warn!(%error, group, "a function's processes could not be killed");
        }
    }
}

impl State {
    /// Writes to the shell; starts it when there is none, or when someone killed it.
    fn tell(&mut self, words: &str) -> io::Result<()> {
        if let Some(shell) = &mut self.shell {
            let written = shell.stdin.as_mut().map_or(Ok(()), |input| input.write_all(words.as_bytes()));
            if written.is_ok() {
                return Ok(());
            }
            // It has ended: this only takes the entry out of the system's table.
            let _ = shell.wait();
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: what a terminal sends to the cloud must not end it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut shell = command.spawn()?;
        if let Some(input) = shell.stdin.as_mut() {
            for group in &self.groups {
                writeln!(input, "watch {group}")?;
            }
            input.write_all(words.as_bytes())?;
        }
        self.shell = Some(shell);
        Ok(())
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut shell) = state.shell.take() {
            // The end of its input ends it; it does nothing that could take long.
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }
}
