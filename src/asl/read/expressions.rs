//! Expressions of JSONata, as far as a definition is refused for them: their syntax.

/// Why an expression cannot be parsed, in the parser's words.
pub(super) fn check_syntax(source: &str) -> Result<(), String> {
    jsonata_core::parser::parse(source).map(|_| ()).map_err(|error| error.to_string())
}
