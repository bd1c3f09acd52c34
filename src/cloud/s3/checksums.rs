//! The checksums that clients send with objects, and those that are kept with them, computed while the bytes pass.
//!
//! Source: "Checking object integrity" of the S3 user guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::digest::Digest;
use crate::cloud::service::ApiError;

/// An algorithm of an additional checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// `CRC32`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// `x-amz-checksum-crc32`.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element in XML: `ChecksumCRC32`.
    pub(super) fn element(self) -> String {
        format!("Checksum{}", self.name())
    }

    /// By its name in any case, or by its header.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("x-amz-checksum-").unwrap_or(text);
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Whether the checksum of a whole follows from those of its parts.
    pub(super) fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// The length of a checksum, in bytes.
    fn size(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// A number of a CRC as it is sent.
    fn sent(self, sum: u64) -> String {
        STANDARD.encode(&sum.to_be_bytes()[8 - self.size()..])
    }

    /// The checksum of parts, one behind the other, from theirs. `None` when one is missing or this is no CRC.
    pub(super) fn joined<'a>(self, parts: impl Iterator<Item = (Option<&'a str>, u64)>) -> Option<String> {
        let crc = self.crc()?;
        let mut whole: Option<u64> = None;
        for (sum, length) in parts {
            let bytes = STANDARD.decode(sum?).ok().filter(|bytes| bytes.len() == self.size())?;
            let sum = bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
            whole = Some(whole.map_or(sum, |whole| crc_fast::checksum_combine(crc, whole, sum, length)));
        }
        whole.map(|sum| self.sent(sum))
    }
}

/// The checksum of the checksums of parts: `…-3`. `None` when one is missing.
pub(super) fn composite<'a>(algorithm: Algorithm, parts: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let mut sums = Sums::new(&[algorithm]);
    let mut count = 0;
    for part in parts {
        sums.update(&STANDARD.decode(part?).ok()?);
        count += 1;
    }
    let finished = sums.finish();
    finished.named.first().map(|(_, sum)| format!("{sum}-{count}"))
}

/// Checksums of bytes that pass.
pub(super) struct Sums {
    md5: Digest,
    named: Vec<(Algorithm, Hasher)>,
    length: u64,
}

enum Hasher {
    Crc(crc_fast::Digest),
    Hash(Context),
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Finished {
    pub md5: [u8; 16],
    /// In Base64, as they are sent.
    pub named: Vec<(Algorithm, String)>,
    pub length: u64,
}

impl Sums {
    pub(super) fn new(algorithms: &[Algorithm]) -> Self {
        Self::of_length(algorithms, None)
    }

    /// For a body of a length, where it is known; the MD5 of a large one is computed on another thread.
    pub(super) fn of_length(algorithms: &[Algorithm], length: Option<u64>) -> Self {
        let hasher = |algorithm: &Algorithm| match (algorithm.crc(), algorithm) {
            (Some(crc), _) => Hasher::Crc(crc_fast::Digest::new(crc)),
            (None, Algorithm::Sha1) => Hasher::Hash(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            (None, _) => Hasher::Hash(Context::new(&SHA256)),
        };
        let named = algorithms.iter().map(|algorithm| (*algorithm, hasher(algorithm))).collect();
        Self { md5: Digest::of_length(length), named, length: 0 }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.update_named(bytes);
    }

    /// As [`Self::update`], without a copy for the other thread.
    pub(super) fn update_shared(&mut self, bytes: &Bytes) {
        self.md5.update_shared(bytes);
        self.update_named(bytes);
    }

    fn update_named(&mut self, bytes: &[u8]) {
        for (_, hasher) in &mut self.named {
            match hasher {
                Hasher::Crc(sum) => sum.update(bytes),
                Hasher::Hash(hash) => hash.update(bytes),
            }
        }
        self.length += bytes.len() as u64;
    }

    pub(super) fn finish(self) -> Finished {
        let text = |(algorithm, hasher): (Algorithm, Hasher)| match hasher {
            Hasher::Crc(sum) => (algorithm, algorithm.sent(sum.finalize())),
            Hasher::Hash(hash) => (algorithm, STANDARD.encode(hash.finish())),
        };
        Finished { md5: self.md5.finish(), named: self.named.into_iter().map(text).collect(), length: self.length }
    }
}

impl std::io::Write for Sums {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a request states of its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    md5: Option<[u8; 16]>,
    /// The checksums in headers.
    sums: Vec<(Algorithm, String)>,
    /// Those that come behind the body.
    trailing: Vec<Algorithm>,
}

impl Stated {
    /// From the headers of a request.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let invalid = |message: String| ApiError::new("InvalidRequest", message);
        let md5 = match text("content-md5") {
            None => None,
            Some(given) => {
                let bytes = STANDARD.decode(given).ok().and_then(|bytes| bytes.try_into().ok());
                Some(
                    bytes
                        .ok_or_else(|| ApiError::new("InvalidDigest", "The Content-MD5 you specified was invalid."))?,
                )
            }
        };
        let mut stated = Self { md5, ..Self::default() };
        for algorithm in Algorithm::ALL {
            let Some(given) = text(algorithm.header()) else { continue };
            if STANDARD.decode(given).ok().is_none_or(|bytes| bytes.len() != algorithm.size()) {
                return Err(invalid(format!("Value for {} header is invalid.", algorithm.header())));
            }
            stated.sums.push((algorithm, given.to_owned()));
        }
        for name in text("x-amz-trailer").unwrap_or_default().split(',').map(str::trim) {
            match Algorithm::parse(&name.to_ascii_lowercase()) {
                Some(algorithm) if name.to_ascii_lowercase().starts_with("x-amz-checksum-") => {
                    stated.trailing.push(algorithm);
                }
                _ if name.is_empty() => {}
                _ => {
                    return Err(invalid("The value specified in the x-amz-trailer header is not supported".to_owned()));
                }
            }
        }
        if stated.sums.len() + stated.trailing.len() > 1 {
            return Err(invalid(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.".to_owned(),
            ));
        }
        let asked = text("x-amz-sdk-checksum-algorithm");
        if asked.is_some() && stated.sums.is_empty() && stated.trailing.is_empty() && stated.md5.is_none() {
            return Err(invalid(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers \
                 were found."
                    .to_owned(),
            ));
        }
        Ok(stated)
    }

    /// Whether there is any of them.
    pub(super) fn is_empty(&self) -> bool {
        self.md5.is_none() && self.algorithm().is_none()
    }

    /// The additional checksum that the request states.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.sums.first().map(|(algorithm, _)| *algorithm).or_else(|| self.trailing.first().copied())
    }

    /// Whether the body is what was stated; `trailers` came behind it.
    pub(super) fn check(&self, finished: &Finished, trailers: &[(String, String)]) -> Result<(), ApiError> {
        if self.md5.is_some_and(|md5| md5 != finished.md5) {
            let message = "The Content-MD5 you specified did not match what we received.";
            return Err(ApiError::new("BadDigest", message));
        }
        let mut sums: Vec<(Algorithm, &str)> = self.sums.iter().map(|(name, sum)| (*name, sum.as_str())).collect();
        for algorithm in &self.trailing {
            let (_, sum) = trailers.iter().find(|(name, _)| name == algorithm.header()).ok_or_else(|| {
                let message = "The request contained trailing data that was not well-formed or did not conform to our \
                               published schema.";
                ApiError::new("MalformedTrailerError", message)
            })?;
            sums.push((*algorithm, sum));
        }
        for (algorithm, given) in sums {
            let computed = finished.named.iter().find(|(name, _)| *name == algorithm);
            if computed.is_none_or(|(_, computed)| computed != given) {
                let message = format!("The {} you specified did not match the calculated checksum.", algorithm.name());
                return Err(ApiError::new("BadDigest", message));
            }
        }
        Ok(())
    }
}

/// Checks what the headers state of a body that is here as a whole.
pub(super) fn verify(headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    let stated = Stated::of(headers)?;
    if stated.is_empty() {
        return Ok(());
    }
    let algorithm = stated.algorithm();
    let mut sums = Sums::new(algorithm.as_slice());
    sums.update(body);
    stated.check(&sums.finish(), &[])
}
