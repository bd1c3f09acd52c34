//! Map states: where items come from, how they are handed to the processor, where results go.

use super::{Branch, Catcher, Common, Dynamic, Expression, Flow, Path, Payload, Resource, Retrier, Transition, Type};

/// Runs the same states for every item; its result is the list of their results.
#[derive(Clone, Debug)]
pub struct Map {
    /// What every state has.
    pub common: Common,
    /// Input and output; what JSONPath calls `Parameters` here is `item_selector`.
    pub flow: Flow,
    /// Where the items are.
    pub items: Items,
    /// What each iteration is given instead of its item; `ItemSelector`, formerly `Parameters`.
    pub item_selector: Option<Payload>,
    /// The states that run for every item; `ItemProcessor`, formerly `Iterator`.
    pub processor: Processor,
    /// How many iterations may run at the same time; 0 is as many as possible.
    pub max_concurrency: Option<Dynamic<u64>>,
    /// How many items may fail (distributed).
    pub tolerated_failure_count: Option<Dynamic<u64>>,
    /// How many of a hundred items may fail, 0 to 100 (distributed).
    pub tolerated_failure_percentage: Option<Dynamic<f64>>,
    /// Reads the items from elsewhere (distributed).
    pub reader: Option<ItemReader>,
    /// Hands out several items at once (distributed).
    pub batcher: Option<ItemBatcher>,
    /// Writes the results elsewhere (distributed).
    pub writer: Option<ResultWriter>,
    /// Part of the names of its Map Runs (distributed), 1 to 40 characters.
    pub label: Option<String>,
    /// What is done when it fails.
    pub retry: Vec<Retrier>,
    /// Where it goes when it fails.
    pub catch: Vec<Catcher>,
    /// Variables that it sets.
    pub assign: Option<Payload>,
    /// What comes after it.
    pub transition: Transition,
}

/// Where the items of a Map are.
#[derive(Clone, Debug)]
pub enum Items {
    /// The whole effective input.
    Input,
    /// `ItemsPath` (JSONPath), in the effective input.
    Path(Path),
    /// `Items` (JSONata), written down: a list or an object with expressions in it.
    Template(Payload),
    /// `Items` (JSONata), computed as a whole.
    Expression(Expression),
}

/// The states that run for every item.
#[derive(Clone, Debug)]
pub struct Processor {
    /// Where they run.
    pub mode: Mode,
    /// The states.
    pub branch: Branch,
}

/// Where the iterations of a Map run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// In the execution itself, up to 40 at the same time.
    #[default]
    Inline,
    /// Each as an execution of its own, of this type.
    Distributed(Type),
}

/// Reads the items of a distributed Map from Amazon S3.
#[derive(Clone, Debug)]
pub struct ItemReader {
    /// What reads: `s3:getObject` or `s3:listObjectsV2`.
    pub resource: Resource,
    /// `Parameters` (JSONPath) or `Arguments` (JSONata): bucket, key, prefix.
    pub parameters: Option<Payload>,
    /// What is read.
    pub config: ReaderConfig,
}

/// What an item reader reads.
#[derive(Clone, Debug, Default)]
pub struct ReaderConfig {
    /// The format of the object; `None` for a listing.
    pub input_type: Option<InputType>,
    /// Where the names of the columns of a CSV are.
    pub csv_headers: Option<CsvHeaders>,
    /// What stands between the columns of a CSV; a comma when absent.
    pub csv_delimiter: Option<CsvDelimiter>,
    /// How many items are read at most.
    pub max_items: Option<Dynamic<u64>>,
    /// Where in a JSON object the list is, as a JSON Pointer.
    pub items_pointer: Option<String>,
    /// Which program wrote a manifest.
    pub manifest_type: Option<ManifestType>,
    /// Whether the objects that a listing names are read and their items joined.
    pub load_and_flatten: bool,
}

/// Formats of objects that items are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// Comma separated values.
    Csv,
    /// One document with a list.
    Json,
    /// One document a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// The list of files of an Amazon S3 inventory or an Amazon Athena query.
    Manifest,
}

/// Where the names of the columns of a CSV are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvHeaders {
    /// In its first line.
    FirstRow,
    /// In the definition.
    Given(Vec<String>),
}

/// What stands between the columns of a CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvDelimiter {
    /// `,`
    Comma,
    /// `|`
    Pipe,
    /// `;`
    Semicolon,
    /// A blank.
    Space,
    /// A tabulator.
    Tab,
}

/// Which program wrote a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestType {
    /// `ATHENA_DATA`.
    AthenaData,
    /// `S3_INVENTORY`.
    S3Inventory,
}

/// Hands out several items at once: the iteration's input is `{"Items": […]}`.
#[derive(Clone, Debug)]
pub struct ItemBatcher {
    /// What every batch gets besides, as `BatchInput`.
    pub input: Option<Payload>,
    /// How many items a batch has at most.
    pub max_items: Option<Dynamic<u64>>,
    /// How many bytes a batch has at most, up to 262,144.
    pub max_bytes: Option<Dynamic<u64>>,
}

/// Writes the results of a distributed Map to Amazon S3.
#[derive(Clone, Debug)]
pub struct ResultWriter {
    /// What writes: `s3:putObject`; without it the results stay in the state's output, changed as `config` says.
    pub resource: Option<Resource>,
    /// `Parameters` (JSONPath) or `Arguments` (JSONata): bucket and prefix.
    pub parameters: Option<Payload>,
    /// In which form.
    pub config: WriterConfig,
}

/// In which form results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterConfig {
    /// What is made of each result.
    pub transformation: Transformation,
    /// The format of the files.
    pub output: OutputType,
}

/// What is made of the results of child executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transformation {
    /// Output and all that is known of the execution.
    #[default]
    None,
    /// The output alone.
    Compact,
    /// The output alone; lists are joined.
    Flatten,
}

/// Formats of files of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputType {
    /// One list.
    #[default]
    Json,
    /// One document a line.
    Jsonl,
}
