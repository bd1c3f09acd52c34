//! The one source of random bytes. Everything else is handed an [`Ids`].

use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom, SystemRandom};

/// Draws identifiers and keys.
pub trait Ids: Send + Sync {
    /// Fills `bytes`; cryptographically strong in [`RandomIds`].
    fn fill(&self, bytes: &mut [u8]);

    /// A version 4 UUID in its usual form.
    fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let text = hex::encode(bytes);
        format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
    }

    /// `length` characters of `a-z0-9`, beginning with a letter.
    fn short(&self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        let pick = |(index, byte): (usize, u8)| {
            let range = if index == 0 { 26 } else { LETTERS.len() };
            char::from(LETTERS[usize::from(byte) % range])
        };
        bytes.into_iter().enumerate().map(pick).collect()
    }

    /// `length` decimal digits.
    fn digits(&self, length: usize) -> String {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes.into_iter().map(|byte| char::from(b'0' + byte % 10)).collect()
    }
}

/// The operating system's random bytes.
#[derive(Debug, Default)]
pub struct RandomIds(SystemRandomSource);

#[derive(Debug, Default)]
struct SystemRandomSource;

impl Ids for RandomIds {
    fn fill(&self, bytes: &mut [u8]) {
        let SystemRandomSource = self.0;
        SystemRandom::new().fill(bytes).expect("the operating system gives random bytes");
    }
}

/// The same ids on every run; for tests. Never use it for keys.
#[derive(Debug, Default)]
pub struct SequenceIds(AtomicU64);

impl Ids for SequenceIds {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in bytes {
            // A xorshift step: spread well enough that ids differ in every character.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_be_bytes()[3];
        }
    }
}
