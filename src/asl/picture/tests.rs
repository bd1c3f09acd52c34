//! Pictures of machines, as they are seen.

use serde_json::{Value, json};

use super::{Mark, Progress, Status, Tone, as_mermaid, as_svg, as_text};
use crate::asl::{Machine, Type, check};

fn machine(definition: &Value) -> Machine {
    let checked = check(&definition.to_string(), Type::Standard);
    checked.machine.unwrap_or_else(|| panic!("{:?}", checked.findings))
}

fn drawn(definition: &Value, unicode: bool) -> Vec<String> {
    let lines = as_text(&machine(definition), &Progress::new(), unicode).expect("it is small enough");
    lines.iter().map(|line| line.iter().map(|run| run.text.as_str()).collect()).collect()
}

fn decision() -> Value {
    json!({ "StartAt": "Paid?", "States": {
        "Paid?": { "Type": "Choice", "Default": "Wait",
            "Choices": [{ "Variable": "$.paid", "BooleanEquals": true, "Next": "Ship" }] },
        "Ship": { "Type": "Pass", "End": true },
        "Wait": { "Type": "Wait", "Seconds": 60, "Next": "Paid?" } } })
}

#[test]
fn a_decision_and_a_loop() {
    let expected = r"
                 ( Start )
                     │
                     ▼
               ┌ Choice ──┐
               │  Paid?   │
               └─────┬────┘
        ┌────────────┴──▲
        │               ├───────┐
 $.paid == true      Default    │
        │               └───┐   │
        │                   │ ┌─┘
        ▼                   ▼ │
   ┌ Pass ──┐          ┌ Wait ┴─┐
   │  Ship  │          │  Wait  │
   └────┬───┘          └────────┘
        │
        ▼
     ( End )"
        .trim_start_matches('\n');
    let found = drawn(&decision(), true).join("\n");
    assert_eq!(found, expected, "\n{found}");
}

#[test]
fn branches_stand_in_dashed_frames_and_catchers_are_dashed() {
    let definition = json!({ "StartAt": "Both", "States": {
        "Both": { "Type": "Parallel", "Next": "Done", "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Sorry" }],
            "Branches": [
                { "StartAt": "Left", "States": { "Left": { "Type": "Pass", "End": true } } },
                { "StartAt": "Right", "States": { "Right": { "Type": "Pass", "End": true } } } ] },
        "Done": { "Type": "Succeed" }, "Sorry": { "Type": "Fail" } } });
    let expected = r"
          ( Start )
              │
              ▼
 ┌╌ Parallel Both ╌╌╌╌╌╌╌╌╌┐
 ╎ ┌ Pass ──┐   ┌ Pass ──┐ ╎
 ╎ │  Left  │   │ Right  │ ╎
 ╎ └────────┘   └────────┘ ╎
 ╎                         ╎
 └╌╌╌╌╌╌╌╌╌╌╌╌┬╌╌╌╌╌╌╌╌╌╌╌╌┘
         ┌────┴╌╌╌╌╌╌╌╌╌┐
         ▼              ╎
   ┌ Succeed ──┐        ╎
   │   Done    │    Catch #1
   └─────┬─────┘        ╎
         │              ╎
         │              ▼
         │         ┌ Fail ──┐
         │         │ Sorry  │
         │         └────┬───┘
         └───────┐      │
                 ├──────┘
                 ▼
              ( End )"
        .trim_start_matches('\n');
    let found = drawn(&definition, true);
    assert_eq!(found.join("\n"), expected, "\n{}", found.join("\n"));
    let ascii = drawn(&definition, false);
    assert!(ascii.iter().all(|line| line.is_ascii()), "\n{}", ascii.join("\n"));
    assert_eq!(ascii.len(), found.len());
}

/// No box overlaps another that it does not contain, and every line ends at a box.
#[test]
fn nothing_overlaps() {
    use super::graph::Graph;
    use super::scene::{Metrics, Scene};
    for definition in [decision(), many(40)] {
        for metrics in [Metrics::characters(), Metrics::pixels()] {
            let scene = Scene::of(&Graph::of(&machine(&definition)), &Progress::new(), &metrics);
            for (at, left) in scene.boxes.iter().enumerate() {
                let a = left.rect;
                assert!(
                    a.x >= 0 && a.y >= 0 && a.x + a.width <= scene.width && a.y + a.height <= scene.height,
                    "{left:?}"
                );
                for right in scene.boxes[at + 1..].iter().filter(|_| !left.contains) {
                    let b = right.rect;
                    let apart =
                        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                    assert!(apart, "{left:?} overlaps {right:?}");
                }
            }
        }
    }
}

/// States that lead to the next, to one further on, and back.
fn many(count: usize) -> Value {
    let mut states = serde_json::Map::new();
    for at in 0..count {
        let (next, far, back) = ((at + 1) % count, (at * 7 + 3) % count, at / 2);
        let rule = |to: usize| json!({ "Variable": format!("$.x{to}"), "IsPresent": true, "Next": format!("S{to}") });
        let state = json!({ "Type": "Choice", "Choices": [rule(far), rule(back)], "Default": format!("S{next}") });
        states.insert(format!("S{at}"), state);
    }
    states.insert("Last".to_owned(), json!({ "Type": "Succeed" }));
    states["S0"]["Default"] = json!("Last");
    states["S2"]["Choices"][0]["Next"] = json!("S1");
    json!({ "StartAt": "S2", "States": states })
}

#[test]
fn large_machines_are_drawn_too() {
    let mut states = serde_json::Map::new();
    for at in 0..1500 {
        states.insert(format!("S{at}"), json!({ "Type": "Pass", "Next": format!("S{}", at + 1) }));
    }
    states.insert("S1500".to_owned(), json!({ "Type": "Succeed" }));
    let definition = json!({ "StartAt": "S0", "States": states });
    assert!(drawn(&definition, true).len() > 1500 * 4);
}

#[test]
fn what_nobody_could_read_is_not_drawn() {
    let mut states = serde_json::Map::new();
    for at in 0..400 {
        let rule = json!({ "Variable": "$.x", "IsNull": true, "Next": "Last" });
        states.insert(
            format!("S{at}"),
            json!({ "Type": "Choice", "Choices": [rule], "Default": format!("S{}", at + 1) }),
        );
    }
    states.insert("S400".to_owned(), json!({ "Type": "Pass", "Next": "Last" }));
    states.insert("Last".to_owned(), json!({ "Type": "Succeed" }));
    let machine = machine(&json!({ "StartAt": "S0", "States": states }));
    assert_eq!(as_text(&machine, &Progress::new(), true), Err(super::TooLarge));
    assert!(as_mermaid(&machine, &Progress::new()).lines().count() > 800);
}

#[test]
fn hostile_names_stay_names() {
    let name = "</title><script>\"'&{x}[y]#`|\u{1b}[31m";
    let definition = json!({ "StartAt": name, "States": { name: { "Type": "Pass", "End": true } } });
    let svg = as_svg(&machine(&definition), &Progress::new(), name).expect("it is small");
    assert!(!svg.contains("<script>") && !svg.contains('\u{1b}'), "{svg}");
    assert!(svg.contains("&lt;script&gt;"), "{svg}");
    let mermaid = as_mermaid(&machine(&definition), &Progress::new());
    assert!(mermaid.contains("#34;") && !mermaid.contains("<script>") && !mermaid.contains('\u{1b}'), "{mermaid}");
    assert!(drawn(&definition, true).iter().all(|line| !line.contains('\u{1b}')));
}

#[test]
fn how_far_an_execution_has_come_is_coloured() {
    let mark = |status, note: Option<&str>| Mark { status, note: note.map(str::to_owned) };
    let progress = Progress::from([
        ("Paid?".to_owned(), mark(Status::Succeeded, None)),
        ("Wait".to_owned(), mark(Status::InProgress, Some("2 of 5"))),
    ]);
    let machine = machine(&decision());
    let lines = as_text(&machine, &progress, true).expect("it is small");
    let toned = |text: &str| {
        let runs = lines.iter().flatten();
        runs.filter(|run| run.text.contains(text)).map(|run| run.tone).collect::<Vec<_>>()
    };
    assert_eq!(toned("Paid?"), [Tone::Status(Status::Succeeded)]);
    assert_eq!(toned("Ship"), [Tone::Strong]);
    assert_eq!(toned("2 of 5"), [Tone::Label]);
    let svg = as_svg(&machine, &progress, "t").expect("it is small");
    assert!(svg.contains("class=\"state succeeded\" data-state=\"Paid?\""), "{svg}");
    let mermaid = as_mermaid(&machine, &progress);
    assert!(mermaid.contains("class s1 succeeded") && mermaid.contains("<br/>2 of 5"), "{mermaid}");
}

#[test]
fn rules_are_told_in_few_words() {
    let rules = json!([
        { "Variable": "$.a", "StringEquals": "x", "Next": "Z" },
        { "Variable": "$.a", "NumericLessThanEqualsPath": "$.b", "Next": "Z" },
        { "Not": { "Variable": "$.a", "IsNull": true }, "Next": "Z" },
        { "Or": [{ "Variable": "$.a", "IsPresent": false }, { "And": [{ "Variable": "$.a", "BooleanEquals": true }, { "Variable": "$.b", "IsString": true }] }], "Next": "Z" },
        { "Variable": "$.a", "StringMatches": "a*", "Next": "Z" },
    ]);
    let definition = json!({ "StartAt": "C", "States": {
        "C": { "Type": "Choice", "Choices": rules }, "Z": { "Type": "Succeed" } } });
    let graph = super::graph::Graph::of(&machine(&definition));
    let labels: Vec<&str> = graph.edges.iter().filter_map(|edge| edge.label.as_deref()).collect();
    let expected =
        ["$.a == \"x\"", "$.a <= $.b", "not $.a is null", "$.a is not present or ($.a == true…", "$.a matches \"a*\""];
    assert_eq!(labels, expected);
}
