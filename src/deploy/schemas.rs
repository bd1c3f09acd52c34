//! Schemas that are too large for AppSync. Emulators take them, so it is for the caller to ask before AWS does.

use super::package::Bundle;
use crate::cfn::Value;
use crate::error::{Code, Problem};

/// Bytes of a schema ("AWS AppSync endpoints and quotas", "Schema document size").
const LARGEST: usize = 1_048_576;

/// A problem for each schema that AppSync would refuse.
pub fn too_large(bundle: &Bundle) -> Vec<Problem> {
    let resources = bundle.templates.values().flat_map(|template| template.resources.values());
    let schemas = resources.filter(|resource| resource.kind.as_str() == "AWS::AppSync::GraphQLSchema");
    let file = |resource: &crate::cfn::Resource| match &resource.properties {
        Value::Map(properties) => match properties.get("DefinitionS3Location") {
            Some(Value::Text(path)) => Some(path.trim_start_matches("./").to_owned()),
            _ => None,
        },
        _ => None,
    };
    let problem = |path: String| {
        let bytes = bundle.files.get(&path)?.len();
        let message = format!(
            "the schema ampup/stacks/{path} has {bytes} bytes: AppSync takes {LARGEST}, so {} are too many",
            bytes.saturating_sub(LARGEST)
        );
        (bytes > LARGEST).then(|| {
            Problem::new(Code::AMP0320, message)
                .hint("leave operations out that nobody uses, for example `@model(subscriptions: null)`")
                .hint("or move models into a second API: `ampup add api`")
        })
    };
    schemas.filter_map(file).filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::parse;

    #[test]
    fn a_schema_may_have_a_megabyte() {
        let text = "Resources: { S: { Type: 'AWS::AppSync::GraphQLSchema', Properties: { ApiId: a, DefinitionS3Location: ./blog/schema.graphql } } }";
        let template = parse::parse(text, "blog.yaml").unwrap();
        let bundle = |bytes: usize| Bundle {
            templates: [("blog.yaml".to_owned(), template.clone())].into(),
            files: [("blog/schema.graphql".to_owned(), vec![b' '; bytes].into())].into(),
            ..Bundle::default()
        };
        assert!(too_large(&bundle(LARGEST)).is_empty());
        let found = too_large(&bundle(LARGEST + 7));
        assert!(found[0].message.contains("so 7 are too many"), "{found:#?}");
    }
}
