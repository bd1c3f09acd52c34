//! The roles by which AppSync invokes Lambda functions: these functions alone, and nothing else.

use serde::Serialize;

use crate::category::api::own_functions::substituted;
use crate::category::api::plan::{LambdaFunction, Plan, Source};
use crate::error::{Code, Problem};

/// What the functions of one role may take of the 10,240 characters that its policies hold ("IAM and AWS STS
/// quotas"), with room for the rest of the policy.
const MOST_CHARACTERS: usize = 9_500;
/// `arn:aws-us-gov:lambda:`, and what stands around an entry.
const PREFIX: usize = 26;
/// The longest name of a region, of an account, of an environment.
const PARAMETERS: [(&str, usize); 5] = [
    ("${AWS::Partition}", 10),
    ("${AWS::Region}", 14),
    ("${AWS::AccountId}", 12),
    ("${Environment}", 16),
    ("${Unique}", 8),
];

/// A role for some of the functions.
#[derive(Debug, Serialize)]
pub(super) struct Invoker {
    pub(super) id: String,
    label: String,
    /// ARNs, text for `!Sub`.
    functions: Vec<String>,
}

impl Invoker {
    pub(super) fn has(&self, arn: &str) -> bool {
        self.functions.iter().any(|function| function == arn)
    }
}

/// The ARN of a function, as text for `!Sub`.
pub(in crate::category::api) fn arn(function: &LambdaFunction) -> String {
    let region = function.region.as_deref().unwrap_or("${AWS::Region}");
    let account = function.account.as_deref().unwrap_or("${AWS::AccountId}");
    let name = substituted(&function.name);
    format!("arn:${{AWS::Partition}}:lambda:{region}:{account}:function:{name}")
}

/// The roles for functions, as few as IAM's limit allows.
pub(super) fn invokers(functions: impl Iterator<Item = String>) -> Vec<Invoker> {
    let mut invokers: Vec<Invoker> = Vec::new();
    let mut used = MOST_CHARACTERS;
    for arn in functions {
        let length = longest(&arn);
        if used + length > MOST_CHARACTERS {
            let number = if invokers.is_empty() { String::new() } else { (invokers.len() + 1).to_string() };
            let label = format!("role for Lambda functions {number}").trim().to_owned();
            invokers.push(Invoker { id: format!("FunctionsRole{number}"), label, functions: Vec::new() });
            used = 0;
        }
        used += length;
        if let Some(invoker) = invokers.last_mut() {
            invoker.functions.push(arn);
        }
    }
    invokers
}

/// How long an ARN can be when its parameters are filled in.
fn longest(arn: &str) -> usize {
    PARAMETERS.iter().fold(PREFIX + arn.len(), |length, (parameter, most)| {
        length + arn.matches(parameter).count() * most.saturating_sub(parameter.len())
    })
}

/// Functions that cannot be: an account has twelve digits.
pub(super) fn problems(plan: &Plan) -> Vec<Problem> {
    let account = |(name, source): (&String, &Source)| match source {
        Source::Lambda(LambdaFunction { account: Some(account), .. }) if account.len() != 12 => {
            let message = format!("\"{account}\" is not an account of AWS: those have twelve digits");
            let users = plan.resolvers.iter().find(|resolver| resolver.source == *name);
            let problem = Problem::new(Code::AMP0317, message);
            Some(match users {
                Some(resolver) => problem.at(resolver.origin.clone()),
                None => problem,
            })
        }
        _ => None,
    };
    plan.sources.iter().filter_map(account).collect()
}

/// How many characters each role's policy can take, for tests: every parameter at its longest.
#[cfg(test)]
pub(in crate::category::api) fn role_sizes(functions: impl Iterator<Item = String>) -> Vec<usize> {
    let filled = |arn: &String| {
        PARAMETERS.iter().fold(arn.clone(), |arn, (parameter, most)| arn.replace(parameter, &"x".repeat(*most)))
    };
    let document = |invoker: &Invoker| {
        let resources: Vec<String> = invoker.functions.iter().map(filled).collect();
        let statement =
            serde_json::json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resources });
        serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string().len()
    };
    invokers(functions).iter().map(document).collect()
}
