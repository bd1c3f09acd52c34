//! Names as front ends write them: words of a name joined in another case.
//!
//! The rules are those of the `change-case` package, version 4, which the reference generator uses.

/// `inProgress` → `IN_PROGRESS`.
pub(in crate::category::api) fn constant(name: &str) -> String {
    words(name).iter().map(|word| word.to_ascii_uppercase()).collect::<Vec<_>>().join("_")
}

/// `PostTag` → `postTag`, `HTTPLog` → `httpLog`.
pub(in crate::category::api) fn camel(name: &str) -> String {
    let capital = |(index, word): (usize, &String)| {
        let word = word.to_ascii_lowercase();
        match word.chars().next() {
            _ if index == 0 => word,
            Some(first) if first.is_ascii_digit() => format!("_{word}"),
            _ => crate::category::api::compile::names::upper(&word),
        }
    };
    words(name).iter().enumerate().map(capital).collect()
}

/// The words of a name: they begin at a capital after a small letter or digit, at the last of several capitals, and
/// after anything that is no letter or digit.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let starts = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A name that a JavaScript or TypeScript module can declare: words that the language keeps get a `_` behind them.
pub(in crate::category::api) fn declarable(name: &str) -> String {
    if RESERVED.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// Words that cannot name a constant of a module.
const RESERVED: &[&str] = &[
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];
