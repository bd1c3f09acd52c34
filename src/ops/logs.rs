//! The logs of what is deployed: which log groups the project's resources write, and their events in order of time.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Serialize;

use super::place::Place;
use super::{OperationError, Session};
use crate::base::{EnvName, ResourceName, Target};
use crate::deploy::{DeployError, LogApi, LogEvent, LogQuery, StackApi, StackResource};
use crate::error::Failure;
use crate::project::Project;

/// How far back a look reaches whose forerunner told newer events: some services write late, in milliseconds.
const LATE_MS: i64 = 10_000;

/// Stacks within stacks that are looked into.
const DEEPEST: usize = 5;

/// Takes one line after the other, until it has enough.
pub type Tell<'a> = dyn FnMut(&LogLine) -> ControlFlow<()> + Send + 'a;

/// What is asked of the logs.
#[derive(Clone, Debug, Default)]
pub struct LogsRequest {
    /// One resource; all when absent.
    pub resource: Option<ResourceName>,
    /// The environment; the one in use when absent.
    pub environment: Option<EnvName>,
    /// Events from this moment on, in milliseconds since 1970.
    pub from_ms: i64,
    /// A filter pattern of CloudWatch Logs.
    pub pattern: Option<String>,
    /// Go on with what is written from now on.
    pub follow: bool,
}

/// One event of a resource's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The resource of the project.
    pub resource: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The log group.
    pub group: String,
    /// The stream in it.
    pub stream: String,
    /// What was written.
    pub message: String,
}

/// A log group of a resource, and how far it was told.
#[derive(Debug)]
struct Source {
    resource: String,
    group: String,
    from_ms: i64,
    /// Events that were read and not told yet.
    waiting: VecDeque<LogEvent>,
    token: Option<String>,
    ended: bool,
    /// Ids of the events that may be read once more, with their times.
    told: BTreeMap<String, i64>,
}

/// Tells the events of the logs, oldest first, until there are no more; with `follow` until `tell` wants no more.
///
/// # Errors
/// [`OperationError::NoResource`], [`OperationError::NoLogs`], [`OperationError::NothingRuns`],
/// [`DeployError::NotDeployed`], and what the target refuses.
pub async fn logs(
    session: &Session,
    project: &Project,
    request: &LogsRequest,
    tell: &mut Tell<'_>,
) -> Result<(), Failure> {
    let known = &project.manifest().resources;
    if let Some(wanted) = request.resource.as_ref().filter(|wanted| !known.contains_key(*wanted)) {
        let known = known.keys().map(ToString::to_string).collect();
        return Err(OperationError::NoResource { wanted: wanted.to_string(), known }.into());
    }
    let place = Place::open(session, project, request.environment.as_ref()).await?;
    let told = tell_from(session, project, request, (&place, tell)).await;
    place.close().await?;
    told
}

async fn tell_from(
    session: &Session,
    project: &Project,
    request: &LogsRequest,
    (place, tell): (&Place, &mut Tell<'_>),
) -> Result<(), Failure> {
    if request.follow && place.is_passing() && matches!(place.environment.target, Target::Local { .. }) {
        return Err(OperationError::NothingRuns.into());
    }
    let deployer = place.deployer(&*session.reporter);
    let state = deployer.stacks.describe(place.stack.as_str()).await?;
    let Some(state) = state.filter(|state| !state.status.is_stillborn()) else {
        return Err(DeployError::NotDeployed { stack: place.stack.clone() }.into());
    };
    let root = deployer.stacks.resources(&state.id.0).await?;
    let mut sources = Vec::new();
    for name in project.manifest().resources.keys() {
        if request.resource.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let id = name.logical();
        for stack in root.iter().filter(|one| one.logical_id == id.as_str() && is_stack(one)) {
            let groups = groups(deployer.stacks, stack.physical_id.clone()).await?;
            sources.extend(groups.into_iter().map(|group| Source::new(name.as_str(), group, request.from_ms)));
        }
    }
    if sources.is_empty() {
        return Err(OperationError::NoLogs { name: request.resource.clone() }.into());
    }
    let api: Arc<dyn LogApi> = place.logs()?;
    loop {
        if tell_all(&*api, &mut sources, request.pattern.as_deref(), tell).await?.is_break() || !request.follow {
            return Ok(());
        }
        tokio::time::sleep(place.pace().longest).await;
    }
}

fn is_stack(resource: &StackResource) -> bool {
    resource.kind == "AWS::CloudFormation::Stack" && !resource.physical_id.is_empty()
}

/// The log groups that a stack and the stacks in it write.
async fn groups(stacks: &dyn StackApi, stack: String) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut next = vec![(stack, 0)];
    while let Some((stack, depth)) = next.pop() {
        let resources = stacks.resources(&stack).await?;
        found.extend(groups_of(&resources));
        let nested = resources.iter().filter(|one| depth < DEEPEST && is_stack(one));
        next.extend(nested.map(|one| (one.physical_id.clone(), depth + 1)));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The log groups of one stack: those that it makes, that of an API, and those that Lambda makes for functions of a stack
/// that makes none.
fn groups_of(resources: &[StackResource]) -> Vec<String> {
    let of = |kind: &str| {
        let found = resources.iter().filter(move |one| one.kind == kind && !one.physical_id.is_empty());
        found.map(|one| one.physical_id.clone()).collect::<Vec<String>>()
    };
    let mut groups = of("AWS::Logs::LogGroup");
    if groups.is_empty() {
        groups.extend(of("AWS::Lambda::Function").iter().map(|name| format!("/aws/lambda/{name}")));
    }
    let apis = of("AWS::AppSync::GraphQLApi");
    groups.extend(apis.iter().filter_map(|arn| Some(format!("/aws/appsync/apis/{}", arn.rsplit_once("apis/")?.1))));
    groups
}

impl Source {
    fn new(resource: &str, group: String, from_ms: i64) -> Self {
        let (waiting, told) = (VecDeque::new(), BTreeMap::new());
        Self { resource: resource.to_owned(), group, from_ms, waiting, token: None, ended: false, told }
    }

    /// Begins another look at the group.
    fn begin(&mut self) {
        let newest = self.told.values().max().copied();
        self.from_ms = newest.map_or(self.from_ms, |newest| self.from_ms.max(newest - LATE_MS));
        self.told.retain(|_, at_ms| *at_ms >= self.from_ms);
        (self.token, self.ended) = (None, false);
    }

    /// Reads on until there is an event to tell, or no further page.
    async fn read(&mut self, api: &dyn LogApi, pattern: Option<&str>) -> Result<(), DeployError> {
        while self.waiting.is_empty() && !self.ended {
            let query = LogQuery { group: &self.group, from_ms: self.from_ms, pattern, token: self.token.as_deref() };
            let page = api.filter(query).await?.unwrap_or_default();
            (self.ended, self.token) = (page.next.is_none(), page.next);
            self.waiting.extend(page.events.into_iter().filter(|event| !self.told.contains_key(&event.id)));
        }
        Ok(())
    }

    fn take(&mut self) -> Option<LogLine> {
        let LogEvent { id, stream, at_ms, message } = self.waiting.pop_front()?;
        self.told.insert(id, at_ms);
        let (resource, group) = (self.resource.clone(), self.group.clone());
        Some(LogLine { resource, timestamp: at_ms, group, stream, message })
    }
}

/// Tells what is new in all groups, in order of time.
async fn tell_all(
    api: &dyn LogApi,
    sources: &mut [Source],
    pattern: Option<&str>,
    tell: &mut Tell<'_>,
) -> Result<ControlFlow<()>, DeployError> {
    for source in &mut *sources {
        source.begin();
        source.read(api, pattern).await?;
    }
    loop {
        let first = sources.iter_mut().filter(|source| !source.waiting.is_empty());
        let Some(source) = first.min_by_key(|source| source.waiting.front().map(|event| event.at_ms)) else {
            return Ok(ControlFlow::Continue(()));
        };
        if let Some(line) = source.take()
            && tell(&line).is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        source.read(api, pattern).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::BoxFuture;
    use crate::deploy::LogPage;

    /// Groups with events of `(id, at)`, two a page; the pages before the first event of a group are empty.
    struct Groups(BTreeMap<&'static str, Vec<(&'static str, i64)>>);

    impl LogApi for Groups {
        fn filter<'a>(&'a self, query: LogQuery<'a>) -> BoxFuture<'a, Result<Option<LogPage>, DeployError>> {
            Box::pin(async move {
                let Some(all) = self.0.get(query.group) else { return Ok(None) };
                let Some(token) = query.token else {
                    return Ok(Some(LogPage { events: Vec::new(), next: Some("0".to_owned()) }));
                };
                let skipped: usize = token.parse().unwrap();
                let wanted: Vec<_> = all.iter().filter(|(_, at_ms)| *at_ms >= query.from_ms).collect();
                let page = wanted.iter().skip(skipped).take(2).map(|(id, at_ms)| LogEvent {
                    id: (*id).to_owned(),
                    stream: "s".to_owned(),
                    at_ms: *at_ms,
                    message: (*id).to_owned(),
                });
                let events: Vec<LogEvent> = page.collect();
                let next = (skipped + 2 < wanted.len()).then(|| (skipped + 2).to_string());
                Ok(Some(LogPage { events, next }))
            })
        }
    }

    fn told(api: &Groups, sources: &mut [Source], most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut tell = |line: &LogLine| {
            lines.push(format!("{} {}", line.resource, line.message));
            if lines.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(tell_all(api, sources, None, &mut tell)).unwrap();
        lines
    }

    #[test]
    fn groups_are_told_together_in_order_of_time_and_each_event_once() {
        let mut api =
            Groups([("/a", vec![("1", 10), ("3", 30), ("5", 50)]), ("/b", vec![("2", 20), ("4", 40)])].into());
        let source = |name: &str| Source::new(name, format!("/{name}"), 0);
        let mut sources = [source("a"), source("b"), source("gone")];
        assert_eq!(told(&api, &mut sources, 99), ["a 1", "b 2", "a 3", "b 4", "a 5"]);
        assert!(told(&api, &mut sources, 99).is_empty(), "nothing is told twice");
        api.0.get_mut("/b").unwrap().push(("6", 45));
        assert_eq!(told(&api, &mut sources, 99), ["b 6"], "what is written late is told");
        assert_eq!(told(&api, &mut [source("a")], 2), ["a 1", "a 3"], "who listens no more is told no more");
    }

    #[test]
    fn a_stack_has_the_groups_that_it_makes_and_those_that_services_make_for_it() {
        let one = |kind: &str, id: &str| StackResource {
            logical_id: "X".to_owned(),
            kind: kind.to_owned(),
            physical_id: id.to_owned(),
        };
        let api = one("AWS::AppSync::GraphQLApi", "arn:aws:appsync:us-east-1:1:apis/abc");
        let (group, function) = (one("AWS::Logs::LogGroup", "/own"), one("AWS::Lambda::Function", "fn"));
        assert_eq!(groups_of(&[group, function.clone()]), ["/own"]);
        assert_eq!(groups_of(&[function, api]), ["/aws/lambda/fn", "/aws/appsync/apis/abc"]);
        assert!(groups_of(&[one("AWS::Logs::LogGroup", ""), one("AWS::S3::Bucket", "b")]).is_empty());
    }
}
