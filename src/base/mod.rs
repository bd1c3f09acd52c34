//! The words that every room uses: names, targets, places, clock, ids, events.
//!
//! Deliberately free of I/O except in [`clock`] and [`ids`], the only doors to the time and to random bytes.

pub mod arn;
pub mod clock;
pub mod document;
pub mod endpoints;
pub mod future;
pub mod ids;
pub mod location;
pub mod names;
pub mod progress;
pub mod schedule;
pub mod secret;
pub mod secret_store;
pub mod suggest;
pub mod target;

pub use arn::Arn;
pub use clock::{Clock, FixedClock, SystemClock};
pub use endpoints::ServiceEndpoints;
pub use future::BoxFuture;
pub use ids::{Ids, RandomIds, SequenceIds};
pub use location::Location;
pub use names::{EnvName, Label, LogicalId, NameError, ProjectName, ResourceKind, ResourceName, StackName};
pub use progress::{Event, Note, NullReporter, Outcome, Recorder, Reporter, ResourceStatus, Step};
pub use schedule::{Schedule, ScheduleError};
pub use secret::Secret;
pub use secret_store::SecretStore;
pub use target::{Endpoint, EndpointError, ProfileName, Region, Target};
