//! Where services answer that the embedded cloud does not have itself.

use super::target::Endpoint;

/// The variable of the AWS SDKs that says where the RDS Data API is ("Service-specific endpoints", SDK reference guide).
pub const RDS_DATA_VARIABLE: &str = "AWS_ENDPOINT_URL_RDS_DATA";
/// The one that says where the runtime of Bedrock is.
pub const BEDROCK_RUNTIME_VARIABLE: &str = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME";
/// The one that says where OpenSearch is.
pub const OPENSEARCH_VARIABLE: &str = "AWS_ENDPOINT_URL_OPENSEARCH";

/// Addresses of services outside of the embedded cloud; requests to one without an address are refused by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceEndpoints {
    /// The RDS Data API.
    pub rds_data: Option<Endpoint>,
    /// The runtime of Bedrock.
    pub bedrock_runtime: Option<Endpoint>,
    /// A search engine with OpenSearch's interface.
    pub opensearch: Option<Endpoint>,
}
