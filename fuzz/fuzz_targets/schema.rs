//! Any text as a GraphQL schema, and its first line as compile options: it compiles or is refused, and what it
//! compiles to is a schema again. No panic, no hang, no memory without bound.

#![no_main]

use ampup::category::api::conformance::compile_case;
use ampup::graphql::{check, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // `# {"defaultAuth": "API_KEY"}` on the first line is a comment to GraphQL.
    let first = text.lines().next().unwrap_or_default();
    let options = first.strip_prefix('#').map_or("{}", str::trim);
    if let Ok(files) = compile_case("schema.graphql", text, options) {
        let schema = &files["schema.graphql"];
        let faults = parse(schema).map(|document| check(&document));
        assert_eq!(faults, Ok(Vec::new()), "the expanded schema is no schema:\n{schema}");
    }
});
