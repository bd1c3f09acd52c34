//! The bucket for artifacts, made at the first deployment; its name follows from project, account and region.

use crate::base::{ProjectName, Region};

/// Longest name of a bucket.
const LONGEST: usize = 63;

/// The name of the artifact bucket. One serves all environments of a project in an account and region.
pub fn bucket_name(project: &ProjectName, account: &str, region: &Region) -> String {
    let tail = format!("-{account}-{region}");
    let head = format!("ampup-{project}");
    if head.len() + tail.len() <= LONGEST {
        return head + &tail;
    }
    // A cut name keeps a few letters of its hash, so that two long names stay apart.
    let hash = &super::artifacts::sha256(project.as_str().as_bytes())[..6];
    let room = LONGEST.saturating_sub(tail.len() + 7);
    let cut: String = head.chars().take(room).collect();
    format!("{}-{hash}{tail}", cut.trim_end_matches('-'))
}
