//! Map states, but for what they read from elsewhere and write to elsewhere.

use super::machine::Names;
use super::scalars::{self, Bounds};
use super::{Field, Object, Reader, head};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::map::Mode;
use crate::asl::{Common, Items, Map, Processor, QueryLanguage, Type};

const PROCESSOR_FIELDS: &[&str] = &["Comment", "StartAt", "States", "ProcessorConfig"];

/// The longest label, in characters.
const LONGEST_LABEL: usize = 40;

/// What a label cannot have, besides blanks and control characters.
const NOT_IN_LABELS: &str = "?*<>{}[]:;,\\|^~$#%&`\"/";

/// What only a distributed Map has.
const DISTRIBUTED_FIELDS: &[&str] = &["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

impl Reader {
    pub(super) fn map(&mut self, object: &Object<'_>, common: Common, names: &Names) -> Option<Map> {
        let language = common.language;
        let flow = self.flow(object, language, false);
        let items = self.items(object, language);
        self.exclude(object, &["ItemSelector", "Parameters"]);
        let selector = object.field("ItemSelector").or_else(|| object.field("Parameters"));
        let item_selector = selector.map(|field| self.template(&field, language));
        let any = Bounds { least: 0, most: u64::MAX };
        let max_concurrency = self.dynamic_integer(object, language, "MaxConcurrency", any);
        let tolerated_failure_count = self.dynamic_integer(object, language, "ToleratedFailureCount", any);
        let tolerated_failure_percentage =
            self.dynamic(object, language, "ToleratedFailurePercentage", |reader, field| {
                reader.number(field, 0.0, 100.0)
            });
        let processor = self.processor(object);
        let inline = processor.as_ref().is_some_and(|processor| processor.mode == Mode::Inline);
        for field in DISTRIBUTED_FIELDS.iter().filter_map(|name| object.field(name)).filter(|_| inline) {
            self.needs_distribution(object, &field);
        }
        let reader = object.field("ItemReader").and_then(|field| self.item_reader(&field, language));
        let batcher = object.field("ItemBatcher").and_then(|field| self.item_batcher(&field, language));
        let writer = object.field("ResultWriter").and_then(|field| self.result_writer(&field, language));
        let label = object.field("Label").and_then(|field| self.label(&field));
        let (retry, catch) = (self.retry(object), self.catch(object, language, names));
        let assign = self.assign(object, language);
        let transition = self.transition(object, names);
        Some(Map {
            flow,
            items: items?,
            item_selector,
            processor: processor?,
            max_concurrency,
            tolerated_failure_count,
            tolerated_failure_percentage,
            reader,
            batcher,
            writer,
            label,
            retry,
            catch,
            assign,
            transition: transition?,
            common,
        })
    }

    fn items(&mut self, object: &Object<'_>, language: QueryLanguage) -> Option<Items> {
        if language == QueryLanguage::JsonPath {
            let Some(field) = object.field("ItemsPath") else { return Some(Items::Input) };
            return self.path(&field).map(Items::Path);
        }
        let Some(field) = object.field("Items") else { return Some(Items::Input) };
        if let scalars::Whole::Expression(expression) = self.whole_expression(&field) {
            return expression.map(Items::Expression);
        }
        if let super::Content::Scalar { .. } = &field.node.content {
            let message = "Value must be an array, an object or a JSONata expression";
            let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
                .because(format!("`Items` is {}", scalars::kind(field.node)))
                .hint("write a list, or an expression `\"{% … %}\"`");
            self.find(finding);
            return None;
        }
        Some(Items::Template(self.jsonata_template(&field)))
    }

    fn processor(&mut self, object: &Object<'_>) -> Option<Processor> {
        self.exclude(object, &["ItemProcessor", "Iterator"]);
        if !object.has("ItemProcessor") && !object.has("Iterator") {
            let finding = Finding::new(
                FindingCode::Schema,
                &object.location,
                &head(&object.span),
                "These fields are required: [ItemProcessor]",
            )
            .because("nothing says what is done with each item")
            .hint("add `ItemProcessor` with `StartAt` and `States`");
            self.find(finding);
        }
        let field = object.field("ItemProcessor").or_else(|| object.field("Iterator"))?;
        let inner = self.object(field.node, &field.location)?;
        self.only(&inner, PROCESSOR_FIELDS, &format!("`{}`", field.name));
        let mode = inner.field("ProcessorConfig").and_then(|field| self.mode(&field)).unwrap_or_default();
        if mode != Mode::Inline && self.machine_type == Type::Express {
            let message = "Express state machine does not support 'DISTRIBUTED' mode of Map state ";
            let finding = Finding::new(FindingCode::Schema, &object.location, &field.key.span, message)
                .because("an Express machine has no distributed Map states")
                .hint("make the machine a Standard one, or the mode `INLINE`");
            self.find(finding);
        }
        // The states of child executions keep to the rules of their own type.
        let outer = self.machine_type;
        if let Mode::Distributed(inner) = mode {
            self.machine_type = inner;
        }
        let branch = self.branch(&inner);
        self.machine_type = outer;
        Some(Processor { mode, branch: branch? })
    }

    fn mode(&mut self, field: &Field<'_>) -> Option<Mode> {
        let config = self.object(field.node, &field.location)?;
        self.only(&config, &["Mode", "ExecutionType"], "`ProcessorConfig`");
        let distributed = match config.field("Mode") {
            Some(field) => self.choice(&field, &[("INLINE", false), ("DISTRIBUTED", true)])?,
            None => false,
        };
        let types = [("STANDARD", Type::Standard), ("EXPRESS", Type::Express)];
        let execution = config.field("ExecutionType").and_then(|field| self.choice(&field, &types));
        if !distributed {
            return Some(Mode::Inline);
        }
        self.require(&config, &["ExecutionType"]);
        Some(Mode::Distributed(execution.unwrap_or_default()))
    }

    fn needs_distribution(&mut self, object: &Object<'_>, field: &Field<'_>) {
        let name = field.name;
        let message = format!("Field '{name}' is only supported in 'DISTRIBUTED' mode");
        let finding = Finding::new(FindingCode::Schema, &object.location, &field.key.span, message)
            .because(format!("`{name}` works only in a distributed Map"))
            .hint("set `\"ProcessorConfig\": { \"Mode\": \"DISTRIBUTED\", \"ExecutionType\": \"STANDARD\" }`");
        self.find(finding);
    }

    fn label(&mut self, field: &Field<'_>) -> Option<String> {
        let label = self.text(field)?;
        let length = label.chars().count();
        let wrong = label.chars().find(|c| c.is_whitespace() || c.is_control() || NOT_IN_LABELS.contains(*c));
        let reason = match wrong {
            _ if length == 0 => "a label is not empty".to_owned(),
            _ if length > LONGEST_LABEL => format!("a label has at most {LONGEST_LABEL} characters, here are {length}"),
            Some(wrong) => format!("a label cannot have `{}`", wrong.escape_debug()),
            None => {
                if !self.labels.insert(label.to_owned()) {
                    let message = format!("Duplicate Label name: {label}");
                    let finding =
                        Finding::new(FindingCode::DuplicateLabelName, &field.location, &field.node.span, message)
                            .because(format!("another Map state has the label `{label}`"))
                            .hint("name this one differently");
                    self.find(finding);
                }
                return Some(label.to_owned());
            }
        };
        let message = format!("Invalid Label name: {label}");
        let finding = Finding::new(FindingCode::InvalidLabelName, &field.location, &field.node.span, message);
        self.find(finding.because(reason).hint("write 1 to 40 letters, digits, `-` and `_`"));
        None
    }
}
