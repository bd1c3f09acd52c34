//! The parts of the engine by themselves: names, output, logs, interpreters, the warden.

use std::sync::Arc;
use std::time::Duration;

use super::interpreters::Interpreters;
use super::journal::{self, Facts, tail};
use super::names::Named;
use super::output::{ENDED, Line, Output};
use super::runtime_api::{Answer, RuntimeApi, Stage, Work};
use super::warden::Warden;
use crate::base::{Clock, FixedClock, RandomIds, Region, SystemClock};
use crate::cloud::feed::Feed;
use crate::cloud::service::Shared;
use crate::cloud::store::memory::MemoryStore;

fn shared() -> Shared {
    Shared {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        region: Region::default(),
        account: "000000000000",
        folder: std::path::PathBuf::new(),
        endpoint: "http://localhost:4700".to_owned(),
        feed: Feed::default(),
        outside: crate::base::ServiceEndpoints::default(),
    }
}

#[test]
fn functions_are_named_in_many_ways() {
    let shared = shared();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:fn";
    for (text, qualifier) in [
        ("fn", None),
        ("fn:$LATEST", Some("$LATEST")),
        ("fn:live", Some("live")),
        ("000000000000:function:fn", None),
        ("function:fn:7", Some("7")),
        (arn, None),
        ("arn:aws:lambda:us-east-1:000000000000:function:fn:live", Some("live")),
    ] {
        let named = Named::read(&shared, text).unwrap();
        assert_eq!((named.name.as_str(), named.qualifier.as_deref()), ("fn", qualifier), "{text}");
        assert!(named.arn(&shared).starts_with(arn), "{text}");
    }
    for bad in [
        "",
        "a b",
        "a:b:c",
        "arn:aws:lambda:eu-west-1:000000000000:function:fn",
        "111111111111:function:fn",
        "a/b",
        &"x".repeat(65),
    ] {
        assert_eq!(Named::read(&shared, bad).unwrap_err().code, "ValidationException", "{bad}");
    }
    let named = Named::read(&shared, "fn:live").unwrap();
    assert!(named.clone().qualified(Some("other")).is_err() && named.clone().qualified(Some("live")).is_ok());
    assert!(!named.is_latest());
}

#[tokio::test]
async fn marks_cut_the_output_into_invocations() {
    let text = |lines: Vec<Line>| journal::text(&lines);
    let output = Output::new("mark", Arc::new(SystemClock));
    let pieces: &[&[u8]] = &[b"one\nno end", b"\0ma", b"rk\n", b"two\0mark\n", b"three"];
    let mut seen = Vec::new();
    for piece in pieces {
        output.read(*piece).await;
        seen.push(text(output.take()));
    }
    assert_eq!(seen[0], "one\nno end\n");
    assert_eq!(seen[3], "two\n", "the mark is no output");
    let whole = Output::new("mark", Arc::new(SystemClock));
    whole.read(pieces.concat().as_slice()).await;
    assert_eq!(text(whole.take()), "one\nno endtwothree\n");
    whole.settle(ENDED, Duration::from_mins(1)).await;
    let long = Output::new("mark", Arc::new(SystemClock));
    let letters = vec![b'x'; 3 * 1024 * 1024];
    long.read(letters.as_slice()).await;
    assert_eq!(text(long.take()).len(), 1024 * 1024 + 1, "the end is kept");
}

#[tokio::test]
async fn lines_have_the_times_at_which_they_were_printed() {
    let clock = Arc::new(FixedClock::at(1000));
    let output = Output::new("mark", Arc::clone(&clock) as Arc<dyn Clock>);
    for piece in ["first\nbeg", "un\n\0mark\nlast \ra\rb\r\n"] {
        output.read(piece.as_bytes()).await;
        clock.advance(500);
    }
    let lines = output.take();
    let seen: Vec<(i64, &str)> = lines.iter().map(|line| (line.at_ms, line.text.as_str())).collect();
    assert_eq!(seen, [(1000, "first"), (1000, "begun"), (1500, "last \na\nb")]);
}

#[tokio::test]
async fn a_log_that_is_told_in_parts_is_the_same_log() {
    let clock = Arc::new(FixedClock::at(1000));
    let output = Output::new("mark", Arc::clone(&clock) as Arc<dyn Clock>);
    let mut facts = Facts { request_id: "r", version: "1", before: vec![Line::new(0, "loading")], ..Facts::default() };
    let mut parts = Vec::new();
    for piece in ["one\ntw", "o\nthr\0m", "ark\nee\nend"] {
        output.read(piece.as_bytes()).await;
        clock.advance(500);
        facts.during.extend(output.take_ended());
        parts.push(facts.so_far());
    }
    facts.during.extend(output.take());
    parts.push(facts.lines());
    let times: Vec<i64> = parts[..3].concat().iter().map(|line| line.at_ms).collect();
    assert_eq!(times, [0, 0, 1000, 1000, 1500], "each line has the time of its beginning");
    let texts: Vec<String> = parts.iter().map(|lines| journal::text(lines)).collect();
    assert_eq!(texts[..3], ["loading\nSTART RequestId: r Version: 1\none\n", "two\n", "three\n"]);
    assert!(texts[3].starts_with("end\nEND RequestId: r\nREPORT"), "{}", texts[3]);
    assert_eq!(facts.told.unwrap(), texts[..3].concat());
}

#[test]
fn reports_are_lambdas() {
    let facts = Facts {
        request_id: "r",
        version: "$LATEST",
        stream: String::new(),
        start: None,
        before: vec![Line::new(0, "loading")],
        during: vec![Line::new(0, "said")],
        began_ms: 1,
        ended_ms: 2,
        duration_ms: 1.234,
        init_ms: Some(50.5),
        memory_mb: 128,
        used_mb: Some(40),
        status: None,
        told: None,
    };
    let log = "loading\nSTART RequestId: r Version: $LATEST\nsaid\nEND RequestId: r\nREPORT RequestId: r\tDuration: 1.23 ms\t\
               Billed Duration: 52 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 50.50 ms\t\n";
    assert_eq!(journal::text(&facts.lines()), log);
    let events = journal::events(facts.lines());
    assert_eq!((events[1].at_ms, events[1].message.as_str()), (1, "START RequestId: r Version: $LATEST\n"));
    let failed = Facts { init_ms: None, status: Some(("error", Some("Runtime.ExitError".to_owned()))), ..facts };
    assert!(
        journal::text(&failed.lines())
            .ends_with("Max Memory Used: 40 MB\tStatus: error\tError Type: Runtime.ExitError\n")
    );
    let long = "ä".repeat(4000);
    assert_eq!((tail(&long).len(), tail("short")), (4096, "short"));
}

#[test]
fn a_missing_interpreter_is_told_and_the_others_run() {
    let interpreters = Interpreters::named("no-such-node", "python3");
    let error = interpreters.check("nodejs20.x").unwrap_err();
    assert_eq!(error.code, "InvalidRuntimeException");
    assert!(error.message.contains("`no-such-node`") && error.message.contains("install Node.js"), "{error}");
    assert!(interpreters.check("python3.12").is_ok() && interpreters.check("provided.al2023").is_ok());
}

#[test]
fn the_warden_kills_groups_when_told_and_when_it_is_gone() {
    let start = || {
        let mut command = std::process::Command::new("/bin/sh");
        std::os::unix::process::CommandExt::process_group(command.args(["-c", "sleep 100 & wait"]), 0);
        command.spawn().unwrap()
    };
    let (mut told, mut left, mut free) = (start(), start(), start());
    let warden = Warden::default();
    for child in [&told, &left] {
        warden.watch(child.id()).unwrap();
    }
    warden.end(told.id());
    assert!(!told.wait().unwrap().success());
    assert!(left.try_wait().unwrap().is_none());
    drop(warden);
    assert!(!left.wait().unwrap().success());
    assert!(free.try_wait().unwrap().is_none(), "what is not watched lives");
    free.kill().unwrap();
    free.wait().unwrap();
}

/// One request to a runtime API; gives the status and what follows the head.
async fn ask(address: &str, head: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let text = format!("{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    send(address, &text).await
}

async fn send(address: &str, text: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = address.split('/').next().unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn the_runtime_api_takes_answers_of_the_current_event_only() {
    let api = RuntimeApi::start(Some("secret")).await.unwrap();
    let base = "/secret/2018-06-01/runtime";
    assert_eq!(ask(&api.address, "GET /2018-06-01/runtime/invocation/next", "").await.0, 403, "without the token");
    let page = format!("GET {base}/invocation/next HTTP/1.1\r\norigin: http://page\r\nconnection: close\r\n\r\n");
    assert_eq!(send(&api.address, &page).await.0, 403, "from a page");
    assert_eq!(ask(&api.address, &format!("GET {base}/other"), "").await.0, 404);
    let (answer, answered) = tokio::sync::oneshot::channel();
    let work = Work {
        id: "id".to_owned(),
        payload: "1".into(),
        deadline_ms: 5,
        arn: "arn".to_owned(),
        client_context: None,
        answer,
    };
    api.work.send(work).await.unwrap();
    assert_eq!(ask(&api.address, &format!("GET {base}/invocation/next"), "").await, (200, "1".to_owned()));
    assert_eq!(*api.stage.borrow(), Stage::Busy);
    assert_eq!(ask(&api.address, &format!("POST {base}/invocation/other/response"), "2").await.0, 400);
    assert_eq!(ask(&api.address, &format!("POST {base}/invocation/id/response"), "2").await.0, 202);
    assert_eq!(answered.await.unwrap(), Answer::Value("2".into()));
    assert_eq!(ask(&api.address, &format!("POST {base}/invocation/id/response"), "3").await.0, 400, "answered already");
    assert_eq!(ask(&api.address, &format!("POST {base}/init/error"), "{}").await.0, 202);
    assert_eq!(*api.stage.borrow(), Stage::Busy, "it is too late for an error of loading");
}
