//! The code of a function as Lambda takes it: a ZIP archive whose bytes depend on the files alone.
//!
//! Pure: the files are given, nothing is read from the disk.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use bytes::Bytes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The archive of a path, as `aws cloudformation package` makes it: the files below a folder, a single file in an
/// archive of its own, an archive as it is. `None` when there is nothing at the path.
pub(super) fn archive(files: &BTreeMap<String, Bytes>, path: &str) -> Option<Bytes> {
    if let Some(content) = files.get(path) {
        if is_archive(content) {
            return Some(content.clone());
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        return Some(zipped([(name, content)].into_iter()));
    }
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut below = files
        .range(folder.clone()..)
        .take_while(|(name, _)| name.starts_with(&folder))
        .map(|(name, content)| (&name[folder.len()..], content))
        .peekable();
    below.peek()?;
    Some(zipped(below))
}

/// The archive of files by their path in it.
pub fn function_archive(files: &BTreeMap<String, Bytes>) -> Bytes {
    zipped(files.iter().map(|(name, content)| (name.as_str(), content)))
}

/// Archives begin with the header of their first file, empty ones with the end of the directory.
fn is_archive(content: &[u8]) -> bool {
    content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06")
}

/// Names in order, one fixed time, permissions by content: equal files give equal bytes.
fn zipped<'a>(files: impl Iterator<Item = (&'a str, &'a Bytes)>) -> Bytes {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(if name == "bootstrap" || is_executable(content) { 0o755 } else { 0o644 });
        writer.start_file(name, options).expect("a name of a bundle is shorter than 64 KiB");
        writer.write_all(content).expect("writing to memory cannot fail");
    }
    writer.finish().expect("writing to memory cannot fail").into_inner().into()
}

/// Bundles know no permissions: scripts, ELF programs and a custom runtime's `bootstrap` can be run.
fn is_executable(content: &[u8]) -> bool {
    content.starts_with(b"#!") || content.starts_with(b"\x7fELF")
}
