//! One invocation: a process, the event, the answer, and what goes wrong between them, in Lambda's words.
//!
//! Source: "Lambda execution environment", "Understanding retry behavior" and "Troubleshoot execution issues" of the
//! Lambda guide.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::{SemaphorePermit, oneshot};

use super::Engine;
use super::interpreters::{Family, Launch};
use super::journal::{self, Facts};
use super::names::LATEST;
use super::output::{ENDED, Line};
use super::pool::Turn;
use super::process::{Exit, NotReady, Process, Start};
use super::record::Function;
use super::runtime_api::{ANSWER_BYTES, Answer, Work};
use crate::base::ServiceEndpoints;
use crate::base::endpoints::{BEDROCK_RUNTIME_VARIABLE, RDS_DATA_VARIABLE};
use crate::cloud::iam::{Credentials, RoleRequest};
use crate::cloud::service::ApiError;

/// How long a process may take to load the code; then the time of the invocation begins to count.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long a start may keep others from starting.
const START_SHARE: Duration = Duration::from_secs(1);

/// How often the memory of a process is looked at while it works.
const MEMORY_EVERY: Duration = Duration::from_millis(25);

/// The certificate of the authority of the cloud's own TLS, in its folder.
const AUTHORITY: &str = "tls/authority.pem";

/// How long lines are gathered before they are written to the log of an invocation that goes on.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// How long the output of a process that has ended may be on its way.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long the credentials of a process last, in seconds.
const SESSION_S: i64 = 3600;

/// An event for a function.
#[derive(Clone, Debug)]
pub(in crate::cloud::lambda) struct Event {
    pub id: String,
    pub payload: Bytes,
    /// The ARN by which the function was called.
    pub arn: String,
    pub client_context: Option<String>,
}

/// What an invocation gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) struct Invocation {
    /// The id of the request.
    pub id: String,
    /// The answer of the function, or the error document.
    pub payload: Bytes,
    /// Whether the payload is an error document (`X-Amz-Function-Error: Unhandled`).
    pub failed: bool,
    /// The end of the log, up to 4 KB.
    pub log: String,
    /// The version that ran: `$LATEST` or a number.
    pub version: String,
}

impl Invocation {
    /// What is told of an event that no function may take.
    pub(super) fn refused() -> Self {
        let document = json!({"errorType": "TooManyRequestsException", "errorMessage": "Rate Exceeded."});
        Self {
            id: String::new(),
            payload: document.to_string().into(),
            failed: true,
            log: String::new(),
            version: LATEST.to_owned(),
        }
    }
}

/// How the work of a process ended.
enum End {
    Answered(Answer),
    Ended(Exit),
    TimedOut,
    OutOfMemory,
}

/// An error document and the status of the `REPORT` line.
struct Failure {
    document: Bytes,
    status: (&'static str, Option<String>),
}

impl Failure {
    fn new(kind: &str, message: &str) -> Self {
        let document = json!({"errorType": kind, "errorMessage": message}).to_string().into();
        let status = if kind == "Sandbox.Timedout" { ("timeout", None) } else { ("error", Some(kind.to_owned())) };
        Self { document, status }
    }

    fn exit(id: &str, exit: &Exit) -> Self {
        let how = match &exit.0 {
            Some(how) => format!("Runtime exited with error: {how}"),
            None => "Runtime exited without providing a reason".to_owned(),
        };
        Self::new("Runtime.ExitError", &format!("RequestId: {id} Error: {how}"))
    }

    fn timed_out(id: &str, function: &Function) -> Self {
        let seconds = function.settings.timeout_s;
        Self::new("Sandbox.Timedout", &format!("RequestId: {id} Error: Task timed out after {seconds}.00 seconds"))
    }

    fn out_of_memory(id: &str) -> Self {
        Self::new("Runtime.OutOfMemory", &format!("RequestId: {id} Error: Runtime exited with error: signal: killed"))
    }

    /// What the log says of a process that could not load the code.
    fn of_loading(&self, at_ms: i64, init_ms: f64) -> Line {
        let (status, kind) = &self.status;
        let kind = kind.as_ref().map(|kind| format!("\tError Type: {kind}")).unwrap_or_default();
        Line::new(at_ms, format!("INIT_REPORT Init Duration: {init_ms:.2} ms\tPhase: init\tStatus: {status}{kind}"))
    }

    fn init(document: Bytes) -> Self {
        let kind = serde_json::from_slice::<serde_json::Value>(&document)
            .ok()
            .and_then(|error| error.get("errorType")?.as_str().map(str::to_owned));
        Self { document, status: ("error", kind) }
    }
}

impl Engine {
    /// Runs a function on an event. Whether the caller may do so was asked before.
    pub(in crate::cloud::lambda) async fn run(
        self: &Arc<Self>,
        function: &Function,
        event: Event,
    ) -> Result<Invocation, ApiError> {
        let _admission = self.pool.admit(function)?;
        let mut facts = Facts {
            request_id: &event.id,
            version: &function.version,
            memory_mb: function.settings.memory_mb,
            began_ms: self.shared.clock.now_ms(),
            ..Facts::default()
        };
        let process = match self.pool.turn(function).await {
            Turn::Warm(process) => process,
            Turn::Cold { .. } if self.lacks_bootstrap(function) => {
                let message = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
                let message = format!("RequestId: {} Error: {message}", event.id);
                facts.stream = self.stream_name(function);
                return Ok(self.concluded(function, facts, Err(Failure::new("Runtime.InvalidEntrypoint", &message))));
            }
            Turn::Cold { place, starting } => {
                let begun = Instant::now();
                let process = Arc::new(self.start(function, place, &event.id).await?);
                facts.start = Some(Line::new(facts.began_ms, process.introduction.clone()));
                facts.stream.clone_from(&process.stream);
                self.pool.started(&process);
                let loaded = Self::loaded(function, &process, &event.id, starting).await;
                let init_ms = milliseconds(begun);
                facts.init_ms = Some(init_ms);
                facts.began_ms = self.shared.clock.now_ms();
                if let Err(failure) = loaded {
                    process.killed().await;
                    process.output.settle(ENDED, LAST_WORDS).await;
                    facts.before = process.output.take();
                    facts.before.push(failure.of_loading(self.shared.clock.now_ms(), init_ms));
                    return Ok(self.concluded(function, facts, Err(failure)));
                }
                process
            }
        };
        facts.stream.clone_from(&process.stream);
        let outcome = self.ask(function, &process, event.clone(), &mut facts).await;
        let left = Duration::from_secs(function.settings.timeout_s)
            .saturating_sub(Duration::from_secs_f64(facts.duration_ms / 1000.0));
        if !process.has_ended() {
            self.pool.give_back(&function.key(), process, left.max(Duration::from_millis(100)));
        }
        Ok(self.concluded(function, facts, outcome))
    }

    /// Waits until a process that was started has loaded the code.
    async fn loaded(
        function: &Function,
        process: &Process,
        id: &str,
        starting: SemaphorePermit<'_>,
    ) -> Result<(), Failure> {
        let limit = INIT_LIMIT + Duration::from_secs(function.settings.timeout_s);
        let ready = process.ready();
        tokio::pin!(ready);
        let reached = if let Ok(reached) = tokio::time::timeout(START_SHARE, ready.as_mut()).await {
            Ok(reached)
        } else {
            drop(starting);
            tokio::time::timeout(limit.saturating_sub(START_SHARE), ready).await
        };
        match reached {
            Ok(Ok(())) => Ok(()),
            Ok(Err(NotReady::Failed(document))) => Err(Failure::init(document)),
            Ok(Err(NotReady::Ended(exit))) => Err(Failure::exit(id, &exit)),
            Err(_) => Err(Failure::timed_out(id, function)),
        }
    }

    /// Hands the event to a process and waits for the answer.
    async fn ask(
        &self,
        function: &Function,
        process: &Arc<Process>,
        event: Event,
        facts: &mut Facts<'_>,
    ) -> Result<Bytes, Failure> {
        let Event { id, payload, arn, client_context } = event;
        facts.before = process.output.take();
        let seen = process.output.marks();
        let limit = Duration::from_secs(function.settings.timeout_s);
        let deadline_ms = self.shared.clock.now_ms() + i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let (answer, answered) = oneshot::channel();
        let begun = Instant::now();
        let work = Work { id: id.clone(), payload, deadline_ms, arn, client_context, answer };
        // A process that has ended takes nothing; that is seen below.
        let _ = process.api.work.send(work).await;
        let waiting = Self::wait(function, process, answered, limit);
        let end = self.telling(function, process, facts, waiting).await;
        facts.duration_ms = milliseconds(begun);
        facts.used_mb = process.memory_kib().map(|(_, most)| most.div_ceil(1024));
        let failure = match end {
            End::Answered(answer) => {
                process.output.settle(seen, patience(function)).await;
                facts.during.extend(process.output.take());
                return match answer {
                    Answer::Value(value) => Ok(value),
                    Answer::Error(document) => Err(Failure { document, status: ("", None) }),
                    Answer::TooLarge => Err(Failure::new(
                        "Function.ResponseSizeTooLarge",
                        &format!("Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes)."),
                    )),
                };
            }
            End::Ended(exit) => Failure::exit(&id, &exit),
            End::TimedOut => Failure::timed_out(&id, function),
            End::OutOfMemory => Failure::out_of_memory(&id),
        };
        process.killed().await;
        process.output.settle(ENDED, LAST_WORDS).await;
        facts.during.extend(process.output.take());
        if failure.status.0 == "timeout" {
            facts.duration_ms = facts.duration_ms.min(limit.as_secs_f64() * 1000.0);
            let now_ms = self.shared.clock.now_ms();
            let (at, seconds) = (crate::base::clock::iso_ms(now_ms), function.settings.timeout_s);
            facts.during.push(Line::new(now_ms, format!("{at} {id} Task timed out after {seconds}.00 seconds\n")));
        } else if let Some(kind) = &failure.status.1 {
            let document = String::from_utf8_lossy(&failure.document);
            let message = serde_json::from_str::<serde_json::Value>(&document).unwrap_or_default();
            let message = message["errorMessage"].as_str().unwrap_or_default();
            facts.during.push(Line::new(self.shared.clock.now_ms(), format!("{message}\n{kind}")));
        }
        Err(failure)
    }

    /// Waits for the end of an invocation, and meanwhile writes what it prints, in batches, so that its log can be followed.
    async fn telling(
        &self,
        function: &Function,
        process: &Process,
        facts: &mut Facts<'_>,
        end: impl Future<Output = End>,
    ) -> End {
        tokio::pin!(end);
        loop {
            let begun = facts.told.is_some();
            let news = async {
                if begun {
                    process.output.grown().await;
                }
                tokio::time::sleep(TELL_EVERY).await;
            };
            tokio::select! {
                biased;
                end = &mut end => return end,
                () = news => {}
            }
            facts.during.extend(process.output.take_ended());
            if !begun || !facts.during.is_empty() {
                let lines = facts.so_far();
                self.write_log(function, &facts.stream, lines);
            }
        }
    }

    /// Waits for the answer, the end of the process, the end of the time, or too much memory.
    async fn wait(function: &Function, process: &Process, answered: oneshot::Receiver<Answer>, limit: Duration) -> End {
        let mut ended = process.ended.clone();
        let most_kib = function.settings.memory_mb * 1024;
        let over = async {
            loop {
                tokio::time::sleep(MEMORY_EVERY).await;
                if process.memory_kib().is_some_and(|(now, _)| now > most_kib) {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            Ok(answer) = answered => End::Answered(answer),
            exit = ended.wait_for(Option::is_some) => {
                End::Ended(exit.ok().and_then(|exit| exit.clone()).unwrap_or(Exit(None)))
            }
            () = over => End::OutOfMemory,
            () = tokio::time::sleep(limit) => End::TimedOut,
        }
    }

    /// The invocation, with its log written.
    fn concluded(&self, function: &Function, mut facts: Facts<'_>, outcome: Result<Bytes, Failure>) -> Invocation {
        let (payload, failed) = match outcome {
            Ok(value) => (value, false),
            Err(Failure { document, status }) => {
                // An error that the function itself told has no status.
                facts.status = Some(status).filter(|(status, _)| !status.is_empty());
                (document, true)
            }
        };
        facts.ended_ms = self.shared.clock.now_ms();
        let lines = facts.lines();
        let log = facts.told.take().unwrap_or_default() + &journal::text(&lines);
        self.write_log(function, &facts.stream, lines);
        Invocation {
            id: facts.request_id.to_owned(),
            payload,
            failed,
            log: journal::tail(&log).to_owned(),
            version: function.version.clone(),
        }
    }

    /// Hands lines to CloudWatch Logs, on behalf of the function's role.
    fn write_log(&self, function: &Function, stream: &str, lines: Vec<Line>) {
        self.logs.write_for(&Self::caller_of(function), &function.log_group(), stream, journal::events(lines));
    }

    /// The name of a new log stream: `2026/01/02/[$LATEST]` and 32 digits.
    fn stream_name(&self, function: &Function) -> String {
        let day = crate::base::clock::iso_ms(self.shared.clock.now_ms());
        let day = day.get(..10).unwrap_or_default().replace('-', "/");
        format!("{day}/[{}]{}", function.version, self.shared.ids.uuid().replace('-', ""))
    }

    /// Whether a custom runtime has nothing that could be run.
    fn lacks_bootstrap(&self, function: &Function) -> bool {
        Family::of(&function.settings.runtime) == Family::Provided
            && !self.code.folder(&function.code.key).join("bootstrap").is_file()
            && !function.layers.iter().any(|layer| self.code.folder(&layer.key).join("bootstrap").is_file())
    }

    /// Starts a process for a function.
    async fn start(
        self: &Arc<Self>,
        function: &Function,
        place: tokio::sync::OwnedSemaphorePermit,
        id: &str,
    ) -> Result<Process, ApiError> {
        let (engine, own) = (Arc::clone(self), function.clone());
        // Looking for the interpreter and writing credentials wait for the disk.
        let prepared = tokio::task::spawn_blocking(move || {
            let folder = engine.code.folder(&own.code.key);
            let layers = engine.layer_folder(&own).map_err(|error| {
                ApiError::new("ServiceException", format!("the layers could not be laid together: {error}")).status(500)
            })?;
            let mut launch = engine.interpreters.launch(&own.settings, &folder, &engine.runtime_folder())?;
            if let Some(layers) = layers.as_ref().filter(|_| !launch.program.is_file()) {
                launch.program = layers.join("bootstrap");
            }
            Ok::<_, ApiError>((launch, folder, layers, engine.credentials(&own)?))
        });
        let failed = |reason: String| {
            ApiError::new("ServiceException", format!("the function could not be started: {reason} ({id})")).status(500)
        };
        let (launch, folder, layers, credentials) = prepared.await.map_err(|error| failed(error.to_string()))??;
        let stream = self.stream_name(function);
        let mut environment = self.environment(function, &credentials, &launch.program);
        environment.insert("AWS_LAMBDA_LOG_STREAM_NAME".to_owned(), stream.clone());
        if let Some(layers) = layers {
            add_layers(&mut environment, &layers);
        }
        let introduction = self.introduction(function, &launch);
        let token = self.shared.ids.short(32);
        let clock = Arc::clone(&self.shared.clock);
        let warden = &self.warden;
        let start = Start { function, launch, folder, environment, token, warden, place, stream, introduction, clock };
        Process::start(start).await.map_err(|error| failed(error.to_string()))
    }

    /// What the log says of a process that starts. The ARN tells runtimes apart that may behave differently.
    fn introduction(&self, function: &Function, launch: &Launch) -> String {
        let version = launch.version.as_deref().map_or_else(String::new, |version| format!(":{version}"));
        let name = format!("{}{version}", function.settings.runtime.trim_end_matches(".x"));
        let told = format!("{name} {}", launch.program.display());
        let hash = hex::encode(Sha256::digest(told));
        format!(
            "INIT_START Runtime Version: {name}\tRuntime Version ARN: arn:aws:lambda:{}::runtime:{hash}",
            self.shared.region
        )
    }

    /// Credentials of the function's own role.
    fn credentials(&self, function: &Function) -> Result<Credentials, ApiError> {
        self.iam.assume(&RoleRequest {
            role_arn: &function.settings.role,
            session_name: &function.name,
            principal: ("Service", "lambda.amazonaws.com"),
            action: "sts:AssumeRole",
            context: BTreeMap::new(),
            seconds: SESSION_S,
        })
    }

    /// The environment of a process: what Lambda promises, the function's own variables, what nobody may change.
    fn environment(
        &self,
        function: &Function,
        credentials: &Credentials,
        program: &std::path::Path,
    ) -> BTreeMap<String, String> {
        let settings = &function.settings;
        let code = self.code.folder(&function.code.key).to_string_lossy().into_owned();
        let beside = program.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        let region = self.shared.region.as_str();
        let defaults = [
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("PATH", format!("{beside}:/usr/local/bin:/usr/bin:/bin")),
            ("AWS_ENDPOINT_URL", self.shared.endpoint.clone()),
        ];
        let fixed = [
            ("_HANDLER", settings.handler.clone()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_key.reveal().clone()),
            ("AWS_SESSION_TOKEN", credentials.session_token.reveal().clone()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", settings.runtime)),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", function.version.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", settings.memory_mb.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", function.log_group()),
            ("LAMBDA_TASK_ROOT", code),
            ("LAMBDA_RUNTIME_DIR", self.runtime_folder().to_string_lossy().into_owned()),
        ];
        let mut environment: BTreeMap<String, String> =
            defaults.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let ServiceEndpoints { rds_data, bedrock_runtime, opensearch } = &self.shared.outside;
        if opensearch.is_some() {
            // Domains are at the cloud's own host, by TLS.
            let authority = self.shared.folder.join(AUTHORITY).to_string_lossy().into_owned();
            environment.insert("NODE_EXTRA_CA_CERTS".to_owned(), authority);
        }
        for (name, endpoint) in [(RDS_DATA_VARIABLE, rds_data), (BEDROCK_RUNTIME_VARIABLE, bedrock_runtime)] {
            environment.extend(endpoint.as_ref().map(|endpoint| (name.to_owned(), endpoint.to_string())));
        }
        environment.extend(settings.environment.clone());
        environment.extend(fixed.into_iter().map(|(name, value)| (name.to_owned(), value)));
        environment
    }
}

/// The paths of layers, in front of what the function itself says, as on AWS.
fn add_layers(environment: &mut BTreeMap<String, String>, layers: &std::path::Path) {
    let inside = |path: &str| layers.join(path).to_string_lossy().into_owned();
    let mut before = |name: &str, paths: Vec<String>| {
        let own = environment.get(name).cloned();
        let paths: Vec<String> = paths.into_iter().chain(own).collect();
        environment.insert(name.to_owned(), paths.join(":"));
    };
    before("PATH", vec![inside("bin")]);
    before("LD_LIBRARY_PATH", vec![inside("lib")]);
    before("NODE_PATH", vec![inside("nodejs/node_modules")]);
    // Packages lie beside the modules or below the version of Python.
    let mut python = vec![inside("python")];
    let versions = std::fs::read_dir(layers.join("python").join("lib")).into_iter().flatten().flatten();
    python.extend(versions.map(|entry| entry.path().join("site-packages").to_string_lossy().into_owned()));
    before("PYTHONPATH", python);
}

/// How long the output of an answer may be on its way: our runtimes end it with a mark, others with nothing.
fn patience(function: &Function) -> Duration {
    if Family::of(&function.settings.runtime) == Family::Provided {
        Duration::from_millis(2)
    } else {
        Duration::from_millis(50)
    }
}

/// Milliseconds since a moment.
fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}
