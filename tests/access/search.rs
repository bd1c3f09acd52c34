//! Searches: the cloud here has no OpenSearch, so the data source is one without data, and the requests to it are
//! judged instead.
//!
//! Whoever is refused is refused over the wire. For the others the deployed code is run with their identity, and its
//! query is put to the item.

use std::fmt::Write as _;

use ampup::category::api::access::{Access, Cell, Column, FieldAccess, Identity};
use ampup::category::api::plan::{Action, Model};
use serde_json::{Map, Value, json};

use super::cases::Case;
use super::drive::{errors, expect, refused};
use super::world::World;
use crate::support::evaluate::{Evaluated, evaluate};

/// The patch of a stack that takes OpenSearch away; none where nothing is searched.
pub(super) fn patch(case: &Case) -> Option<String> {
    let searched: Vec<&str> = case
        .plan
        .resolvers
        .iter()
        .filter_map(|resolver| match &resolver.action {
            Action::Search { model } => Some(model.as_str()),
            _ => None,
        })
        .collect();
    if searched.is_empty() {
        return None;
    }
    let mut patch = "Parameters:\n".to_owned();
    for name in ["SearchInstanceType", "SearchInstanceCount", "SearchVolumeSize"] {
        writeln!(patch, "  {name}: null").unwrap();
    }
    patch += "Resources:\n";
    for name in ["Domain", "Role", "StreamFunction", "StreamLogs", "StreamRole", "DeadLetters"] {
        writeln!(patch, "  Search{name}: null").unwrap();
    }
    for model in searched {
        writeln!(patch, "  {model}SearchStream: null").unwrap();
    }
    patch += "  SearchSource:\n    Properties: { Type: NONE, OpenSearchServiceConfig: null, ServiceRoleArn: null }\n";
    Some(patch)
}

/// A search by one caller.
pub(super) struct Search<'a> {
    pub world: &'a World,
    pub case: &'a Case,
    pub model: &'a Model,
    pub identity: &'a Identity,
    /// What is stored.
    pub item: Map<String, Value>,
}

impl Search<'_> {
    pub(super) fn check(&self, column: &Column, cell: &Cell) -> Result<(), String> {
        let field = &column.field;
        let credential = self.world.credential(self.case, self.identity);
        let query = format!("query {{ {field} {{ total items {{ {} }} }} }}", self.model.key.partition.name);
        let answer = self.world.ask(self.case, &credential, &query, &Value::Null);
        if cell.access == Access::Refused {
            return refused(&answer, field);
        }
        // Without data there is nothing that the response could be made of: that it is tried shows that nobody refused.
        expect(errors(&answer, &[field]) == ["Code"], "should get as far as the data source", &answer)?;
        let code = self.world.code(self.case, &format!("{}.{field}", column.type_name));
        let found = self.request(&code, &json!({})).value();
        let path = format!("/{}/_search", self.model.name.to_lowercase());
        expect(found["path"] == path && found["operation"] == "GET", "another request", &found)?;
        let finds = self.finds(&found["params"]["body"]["query"]);
        expect(finds == (cell.access == Access::Allowed), "the query should find what the caller may see", &found)?;
        let scalars = self.model.fields.values().filter(|_| cell.access == Access::Allowed);
        for name in scalars.map(|field| &field.name).filter(|name| self.item.contains_key(*name)) {
            let hidden = cell.fields.get(name) == Some(&FieldAccess::Refused);
            let aggregate = json!({ "aggregates": [{ "name": "a", "type": "terms", "field": name }] });
            let made = self.request(&code, &aggregate);
            let counted = match &made.result {
                None if made.raised() == Some("Unauthorized") => false,
                None => return Err(format!("aggregating {name} fails otherwise: {made:?}")),
                Some(request) => match request.pointer("/params/body/aggs/a/filter") {
                    Some(filter) => self.finds(filter),
                    None => true,
                },
            };
            if counted == hidden {
                return Err(format!("whether {name} is aggregated should be {}: {made:?}", !hidden));
            }
        }
        Ok(())
    }

    fn request(&self, code: &str, arguments: &Value) -> Evaluated {
        let identity = self.world.seen(self.identity);
        let context = json!({ "arguments": arguments, "identity": identity });
        evaluate(&self.world.dev.endpoint, code, "request", &context)
    }

    /// Whether a query finds the item; only what rules become is known here.
    fn finds(&self, query: &Value) -> bool {
        let (kind, inner) = query.as_object().and_then(|map| map.iter().next()).unwrap();
        match kind.as_str() {
            "match_all" => true,
            "bool" => inner.as_object().unwrap().iter().all(|(occurrence, queries)| {
                let mut queries = queries.as_array().unwrap().iter();
                match occurrence.as_str() {
                    "must" | "filter" => queries.all(|query| self.finds(query)),
                    "should" => queries.any(|query| self.finds(query)),
                    other => panic!("an occurrence that no rule needs: {other}"),
                }
            }),
            "term" => {
                let (field, wanted) = inner.as_object().and_then(|map| map.iter().next()).unwrap();
                let stored = &self.item[field.strip_suffix(".keyword").unwrap_or(field)];
                stored == wanted || stored.as_array().is_some_and(|all| all.contains(wanted))
            }
            other => panic!("a query that no rule needs: {other}"),
        }
    }
}
