//! The checksums that clients send with objects, and those that they ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use md5::Digest as _;

use crate::cloud::service::ApiError;

/// The algorithms, by the end of their header `x-amz-checksum-…`.
const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Reflected polynomial of CRC-32C (Castagnoli).
const CRC32C: u64 = 0x82f6_3b78;

/// Reflected polynomial of CRC-64/NVME.
const CRC64_NVME: u64 = 0x9a6c_9329_ac4b_c9b5;

/// The MD5 of bytes: the entity tag of an object.
pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    md5::Md5::digest(bytes).into()
}

/// Checks `Content-MD5` and every `x-amz-checksum-…`; gives the checksums to keep, by header name.
pub(super) fn verify(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(given) = text("content-md5") {
        let given = STANDARD.decode(given).ok().filter(|bytes| bytes.len() == 16);
        let given =
            given.ok_or_else(|| ApiError::new("InvalidDigest", "The Content-MD5 you specified was invalid."))?;
        if given != md5(body) {
            let message = "The Content-MD5 you specified did not match what we received.";
            return Err(ApiError::new("BadDigest", message));
        }
    }
    let mut kept = Vec::new();
    for algorithm in ALGORITHMS {
        let header = format!("x-amz-checksum-{algorithm}");
        let Some(given) = text(&header) else { continue };
        let computed = STANDARD.encode(checksum(algorithm, body));
        if given != computed {
            let name = algorithm.to_uppercase();
            let message = format!("The {name} you specified did not match the calculated checksum.");
            return Err(ApiError::new("BadDigest", message));
        }
        kept.push((header, computed));
    }
    Ok(kept)
}

fn checksum(algorithm: &str, body: &[u8]) -> Vec<u8> {
    match algorithm {
        "crc32" => {
            let mut sum = flate2::Crc::new();
            sum.update(body);
            sum.sum().to_be_bytes().to_vec()
        }
        "crc32c" => reflected(CRC32C, 0xffff_ffff, body).to_be_bytes()[4..].to_vec(),
        "crc64nvme" => reflected(CRC64_NVME, u64::MAX, body).to_be_bytes().to_vec(),
        "sha1" => ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, body).as_ref().to_vec(),
        _ => ring::digest::digest(&ring::digest::SHA256, body).as_ref().to_vec(),
    }
}

/// A reflected CRC that begins with ones and is inverted at the end.
fn reflected(polynomial: u64, ones: u64, body: &[u8]) -> u64 {
    let mut table = [0_u64; 256];
    for (index, entry) in (0_u64..).zip(table.iter_mut()) {
        *entry = (0..8).fold(index, |value, _| if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 });
    }
    let mut sum = ones;
    for byte in body {
        let [.., low] = sum.to_be_bytes();
        sum = (sum >> 8) ^ table[usize::from(low ^ byte)];
    }
    sum ^ ones
}
