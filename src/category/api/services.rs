//! What fields ask of AWS's services for language and pictures, as data; part of the plan.

use serde_json::{Map, Value};

use super::plan::{Function, Index, Resolver, Source};

/// A question to a language model (`@generation`), whose answer has the type of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Name of the model in Amazon Bedrock, or of an inference profile.
    pub ai_model: String,
    /// What the model is told before the caller's arguments.
    pub system_prompt: String,
    /// `maxTokens`, `temperature`, `topP`; those that are given.
    pub inference: Map<String, Value>,
    /// JSON schema of the answer.
    pub schema: Value,
    /// The answer is a text, or a list of texts: it is never read as JSON.
    pub text: bool,
}

/// A step of `@predictions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The lines of text in a picture, by Amazon Rekognition.
    IdentifyText,
    /// What a picture shows, by Amazon Rekognition.
    IdentifyLabels,
    /// A text in another language, by Amazon Translate.
    TranslateText,
    /// An address from which a text can be heard, by Amazon Polly.
    ConvertTextToSpeech,
}

impl Prediction {
    /// Every step.
    pub const ALL: [Self; 4] =
        [Self::IdentifyText, Self::IdentifyLabels, Self::TranslateText, Self::ConvertTextToSpeech];

    /// As the directive writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdentifyText => "identifyText",
            Self::IdentifyLabels => "identifyLabels",
            Self::TranslateText => "translateText",
            Self::ConvertTextToSpeech => "convertTextToSpeech",
        }
    }

    /// The steps that may come next.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::IdentifyText => &[Self::TranslateText],
            Self::IdentifyLabels => &[Self::TranslateText, Self::ConvertTextToSpeech],
            Self::TranslateText => &[Self::ConvertTextToSpeech],
            Self::ConvertTextToSpeech => &[],
        }
    }

    /// Its data source: name and what it is.
    pub(super) fn source(self) -> (&'static str, Source) {
        match self {
            Self::IdentifyText | Self::IdentifyLabels => {
                ("RekognitionDataSource", Source::Service { service: Service::Rekognition })
            }
            Self::TranslateText => ("TranslateDataSource", Source::Service { service: Service::Translate }),
            Self::ConvertTextToSpeech => ("LambdaDataSource", Source::Speech),
        }
    }
}

/// A service of AWS that AppSync calls over HTTPS, with a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// Amazon Bedrock.
    Bedrock {
        /// The language model that is asked.
        ai_model: String,
    },
    /// Amazon Rekognition.
    Rekognition,
    /// Amazon Translate.
    Translate,
}

impl Service {
    /// First part of its host name.
    pub fn host(&self) -> &'static str {
        match self {
            Self::Bedrock { .. } => "bedrock-runtime",
            Self::Rekognition => "rekognition",
            Self::Translate => "translate",
        }
    }

    /// Its name in signatures.
    pub fn signing_name(&self) -> &'static str {
        match self {
            Self::Bedrock { .. } => "bedrock",
            Self::Rekognition => "rekognition",
            Self::Translate => "translate",
        }
    }
}

/// What the services add to a plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Additions {
    pub resolvers: Vec<Resolver>,
    pub sources: Vec<(String, Source)>,
    pub functions: Vec<(String, Function)>,
    /// Indexes of models, by the model. Such models need no stream of changes.
    pub indexes: Vec<(String, Index)>,
}

/// A conversation with a language model (`@conversation`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// What its models and operations are named after: the field with a capital first letter.
    pub name: String,
    /// The mutation by which users send a message.
    pub field: String,
    /// Name of the model in Amazon Bedrock, or of an inference profile.
    pub ai_model: String,
    /// What the model is told before all messages.
    pub system_prompt: String,
    /// `maxTokens`, `temperature`, `topP`; those that are given.
    pub inference: Map<String, Value>,
    /// The queries that the model may use, as handlers take them.
    pub tools: Vec<Value>,
    /// What handlers select of a part of an answer.
    pub selection: String,
    /// Name of the query that lists messages.
    pub list_query: String,
}

impl Conversation {
    /// The model of conversations.
    pub fn model(&self) -> String {
        format!("Conversation{}", self.name)
    }

    /// The model of their messages.
    pub fn message_model(&self) -> String {
        format!("ConversationMessage{}", self.name)
    }

    /// The mutation by which handlers send a part of an answer.
    pub fn stream_mutation(&self) -> String {
        format!("createAssistantResponseStream{}", self.name)
    }

    /// Name of the data source of its handler.
    pub fn handler_source(&self) -> String {
        format!("{}DefaultConversationHandlerLambdaDataSource", self.name)
    }
}

/// A step of the pipelines of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationStep {
    /// Set the time of the conversation, when it is the caller's.
    Touch,
    /// Store the user's message.
    Write,
    /// Give the message to the handler.
    Ask,
    /// Whether the conversation is the caller's.
    Check,
    /// Store a whole answer.
    Respond,
    /// Store what there is of an answer, and pass the new part on.
    Stream,
}

impl ConversationStep {
    /// The second part of its function's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Touch => "TouchConversation",
            Self::Write => "WriteMessage",
            Self::Ask => "AskHandler",
            Self::Check => "CheckConversation",
            Self::Respond => "WriteAnswer",
            Self::Stream => "StreamAnswer",
        }
    }
}
