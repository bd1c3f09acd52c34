//! Every question the tool can ask, in one list, each with its flag. It asks nothing itself.

use crate::ui::prompt::Question;

/// A question as the house test sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The words of the command: `add auth`.
    pub command: &'static str,
    /// The flag that answers it, without the hyphens.
    pub flag: &'static str,
    /// Its id.
    pub id: &'static str,
}

macro_rules! questions {
    ($($name:ident: $kind:ty = $command:literal $flag:literal, $text:literal, $help:literal, $default:expr;)+) => {
        $(
            pub(super) static $name: Question<$kind> = Question {
                id: concat!($command, "/", $flag), flag: $flag, text: $text, help: $help, default: $default,
            };
        )+

        /// Every question.
        pub fn questions() -> &'static [Asked] {
            &[$(Asked { command: $command, flag: $flag, id: concat!($command, "/", $flag) },)+]
        }
    };
}

questions! {
    INIT_NAME: &'static str = "init" "name", "Name of the project", "name of the project", None;
    INIT_TARGET: usize = "init" "target", "Where should it run first", "local, aws or localstack", None;
    INIT_REGION: &'static str = "init" "region", "AWS region", "AWS region, like eu-west-1", Some("us-east-1");
    INIT_ENDPOINT: &'static str = "init" "endpoint", "Address of the cloud", "address, like http://localhost:4566",
        Some("http://localhost:4566");
    ENV_TARGET: usize = "env add" "target", "Where does it live", "local, aws or localstack", None;
    ENV_REGION: &'static str = "env add" "region", "AWS region", "AWS region, like eu-west-1", Some("us-east-1");
    ENV_ENDPOINT: &'static str = "env add" "endpoint", "Address of the cloud", "address, like http://localhost:4566",
        Some("http://localhost:4566");
    AUTH_SIGN_IN: usize = "add auth" "sign-in", "How do people sign in", "email, username or phone", None;
    AUTH_MFA: usize = "add auth" "mfa", "Second factor", "off, optional or required", Some(0);
    AUTH_SELF_SIGNUP: bool = "add auth" "self-signup", "May anyone sign up", "true or false", Some(true);
    API_NAME: &'static str = "add api" "name", "Name of the API", "name of the resource", Some("api");
    API_SAMPLE: usize = "add api" "sample", "What should the schema begin as", "todo, blog or blank (or --schema <file>)", None;
    API_AUTH: usize = "add api" "auth", "How do callers identify themselves", "user-pool, api-key, iam, oidc or lambda", None;
    API_OIDC_ISSUER: &'static str = "add api" "oidc-issuer", "Address of the OpenID Connect provider", "address of the OpenID Connect provider", None;
    API_OIDC_CLIENT: &'static str = "add api" "oidc-client-id", "Audience of its tokens (empty for any)", "audience of the provider's tokens", Some("");
    API_AUTHORISER: &'static str = "add api" "authoriser", "Name of the Lambda function that lets callers in", "name of a Lambda function", None;
    API_CONFLICT: &'static str = "add api" "conflict", "Data sync for clients that work offline",
        "off, auto-merge, optimistic-concurrency or lambda:NAME", Some("off");
    HOSTING_SOURCE: &'static str = "add hosting" "source", "Folder of the built site", "folder of the built site", Some("site");
    HOSTING_BUILD: &'static str = "add hosting" "build", "Command that builds it (empty for none)", "build command", Some("");
    HOSTING_SPA: bool = "add hosting" "spa", "Is it a single-page application", "true or false", Some(true);
    FUNCTION_NAME: &'static str = "add function" "name", "Name of the function", "name of the resource", None;
    FUNCTION_RUNTIME: usize = "add function" "runtime", "What runs the code", "nodejs22.x, python3.13 or another runtime", Some(0);
    FUNCTION_SAMPLE: usize = "add function" "sample", "What should the code begin as", "hello, graphql, table, users, scheduled, stream or authoriser", Some(0);
    STORAGE_NAME: &'static str = "add storage" "name", "Name of the storage", "name of the resource", None;
    STORAGE_KIND: usize = "add storage" "kind", "What does it keep", "bucket or table", None;
    STORAGE_KEY: &'static str = "add storage" "key", "Attribute that is the key", "attribute, like id or number:number", Some("id");
    SECRET_VALUE: &'static str = "secret set" "value-from-stdin", "Value (it is not shown)", "value on standard input", None;
    SECRET_REMOVE_YES: bool = "secret remove" "yes", "Take its value away", "confirmation", Some(false);
    REMOVE_YES: bool = "remove" "yes", "Remove it from the project", "confirmation", Some(false);
    PUSH_YES: bool = "push" "yes", "Deploy these changes", "confirmation", Some(false);
    PUBLISH_YES: bool = "publish" "yes", "Deploy these changes", "confirmation", Some(false);
    DELETE_YES: &'static str = "delete" "yes", "Type the name of the environment to delete everything in it", "confirmation", None;
    ENV_REMOVE_YES: bool = "env remove" "yes", "Remove it from the project", "confirmation", Some(false);
    QUICKSTART_SAMPLE: usize = "quickstart" "sample", "What should it begin as", "todo, blog or blank", Some(1);
}
