//! The real program in a sealed world: its own home, its own folder, an empty environment, no terminal.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long any command may take before the test says that it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a command left.
#[derive(Debug)]
#[must_use = "look at the exit code or the output"]
pub(crate) struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Ran {
    /// The one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The same, when the command succeeded.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// A temporary world with one project folder.
#[derive(Debug)]
pub(crate) struct Sandbox {
    home: tempfile::TempDir,
    /// Where the program finds other programs: `PATH`.
    pub programs: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new().prefix("ampup-test-").tempdir().unwrap();
        std::fs::create_dir(home.path().join("app")).unwrap();
        Self { home, programs: std::env::var("PATH").unwrap_or_default() }
    }

    /// A project with auth, the blog API and a sample site.
    pub(crate) fn blog() -> Self {
        let sandbox = Self::new();
        let _ = sandbox.run(&["init", "blog", "--target", "local"]).ok();
        let _ = sandbox.run(&["add", "auth", "--sign-in", "email", "--groups", "Editors", "--guests", "true"]).ok();
        let _ = sandbox.run(&["add", "api", "--name", "blog", "--sample", "blog"]).ok();
        let _ = sandbox.run(&["add", "hosting", "--sample"]).ok();
        sandbox
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("app")
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder().join(relative)
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The program, in the project's folder, with nothing of our environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ampup"));
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", &self.programs)
            // What builds functions in Rust: the home of the program under test has no toolchain.
            .env("RUSTUP_HOME", rustup_home())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments), arguments)
    }

    /// Starts `ampup dev` on a free port and waits for its board.
    pub(crate) fn dev(&self) -> Dev {
        self.dev_with(&[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn dev_with(&self, variables: &[(&str, &str)]) -> Dev {
        let mut command = self.command(&["dev", "--port", "0", "--no-watch", "--json"]);
        command.envs(variables.iter().copied());
        let mut dev = Dev { child: command.stderr(Stdio::null()).spawn().unwrap(), endpoint: String::new() };
        let mut reader = BufReader::new(dev.child.stdout.take().unwrap());
        let mut text = String::new();
        loop {
            let read = reader.read_line(&mut text).unwrap();
            if let Ok(board) = serde_json::from_str::<Value>(&text) {
                let endpoint = board["endpoint"].as_str().unwrap_or_else(|| panic!("no endpoint in {board}"));
                endpoint.clone_into(&mut dev.endpoint);
                return dev;
            }
            assert!(read > 0, "`ampup dev` ended: {text}");
        }
    }

    /// The client configuration that a deployment wrote.
    pub(crate) fn outputs(&self) -> Value {
        serde_json::from_str(&self.read("amplify_outputs.json")).unwrap()
    }
}

/// Where the toolchains of this machine are.
fn rustup_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".rustup");
    std::env::var_os("RUSTUP_HOME").map_or_else(home, PathBuf::from)
}

/// Runs a command to its end, or fails when it takes too long.
pub(crate) fn finish(mut command: Command, arguments: &[&str]) -> Ran {
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let talk = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    let data = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stdout.read_to_string(&mut text);
        text
    });
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("`ampup {}` did not end", arguments.join(" "));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let elapsed = started.elapsed();
    Ran { code: status.code().unwrap_or(-1), stdout: data.join().unwrap(), stderr: talk.join().unwrap(), elapsed }
}

/// A running `ampup dev`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Dev {
    child: Child,
    pub endpoint: String,
}

impl Dev {
    /// Kills it as the power would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every file below a folder with its bytes, for comparing a project before and after.
pub(crate) fn snapshot(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if name == ".ampup" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
