//! A kill -9 of `dev` in the middle of writes: every acknowledged write is there after the restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::{send, split_url, try_send};
use crate::support::sandbox::Sandbox;
use crate::support::users::Pool;

/// How many kills. `AMPUP_KILLS` sets another number for a longer run.
fn rounds() -> usize {
    std::env::var("AMPUP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

const CREATE: &str =
    "mutation Create($title: String!) { createPost(input: { title: $title, content: \"\" }) { id title } }";

#[test]
fn no_acknowledged_write_is_lost() {
    let sandbox = Sandbox::blog();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..rounds() {
        let dev = sandbox.dev();
        let outputs = sandbox.outputs();
        let pool = Pool::of(&dev.endpoint, &outputs);
        let email = "ada@example.com";
        if round == 0 {
            pool.sign_up(email);
        }
        let token = pool.sign_in(email).access;
        let (endpoint, path) = split_url(&outputs["data"]["url"].as_str().unwrap().replacen("HTTP", "http", 1));
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(Mutex::new(Vec::new()));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
                let (endpoint, path, token) = (endpoint.clone(), path.clone(), token.clone());
                std::thread::spawn(move || {
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let body =
                            json!({ "query": CREATE, "variables": { "title": format!("{round}-{writer}-{number}") } })
                                .to_string();
                        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
                        let Ok(answer) = try_send(&endpoint, "POST", &path, &headers, body.as_bytes()) else { return };
                        let Ok(answer) = serde_json::from_slice::<Value>(&answer.body) else { return };
                        if let Some(id) = answer["data"]["createPost"]["id"].as_str() {
                            written.lock().unwrap().push(id.to_owned());
                        }
                    }
                })
            })
            .collect();
        while written.lock().unwrap().len() < 5 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(13 * (round as u64 % 10)));
        dev.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        let written = written.lock().unwrap();
        assert!(!written.is_empty(), "nothing was written in round {round}");
        acknowledged.extend(written.iter().cloned());
    }
    let dev = sandbox.dev();
    let outputs = sandbox.outputs();
    let token = Pool::of(&dev.endpoint, &outputs).sign_in("ada@example.com").access;
    let (endpoint, path) = split_url(&outputs["data"]["url"].as_str().unwrap().replacen("HTTP", "http", 1));
    for ids in acknowledged.chunks(50) {
        let fields: String =
            ids.iter().enumerate().map(|(n, id)| format!("p{n}: getPost(id: \"{id}\") {{ id }} ")).collect();
        let body = json!({ "query": format!("query {{ {fields} }}") }).to_string();
        let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
        let answer = send(&endpoint, "POST", &path, &headers, body.as_bytes()).json();
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(answer["data"][format!("p{number}")]["id"], json!(id), "lost: {answer}");
        }
    }
}
