//! Types whose work waits only for the disk: what they have, and three functions.

use std::sync::Arc;

use super::apart;
use crate::base::BoxFuture;
use crate::cloud::lambda::engine::Engine;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// One type of resource, as data.
pub(super) struct Kind {
    pub name: &'static str,
    pub properties: &'static [&'static str],
    pub required: &'static [&'static str],
    pub create_only: &'static [&'static str],
    pub attributes: &'static [&'static str],
    pub make: fn(&Arc<Engine>, &ResourceRequest) -> Result<Provisioned, ApiError>,
    pub change: fn(&Arc<Engine>, &Provisioned, &ResourceRequest) -> Result<Provisioned, ApiError>,
    pub remove: fn(&Arc<Engine>, &Provisioned, &ResourceRequest) -> Result<(), ApiError>,
}

/// The handler of a type.
pub(super) struct Simple {
    pub engine: Arc<Engine>,
    pub kind: &'static Kind,
}

impl ResourceHandler for Simple {
    fn kind(&self) -> &'static str {
        self.kind.name
    }

    fn properties(&self) -> &'static [&'static str] {
        self.kind.properties
    }

    fn required(&self) -> &'static [&'static str] {
        self.kind.required
    }

    fn create_only(&self) -> &'static [&'static str] {
        self.kind.create_only
    }

    fn attributes(&self) -> &'static [&'static str] {
        self.kind.attributes
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (engine, request, make) = (Arc::clone(&self.engine), request.clone(), self.kind.make);
        Box::pin(apart(move || make(&engine, &request)))
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (engine, current, request, change) =
            (Arc::clone(&self.engine), current.clone(), request.clone(), self.kind.change);
        Box::pin(apart(move || change(&engine, &current, &request)))
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        let (engine, current, request, remove) =
            (Arc::clone(&self.engine), current.clone(), request.clone(), self.kind.remove);
        // What is gone already is deleted.
        Box::pin(apart(move || match remove(&engine, &current, &request) {
            Err(error) if error.code == "ResourceNotFoundException" => Ok(()),
            other => other,
        }))
    }
}

/// The change of a type whose properties are all create-only: what changes is made anew.
pub(super) fn unchanged(
    _engine: &Arc<Engine>,
    current: &Provisioned,
    _request: &ResourceRequest,
) -> Result<Provisioned, ApiError> {
    Ok(current.clone())
}
