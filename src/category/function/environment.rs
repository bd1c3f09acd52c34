//! The variables that a function's code finds.

use indexmap::IndexMap;

use crate::category::SettingProblem;

/// Variables that belong to the runtime ("Defined runtime environment variables" of Lambda's guide).
const RESERVED: [&str; 17] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
];
/// The most bytes that names and values of all variables have together ("Lambda quotas").
const MOST_BYTES: usize = 4096;

/// Variables that Lambda would refuse.
pub(super) fn check(variables: &IndexMap<String, String>) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    for (name, value) in variables {
        if !is_name(name) {
            let why = format!(
                "`{}` is no name of a variable: two or more letters, digits and underscores, beginning with a letter",
                name.escape_debug()
            );
            problems.push(SettingProblem::new("environment", why));
        } else if RESERVED.contains(&name.as_str()) {
            problems.push(SettingProblem::new("environment", format!("Lambda itself sets `{name}`")));
        }
        if value.contains('\0') {
            problems.push(SettingProblem::new("environment", format!("the value of `{name}` has a zero byte")));
        }
    }
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MOST_BYTES {
        let why = format!("the variables have {bytes} bytes together: Lambda takes {MOST_BYTES}");
        problems.push(SettingProblem::new("environment", why).hint("put large values into a file of the function"));
    }
    problems
}

pub(super) fn is_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
