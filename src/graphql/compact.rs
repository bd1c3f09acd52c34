//! [`Document`] → SDL in as few bytes as it can have: no descriptions, no blanks that nothing needs.

use super::schema::{Document, TypeKind};

/// The shortest text of a schema. What it says to people is lost.
pub fn compact(document: &Document) -> String {
    let mut silent = document.clone();
    for found in &mut silent.types {
        found.description = None;
        match &mut found.kind {
            TypeKind::Object { fields, .. } | TypeKind::Interface { fields, .. } => {
                for field in fields {
                    field.description = None;
                    field.arguments.iter_mut().for_each(|argument| argument.description = None);
                }
            }
            TypeKind::Input(fields) => fields.iter_mut().for_each(|field| field.description = None),
            TypeKind::Enum(values) => values.iter_mut().for_each(|value| value.description = None),
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    squeeze(&super::print(&silent))
}

/// Takes out the blanks and commas of a printed schema, but for one between two words. Texts stay as they are.
fn squeeze(text: &str) -> String {
    let in_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '$');
    let mut short = String::with_capacity(text.len());
    let (mut in_text, mut escaped, mut parted) = (false, false, false);
    for letter in text.chars() {
        if in_text {
            short.push(letter);
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() || letter == ',' {
            parted = true;
        } else {
            if parted && in_word(letter) && short.ends_with(in_word) {
                short.push(' ');
            }
            short.push(letter);
            in_text = letter == '"';
            parted = false;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::compact;
    use crate::graphql::{parse, print};

    #[test]
    fn the_shortest_text_says_the_same() {
        let text = r#"
            "about" type Post implements Node & Named @aws_iam @aws_api_key {
              "the id" id: ID!
              posts("how many" limit: Int = -5, tags: [String!]! = ["a, b", "c \" d  e"]): [Post]
            }
            interface Node { id: ID! } interface Named { id: ID! }
            union Any = Post | Other
            enum Mood { "good" GLAD SAD }
            input Wish { mood: Mood = GLAD other: Other = { a: 1.5, b: null } }
            type Query { post(id: ID!): Post @aws_auth(cognito_groups: ["A B", "C"]) }
        "#;
        let document = parse(text).unwrap();
        let short = compact(&document);
        assert!(short.contains(r#"posts(limit:Int=-5 tags:[String!]!=["a, b""c \" d  e"]):[Post]}"#), "{short}");
        assert!(short.contains("type Post implements Node&Named@aws_iam@aws_api_key{id:ID!posts"), "{short}");
        let silent = |text: &str| -> String {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with('"'));
            lines.flat_map(|line| [line, "\n"]).collect::<String>().replace(r#""how many" "#, "")
        };
        assert_eq!(print(&parse(&short).unwrap()), silent(&print(&document)));
    }
}
