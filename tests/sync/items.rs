//! What versioned tables promise, promise by promise.
//!
//! Source: AppSync guide, "Versioning DynamoDB data sources", "Conflict detection and resolution", "Using DynamoDB sync
//! operations on versioned data sources".

use serde_json::{Value, json};

use super::world::World;

const DAY_S: i64 = 24 * 60 * 60;

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn number(value: &Value) -> i64 {
    value["N"].as_str().unwrap_or_else(|| panic!("no number: {value}")).parse().unwrap()
}

#[test]
fn item_43_items_carry_versions_and_times() {
    let world = World::shared();
    let before = now_ms();
    let made = world.write("create", "Note", json!({ "id": "n43", "title": "a" }));
    assert_eq!((&made["_version"], &made["_deleted"]), (&json!(1), &Value::Null));
    let changed = made["_lastChangedAt"].as_i64().unwrap();
    assert!((before..=now_ms()).contains(&changed), "{made}");
    let stored = world.stored("Note").into_iter().find(|item| item["id"]["S"] == "n43").unwrap();
    assert_eq!(number(&stored["_lastChangedAt"]), changed);
    assert!(stored.get("_deleted").is_none() && stored.get("_ttl").is_none(), "{stored}");
    let updated = world.write("update", "Note", json!({ "id": "n43", "title": "b", "_version": 1 }));
    assert_eq!(updated["_version"], 2);
    assert!(updated["_lastChangedAt"].as_i64().unwrap() >= changed);
    // Whoever names no version knows none.
    let stale = world.write("update", "Note", json!({ "id": "n43", "title": "c", "body": "new" }));
    assert_eq!((&stale["title"], &stale["body"], &stale["_version"]), (&json!("b"), &json!("new"), &json!(3)));
    let refused = world.refused("delete", "Note", json!({ "id": "n43" }));
    assert_eq!(refused["errorType"], "ConflictUnhandled");
}

#[test]
fn item_44_a_delete_leaves_a_tombstone() {
    let world = World::shared();
    world.write("create", "Note", json!({ "id": "n44", "title": "a" }));
    let gone = world.write("delete", "Note", json!({ "id": "n44", "_version": 1 }));
    assert_eq!((&gone["_deleted"], &gone["_version"], &gone["title"]), (&json!(true), &json!(2), &json!("a")));
    let stored = world.stored("Note").into_iter().find(|item| item["id"]["S"] == "n44").unwrap();
    let kept = number(&stored["_ttl"]) - number(&stored["_lastChangedAt"]).div_euclid(1000);
    assert_eq!(kept, 30 * DAY_S, "{stored}");
    let read = world.value("{ getNote(id: \"n44\") { id _deleted _version } }", &json!({}));
    assert_eq!(read, json!({ "id": "n44", "_deleted": true, "_version": 2 }));
    let list = "query($filter: ModelNoteFilterInput) { listNotes(filter: $filter) { items { id } } }";
    let ids = |filter: Value| -> Vec<Value> {
        let items = world.value(list, &json!({ "filter": filter }))["items"].clone();
        items.as_array().unwrap().iter().map(|item| item["id"].clone()).filter(|id| id == "n44").collect()
    };
    assert_eq!(ids(Value::Null), ["n44"]);
    assert!(ids(json!({ "_deleted": { "ne": true } })).is_empty());
    let again = world.refused("create", "Note", json!({ "id": "n44", "title": "again" }));
    assert_eq!(again["errorType"], "DynamoDB:ConditionalCheckFailedException");
}

#[test]
fn item_45_a_write_on_the_stored_version_proceeds() {
    let world = World::shared();
    for model in ["Note", "Strict", "Judged"] {
        let id = format!("n45-{model}");
        world.write("create", model, json!({ "id": id, "title": "a" }));
        for version in 1..4 {
            let title = format!("v{version}");
            let done = world.write("update", model, json!({ "id": id, "title": title, "_version": version }));
            assert_eq!((&done["title"], &done["_version"]), (&json!(title), &json!(version + 1)), "{model}");
        }
        let done = world.write("delete", model, json!({ "id": id, "_version": 4 }));
        assert_eq!((&done["_deleted"], &done["_version"]), (&json!(true), &json!(5)), "{model}");
    }
    // The condition counts besides.
    world.write("create", "Note", json!({ "id": "n45", "title": "a" }));
    let update = "mutation($condition: ModelNoteConditionInput) { updateNote(input: { id: \"n45\", title: \"b\", _version: 1 }, \
                  condition: $condition) { title _version } }";
    let failed = world.error(update, &json!({ "condition": { "title": { "eq": "z" } } }));
    assert_eq!(failed["errorType"], "DynamoDB:ConditionalCheckFailedException");
    let done = world.value(update, &json!({ "condition": { "title": { "eq": "a" } } }));
    assert_eq!(done, json!({ "title": "b", "_version": 2 }));
}

#[test]
fn item_46_optimistic_concurrency_refuses_and_gives_what_is_stored() {
    let world = World::shared();
    world.write("create", "Strict", json!({ "id": "n46", "title": "a" }));
    world.write("update", "Strict", json!({ "id": "n46", "title": "b", "_version": 1 }));
    for (verb, input) in [
        ("update", json!({ "id": "n46", "title": "c", "_version": 1 })),
        ("delete", json!({ "id": "n46", "_version": 1 })),
    ] {
        let refused = world.refused(verb, "Strict", input);
        assert_eq!(refused["errorType"], "ConflictUnhandled", "{refused}");
        assert_eq!(refused["message"], "Conflict resolver rejects mutation.");
        assert_eq!((&refused["data"]["title"], &refused["data"]["_version"]), (&json!("b"), &json!(2)), "{refused}");
    }
    let kept = world.value("{ getStrict(id: \"n46\") { title _version _deleted } }", &json!({}));
    assert_eq!(kept, json!({ "title": "b", "_version": 2, "_deleted": null }));
}

#[test]
fn item_47_automerge_joins_by_the_kind_of_each_value() {
    let world = World::shared();
    let first = json!({
        "id": "n47", "title": "a", "body": "a", "tags": ["x", "y"], "stats": { "ppg": "35.4", "apg": "6.3" },
    });
    world.write("create", "Note", first);
    world.write(
        "update",
        "Note",
        json!({ "id": "n47", "title": "b", "stats": { "ppg": "36", "apg": "6.3" }, "_version": 1 }),
    );
    let stale = json!({
        "id": "n47", "title": "c", "body": "c", "tags": ["y", "z"], "stats": { "ppg": "25.7", "rpg": "6.9" }, "_version": 1,
    });
    let merged = world.write("update", "Note", stale);
    assert_eq!(merged["title"], "b", "both changed it: the stored value stays");
    assert_eq!(merged["body"], "c", "nobody else changed it");
    assert_eq!(merged["tags"], json!(["x", "y", "y", "z"]), "lists are appended, duplicates kept");
    assert_eq!(merged["stats"], json!({ "ppg": "36", "apg": "6.3", "rpg": "6.9" }), "maps member by member");
    assert_eq!(merged["_version"], 3);
    // Without a record of the version that the writer knew, stored values stay.
    let blind = world.write("update", "Note", json!({ "id": "n47", "body": "d", "_version": 0 }));
    assert_eq!((&blind["body"], &blind["_version"]), (&json!("c"), &json!(4)));
}

#[test]
fn item_47_automerge_joins_sets_and_takes_what_is_not_there() {
    let world = World::shared();
    world.write("create", "Note", json!({ "id": "s47" }));
    let colour = "mutation($colours: [String!]!, $version: Int) { colour(id: \"s47\", colours: $colours, version: $version) \
                  { title colours _version } }";
    let ask = |colours: Value, version: i64| world.value(colour, &json!({ "colours": colours, "version": version }));
    let sorted = |mut value: Value| {
        value["colours"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
        value
    };
    assert_eq!(ask(json!(["red"]), 1)["_version"], 2);
    let joined = sorted(ask(json!(["red", "blue"]), 1));
    assert_eq!(joined, json!({ "title": null, "colours": ["blue", "red"], "_version": 3 }));
    let filled = world.write("update", "Note", json!({ "id": "s47", "title": "new", "_version": 1 }));
    assert_eq!((&filled["title"], &filled["_version"]), (&json!("new"), &json!(4)), "an absent value is taken");
}

#[test]
fn item_47_automerge_refuses_a_delete_on_an_old_version() {
    let world = World::shared();
    world.write("create", "Note", json!({ "id": "d47", "title": "a" }));
    world.write("update", "Note", json!({ "id": "d47", "title": "b", "_version": 1 }));
    let refused = world.refused("delete", "Note", json!({ "id": "d47", "_version": 1 }));
    assert_eq!((&refused["errorType"], &refused["data"]["title"]), (&json!("ConflictUnhandled"), &json!("b")));
    world.write("delete", "Note", json!({ "id": "d47", "_version": 2 }));
    let late = world.write("update", "Note", json!({ "id": "d47", "body": "late", "_version": 2 }));
    assert_eq!((&late["_deleted"], &late["_version"]), (&json!(true), &json!(4)), "what is deleted stays deleted");
}

#[test]
fn item_48_a_function_settles_conflicts() {
    let world = World::shared();
    let make = |id: &str, title: &str| {
        world.write("create", "Judged", json!({ "id": id, "title": "a" }));
        world.write("update", "Judged", json!({ "id": id, "title": title, "_version": 1 }));
    };
    make("n48", "b");
    let resolved = world.write("update", "Judged", json!({ "id": "n48", "title": "c", "_version": 1 }));
    assert_eq!((&resolved["title"], &resolved["_version"]), (&json!("b+c"), &json!(3)));
    let rejected = world.refused("update", "Judged", json!({ "id": "n48", "title": "reject", "_version": 1 }));
    assert_eq!((&rejected["errorType"], &rejected["data"]["title"]), (&json!("ConflictUnhandled"), &json!("b+c")));
    let nonsense = world.refused("update", "Judged", json!({ "id": "n48", "title": "nonsense", "_version": 1 }));
    assert_eq!(nonsense["errorType"], "ConflictError", "{nonsense}");
    let echo = world.write("update", "Judged", json!({ "id": "n48", "title": "echo", "_version": 2 }));
    assert_eq!(
        (&echo["id"], &echo["_version"]),
        (&json!("n48"), &json!(4)),
        "keys and versions in the answer do not count"
    );
    let asked: Value = serde_json::from_str(echo["title"].as_str().unwrap()).unwrap();
    assert_eq!(asked["newItem"]["title"], "echo");
    assert_eq!((&asked["existingItem"]["title"], &asked["existingItem"]["_version"]), (&json!("b+c"), &json!(3)));
    assert_eq!(asked["arguments"]["input"]["title"], "echo");
    assert_eq!(
        (&asked["resolver"]["parentType"], &asked["resolver"]["field"]),
        (&json!("Mutation"), &json!("updateJudged"))
    );
    assert!(asked["resolver"]["tableName"].as_str().unwrap().starts_with("Judged-"), "{asked}");
    assert_eq!(asked["identity"], Value::Null, "the caller came with an API key");
    let removed = world.write("delete", "Judged", json!({ "id": "n48", "_version": 1 }));
    assert_eq!((&removed["_deleted"], &removed["_version"]), (&json!(true), &json!(5)));
    make("p48", "precious");
    let kept = world.refused("delete", "Judged", json!({ "id": "p48", "_version": 1 }));
    assert_eq!((&kept["errorType"], &kept["data"]["_version"]), (&json!("ConflictUnhandled"), &json!(2)));
}

#[test]
fn item_49_versions_go_up_by_one_and_tries_end() {
    let world = World::shared();
    world.write("create", "Judged", json!({ "id": "n49", "title": "a" }));
    for version in 1..6 {
        // Every other write is on an old version, and settled.
        let known = if version % 2 == 0 { 0 } else { version };
        let done = world.write("update", "Judged", json!({ "id": "n49", "title": "x", "_version": known }));
        assert_eq!(done["_version"], version + 1);
    }
    let url = world.url.replacen("HTTP://", "http://", 1);
    let race = format!("race {url} {}", world.key);
    let lost = world.refused("update", "Judged", json!({ "id": "n49", "title": race, "_version": 1 }));
    assert_eq!(lost["errorType"], "MaxConflicts", "{lost}");
    let kept = world.value("{ getJudged(id: \"n49\") { title _version } }", &json!({}));
    assert_eq!(kept["title"], "faster");
    assert!(kept["_version"].as_i64().unwrap() > 6, "{kept}");
}

const SYNC: &str = "query($limit: Int, $nextToken: String, $lastSync: AWSTimestamp, $filter: ModelNoteFilterInput) {
  syncNotes(limit: $limit, nextToken: $nextToken, lastSync: $lastSync, filter: $filter) {
    items { id title _version _deleted _lastChangedAt } nextToken startedAt
  }
}";

/// All pages of a sync, and when it began, which is the same on all.
fn pages(world: &World, mut variables: Value, size: usize) -> (Vec<Value>, i64) {
    let (mut items, mut started): (Vec<Value>, Option<i64>) = (Vec::new(), None);
    variables["limit"] = json!(size);
    loop {
        let page = world.value(SYNC, &variables);
        let at = page["startedAt"].as_i64().unwrap();
        assert_eq!(*started.get_or_insert(at), at, "every page names the same moment");
        assert!(page["items"].as_array().unwrap().len() <= size);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        if page["nextToken"].is_null() {
            return (items, at);
        }
        variables["nextToken"] = page["nextToken"].clone();
    }
}

#[test]
fn item_50_sync_reads_everything_or_what_changed() {
    let world = World::shared();
    for name in ["a", "b", "c"] {
        world.write("create", "Note", json!({ "id": format!("n50-{name}"), "title": "n50" }));
    }
    let filter = json!({ "title": { "beginsWith": "n50" } });
    let names = |items: &[Value]| -> Vec<(String, i64)> {
        let name = |item: &Value| (item["id"].as_str().unwrap().to_owned(), item["_version"].as_i64().unwrap());
        let mut names: Vec<_> = items.iter().map(name).collect();
        names.sort();
        names
    };
    let (all, started) = pages(&world, json!({ "filter": filter }), 2);
    let three = [("n50-a".to_owned(), 1), ("n50-b".to_owned(), 1), ("n50-c".to_owned(), 1)];
    assert_eq!(names(&all), three);
    world.write("update", "Note", json!({ "id": "n50-a", "title": "n50 new", "_version": 1 }));
    world.write("update", "Note", json!({ "id": "n50-a", "title": "n50 newer", "_version": 2 }));
    world.write("delete", "Note", json!({ "id": "n50-b", "_version": 1 }));
    let (changed, later) = pages(&world, json!({ "filter": filter, "lastSync": started }), 1);
    let each = [("n50-a".to_owned(), 2), ("n50-a".to_owned(), 3), ("n50-b".to_owned(), 2)];
    assert_eq!(names(&changed), each, "every change is told, in its order");
    assert_eq!(
        changed.iter().find(|item| item["id"] == "n50-b").unwrap()["_deleted"],
        true,
        "tombstones are part of it"
    );
    assert!(later >= started);
    let (none, _) = pages(&world, json!({ "filter": filter, "lastSync": later }), 100);
    assert!(none.is_empty(), "{none:?}");
    // Older than the half hour that changes are kept: every item once, tombstones too.
    let (base, _) = pages(&world, json!({ "filter": filter, "lastSync": now_ms() - 31 * 60 * 1000 }), 100);
    assert_eq!(names(&base), [("n50-a".to_owned(), 3), ("n50-b".to_owned(), 2), ("n50-c".to_owned(), 1)]);
    let bad = world.error(SYNC, &json!({ "nextToken": "nonsense" }));
    assert!(bad["message"].as_str().unwrap().contains("pagination token"), "{bad}");
}

#[test]
fn item_51_changes_are_recorded_for_half_an_hour() {
    let world = World::shared();
    world.write("create", "Note", json!({ "id": "n51", "title": "a" }));
    world.write("update", "Note", json!({ "id": "n51", "title": "b", "_version": 1 }));
    world.write("delete", "Note", json!({ "id": "n51", "_version": 2 }));
    let records: Vec<Value> =
        world.stored("AmplifyDataStore").into_iter().filter(|record| record["id"]["S"] == "n51").collect();
    assert_eq!(records.len(), 3, "{records:?}");
    for record in &records {
        let changed = number(&record["_lastChangedAt"]);
        let time = jiff::Timestamp::from_millisecond(changed).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let day = format!("AppSync-delta-sync-NoteTable:{}", time.date());
        assert_eq!(record["ds_pk"]["S"], day.as_str(), "{record}");
        let key = format!("{}:n51:{}", time.strftime("%H:%M:%S.%3f"), number(&record["_version"]));
        assert_eq!(record["ds_sk"]["S"], key.as_str(), "{record}");
        assert_eq!(number(&record["_ttl"]), changed.div_euclid(1000) + 30 * 60, "{record}");
    }
    let mut versions: Vec<i64> = records.iter().map(|record| number(&record["_version"])).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3]);
}

#[test]
fn item_52_models_have_rules_and_handlers_of_their_own() {
    let world = World::shared();
    for model in ["Unsynced", "Synced"] {
        world.write("create", model, json!({ "id": "n52", "title": "a" }));
    }
    let refused = world.error("{ syncUnsynceds { items { id } } }", &json!({}));
    assert_eq!(refused["errorType"], "Unauthorized", "{refused}");
    let read = world.value("{ syncSynceds { items { id } } }", &json!({}));
    assert_eq!(read, json!({ "items": [{ "id": "n52" }] }));
    let refused = world.error("{ listSynceds { items { id } } }", &json!({}));
    assert_eq!(refused["errorType"], "Unauthorized", "{refused}");
    // The project merges; one model refuses, another asks a function.
    for (model, title) in [("Unsynced", Some("b")), ("Strict", None), ("Judged", Some("b+c"))] {
        let id = format!("h52-{model}");
        world.write("create", model, json!({ "id": id, "title": "a" }));
        world.write("update", model, json!({ "id": id, "title": "b", "_version": 1 }));
        let stale = json!({ "id": id, "title": "c", "_version": 1 });
        match title {
            Some(title) => assert_eq!(world.write("update", model, stale)["title"], title, "{model}"),
            None => assert_eq!(world.refused("update", model, stale)["errorType"], "ConflictUnhandled", "{model}"),
        }
    }
}
