//! `AWS::Lambda::Permission`: a statement of a function's policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::super::engine::{self, Engine, Named};
use super::{apart, unless_gone};
use crate::base::BoxFuture;
use crate::cloud::service::{Provisioned, ResourceError, ResourceHandler, ResourceRequest};

pub(super) struct PermissionType(pub(super) Arc<Engine>);

impl ResourceHandler for PermissionType {
    fn kind(&self) -> &'static str {
        "AWS::Lambda::Permission"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Action", "FunctionName", "Principal"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        self.properties()
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (engine, request) = (Arc::clone(&self.0), request.clone());
        Box::pin(apart(move || {
            let sid = request.generated_name(&*engine.shared.ids, 100);
            let named = Named::read(&engine.shared, &request.text("FunctionName").unwrap_or_default())?;
            let statement = engine::statement(&sid, &request.properties, &named.arn(&engine.shared))?;
            engine.change_policy(&named, None, |statements| engine::add_statement(statements, &sid, statement))?;
            let attributes = BTreeMap::from([("Id".to_owned(), json!(sid))]);
            Ok(Provisioned { physical_id: sid, attributes })
        }))
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        // Every property is create-only: what changes is made anew.
        Box::pin(async move { Ok(current.clone()) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        let (engine, request, sid) = (Arc::clone(&self.0), request.clone(), current.physical_id.clone());
        Box::pin(apart(move || {
            let named = Named::read(&engine.shared, &request.text("FunctionName").unwrap_or_default())?;
            unless_gone(engine.change_policy(&named, None, |statements| engine::remove_statement(statements, &sid)))
        }))
    }
}
