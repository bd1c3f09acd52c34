//! What a distributed Map reads its items from, how it hands them out, and where it writes results.

use super::scalars::{self, Bounds};
use super::{Field, Object, Reader, head};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::map::{CsvDelimiter, CsvHeaders, InputType, ManifestType, OutputType, Transformation};
use crate::asl::{ItemBatcher, ItemReader, Payload, QueryLanguage, ReaderConfig, ResultWriter, WriterConfig};

const INPUT_TYPES: &[(&str, InputType)] = &[
    ("CSV", InputType::Csv),
    ("JSON", InputType::Json),
    ("JSONL", InputType::Jsonl),
    ("PARQUET", InputType::Parquet),
    ("MANIFEST", InputType::Manifest),
];
const DELIMITERS: &[(&str, CsvDelimiter)] = &[
    ("COMMA", CsvDelimiter::Comma),
    ("PIPE", CsvDelimiter::Pipe),
    ("SEMICOLON", CsvDelimiter::Semicolon),
    ("SPACE", CsvDelimiter::Space),
    ("TAB", CsvDelimiter::Tab),
];
const READER_CONFIG_FIELDS: &[&str] = &[
    "InputType",
    "Transformation",
    "ManifestType",
    "CSVDelimiter",
    "CSVHeaderLocation",
    "CSVHeaders",
    "ItemsPointer",
    "MaxItems",
    "MaxItemsPath",
];
const BATCHER_FIELDS: &[&str] =
    &["BatchInput", "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];

/// How many items can be read, and how many bytes a batch can have.
const MOST_ITEMS: u64 = 100_000_000;
const MOST_BYTES: u64 = 262_144;

impl Reader {
    /// `Parameters` in JSONPath, `Arguments` in JSONata.
    fn call_parameters(&mut self, object: &Object<'_>, language: QueryLanguage) -> Option<Payload> {
        let (own, other, only) = match language {
            QueryLanguage::JsonPath => ("Parameters", "Arguments", QueryLanguage::Jsonata),
            QueryLanguage::Jsonata => ("Arguments", "Parameters", QueryLanguage::JsonPath),
        };
        if let Some(field) = object.field(other) {
            self.other_language(object, &field, language, only);
        }
        object.field(own).map(|field| self.template(&field, language))
    }

    pub(super) fn item_reader(&mut self, field: &Field<'_>, language: QueryLanguage) -> Option<ItemReader> {
        let object = self.object(field.node, &field.location)?;
        self.only(&object, &["Resource", "Parameters", "Arguments", "ReaderConfig"], "`ItemReader`");
        self.require(&object, &["Resource"]);
        let resource = object.field("Resource").and_then(|field| self.resource(&field));
        let parameters = self.call_parameters(&object, language);
        let config = object.field("ReaderConfig").map(|field| self.reader_config(&field, language));
        Some(ItemReader { resource: resource?, parameters, config: config.unwrap_or_default() })
    }

    fn reader_config(&mut self, field: &Field<'_>, language: QueryLanguage) -> ReaderConfig {
        let Some(object) = self.object(field.node, &field.location) else { return ReaderConfig::default() };
        self.only(&object, READER_CONFIG_FIELDS, "`ReaderConfig`");
        let input_type = object.field("InputType").and_then(|field| self.choice(&field, INPUT_TYPES));
        let manifests = [("ATHENA_DATA", ManifestType::AthenaData), ("S3_INVENTORY", ManifestType::S3Inventory)];
        let manifest_type = object.field("ManifestType").and_then(|field| self.choice(&field, &manifests));
        let transformations = [("NONE", false), ("LOAD_AND_FLATTEN", true)];
        let flatten = object.field("Transformation").and_then(|field| self.choice(&field, &transformations));
        ReaderConfig {
            input_type,
            csv_headers: self.csv_headers(&object, input_type),
            csv_delimiter: object.field("CSVDelimiter").and_then(|field| self.choice(&field, DELIMITERS)),
            max_items: self.dynamic_integer(&object, language, "MaxItems", Bounds { least: 1, most: MOST_ITEMS }),
            items_pointer: self.optional_text(&object, "ItemsPointer"),
            manifest_type,
            load_and_flatten: flatten.unwrap_or(false),
        }
    }

    fn csv_headers(&mut self, object: &Object<'_>, input_type: Option<InputType>) -> Option<CsvHeaders> {
        let location = object.field("CSVHeaderLocation");
        if location.is_none() && input_type == Some(InputType::Csv) {
            self.require(object, &["CSVHeaderLocation"]);
        }
        let given = self.choice(&location?, &[("FIRST_ROW", false), ("GIVEN", true)])?;
        if !given {
            return Some(CsvHeaders::FirstRow);
        }
        self.require(object, &["CSVHeaders"]);
        let headers = self.list(&object.field("CSVHeaders")?)?;
        let mut names = Vec::new();
        for (location, node) in headers {
            match scalars::text(node) {
                Some(name) => names.push(name.to_owned()),
                None => self.wrong_type(node, &location, "String"),
            }
        }
        Some(CsvHeaders::Given(names))
    }

    pub(super) fn item_batcher(&mut self, field: &Field<'_>, language: QueryLanguage) -> Option<ItemBatcher> {
        let object = self.object(field.node, &field.location)?;
        self.only(&object, BATCHER_FIELDS, "`ItemBatcher`");
        let input = object.field("BatchInput").map(|field| self.template(&field, language));
        let items = Bounds { least: 1, most: MOST_ITEMS };
        let max_items = self.dynamic_integer(&object, language, "MaxItemsPerBatch", items);
        let bytes = Bounds { least: 1, most: MOST_BYTES };
        let max_bytes = self.dynamic_integer(&object, language, "MaxInputBytesPerBatch", bytes);
        if !BATCHER_FIELDS[1..].iter().any(|name| object.has(name)) {
            let message = "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]";
            let finding = Finding::new(FindingCode::Schema, &object.location, &head(&object.span), message)
                .because("nothing says how large a batch is")
                .hint("add `\"MaxItemsPerBatch\": 10`");
            self.find(finding);
        }
        Some(ItemBatcher { input, max_items, max_bytes })
    }

    pub(super) fn result_writer(&mut self, field: &Field<'_>, language: QueryLanguage) -> Option<ResultWriter> {
        let object = self.object(field.node, &field.location)?;
        self.only(&object, &["Resource", "Parameters", "Arguments", "WriterConfig"], "`ResultWriter`");
        if !object.has("WriterConfig") {
            self.require(&object, &["Resource"]);
        }
        let resource = object.field("Resource").and_then(|field| self.resource(&field));
        let parameters = self.call_parameters(&object, language);
        if object.has("Resource") {
            let name = if language == QueryLanguage::Jsonata { "Arguments" } else { "Parameters" };
            self.require(&object, &[name]);
        }
        let config = object.field("WriterConfig").and_then(|field| self.writer_config(&field));
        Some(ResultWriter { resource, parameters, config: config.unwrap_or_default() })
    }

    fn writer_config(&mut self, field: &Field<'_>) -> Option<WriterConfig> {
        let object = self.object(field.node, &field.location)?;
        self.only(&object, &["Transformation", "OutputType"], "`WriterConfig`");
        self.require(&object, &["OutputType"]);
        let transformations = [
            ("NONE", Transformation::None),
            ("COMPACT", Transformation::Compact),
            ("FLATTEN", Transformation::Flatten),
        ];
        let transformation = object.field("Transformation").and_then(|field| self.choice(&field, &transformations));
        let outputs = [("JSON", OutputType::Json), ("JSONL", OutputType::Jsonl)];
        let output = object.field("OutputType").and_then(|field| self.choice(&field, &outputs));
        Some(WriterConfig { transformation: transformation.unwrap_or_default(), output: output.unwrap_or_default() })
    }
}
