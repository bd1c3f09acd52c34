//! A built site goes into its bucket: changed files up, gone files away, cache headers.
//!
//! The entry page is never cached and goes up last; files with a hash in their name are cached for good. So nothing has
//! to be invalidated.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::task::JoinSet;

use super::DeployError;
use super::artifacts::{ObjectMeta, ObjectStore, sha256};
use crate::base::{Event, Reporter};

/// Uploads at the same time.
const PARALLEL: usize = 16;
/// For files whose name changes with their content.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// For everything else: kept, but asked for at each use.
const ASK_AGAIN: &str = "no-cache";

/// The files of a site by their path, with `/` between the parts.
pub type Site = BTreeMap<String, Bytes>;

/// What publishing did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Files that were new or other than before.
    pub uploaded: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// How many files stayed.
    pub unchanged: usize,
}

/// Reads a built site.
///
/// # Errors
/// [`DeployError::NoSite`] when there is no folder or no entry page in it, [`DeployError::SiteFile`].
pub fn read_site(folder: &Path) -> Result<Site, DeployError> {
    let shown = folder.display().to_string();
    if !folder.is_dir() {
        return Err(DeployError::NoSite { folder: shown, reason: "there is no such folder" });
    }
    let mut site = Site::new();
    collect(folder, "", &mut site)?;
    if site.contains_key("index.html") {
        Ok(site)
    } else {
        Err(DeployError::NoSite { folder: shown, reason: "it has no index.html" })
    }
}

fn collect(folder: &Path, prefix: &str, site: &mut Site) -> Result<(), DeployError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| DeployError::SiteFile { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // Hidden files are the tools', except the one that proves things about the site.
        if name.starts_with('.') && name != ".well-known" {
            continue;
        }
        let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if std::fs::metadata(&path).map_err(failed(&path))?.is_dir() {
            collect(&path, &key, site)?;
        } else {
            let content = std::fs::read(&path).map_err(failed(&path))?;
            site.insert(key, Bytes::from(content));
        }
    }
    Ok(())
}

/// Brings a bucket to what a site is.
pub async fn publish(
    objects: &Arc<dyn ObjectStore>,
    site: &Site,
    reporter: &dyn Reporter,
) -> Result<Published, DeployError> {
    let there = objects.list().await?;
    let mut done = Published::default();
    // Pages last: whoever sees a new page finds what it needs.
    let (parts, pages): (Vec<_>, Vec<_>) = site.iter().partition(|(path, _)| !is_page(path));
    for group in [parts, pages] {
        let mut waiting = group.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < PARALLEL {
                let Some((path, content)) = waiting.next() else { break };
                let known = there.contains(path);
                running.spawn(put_changed(Arc::clone(objects), path.clone(), content.clone(), known));
            }
            let Some(one) = running.join_next().await else { break };
            let (name, bytes, skipped) = one.map_err(|error| DeployError::Unexpected {
                operation: "s3:PutObject".to_owned(),
                source: error.into(),
            })??;
            reporter.report(Event::ArtifactUploaded { name: name.clone(), bytes, skipped });
            if skipped {
                done.unchanged += 1;
            } else {
                done.uploaded.push(name);
            }
        }
    }
    done.uploaded.sort();
    done.removed = there.into_iter().filter(|key| !site.contains_key(key)).collect();
    if !done.removed.is_empty() {
        objects.delete(done.removed.clone()).await?;
    }
    Ok(done)
}

async fn put_changed(
    objects: Arc<dyn ObjectStore>,
    path: String,
    content: Bytes,
    known: bool,
) -> Result<(String, u64, bool), DeployError> {
    let bytes = content.len() as u64;
    let wanted = meta(&path, &content);
    let failed = |source| DeployError::Upload { name: path.clone(), source: Box::new(source) };
    if known {
        let found = objects.head(&path).await.map_err(failed)?;
        if found.is_some_and(|found| found.fingerprint == wanted.fingerprint) {
            return Ok((path, bytes, true));
        }
    }
    objects.put(&path, content, wanted).await.map_err(failed)?;
    Ok((path, bytes, false))
}

/// True for a page that names other files.
fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"))
}

/// How a file of a site is stored.
fn meta(path: &str, content: &[u8]) -> ObjectMeta {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    let mut content_type = guess.essence_str().to_owned();
    let is_text = guess.type_() == mime_guess::mime::TEXT
        || matches!(content_type.as_str(), "application/javascript" | "application/json" | "image/svg+xml");
    if is_text {
        content_type.push_str("; charset=utf-8");
    }
    let cache_control = if has_hash(path) { FOR_GOOD } else { ASK_AGAIN };
    let fingerprint = sha256(format!("{}\n{content_type}\n{cache_control}", sha256(content)).as_bytes());
    ObjectMeta {
        content_type: Some(content_type),
        cache_control: Some(cache_control.to_owned()),
        fingerprint: Some(fingerprint),
    }
}

/// True when the name of a file changes with its content, as bundlers name them: `main.3f2a1b9c.js`,
/// `assets/index-DiwrgTda.css`. A name that could be words is not trusted outside the folders that bundlers own.
fn has_hash(path: &str) -> bool {
    const BUNDLER_FOLDERS: [&str; 5] = ["assets/", "static/", "_next/static/", "_astro/", "_app/immutable/"];
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, extension)) = name.split_once('.').and_then(|_| name.trim_end_matches(".map").rsplit_once('.'))
    else {
        return false;
    };
    if extension == "html" {
        return false;
    }
    let stem = stem.strip_suffix(".chunk").unwrap_or(stem);
    let Some(at) = stem.rfind(['.', '-']) else { return false };
    let hash = &stem[at + 1..];
    let long_enough = hash.len() >= 8 && hash.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let digits = hash.chars().any(|c| c.is_ascii_digit());
    let letters = hash.chars().any(|c| c.is_ascii_alphabetic());
    let hexadecimal = hash.chars().all(|c| c.is_ascii_hexdigit());
    let mixed = hash.chars().skip(1).any(|c| c.is_ascii_uppercase()) && hash.chars().any(|c| c.is_ascii_lowercase());
    let owned = BUNDLER_FOLDERS.iter().any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")));
    long_enough && ((digits && letters && hexadecimal) || (owned && ((digits && letters) || mixed)))
}
