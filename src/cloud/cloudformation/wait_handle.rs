//! `AWS::CloudFormation::WaitConditionHandle`: a resource with an address and nothing behind it.
//!
//! There is no `WaitCondition`: nobody could signal it.

use std::sync::Arc;

use crate::base::BoxFuture;
use crate::cloud::service::{Provisioned, ResourceError, ResourceHandler, ResourceRequest, Shared};

/// Makes handles.
pub(super) struct WaitHandle {
    shared: Arc<Shared>,
}

impl WaitHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl ResourceHandler for WaitHandle {
    fn kind(&self) -> &'static str {
        "AWS::CloudFormation::WaitConditionHandle"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn create<'a>(&'a self, _request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let physical_id = format!("{}/_ampup/wait-handle/{}", self.shared.endpoint, self.shared.ids.uuid());
        Box::pin(async move { Ok(Provisioned { physical_id, ..Provisioned::default() }) })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move { Ok(current.clone()) })
    }

    fn delete<'a>(
        &'a self,
        _current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { Ok(()) })
    }
}
