//! What a user can add: auth, api, hosting (and, as they come, function, storage, workflow).
//!
//! Pure: data in, data out. A new kind is one folder, one template folder, one clap file, one enum variant.

pub mod api;
pub mod auth;
pub mod hosting;
pub mod scaffold;
pub mod sources;
pub mod synthesis;

pub use scaffold::SourceFile;
pub use sources::Sources;
pub use synthesis::{ArtifactRequest, Need, Offer, Synthesis};
