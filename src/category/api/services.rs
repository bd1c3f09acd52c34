//! What fields ask of AWS's services for language and pictures, as data; part of the plan.

use serde_json::{Map, Value};

use super::plan::{Function, Resolver, Source};

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
}
