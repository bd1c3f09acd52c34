//! What a function is called in AWS, and where its code lies in the project.
//!
//! Its name follows from the resource's, the environment's and a part of the root stack's id. So others can name it
//! before it is there, no two projects of an account share it, and stacks that need each other need not wait.

use indexmap::IndexMap;

use crate::base::ResourceName;
use crate::category::{ResourceSpec, SettingProblem};

/// The parameter with what tells one deployment from all others: eight characters of the root stack's id.
pub const UNIQUE: &str = "Unique";

/// The longest name of such a resource: a Lambda function's has 64 characters, and `-<environment>-<unique>` follows.
const LONGEST_NAME: usize = 64 - 1 - 16 - 1 - 8;

/// The name, as text for `!Sub`.
pub(in crate::category) fn name(resource: &ResourceName) -> String {
    format!("{resource}-${{Environment}}-${{{UNIQUE}}}")
}

/// The ARN, as text for `!Sub`.
pub(in crate::category) fn arn(resource: &ResourceName) -> String {
    format!("arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{}", name(resource))
}

/// The folder of the code, relative to the project.
pub fn code_folder(resource: &ResourceName) -> String {
    format!("ampup/function/{resource}")
}

/// The function of the project that is meant by a name, with or without `-${env}` behind it.
pub fn own_function<'a>(name: &str, resources: &'a IndexMap<ResourceName, ResourceSpec>) -> Option<&'a ResourceName> {
    let plain = name.strip_suffix("-${env}").unwrap_or(name);
    let found = resources.iter().find(|(resource, _)| resource.as_str() == plain);
    found.filter(|(_, spec)| matches!(spec, ResourceSpec::Function(_))).map(|(resource, _)| resource)
}

/// A name that is too long for Lambda.
pub(super) fn check(resource: &ResourceName) -> Option<SettingProblem> {
    let length = resource.as_str().len();
    let why = format!(
        "the name `{resource}` has {length} characters: with the environment's behind it, a function's may have {LONGEST_NAME}"
    );
    (length > LONGEST_NAME).then(|| SettingProblem::new("kind", why).hint("give it a shorter name"))
}
