//! Every stack and change set, in memory and in the store: whatever is changed here is written before it is seen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use super::record::{ChangeSetRecord, Event, ResourceRecord, Stack, Status};
use crate::base::clock::iso_ms;
use crate::cloud::feed::Happening;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// The type of stacks as resources and in events.
pub(in crate::cloud) const STACK_KIND: &str = "AWS::CloudFormation::Stack";

/// All that is known.
#[derive(Debug, Default)]
pub(in crate::cloud) struct Memory {
    /// By id, oldest first; deleted ones too.
    pub stacks: IndexMap<String, Stack>,
    /// By id, oldest first.
    pub change_sets: IndexMap<String, ChangeSetRecord>,
}

impl Memory {
    /// The stack of a name or id. A deleted stack is found by its id only.
    pub(in crate::cloud) fn stack(&self, name_or_id: &str) -> Option<&Stack> {
        if let Some(stack) = self.stacks.get(name_or_id) {
            return Some(stack);
        }
        self.stacks.values().rfind(|stack| stack.name == name_or_id && stack.status != Status::DeleteComplete)
    }

    /// The stack that exports `name`, and its value.
    pub(in crate::cloud) fn export(&self, name: &str) -> Option<(&Stack, &str)> {
        self.stacks.values().filter(|stack| stack.status != Status::DeleteComplete).find_map(|stack| {
            let output = stack.outputs.iter().find(|output| output.export.as_deref() == Some(name))?;
            Some((stack, output.value.as_str()))
        })
    }

    /// The names of the stacks that use the export `name`.
    pub(in crate::cloud) fn importers(&self, name: &str) -> Vec<String> {
        let live = self.stacks.values().filter(|stack| stack.status != Status::DeleteComplete);
        live.filter(|stack| stack.imports.iter().any(|import| import == name)).map(|stack| stack.name.clone()).collect()
    }
}

/// The memory and its rows.
pub(in crate::cloud) struct Model {
    shared: Arc<Shared>,
    memory: Mutex<Memory>,
    stacks: Table<Stack>,
    resources: Table<ResourceRecord>,
    events: Table<Event>,
    change_sets: Table<ChangeSetRecord>,
}

impl Model {
    /// Reads what the store has.
    pub(in crate::cloud) fn open(shared: Arc<Shared>) -> Self {
        super::moved::follow(&shared);
        let table = || Arc::clone(&shared.store);
        let stacks: Table<Stack> = Table::new(table(), "cloudformation.stacks");
        let resources: Table<ResourceRecord> = Table::new(table(), "cloudformation.resources");
        let events: Table<Event> = Table::new(table(), "cloudformation.events");
        let change_sets: Table<ChangeSetRecord> = Table::new(table(), "cloudformation.change-sets");
        let mut memory = Memory::default();
        let mut rows: Vec<Stack> = stacks.all().into_iter().map(|(_, stack)| stack).collect();
        rows.sort_by_key(|stack| stack.created_ms);
        for mut stack in rows {
            let prefix = format!("{}|", stack.id);
            let found = resources.starting_with(&prefix).into_iter().map(|(_, row)| (row.logical_id.clone(), row));
            stack.resources = found.collect();
            stack.events = events.starting_with(&prefix).into_iter().map(|(_, row)| row).collect();
            memory.stacks.insert(stack.id.clone(), stack);
        }
        let mut rows: Vec<ChangeSetRecord> = change_sets.all().into_iter().map(|(_, row)| row).collect();
        rows.sort_by_key(|row| row.created_ms);
        memory.change_sets = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        Self { shared, memory: Mutex::new(memory), stacks, resources, events, change_sets }
    }

    /// The memory, locked. Never kept while waiting.
    pub(in crate::cloud) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new stack.
    pub(in crate::cloud) fn insert_stack(&self, stack: Stack) -> Result<(), ApiError> {
        self.stacks.put(&stack.id, &stack)?;
        self.memory().stacks.insert(stack.id.clone(), stack);
        Ok(())
    }

    /// Takes a new or changed change set.
    pub(in crate::cloud) fn put_change_set(&self, set: ChangeSetRecord) -> Result<(), ApiError> {
        self.change_sets.put(&set.id, &set)?;
        self.memory().change_sets.insert(set.id.clone(), set);
        Ok(())
    }

    pub(in crate::cloud) fn remove_change_set(&self, id: &str) -> Result<(), ApiError> {
        self.change_sets.remove(id)?;
        self.memory().change_sets.shift_remove(id);
        Ok(())
    }

    /// Reads a stack.
    pub(in crate::cloud) fn with_stack<R>(&self, id: &str, read: impl FnOnce(&Stack) -> R) -> Option<R> {
        self.memory().stacks.get(id).map(read)
    }

    /// Changes a stack, without an event.
    pub(in crate::cloud) fn change_stack<R>(&self, id: &str, change: impl FnOnce(&mut Stack) -> R) -> Option<R> {
        let mut memory = self.memory();
        let stack = memory.stacks.get_mut(id)?;
        let result = change(stack);
        let mut batch = Batch::default();
        self.stacks.add(&mut batch, id, stack);
        self.commit(batch);
        Some(result)
    }

    /// The stack reaches a status: changes it, and tells it as an event.
    pub(in crate::cloud) fn stack_event(&self, id: &str, status: Status, reason: Option<&str>) {
        let at_ms = self.shared.clock.now_ms();
        let mut memory = self.memory();
        let Some(stack) = memory.stacks.get_mut(id) else { return };
        stack.status = status;
        stack.reason = reason.map(str::to_owned);
        if status == Status::DeleteComplete {
            stack.deleted_ms = Some(at_ms);
        }
        let event = Event {
            id: self.shared.ids.uuid(),
            at_ms,
            logical_id: stack.name.clone(),
            physical_id: stack.id.clone(),
            kind: STACK_KIND.to_owned(),
            status,
            reason: reason.map(str::to_owned),
            properties: None,
            token: stack.token.clone(),
        };
        let mut batch = Batch::default();
        self.stacks.add(&mut batch, id, stack);
        self.add_event(&mut batch, stack, event);
        self.commit(batch);
        let stack = stack.name.clone();
        drop(memory);
        self.shared.feed.publish(Happening::Stack { at_ms, stack, status: status.text().to_owned() });
    }

    /// A resource reaches a status: changes its record (made when it is new) and tells it as an event.
    pub(in crate::cloud) fn resource_event(
        &self,
        stack_id: &str,
        (logical_id, kind): (&str, &str),
        (status, reason): (Status, Option<&str>),
        change: impl FnOnce(&mut ResourceRecord),
    ) {
        let at_ms = self.shared.clock.now_ms();
        let mut memory = self.memory();
        let Some(stack) = memory.stacks.get_mut(stack_id) else { return };
        let record = stack.resources.entry(logical_id.to_owned()).or_insert_with(|| new_record(logical_id, kind));
        let gone_id = record.physical_id().map(str::to_owned);
        change(record);
        kind.clone_into(&mut record.kind);
        record.status = status;
        record.reason = reason.map(str::to_owned);
        record.updated_ms = at_ms;
        let event = Event {
            id: format!("{logical_id}-{}-{}", status.text(), iso_ms(at_ms)),
            at_ms,
            logical_id: logical_id.to_owned(),
            physical_id: record.physical_id().map(str::to_owned).or(gone_id).unwrap_or_default(),
            kind: kind.to_owned(),
            status,
            reason: reason.map(str::to_owned),
            properties: record.made.as_ref().map(|made| made.properties.to_string()),
            token: stack.token.clone(),
        };
        let mut batch = Batch::default();
        self.resources.add(&mut batch, &row_key(stack_id, logical_id), record);
        self.add_event(&mut batch, stack, event);
        self.commit(batch);
    }

    /// An event about a physical resource that is no longer the one of the record (the cleanup of a replacement).
    pub(in crate::cloud) fn leftover_event(
        &self,
        stack_id: &str,
        (logical_id, kind, physical_id): (&str, &str, &str),
        (status, reason): (Status, Option<&str>),
    ) {
        let at_ms = self.shared.clock.now_ms();
        let mut memory = self.memory();
        let Some(stack) = memory.stacks.get_mut(stack_id) else { return };
        let event = Event {
            id: format!("{logical_id}-{}-{}", status.text(), iso_ms(at_ms)),
            at_ms,
            logical_id: logical_id.to_owned(),
            physical_id: physical_id.to_owned(),
            kind: kind.to_owned(),
            status,
            reason: reason.map(str::to_owned),
            properties: None,
            token: stack.token.clone(),
        };
        let mut batch = Batch::default();
        self.add_event(&mut batch, stack, event);
        self.commit(batch);
    }

    /// Changes the record of a resource, without an event.
    pub(in crate::cloud) fn change_resource(
        &self,
        stack_id: &str,
        logical_id: &str,
        change: impl FnOnce(&mut ResourceRecord),
    ) {
        let mut memory = self.memory();
        let Some(record) = memory.stacks.get_mut(stack_id).and_then(|stack| stack.resources.get_mut(logical_id)) else {
            return;
        };
        change(record);
        let mut batch = Batch::default();
        self.resources.add(&mut batch, &row_key(stack_id, logical_id), record);
        self.commit(batch);
    }

    /// Forgets a resource.
    pub(in crate::cloud) fn remove_resource(&self, stack_id: &str, logical_id: &str) {
        let mut memory = self.memory();
        if let Some(stack) = memory.stacks.get_mut(stack_id) {
            stack.resources.shift_remove(logical_id);
        }
        let mut batch = Batch::default();
        self.resources.drop(&mut batch, &row_key(stack_id, logical_id));
        self.commit(batch);
    }

    fn add_event(&self, batch: &mut Batch, stack: &mut Stack, event: Event) {
        self.events.add(batch, &format!("{}|{:08}", stack.id, stack.events.len()), &event);
        stack.events.push(event);
    }

    /// A store that fails is told in the log: the running operation goes on with what is in memory.
    fn commit(&self, batch: Batch) {
        if let Err(error) = self.shared.store.commit(batch) {
            tracing::error!(%error, "a step of a stack could not be recorded");
        }
    }
}

fn row_key(stack_id: &str, logical_id: &str) -> String {
    format!("{stack_id}|{logical_id}")
}

fn new_record(logical_id: &str, kind: &str) -> ResourceRecord {
    ResourceRecord {
        logical_id: logical_id.to_owned(),
        kind: kind.to_owned(),
        status: Status::CreateInProgress,
        reason: None,
        updated_ms: 0,
        made: None,
        touched: None,
    }
}
