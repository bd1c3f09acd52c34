//! Task states.

use super::machine::Names;
use super::scalars::{self, DURATION};
use super::{Field, Object, Reader};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::resource::Pattern;
use crate::asl::{Common, Dynamic, Payload, QueryLanguage, Resource, Task, Type};
use crate::base::document::Content;

impl Reader {
    pub(super) fn task(&mut self, object: &Object<'_>, common: Common, names: &Names) -> Option<Task> {
        let language = common.language;
        self.require(object, &["Resource"]);
        let resource = object.field("Resource").and_then(|field| self.resource(&field));
        if let (Some(resource), Some(field)) = (&resource, object.field("Resource")) {
            self.express_resource(resource, &field);
            self.token_is_handed_over(resource, object, &field);
        }
        let flow = self.flow(object, language, true);
        let credentials = self.credentials(object, language);
        let timeout_seconds = self.dynamic_integer(object, language, "TimeoutSeconds", DURATION);
        let heartbeat_seconds = self.dynamic_integer(object, language, "HeartbeatSeconds", DURATION);
        if let (Some(Dynamic::Literal(timeout)), Some(Dynamic::Literal(heartbeat)), Some(field)) =
            (&timeout_seconds, &heartbeat_seconds, object.field("HeartbeatSeconds"))
            && heartbeat >= timeout
        {
            let message = "HeartbeatSeconds must be less than TimeoutSeconds";
            let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
                .because(format!("a heartbeat of {heartbeat} seconds can never be missed within {timeout}"))
                .hint("make `HeartbeatSeconds` smaller than `TimeoutSeconds`");
            self.find(finding);
        }
        let (retry, catch) = (self.retry(object), self.catch(object, language, names));
        let assign = self.assign(object, language);
        let transition = self.transition(object, names);
        Some(Task {
            flow,
            resource: resource?,
            credentials,
            timeout_seconds,
            heartbeat_seconds,
            retry,
            catch,
            assign,
            transition: transition?,
            common,
        })
    }

    /// Who works.
    pub(super) fn resource(&mut self, field: &Field<'_>) -> Option<Resource> {
        let text = self.text(field)?;
        self.note_substitutions(text);
        match Resource::parse(text) {
            Ok(resource) => {
                if let Some(doubt) = resource.doubt() {
                    let finding =
                        Finding::new(FindingCode::Schema, &field.location, &field.node.span, doubt.reason.clone())
                            .because(doubt.reason)
                            .maybe_hint(doubt.hint)
                            .doubt();
                    self.find(finding);
                }
                Some(resource)
            }
            Err(fault) => {
                let message = "Value is not a valid resource ARN";
                let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
                    .because(fault.reason)
                    .maybe_hint(fault.hint);
                self.find(finding);
                None
            }
        }
    }

    /// What Express machines cannot do, they are refused for.
    fn express_resource(&mut self, resource: &Resource, field: &Field<'_>) {
        if self.machine_type != Type::Express {
            return;
        }
        let (what, reason) = match resource {
            Resource::Activity(_) => {
                ("Activity ARN ".to_owned(), "an Express machine cannot wait for activities".to_owned())
            }
            _ => match resource.pattern() {
                Pattern::RequestResponse => return,
                pattern => (
                    format!("'{}' service integration ", pattern.suffix()),
                    format!("an Express machine cannot wait: it has no `{}`", pattern.suffix()),
                ),
            },
        };
        let message = format!("Express state machine does not support {what}");
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
            .because(reason)
            .hint("make the machine a Standard one, or request without waiting");
        self.find(finding);
    }

    /// A task that waits for a token, and hands it to nobody, waits for nothing.
    fn token_is_handed_over(&mut self, resource: &Resource, object: &Object<'_>, field: &Field<'_>) {
        if resource.pattern() != Pattern::WaitForTaskToken {
            return;
        }
        let given = ["Parameters", "Arguments", "InputPath"].iter().filter_map(|name| object.field(name));
        let given: Vec<String> = given.map(|field| scalars::value(field.node).to_string()).collect();
        let handed = given
            .iter()
            .any(|text| text.contains("Task.Token") || text.contains("$$\"") || text.contains("$states.context"));
        // What comes from elsewhere cannot be known here.
        let unknown = given.iter().any(|text| text.starts_with('"'));
        if handed || unknown {
            return;
        }
        let example = match self.language {
            QueryLanguage::JsonPath => "\"Token.$\": \"$$.Task.Token\"",
            QueryLanguage::Jsonata => "\"Token\": \"{% $states.context.Task.Token %}\"",
        };
        let reason = "the task waits for its token, but hands it to nobody";
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, reason)
            .hint(format!("hand it over: `{example}`"))
            .doubt();
        self.find(finding);
    }

    /// The role of a task: an object with `RoleArn`, or `RoleArn.$` in JSONPath.
    fn credentials(&mut self, object: &Object<'_>, language: QueryLanguage) -> Option<Payload> {
        let field = object.field("Credentials")?;
        if let Content::Scalar { .. } = &field.node.content
            && language == QueryLanguage::Jsonata
            && scalars::text(field.node).is_some_and(scalars::is_expression)
        {
            return Some(self.jsonata_template(&field));
        }
        let credentials = self.object(field.node, &field.location)?;
        let dynamic = language == QueryLanguage::JsonPath && credentials.has("RoleArn.$");
        if !credentials.has("RoleArn") && !dynamic {
            let message = "The field 'RoleArn' is required but was missing";
            let finding = Finding::new(FindingCode::Schema, &field.location, &field.key.span, message)
                .because("`Credentials` has no `RoleArn`")
                .hint("add `\"RoleArn\": \"arn:aws:iam::111122223333:role/…\"`");
            self.find(finding);
        }
        self.only(&credentials, &["RoleArn", "RoleArn.$"], "`Credentials`");
        Some(match language {
            QueryLanguage::JsonPath => self.path_template(&field),
            QueryLanguage::Jsonata => self.jsonata_template(&field),
        })
    }
}
