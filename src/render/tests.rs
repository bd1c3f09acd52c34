use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::filters::{comment, js, logical_id, yaml};
use super::{Renderer, TEMPLATES};

fn renderer(templates: &[(&str, &str)]) -> Renderer {
    Renderer::new(templates.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

fn rendered(template: &str, context: &Value) -> Result<String, String> {
    renderer(&[("test/one", template)]).render("test/one", context).map_err(|error| error.to_string())
}

#[test]
fn values_loops_branches_and_comments() {
    let template = "<# a comment #>\n<% for name in names %>- << name >>\n<% endfor -%>\n<% if last %>end<% endif %>";
    let context = json!({ "names": ["<b>", "${c} {{ d }}"], "last": true });
    assert_eq!(rendered(template, &context).unwrap(), "- <b>\n- ${c} {{ d }}\nend\n");
}

#[test]
fn faults_name_the_template_and_the_variable_in_one_line() {
    let undefined = rendered("a: << missing >>", &json!({})).unwrap_err();
    assert!(undefined.contains("test/one") && undefined.contains("missing"), "{undefined}");
    assert!(!undefined.contains('\n'), "{undefined}");
    for (template, context) in [
        ("<< missing | yaml >>", json!({})),
        ("<< a.b >>", json!({ "a": {} })),
        ("<% for x in missing %><% endfor %>", json!({})),
        ("<< a", json!({ "a": 1 })),
        ("<< a >>", json!([])),
        ("<% include \"test/two\" %>", json!({})),
    ] {
        let error = rendered(template, &context).unwrap_err();
        assert!(error.starts_with("template `test/one` cannot be rendered: "), "{error}");
    }
    let unknown = renderer(&[]).render("api/stack", &json!({})).unwrap_err();
    assert_eq!(unknown.reason, "there is no such template");
}

#[test]
fn a_broken_template_is_named_even_when_another_is_rendered() {
    let error = renderer(&[("test/a", "fine"), ("test/b", "<% if %>")]).render("test/a", &json!({})).unwrap_err();
    assert_eq!(error.template, "test/b");
}

#[test]
fn the_users_template_wins_and_may_include_a_neighbour() {
    let name = TEMPLATES[0].0;
    let overrides = renderer(&[(name, "mine: <% include \"api/part\" %>"), ("api/part", "<< x >>")]);
    assert_eq!(overrides.render(name, &json!({ "x": 1 })).unwrap(), "mine: 1\n");
}

#[test]
fn the_table_is_sorted_and_every_template_opens_with_its_context() {
    assert!(TEMPLATES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    for (name, text) in TEMPLATES {
        assert!(text.starts_with("<# Context: "), "{name} does not name its context type");
    }
}

#[test]
fn yaml_scalars() {
    for (value, expected) in [
        (json!("Post"), "Post"),
        (json!("table for Post"), "table for Post"),
        (json!("yes"), "'yes'"),
        (json!("Null"), "'Null'"),
        (json!("1e3"), "'1e3'"),
        (json!(""), "''"),
        (json!("it's"), "'it''s'"),
        (json!("a: b"), "'a: b'"),
        (json!("a #b"), "'a #b'"),
        (json!("a\nb\u{2028}"), "\"a\\nb\\u2028\""),
        (json!("!Ref x"), "'!Ref x'"),
        (json!(7), "7"),
        (json!(["a", "b,c", null, true]), "[a, 'b,c', null, true]"),
        (json!({ "a b": { "c": 1 } }), "{a b: {c: 1}}"),
    ] {
        assert_eq!(yaml(&value), expected);
    }
}

#[test]
fn javascript_literals() {
    for (value, expected) in [
        (json!("Post"), "'Post'"),
        (json!("it's \\ </script>"), "'it\\'s \\\\ </script>'"),
        (json!("a\nb\u{2029}"), "'a\\nb\\u2029'"),
        (json!({ "id": { "eq": 1 }, "a-b": [null] }), "{ id: { eq: 1 }, 'a-b': [null] }"),
        (json!({ "__proto__": 1 }), "{ ['__proto__']: 1 }"),
        (json!({}), "{}"),
    ] {
        assert_eq!(js(&value), expected);
    }
}

#[test]
fn other_filters() {
    assert_eq!(logical_id("my-blog_2.posts").as_deref(), Some("MyBlog2Posts"));
    assert_eq!(logical_id("-"), None);
    assert_eq!(comment("a\nb */ c"), "a b * / c");
    assert_eq!(rendered("k: |\n  << t | indent(width=2) >>", &json!({ "t": "a\n\nb" })).unwrap(), "k: |\n  a\n\n  b\n");
    assert_eq!(
        rendered("!Sub << t | sub | yaml >>", &json!({ "t": "${AWS::Region}" })).unwrap(),
        "!Sub '${!AWS::Region}'\n"
    );
    assert_eq!(
        rendered("<< t | json(pretty=true) >>", &json!({ "t": {"b": 1, "a": 2} })).unwrap(),
        "{\n  \"b\": 1,\n  \"a\": 2\n}\n"
    );
}

/// Text that a YAML reader finds under `key` in a document of two keys.
fn read_back(quoted: &str) -> Option<(String, usize)> {
    use saphyr::{LoadableYamlNode, Yaml};
    let text = format!("key: {quoted}\nlast: 1\n");
    let documents = Yaml::load_from_str(&text).ok()?;
    let map = documents.first()?.as_mapping()?;
    let value = map.values().next()?.as_str()?.to_owned();
    Some((value, map.len()))
}

proptest! {
    #[test]
    fn a_hostile_name_never_changes_yaml(name in any::<String>()) {
        prop_assert_eq!(read_back(&yaml(&json!(name))), Some((name, 2)));
    }

    #[test]
    fn words_that_look_like_something_else_stay_text(name in "[-0-9a-zA-Z ~.:#{}\\[\\],&*!|>'\"%@`+_=/]{0,8}") {
        prop_assert_eq!(read_back(&yaml(&json!(name))), Some((name, 2)));
    }

    #[test]
    fn a_hostile_name_never_ends_a_javascript_string(name in any::<String>()) {
        let literal = js(&json!(name));
        let inner = &literal[1..literal.len() - 1];
        let mut escaped = false;
        for c in inner.chars() {
            let breaks = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(!breaks);
            prop_assert!(escaped || c != '\'');
            escaped = !escaped && c == '\\';
        }
        prop_assert!(!escaped);
    }

    #[test]
    fn names_are_never_read_as_templates(name in "[<>%#{}$a ]{0,12}") {
        let overrides = BTreeMap::from([("test/one".to_owned(), "<< n >>|".to_owned())]);
        let text = Renderer::new(overrides).render("test/one", &json!({ "n": name })).unwrap();
        prop_assert_eq!(text, format!("{}|\n", name.trim_start()));
    }
}
