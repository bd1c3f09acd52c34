//! Makes the requests of a matrix and compares the answers, cell by cell.

use ampup::category::api::access::{Access, Cell, Column, FieldAccess, Identity, Row, Verb};
use ampup::category::api::plan::{Allow, Model, Operation};
use serde_json::{Map, Value, json};

use super::cases::Case;
use super::search::Search;
use super::world::World;
use super::{custom, doorkeeper, item};
use crate::support::callers::Credential;

/// What came of a case.
#[derive(Default)]
pub(super) struct Report {
    pub checked: usize,
    pub wrong: Vec<String>,
}

/// Drives every cell of a case.
pub(super) fn case(world: &World, case: &Case) -> Report {
    let mut report = Report::default();
    for matrix in &case.access.models {
        let model = &case.plan.models[&matrix.model];
        for (number, row) in matrix.rows.iter().enumerate() {
            for (column, cell) in matrix.columns.iter().zip(&row.cells) {
                let mark = format!("{number}-{}", column.field);
                let caller = Caller { world, case, model, identity: &row.identity, mark };
                let found = caller.cell(column, cell, (&matrix.columns, &matrix.rows));
                report.add(case, &row.identity, &format!("{}.{}", column.type_name, column.field), found);
            }
        }
    }
    custom::case(world, case, &mut report);
    doorkeeper::case(world, case, &mut report);
    report
}

impl Report {
    pub(super) fn add(&mut self, case: &Case, identity: &Identity, field: &str, found: Result<(), String>) {
        self.checked += 1;
        if let Err(reason) = found {
            self.wrong.push(format!("[{}] {} as {}: {reason}", case.title, field, identity.label()));
        }
    }
}

/// One caller with the item that it is about.
struct Caller<'a> {
    world: &'a World,
    case: &'a Case,
    model: &'a Model,
    identity: &'a Identity,
    /// Tells the items of this cell from all others.
    mark: String,
}

/// The types of errors at the path of a root field, and below it.
pub(super) fn errors<'a>(answer: &'a Value, path: &[&str]) -> Vec<&'a str> {
    let list = answer["errors"].as_array().into_iter().flatten();
    let at = |error: &&Value| {
        let found: Vec<&str> = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        found == path
    };
    list.filter(at).map(|error| error["errorType"].as_str().unwrap_or("an error without type")).collect()
}

pub(super) fn expect(good: bool, what: &str, answer: &Value) -> Result<(), String> {
    if good { Ok(()) } else { Err(format!("{what}: {answer}")) }
}

/// Refused as a whole: `Unauthorized` at the field, and nothing else.
pub(super) fn refused(answer: &Value, field: &str) -> Result<(), String> {
    // Where a page is not open to the caller's mode, its items are what is refused.
    let kinds = [errors(answer, &[field]), errors(answer, &[field, "items"])].concat();
    let right = kinds == ["Unauthorized"] && answer["data"].get(field).is_none_or(Value::is_null);
    expect(right, "should be refused", answer)
}

/// Done; what the caller may not read of the result is null, with an error of its own.
fn allowed(answer: &Value, field: &str) -> Result<(), String> {
    let result = &answer["data"][field];
    let unread = |error: &Value| {
        let path: Vec<&str> = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        matches!(&path[..], [own, member] if *own == field && result[*member].is_null())
            && error["errorType"] == "Unauthorized"
    };
    let right = answer["errors"].as_array().into_iter().flatten().all(unread);
    expect(right && result.is_object(), "should be allowed", answer)
}

impl Caller<'_> {
    fn credential(&self) -> Credential {
        self.world.credential(self.case, self.identity)
    }

    fn ask(&self, query: &str, variables: &Value) -> Value {
        self.world.ask(self.case, &self.credential(), query, variables)
    }

    fn stored(&self) -> Map<String, Value> {
        let stored = item::stored(self.world, self.case, self.model, (self.identity, &self.mark));
        self.world.put(self.case, &self.model.name, &stored);
        stored
    }

    fn cell(&self, column: &Column, cell: &Cell, matrix: (&[Column], &[Row])) -> Result<(), String> {
        match column.operation {
            Verb::Create => self.create(column, cell),
            Verb::Update => self.update(column, cell),
            Verb::Delete => {
                let key = item::key(self.model, &self.stored());
                Self::verdict(&self.mutate(column, &key.into()), column, cell.access)
            }
            Verb::Get => self.get(column, cell),
            Verb::List | Verb::Query | Verb::Sync => self.list(column, cell),
            Verb::Search => {
                let Self { world, case, model, identity, .. } = *self;
                Search { world, case, model, identity, item: self.stored() }.check(column, cell)
            }
            Verb::OnCreate | Verb::OnUpdate | Verb::OnDelete => self.listen(column, cell, matrix),
        }
    }

    fn verdict(answer: &Value, column: &Column, access: Access) -> Result<(), String> {
        match access {
            Access::Allowed | Access::Own => allowed(answer, &column.field),
            Access::Refused | Access::Hidden => refused(answer, &column.field),
            Access::File => Err("no case has a file of the user's for an operation of a model".to_owned()),
        }
    }

    fn mutate(&self, column: &Column, input: &Value) -> Value {
        self.ask(&mutation(self.model, column), &json!({ "input": input }))
    }

    /// With the fields that may be set, then with each that may not; in the caller's own name or nobody's.
    fn create(&self, column: &Column, cell: &Cell) -> Result<(), String> {
        let of = |wanted: FieldAccess| {
            cell.fields.iter().filter(move |(_, access)| **access == wanted).map(|(name, _)| name.as_str())
        };
        let declared = |name: &str| self.model.fields.get(name).is_some_and(|field| !field.implied);
        let names = item::names(self.world, self.model, self.identity);
        let all_names = |input: &mut Map<String, Value>| {
            input.extend(
                names.iter().filter(|(name, _)| declared(name)).map(|(name, value)| (name.clone(), value.clone())),
            );
        };
        // Whoever is filled in as the owner may name anybody else beside.
        let creating = self.model.rules.iter().filter(|rule| rule.operations.contains(&Operation::Create));
        let naming = creating.filter(|rule| rule.mode == self.identity.mode).filter_map(|rule| match &rule.allow {
            Allow::Owner { field, .. } | Allow::DynamicGroups { field, .. } => Some(field),
            _ => None,
        });
        let filled = naming.into_iter().any(|field| !declared(field));
        let in_another_name = !filled && names.keys().any(|name| declared(name));
        let refused_fields: Vec<&str> = of(FieldAccess::Refused).collect();
        let of_own: Vec<&str> = of(FieldAccess::Own).collect();
        let left_out: Vec<&str> = refused_fields.iter().chain(&of_own).copied().collect();
        let mut input = item::created(self.case, self.model, &self.mark, &left_out);
        let named_but_refused = names.keys().any(|name| left_out.contains(&name.as_str()));
        if cell.access == Access::Own {
            input.extend(item::own_groups(self.model, self.identity));
            Self::verdict(&self.mutate(column, &input.clone().into()), column, Access::Allowed)?;
            if in_another_name {
                let mut others = item::created(self.case, self.model, &format!("{}-other", self.mark), &left_out);
                all_names(&mut others);
                return Self::verdict(&self.mutate(column, &others.into()), column, Access::Refused);
            }
            return Ok(());
        }
        if !named_but_refused {
            all_names(&mut input);
        }
        Self::verdict(&self.mutate(column, &input.clone().into()), column, cell.access)?;
        for (number, name) in left_out.iter().enumerate() {
            let mut more = item::created(self.case, self.model, &format!("{}-{number}", self.mark), &left_out);
            all_names(&mut more);
            more.insert((*name).to_owned(), item::value(self.case, &self.model.fields[*name], &self.mark));
            let may = of_own.contains(name) && !in_another_name;
            let wanted = if may { Access::Allowed } else { Access::Refused };
            Self::verdict(&self.mutate(column, &more.into()), column, wanted)
                .map_err(|reason| format!("with {name}, {reason}"))?;
        }
        Ok(())
    }

    /// Each field by itself is changed, then cleared.
    fn update(&self, column: &Column, cell: &Cell) -> Result<(), String> {
        let key = item::key(self.model, &self.stored());
        let named: Vec<String> = item::named_fields(self.model).into_iter().map(|(name, _)| name).collect();
        let fields = item::writable(self.model).into_iter().filter(|field| {
            let in_index =
                self.model.indexes.iter().any(|index| {
                    index.key.sort.len() > 1 && item::key_fields(&index.key).contains(&field.name.as_str())
                });
            !named.contains(&field.name) && !in_index
        });
        let mut any = false;
        for field in fields {
            any = true;
            let change = |value: Value| {
                let mut input = key.clone();
                input.insert(field.name.clone(), value);
                self.mutate(column, &input.into())
            };
            let access = cell.fields.get(&field.name);
            let may = |allowed: bool| {
                if allowed && cell.access == Access::Allowed { Access::Allowed } else { Access::Refused }
            };
            let about = |reason: String| format!("{}: {reason}", field.name);
            let changed = change(item::value(self.case, field, "changed"));
            let sets = matches!(access, None | Some(FieldAccess::KeepOnly));
            Self::verdict(&changed, column, may(sets)).map_err(about)?;
            if !field.required {
                let clears = access.is_none();
                Self::verdict(&change(Value::Null), column, may(clears)).map_err(about)?;
            }
        }
        if any { Ok(()) } else { Self::verdict(&self.mutate(column, &key.into()), column, cell.access) }
    }

    /// What was read: the fields that may be, and nulls with an error for those that may not.
    fn item_is(&self, answer: &Value, found: &Value, path: &[&str], cell: &Cell) -> Result<(), String> {
        for name in self.model.fields.keys().filter(|name| found.get(*name).is_some()) {
            let hidden = cell.fields.contains_key(name);
            let mut path = path.to_vec();
            path.push(name);
            let kinds = errors(answer, &path);
            if hidden && !(found[name].is_null() && (path.len() > 2 || kinds == ["Unauthorized"])) {
                return Err(format!("{name} should be null and Unauthorized: {answer}"));
            }
            if !hidden && (found[name].is_null() || !kinds.is_empty()) {
                return Err(format!("{name} should be readable: {answer}"));
            }
        }
        Ok(())
    }

    fn get(&self, column: &Column, cell: &Cell) -> Result<(), String> {
        let key = item::key(self.model, &self.stored());
        let parameters: Vec<String> =
            key.keys().map(|name| format!("${name}: {}!", self.model.fields[name].type_name)).collect();
        let arguments: Vec<String> = key.keys().map(|name| format!("{name}: ${name}")).collect();
        let (field, fields) = (&column.field, item::selection(self.model));
        let query = format!("query ({}) {{ {field}({}) {{ {fields} }} }}", parameters.join(", "), arguments.join(", "));
        let answer = self.ask(&query, &key.into());
        match cell.access {
            Access::Allowed => {
                expect(answer["data"][field].is_object(), "should be readable", &answer)?;
                self.item_is(&answer, &answer["data"][field], &[field], cell)
            }
            _ => refused(&answer, field),
        }
    }

    fn list(&self, column: &Column, cell: &Cell) -> Result<(), String> {
        let stored = self.stored();
        let (field, fields) = (&column.field, item::selection(self.model));
        let index = self.model.indexes.iter().find(|index| index.query_field.as_ref() == Some(field));
        let (head, arguments, variables) = match index {
            None => (String::new(), "limit: 1000".to_owned(), Value::Null),
            Some(index) => {
                let part = &index.key.partition;
                let variables = json!({ "p": stored[&part.name] });
                (format!("($p: {}!) ", part.type_name), format!("{}: $p, limit: 1000", part.name), variables)
            }
        };
        let answer =
            self.ask(&format!("query {head}{{ {field}({arguments}) {{ items {{ {fields} }} }} }}"), &variables);
        let items = answer["data"][field]["items"].as_array();
        let key = item::key(self.model, &stored);
        let ours = |found: &&Value| key.iter().all(|(name, value)| found[name] == *value);
        let found = items.into_iter().flatten().find(ours);
        match cell.access {
            Access::Allowed => {
                let found = found.ok_or_else(|| format!("the item is not listed: {answer}"))?;
                self.item_is(&answer, found, &[field, "items"], cell)
            }
            Access::Hidden => {
                expect(items.is_some() && found.is_none(), "the list should be there without the item", &answer)
            }
            Access::Refused | Access::Own | Access::File => refused(&answer, field),
        }
    }

    fn listen(&self, column: &Column, cell: &Cell, (columns, rows): (&[Column], &[Row])) -> Result<(), String> {
        let (field, fields) = (&column.field, item::selection(self.model));
        let query = format!("subscription {{ {field} {{ {fields} }} }}");
        let started = self.credential().listen(self.world.url(self.case), &query, &json!({}));
        let mut socket = match (started, cell.access) {
            (Err(error), Access::Refused) => {
                return expect(error["errorType"] == "Unauthorized", "refused otherwise", &error);
            }
            (Err(error), _) => return Err(format!("the subscription is refused: {error}")),
            (Ok(_), Access::Refused) => return Err("the subscription should be refused".to_owned()),
            (Ok(socket), _) => socket,
        };
        let Some(key) = self.set_off(column.operation, (columns, rows))? else { return Ok(()) };
        let delivered = socket.stop();
        let ours = |payload: &&Value| key.iter().all(|(name, value)| payload["data"][field][name] == *value);
        let found = delivered.iter().find(ours);
        match (found, cell.access) {
            (Some(payload), Access::Allowed) => {
                let guarded =
                    self.model.field_rules.keys().find(|name| !payload["data"][field][name.as_str()].is_null());
                expect(guarded.is_none(), "a guarded field is delivered", payload)
            }
            (None, Access::Hidden) => Ok(()),
            (None, _) => Err(format!("nothing is delivered: {delivered:?}")),
            (Some(payload), _) => Err(format!("it should not be delivered: {payload}")),
        }
    }

    /// Somebody who may makes the change that is listened to; the key of the item, or none where nobody can make it.
    fn set_off(&self, verb: Verb, (columns, rows): (&[Column], &[Row])) -> Result<Option<Map<String, Value>>, String> {
        let wanted = match verb {
            Verb::OnCreate => Verb::Create,
            Verb::OnUpdate => Verb::Update,
            _ => Verb::Delete,
        };
        let Some(at) = columns.iter().position(|column| column.operation == wanted) else { return Ok(None) };
        let may = |row: &&Row| row.cells[at].access == Access::Allowed;
        let own = rows.iter().find(|row| row.identity == *self.identity).filter(may);
        let Some(actor) = own.or_else(|| rows.iter().find(may)) else { return Ok(None) };
        // The item is about the one of both who is something only with regard to an item.
        let about = if self.identity.needs_item() { self.identity } else { &actor.identity };
        if actor.identity.needs_item() && actor.identity != *about {
            return Ok(None);
        }
        let acting = Caller { identity: &actor.identity, mark: format!("{}-act", self.mark), ..*self };
        let left_out: Vec<&str> = actor.cells[at].fields.keys().map(String::as_str).collect();
        let (input, key) = if wanted == Verb::Create {
            let mut input = item::created(self.case, self.model, &acting.mark, &left_out);
            let names = item::names(self.world, self.model, about);
            let declared = |name: &str| self.model.fields.get(name).is_some_and(|field| !field.implied);
            if self.identity.needs_item() && actor.identity != *about && names.keys().any(|name| !declared(name)) {
                return Ok(None);
            }
            input.extend(names.into_iter().filter(|(name, _)| declared(name)));
            (input.clone(), item::key(self.model, &input))
        } else {
            let stored = item::stored(self.world, self.case, self.model, (about, &acting.mark));
            self.world.put(self.case, &self.model.name, &stored);
            let key = item::key(self.model, &stored);
            (key.clone(), key)
        };
        let answer = acting.mutate(&columns[at], &input.into());
        allowed(&answer, &columns[at].field).map_err(|reason| format!("{}: {reason}", actor.identity.label()))?;
        Ok(Some(key))
    }
}

fn mutation(model: &Model, column: &Column) -> String {
    let verb = match column.operation {
        Verb::Create => "Create",
        Verb::Update => "Update",
        _ => "Delete",
    };
    let (field, fields) = (&column.field, item::selection(model));
    format!("mutation ($input: {verb}{}Input!) {{ {field}(input: $input) {{ {fields} }} }}", model.name)
}
