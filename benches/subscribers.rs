//! Subscribers of the embedded cloud: how soon they are told of a mutation, and what ten thousand idle ones cost.
//!
//! `cargo bench --bench subscribers`; `AMPUP_IDLE` sets another number of idle ones.

#![allow(clippy::print_stdout, reason = "its figures are what it is for")]
#![allow(clippy::disallowed_methods, reason = "whoever measures sets how many there are")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

const SCHEMA: &str = "type Note @model @auth(rules: [{ allow: public }]) { id: ID! title: String body: String }\n";
const SUBSCRIBERS: usize = 100;
const MUTATIONS: usize = 300;
const PATIENCE: Duration = Duration::from_secs(30);

/// The program with one API, ended when dropped.
struct Cloud {
    child: Child,
    host: String,
    path: String,
    key: String,
    _folder: tempfile::TempDir,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Cloud {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the project");
        let run = |arguments: &[&str]| {
            let status = command(folder.path(), arguments).stdout(Stdio::null()).status().expect("the program starts");
            assert!(status.success(), "{arguments:?}");
        };
        run(&["init", "bench", "--target", "local", "--json"]);
        let manifest = folder.path().join("ampup.toml");
        let text = std::fs::read_to_string(&manifest).expect("the manifest");
        let api = "\n[resources.api]\nkind = \"api\"\nauth = \"api-key\"\n";
        std::fs::write(&manifest, text + api).expect("the manifest");
        std::fs::create_dir_all(folder.path().join("ampup/api/api")).expect("the API's folder");
        std::fs::write(folder.path().join("ampup/api/api/schema.graphql"), SCHEMA).expect("the schema");
        let mut child = command(folder.path(), &["dev", "--port", "0", "--no-watch", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut board = String::new();
        let mut stdout = child.stdout.take().expect("a pipe");
        let mut bytes = [0; 4096];
        while serde_json::from_str::<Value>(&board).is_err() {
            let read = stdout.read(&mut bytes).expect("the board");
            assert!(read > 0, "dev ended: {board}");
            board.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        let outputs = std::fs::read_to_string(folder.path().join("amplify_outputs.json")).expect("the outputs");
        let outputs: Value = serde_json::from_str(&outputs).expect("the outputs are JSON");
        let url = outputs["data"]["url"].as_str().expect("an address").to_lowercase();
        let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
        let key = outputs["data"]["api_key"].as_str().expect("a key").to_owned();
        Self { child, host: host.to_owned(), path: format!("/{path}"), key, _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        let port = self.host.rsplit(':').next().expect("a port");
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream
    }

    /// A subscriber that is acknowledged.
    fn subscribe(&self, field: &str) -> WebSocket<TcpStream> {
        let authorization = json!({ "host": self.host, "x-api-key": self.key });
        let mut request =
            format!("ws://{}{}/realtime", self.host, self.path).into_client_request().expect("an address");
        let protocols = format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(authorization.to_string()));
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().expect("a header"));
        let (mut socket, _) = tungstenite::client(request, self.connect()).expect("a handshake");
        let say = |socket: &mut WebSocket<TcpStream>, message: Value| {
            socket.send(Message::text(message.to_string())).expect("a message goes out");
        };
        say(&mut socket, json!({ "type": "connection_init" }));
        hear(&mut socket, "connection_ack");
        let data = json!({ "query": format!("subscription {{ {field} {{ id title body }} }}"), "variables": {} });
        let payload = json!({ "data": data.to_string(), "extensions": { "authorization": authorization } });
        say(&mut socket, json!({ "id": "1", "type": "start", "payload": payload }));
        hear(&mut socket, "start_ack");
        socket
    }

    fn create(&self, stream: &mut TcpStream, title: usize) {
        let query =
            format!("mutation {{ createNote(input: {{ title: \"{title}\", body: \"text\" }}) {{ id title body }} }}");
        let body = json!({ "query": query }).to_string();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.path,
            self.host,
            self.key,
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).expect("the request goes out");
        let mut answer = Vec::new();
        let mut bytes = [0; 4096];
        while !answer.ends_with(b"}}}") {
            let read = stream.read(&mut bytes).expect("an answer");
            assert!(read > 0, "the connection ended");
            answer.extend_from_slice(&bytes[..read]);
        }
    }

    /// Memory in use, in MiB; nothing where the system does not tell.
    fn memory_mib(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampup"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// Waits for a message of a kind.
fn hear(socket: &mut WebSocket<TcpStream>, kind: &str) -> Value {
    loop {
        if let Message::Text(text) = socket.read().expect("a message comes") {
            let message: Value = serde_json::from_str(&text).expect("messages are JSON");
            if message["type"] == kind {
                return message;
            }
            assert_eq!(message["type"], "ka", "{message}");
        }
    }
}

fn main() {
    let cloud = Cloud::start();
    latency(&cloud);
    idle(&cloud);
}

/// From the moment when a mutation is sent until each of the subscribers has it.
fn latency(cloud: &Cloud) {
    let (sender, receiver) = mpsc::channel::<Instant>();
    for _ in 0..SUBSCRIBERS {
        let (mut socket, sender) = (cloud.subscribe("onCreateNote"), sender.clone());
        std::thread::spawn(move || {
            for _ in 0..MUTATIONS {
                hear(&mut socket, "data");
                sender.send(Instant::now()).expect("somebody counts");
            }
        });
    }
    let mut stream = cloud.connect();
    let mut delays = Vec::new();
    for title in 0..MUTATIONS {
        let sent = Instant::now();
        cloud.create(&mut stream, title);
        for _ in 0..SUBSCRIBERS {
            delays.push(receiver.recv_timeout(PATIENCE).expect("everybody is told").duration_since(sent));
        }
    }
    // The first ones load what the rest find loaded.
    delays.drain(..SUBSCRIBERS * 20);
    delays.sort_unstable();
    let at = |percent: usize| delays[(delays.len() * percent / 100).min(delays.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "mutation to {SUBSCRIBERS} subscribers: p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        at(50),
        at(99),
        at(100)
    );
}

/// What many cost who hear nothing.
fn idle(cloud: &Cloud) {
    let count = std::env::var("AMPUP_IDLE").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let before = cloud.memory_mib();
    let started = Instant::now();
    let mut sockets: Vec<_> = (0..count).map(|_| cloud.subscribe("onDeleteNote")).collect();
    let took = started.elapsed().as_secs_f64();
    let after = cloud.memory_mib();
    let mut stream = cloud.connect();
    let sent = Instant::now();
    for title in 0..100 {
        cloud.create(&mut stream, title);
    }
    let each = sent.elapsed().as_secs_f64() * 10.0;
    if let (Some(before), Some(after)) = (before, after) {
        println!("{count} idle subscribers: {before:.0} MiB before, {after:.0} MiB after, connected in {took:.1} s");
    }
    println!("a mutation that none of them hears: {each:.2} ms");
    for socket in &mut sockets {
        let _ = socket.close(None);
    }
}
