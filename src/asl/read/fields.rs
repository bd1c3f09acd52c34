//! Which fields which kind of state has, in which language.

use super::{Field, Object, Reader};
use crate::asl::QueryLanguage;
use crate::asl::finding::{Finding, FindingCode};

/// The kinds of states, as `Type` names them.
pub(super) const KINDS: &[(&str, Kind)] = &[
    ("Task", Kind::Task),
    ("Pass", Kind::Pass),
    ("Choice", Kind::Choice),
    ("Wait", Kind::Wait),
    ("Succeed", Kind::Succeed),
    ("Fail", Kind::Fail),
    ("Parallel", Kind::Parallel),
    ("Map", Kind::Map),
];

/// A kind of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Task = 1,
    Pass = 2,
    Choice = 4,
    Wait = 8,
    Succeed = 16,
    Fail = 32,
    Parallel = 64,
    Map = 128,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("state", |(name, _)| name)
    }
}

const TASK: u8 = Kind::Task as u8;
const PASS: u8 = Kind::Pass as u8;
const CHOICE: u8 = Kind::Choice as u8;
const WAIT: u8 = Kind::Wait as u8;
const FAIL: u8 = Kind::Fail as u8;
const PARALLEL: u8 = Kind::Parallel as u8;
const MAP: u8 = Kind::Map as u8;
const ALL: u8 = u8::MAX;
/// Those that work, and may fail at it.
const WORKING: u8 = TASK | PARALLEL | MAP;
/// Those that go on to another state, or end their branch.
const GOING_ON: u8 = WORKING | PASS | WAIT;

/// The languages that have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Both,
    Only(QueryLanguage),
}

const PATH: In = In::Only(QueryLanguage::JsonPath);
const JSONATA: In = In::Only(QueryLanguage::Jsonata);

/// Each field, its languages, and the kinds of states that have it (AWS Step Functions Developer Guide, "Using Amazon
/// States Language"; "Transforming data with JSONata").
const FIELDS: &[(&str, In, u8)] = &[
    ("Type", In::Both, ALL),
    ("Comment", In::Both, ALL),
    ("QueryLanguage", In::Both, ALL),
    ("InputPath", PATH, ALL & !FAIL),
    ("OutputPath", PATH, ALL & !FAIL),
    ("Output", JSONATA, ALL & !FAIL),
    ("Assign", In::Both, GOING_ON | CHOICE),
    ("Next", In::Both, GOING_ON),
    ("End", In::Both, GOING_ON),
    ("Parameters", PATH, WORKING | PASS),
    ("Arguments", JSONATA, TASK | PARALLEL),
    ("Result", PATH, PASS),
    ("ResultSelector", PATH, WORKING),
    ("ResultPath", PATH, WORKING | PASS),
    ("Retry", In::Both, WORKING),
    ("Catch", In::Both, WORKING),
    ("Resource", In::Both, TASK),
    ("TimeoutSeconds", In::Both, TASK),
    ("TimeoutSecondsPath", PATH, TASK),
    ("HeartbeatSeconds", In::Both, TASK),
    ("HeartbeatSecondsPath", PATH, TASK),
    ("Credentials", In::Both, TASK),
    ("Choices", In::Both, CHOICE),
    ("Default", In::Both, CHOICE),
    ("Seconds", In::Both, WAIT),
    ("Timestamp", In::Both, WAIT),
    ("SecondsPath", PATH, WAIT),
    ("TimestampPath", PATH, WAIT),
    ("Error", In::Both, FAIL),
    ("Cause", In::Both, FAIL),
    ("ErrorPath", PATH, FAIL),
    ("CausePath", PATH, FAIL),
    ("Branches", In::Both, PARALLEL),
    ("ItemProcessor", In::Both, MAP),
    ("Iterator", In::Both, MAP),
    ("Items", JSONATA, MAP),
    ("ItemsPath", PATH, MAP),
    ("ItemSelector", In::Both, MAP),
    ("MaxConcurrency", In::Both, MAP),
    ("MaxConcurrencyPath", PATH, MAP),
    ("ToleratedFailureCount", In::Both, MAP),
    ("ToleratedFailureCountPath", PATH, MAP),
    ("ToleratedFailurePercentage", In::Both, MAP),
    ("ToleratedFailurePercentagePath", PATH, MAP),
    ("ItemReader", In::Both, MAP),
    ("ItemBatcher", In::Both, MAP),
    ("ResultWriter", In::Both, MAP),
    ("Label", In::Both, MAP),
];

/// What stands in the other language for a field of one.
const COUNTERPARTS: &[(&str, &str)] = &[
    ("InputPath", "Arguments"),
    ("OutputPath", "Output"),
    ("Parameters", "Arguments"),
    ("ResultSelector", "Output"),
    ("ResultPath", "Output"),
    ("Result", "Output"),
    ("ItemsPath", "Items"),
    ("TimeoutSecondsPath", "TimeoutSeconds"),
    ("HeartbeatSecondsPath", "HeartbeatSeconds"),
    ("SecondsPath", "Seconds"),
    ("TimestampPath", "Timestamp"),
    ("ErrorPath", "Error"),
    ("CausePath", "Cause"),
    ("MaxConcurrencyPath", "MaxConcurrency"),
    ("ToleratedFailureCountPath", "ToleratedFailureCount"),
    ("ToleratedFailurePercentagePath", "ToleratedFailurePercentage"),
];

impl Reader {
    /// A finding for every field of a state that its kind, or its language, does not have.
    pub(super) fn state_fields(&mut self, object: &Object<'_>, kind: Kind, language: QueryLanguage) {
        for field in object.fields() {
            match FIELDS.iter().find(|(name, _, kinds)| *name == field.name && kinds & kind as u8 != 0) {
                Some((_, In::Only(only), _)) if *only != language => {
                    self.other_language(object, &field, language, *only);
                }
                Some(_) => {}
                None => self.foreign_field(object, &field, kind, language),
            }
        }
    }

    /// A finding for a field that the language does not have.
    pub(super) fn other_language(
        &mut self,
        object: &Object<'_>,
        field: &Field<'_>,
        language: QueryLanguage,
        only: QueryLanguage,
    ) {
        let (name, language, only) = (field.name, language.name(), only.name());
        let message = format!(
            "The QueryLanguage is set to '{language}', but field '{name}' is only supported for the '{only}' QueryLanguage"
        );
        let instead = COUNTERPARTS.iter().find_map(|(path, jsonata)| match language {
            "JSONata" => (*path == name).then_some(*jsonata),
            _ => (*jsonata == name).then_some(*path),
        });
        let hint = match instead {
            Some(other) => format!("write `{other}`, or set `\"QueryLanguage\": \"{only}\"`"),
            None => format!("set `\"QueryLanguage\": \"{only}\"`, or remove `{name}`"),
        };
        let finding = Finding::new(FindingCode::Schema, &object.location, &field.key.span, message)
            .because(format!("`{name}` belongs to {only}, and this is {language}"))
            .hint(hint);
        self.find(finding);
    }

    /// A finding for a field that no state of the kind has.
    fn foreign_field(&mut self, object: &Object<'_>, field: &Field<'_>, kind: Kind, language: QueryLanguage) {
        let elsewhere = FIELDS.iter().find(|(name, _, _)| *name == field.name).map(|(_, _, kinds)| *kinds);
        let known: Vec<&str> = FIELDS
            .iter()
            .filter(|(name, only, kinds)| {
                kinds & kind as u8 != 0
                    && !object.has(name)
                    && match only {
                        In::Both => true,
                        In::Only(only) => *only == language,
                    }
            })
            .map(|(name, _, _)| *name)
            .collect();
        let near = crate::base::suggest::nearest(field.name, known);
        let hint = match (near, elsewhere) {
            (Some(near), _) => Some(format!("did you mean `{near}`?")),
            (None, Some(kinds)) => {
                let having: Vec<&str> =
                    KINDS.iter().filter(|(_, kind)| kinds & *kind as u8 != 0).map(|(name, _)| *name).collect();
                Some(format!("only {} states have it: remove it here", having.join(", ")))
            }
            (None, None) => None,
        };
        let finding = Finding::new(
            FindingCode::Schema,
            &object.location,
            &field.key.span,
            format!("Field '{}' is not supported", field.name),
        )
        .because(format!("`{}` is no field of a {} state", field.name.escape_debug(), kind.name()))
        .maybe_hint(hint);
        self.find(finding);
    }
}
