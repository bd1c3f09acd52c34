//! A kill -9 of `dev` in the middle of uploads: no half object is seen, no acknowledged one is lost, no file is left over.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::http::{Answer, send, try_send};
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::{Key, sign_method};

/// How many kills. `AMPUP_KILLS` sets another number for a longer run.
fn rounds() -> usize {
    std::env::var("AMPUP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

/// What is stored under a key: from a byte to some megabytes, told by the key alone.
fn body(key: &str) -> Vec<u8> {
    let seed = key.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let length = 1 + usize::try_from(seed % 1_500_000).unwrap();
    key.bytes().cycle().take(length).collect()
}

fn headers(endpoint: &str, method: &str, path: &str, body: &[u8]) -> Vec<(String, String)> {
    sign_method(&Key::root(), "s3", endpoint.trim_start_matches("http://"), (method, path), &[], body)
}

fn try_s3(endpoint: &str, method: &str, path: &str, body: &[u8]) -> std::io::Result<Answer> {
    let signed = headers(endpoint, method, path, body);
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    try_send(endpoint, method, path, &signed, body)
}

fn s3(endpoint: &str, method: &str, path: &str) -> Answer {
    let signed = headers(endpoint, method, path, b"");
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(endpoint, method, path, &signed, b"")
}

/// The keys of the bucket; there are fewer than a page has.
fn listed(endpoint: &str) -> BTreeSet<String> {
    let text = s3(endpoint, "GET", "/uploads").text();
    assert!(text.contains("<IsTruncated>false"), "{text}");
    text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()).map(str::to_owned).collect()
}

/// The folder named `s3` somewhere below.
fn objects_folder(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .find_map(|entry| if entry.file_name() == "s3" { Some(entry.path()) } else { objects_folder(&entry.path()) })
}

#[test]
fn no_acknowledged_object_is_lost_and_no_half_one_is_seen() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "uploads", "--target", "local"]).ok();
    for round in 0..rounds() {
        let dev = sandbox.dev();
        let _ = s3(&dev.endpoint, "DELETE", "/uploads");
        assert_eq!(s3(&dev.endpoint, "PUT", "/uploads").status, 200);
        let stop = Arc::new(AtomicBool::new(false));
        let stored = Arc::new(Mutex::new(Vec::new()));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (stop, stored, endpoint) = (Arc::clone(&stop), Arc::clone(&stored), dev.endpoint.clone());
                std::thread::spawn(move || {
                    for number in 0..200 {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let key = format!("{round}-{writer}-{number}");
                        let Ok(answer) = try_s3(&endpoint, "PUT", &format!("/uploads/{key}"), &body(&key)) else {
                            return;
                        };
                        if answer.status == 200 {
                            stored.lock().unwrap().push(key);
                        }
                    }
                })
            })
            .collect();
        while stored.lock().unwrap().len() < 4 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(17 * (round as u64 % 10)));
        dev.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        let dev = sandbox.dev();
        let seen = listed(&dev.endpoint);
        let stored: BTreeSet<String> = stored.lock().unwrap().iter().cloned().collect();
        assert!(stored.is_subset(&seen), "lost in round {round}: {:?}", stored.difference(&seen));
        let files = std::fs::read_dir(objects_folder(&sandbox.folder()).unwrap()).unwrap().count();
        assert_eq!(files, seen.len(), "files without an object in round {round}");
        for key in &seen {
            let answer = s3(&dev.endpoint, "GET", &format!("/uploads/{key}"));
            assert!(answer.status == 200 && answer.body == body(key), "half of {key} in round {round}");
            assert_eq!(s3(&dev.endpoint, "DELETE", &format!("/uploads/{key}")).status, 204);
        }
    }
}
