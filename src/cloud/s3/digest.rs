//! The MD5 of bytes that pass. Of large bodies it is computed on a thread of its own, since it is slower than everything
//! else that happens to them and nothing makes it faster.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use md5::{Digest as _, Md5};

/// From which length on a body is worth a thread, in bytes.
const LARGE_BYTES: u64 = 1024 * 1024;

/// How many pieces may wait for the thread; a piece is what the network gives at once, at most 400 KiB.
const PIECES: usize = 8;

/// The MD5 of what came so far.
pub(super) enum Digest {
    Here(Md5),
    Beside(Worker),
}

/// A thread that takes pieces.
pub(super) struct Worker {
    pieces: SyncSender<Bytes>,
    thread: JoinHandle<[u8; 16]>,
}

impl Digest {
    /// For a few bytes, or for bytes that are not shared.
    pub(super) fn new() -> Self {
        Self::Here(Md5::new())
    }

    /// For a body of a length, where it is known.
    pub(super) fn of_length(length: Option<u64>) -> Self {
        if length.is_none_or(|length| length < LARGE_BYTES) {
            return Self::new();
        }
        let (pieces, waiting) = sync_channel::<Bytes>(PIECES);
        let work = move || {
            let mut md5 = Md5::new();
            for piece in waiting {
                md5.update(&piece);
            }
            md5.finalize().into()
        };
        // Without a thread it takes longer and is as right.
        let thread = std::thread::Builder::new().name("md5".to_owned()).spawn(work);
        thread.map_or_else(|_| Self::new(), |thread| Self::Beside(Worker { pieces, thread }))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Here(md5) => md5.update(bytes),
            Self::Beside(_) => self.update_shared(&Bytes::copy_from_slice(bytes)),
        }
    }

    /// As [`Self::update`], without a copy.
    pub(super) fn update_shared(&mut self, bytes: &Bytes) {
        match self {
            Self::Here(md5) => md5.update(bytes),
            // The thread takes pieces until this end is dropped.
            Self::Beside(worker) => drop(worker.pieces.send(bytes.clone())),
        }
    }

    pub(super) fn finish(self) -> [u8; 16] {
        match self {
            Self::Here(md5) => md5.finalize().into(),
            Self::Beside(Worker { pieces, thread }) => {
                drop(pieces);
                thread.join().expect("computing an MD5 cannot panic")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Digest, LARGE_BYTES};

    #[test]
    fn a_thread_computes_what_is_computed_here() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
        for length in [None, Some(10), Some(LARGE_BYTES), Some(3_000_000)] {
            let mut digest = Digest::of_length(length);
            let whole = Bytes::from(bytes.clone());
            digest.update(&whole[..7]);
            for at in (7..whole.len()).step_by(400_000) {
                digest.update_shared(&whole.slice(at..whole.len().min(at + 400_000)));
            }
            // By `md5sum`.
            assert_eq!(hex::encode(digest.finish()), EXPECTED, "{length:?}");
        }
    }

    const EXPECTED: &str = "d85bc23258cf4ec207963f9f2f02c38d";
}
