//! The text of `Fn::Sub`, cut into its parts.

/// A part of the text of `Fn::Sub`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that stays.
    Text(String),
    /// `${Name}`, or `${Resource.Attribute}`.
    Name(String),
}

/// Cuts a text into its parts. `${!Name}` is the text `${Name}`.
///
/// # Errors
/// What is wrong, when a `${` does not end or names nothing.
pub(crate) fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        plain.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let Some(end) = after.find('}') else {
            return Err(format!(
                "`{}` does not end",
                rest[start..].chars().take(20).collect::<String>().escape_debug()
            ));
        };
        let name = &after[..end];
        if let Some(literal) = name.strip_prefix('!') {
            plain.push_str("${");
            plain.push_str(literal);
            plain.push('}');
        } else {
            let name = name.trim();
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-');
            if name.is_empty() || !name.chars().all(valid) {
                return Err(format!("`${{{}}}` names nothing", name.escape_debug()));
            }
            if !plain.is_empty() {
                found.push(Part::Text(std::mem::take(&mut plain)));
            }
            found.push(Part::Name(name.to_owned()));
        }
        rest = &after[end + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        found.push(Part::Text(plain));
    }
    Ok(found)
}
