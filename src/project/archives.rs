//! Archives of functions' code that were packed before: the same files are not read again, the same content is not packed
//! again.
//!
//! `.ampup/build/archives/<folder>` says of which files an archive was made (paths, sizes, times of change), of which
//! content, and what it must be itself; `<folder>.zip` is the archive. What does not fit is packed anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{ProjectError, code, disk, layout};

/// Two changes of a file within this time may leave the same time at it.
const BLURRED: Duration = Duration::from_secs(2);

/// What is noted of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    files: String,
    content: String,
    archive: String,
}

impl Note {
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::to_owned);
        Some(Self { files: lines.next()?, content: lines.next()?, archive: lines.next()? })
    }

    fn written(&self) -> String {
        format!("{}\n{}\n{}\n", self.files, self.content, self.archive)
    }
}

/// The archive of the code in a folder: the one that was packed before, or what `pack` makes of the files.
///
/// # Errors
/// When a file cannot be read, or `folder` leads out of the project. What `pack` refuses is inside.
pub(super) fn archive<E>(
    root: &Path,
    folder: &str,
    pack: impl FnOnce(BTreeMap<String, Bytes>) -> Result<Bytes, E>,
) -> Result<Result<Bytes, E>, ProjectError> {
    let place = Place::of(root, folder);
    let (files, newest) = code::mark(root, folder)?;
    let known = place.note()?;
    if let Some((note, written)) = &known
        && note.files == files
        && newest.is_none_or(|newest| *written >= newest + BLURRED)
        && let Some(archive) = place.archive(note)?
    {
        return Ok(Ok(archive));
    }
    let read = code::read(root, folder)?;
    let content = content(&read);
    let same = known.as_ref().map(|(note, _)| note).filter(|note| note.content == content);
    let before = same.map(|note| place.archive(note)).transpose()?.flatten();
    let packed = match &before {
        Some(archive) => archive.clone(),
        None => match pack(read.into_iter().map(|(path, bytes)| (path, Bytes::from(bytes))).collect()) {
            Ok(archive) => archive,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let note = Note { files, content, archive: hash(&[&packed]) };
    // Without a note the next time takes longer, and nothing else.
    let _ = place.keep(&note, before.is_none().then_some(&packed));
    Ok(Ok(packed))
}

/// Where an archive and what is noted of it lie.
struct Place {
    note: PathBuf,
    archive: PathBuf,
}

impl Place {
    fn of(root: &Path, folder: &str) -> Self {
        let name = &hash(&[folder.as_bytes()])[..32];
        let base = root.join(layout::BUILD).join("archives");
        Self { note: base.join(name), archive: base.join(format!("{name}.zip")) }
    }

    /// What is noted, and when it was written.
    fn note(&self) -> Result<Option<(Note, SystemTime)>, ProjectError> {
        let text = disk::read(&self.note)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let written = disk::changed(&self.note);
        Ok(text.as_deref().and_then(Note::read).zip(written))
    }

    /// The archive, when it is what the note says.
    fn archive(&self, note: &Note) -> Result<Option<Bytes>, ProjectError> {
        let bytes = disk::read(&self.archive)?.map(Bytes::from);
        Ok(bytes.filter(|bytes| hash(&[bytes]) == note.archive))
    }

    fn keep(&self, note: &Note, archive: Option<&Bytes>) -> Result<(), ProjectError> {
        if let Some(archive) = archive {
            disk::write(&self.archive, archive)?;
        }
        disk::write(&self.note, note.written().as_bytes())
    }
}

/// What tells contents apart; another version of the program may pack otherwise.
fn content(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut parts: Vec<&[u8]> = vec![env!("CARGO_PKG_VERSION").as_bytes()];
    for (path, bytes) in files {
        parts.extend([path.as_bytes(), bytes]);
    }
    hash(&parts)
}

/// The hash of texts, each with its length before it.
pub(super) fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::time::{Duration, SystemTime};

    use bytes::Bytes;

    use super::{Place, archive};

    #[test]
    fn the_same_files_and_the_same_content_are_packed_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let folder = "ampup/function/hello";
        std::fs::create_dir_all(root.join(folder)).unwrap();
        let file = root.join(folder).join("index.mjs");
        let dated = |text: &str, ago_s: u64| {
            std::fs::write(&file, text).unwrap();
            let at = std::fs::metadata(root.join("ampup")).unwrap().modified().unwrap() - Duration::from_secs(ago_s);
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
        };
        let count = Cell::new(0);
        let ask = || {
            let packed = archive(&root, folder, |files| {
                count.set(count.get() + 1);
                Ok::<Bytes, Infallible>(files["index.mjs"].clone())
            });
            let packed = packed.unwrap().unwrap();
            (String::from_utf8(packed.to_vec()).unwrap(), count.get())
        };
        dated("one", 100);
        assert_eq!(ask(), ("one".to_owned(), 1));
        assert_eq!(ask(), ("one".to_owned(), 1), "nothing has changed");
        dated("one", 50);
        assert_eq!(ask(), ("one".to_owned(), 1), "only the time has changed");
        dated("two", 50);
        assert_eq!(ask(), ("one".to_owned(), 1), "the same size and time are the same file, when both are old");
        dated("three", 50);
        assert_eq!(ask(), ("three".to_owned(), 2));
        let place = Place::of(&root, folder);
        std::fs::write(&place.archive, "half").unwrap();
        assert_eq!(ask(), ("three".to_owned(), 3), "a damaged archive is not taken");
        std::fs::write(&file, "newer").unwrap();
        assert_eq!(ask().0, "newer");
        let at: SystemTime = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::fs::write(&file, "later").unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
        assert_eq!(ask().0, "later", "a time that is too near tells nothing");
    }
}
