use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::{FIRST, Past, Placement, Weights, path, stack_path};
use crate::base::ResourceName;
use crate::category::Sources;
use crate::category::api::plan::{Action, Plan};
use crate::category::api::testing::{model, plan, resolver};
use crate::error::Code;

fn api() -> ResourceName {
    ResourceName::new("blog").unwrap()
}

/// A plan of models, each with so many index queries more.
fn of(models: &BTreeMap<String, usize>) -> Plan {
    let mut more = Vec::new();
    for (name, count) in models {
        for number in 0..*count {
            let action = Action::QueryIndex { model: name.clone(), index: "byName".to_owned() };
            more.push(resolver("Query", &format!("{name}By{number}"), action));
        }
    }
    plan(models.keys().map(|name| model(name, &["id"], &[("id", "ID!")])).collect(), more)
}

/// What is left on disk of a rendering.
#[derive(Clone, Debug, Default)]
struct Disk {
    file: Option<String>,
    rendered: Vec<String>,
}

impl Disk {
    fn sources(&self) -> Sources {
        let mut sources = Sources::default();
        if let Some(file) = &self.file {
            sources.insert(path(&api()), file.clone());
        }
        sources.set_rendered(self.rendered.clone());
        sources
    }

    /// Renders; gives where the models are, and what is on disk then.
    fn render(&self, plan: &Plan) -> (Placement, Disk) {
        let (name, sources) = (api(), self.sources());
        let weights = Weights::new(plan, 6, 2);
        let past = Past::read(&name, &sources);
        let placement = past.place(plan, &weights);
        assert_eq!(past.moved(plan, &placement), Vec::new());
        let file = past.text(&placement, &weights);
        let rendered = plan.deployed().map(|resolver| {
            let folder = stack_path(&name, placement.of_resolver(resolver));
            format!("{folder}/resolvers/{}.{}.js", resolver.type_name, resolver.field)
        });
        let disk = Disk { file, rendered: rendered.collect() };
        for number in placement.further().into_iter().chain([FIRST]) {
            let models = plan.models.keys().filter(|model| placement.of(model) == number);
            let size = models.map(|model| weights.of(model)).sum::<usize>();
            assert!(size <= 480, "{size} resources in {number}");
        }
        (placement, disk)
    }
}

#[derive(Clone, Debug)]
enum Change {
    Add(Vec<usize>),
    Remove(usize),
    Rename(usize),
    Grow(usize),
    /// The file is gone, the rendered stacks are there.
    LoseFile,
    /// The rendered stacks are gone, the file is there when the API is large.
    LoseStacks,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => prop::collection::vec(0..4_usize, 1..30).prop_map(Change::Add),
        2 => any::<usize>().prop_map(Change::Remove),
        1 => any::<usize>().prop_map(Change::Rename),
        1 => any::<usize>().prop_map(Change::Grow),
        1 => Just(Change::LoseFile),
        1 => Just(Change::LoseStacks),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_edit_moves_a_model_that_stays(changes in prop::collection::vec(change(), 1..25)) {
        let mut models: BTreeMap<String, usize> = BTreeMap::from([("Todo".to_owned(), 0)]);
        let mut made = 0;
        let (mut before, mut disk) = Disk::default().render(&of(&models));
        for change in changes {
            let nth = |at: usize| models.keys().nth(at % models.len().max(1)).cloned();
            match change {
                Change::Add(new) => for queries in new {
                    made += 1;
                    // New names come before, between and after those that are there.
                    models.insert(format!("{}{made}", ["A", "M", "Z"][made % 3]), queries);
                },
                Change::Remove(at) => drop(nth(at).and_then(|name| models.remove(&name))),
                Change::Rename(at) => if let Some(name) = nth(at) {
                    let queries = models.remove(&name).unwrap_or_default();
                    models.insert(format!("Re{name}"), queries);
                },
                Change::Grow(at) => if let Some(name) = nth(at) {
                    models.entry(name).and_modify(|queries| *queries += 1);
                },
                Change::LoseFile => disk.file = None,
                Change::LoseStacks if disk.file.is_some() => disk.rendered.clear(),
                Change::LoseStacks => {}
            }
            let (after, left) = disk.render(&of(&models));
            for name in models.keys().filter(|name| before.stacks.contains_key(*name)) {
                prop_assert_eq!(before.of(name), after.of(name), "{} moved", name);
            }
            let (again, same) = left.render(&of(&models));
            prop_assert_eq!(&again, &after);
            prop_assert_eq!(same.file, left.file.clone());
            (before, disk) = (after, left);
        }
    }
}

#[test]
fn a_small_api_has_one_stack_and_no_file() {
    let models = (0..16).map(|number| (format!("M{number}"), 1)).collect();
    let (placement, disk) = Disk::default().render(&of(&models));
    assert!(placement.further().is_empty());
    assert_eq!(disk.file, None);
}

#[test]
fn branches_that_add_models_meet_without_losing_any() {
    let named = |prefix: &str, count: usize| (0..count).map(move |number| (format!("{prefix}{number}"), 1)).collect();
    let base: BTreeMap<String, usize> = named("Base", 50);
    let (origin, disk) = Disk::default().render(&of(&base));
    let branch = |prefix: &str| {
        let models = base.clone().into_iter().chain(named(prefix, 10)).collect();
        disk.render(&of(&models))
    };
    let ((ours, our_disk), (theirs, their_disk)) = (branch("Ours"), branch("Theirs"));
    let all = base.clone().into_iter().chain(named("Ours", 10)).chain(named("Theirs", 10)).collect();
    let (our_text, their_text) = (our_disk.file.unwrap(), their_disk.file.unwrap());
    // Git's `union`, and a merge that nobody finished; the rendered stacks are those of one side.
    let union = format!("{our_text}{their_text}");
    let marked = format!("<<<<<<< HEAD\n{our_text}=======\n{their_text}>>>>>>> theirs\n");
    for text in [union, marked] {
        let merged = Disk { file: Some(text), rendered: our_disk.rendered.clone() };
        let (placement, left) = merged.render(&of(&all));
        for model in all.keys() {
            let homes = [&origin, &ours, &theirs].map(|side| side.stacks.get(model));
            assert!(homes.into_iter().flatten().all(|home| *home == placement.of(model)), "{model}: {homes:?}");
        }
        let file = left.file.unwrap();
        assert_eq!(file.lines().filter(|line| line.contains(" = ")).count(), 70, "{file}");
        assert!(!file.contains("<<<"));
    }
}

#[test]
fn a_field_that_would_change_its_stack_is_refused_with_the_way_out() {
    let models: BTreeMap<String, usize> = (0..60).map(|number| (format!("M{number:02}"), 0)).collect();
    let related = |to: &str| {
        let mut plan = of(&models);
        let (model, related, fields) = ("M00".to_owned(), to.to_owned(), vec!["id".to_owned()]);
        let action = Action::RelatedMany { model, related, index: None, fields, limit: 100 };
        plan.resolvers.push(resolver("M00", "friends", action));
        plan
    };
    let (placement, disk) = Disk::default().render(&related("M01"));
    assert_ne!(placement.of("M01"), placement.of("M59"));
    disk.render(&related("M02"));
    let (name, sources, changed) = (api(), disk.sources(), related("M59"));
    let past = Past::read(&name, &sources);
    let placed = past.place(&changed, &Weights::new(&changed, 6, 2));
    let problems = past.moved(&changed, &placed);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].code, Code::AMP0318);
    let text = format!("{problems:?}");
    for part in ["`M00.friends`", "ampup/stacks/blog.yaml", "ampup/stacks/blog/models-2.yaml", "in two steps"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // The first of the two steps, and the second.
    let (_, without) = disk.render(&of(&models));
    without.render(&related("M59"));
}

#[test]
fn nonsense_in_the_file_does_no_harm() {
    let mut text = String::from("\u{feff}Post = 3\nTag=2\nX = 0\nY = many\n# Z = 9\n = 4\nno line\n");
    let _ = write!(text, "Post = 2\n[stacks]\n");
    let placement = Placement::parse(&text);
    let numbers: Vec<(&str, usize)> = placement.stacks.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    assert_eq!(numbers, [("Post", 2), ("Tag", 2), ("\u{feff}Post", 3)]);
}
