//! What the actions of the API answer, and the words with which they refuse.

use serde_json::{Value, json};

use super::harness::{Little, things};

/// A new stack of a template, with a value for its parameter `P`, is refused with words that begin so.
async fn assert_refused(little: &Little, template: &str, value: Option<&str>, expected: &str) {
    let mut input = json!({"StackName": "s", "TemplateBody": template});
    if let Some(value) = value {
        input["Parameters"] = json!([{"ParameterKey": "P", "ParameterValue": value}]);
    }
    let refused = little.refused("CreateStack", input).await;
    assert!(refused.starts_with(&format!("ValidationError: {expected}")), "{expected}\n{refused}");
}

#[tokio::test]
async fn templates_are_refused_with_the_words_of_aws() {
    let little = Little::new();
    let many = things(&(0..501).map(|n| &*format!("R{n}: {{}}").leak()).collect::<Vec<_>>());
    for (template, expected) in [
        ("Resources: [", "Template format error: YAML not well-formed. (line 1, column "),
        ("{\"Resources\": ", "Template format error: JSON not well-formed."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        (
            &things(&["A: {Value: !Ref Nope}"]),
            "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
        ),
        (
            &format!("{}Outputs: {{O: {{Value: !Ref Nope}}}}", things(&["A: {}"])),
            "Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template",
        ),
        (&things(&["A: {Value: !Ref B}", "B: {Value: !Ref A}"]), "Circular dependency between resources: [A, B]"),
        (
            &things(&["A: {Valeu: 1}"]),
            "Property Valeu of A (Test::Thing::Basic) is not supported by the embedded cloud; it has: Name, Value",
        ),
        (
            &things(&["A: {Value: !GetAtt B.Nope}", "B: {}"]),
            "Template error: resource B does not support attribute type Nope in Fn::GetAtt",
        ),
        (
            &things(&["A: {Value: [{V: 'x{{resolve:ssm-secure:x:1}}'}]}"]),
            "SSM Secure reference is not supported in: [Test::Thing::Basic/Properties/Value/V]",
        ),
        (
            &things(&["A: {Value: '{{resolve:vault:x}}'}"]),
            "Dynamic reference to an unknown service `vault` in Test::Thing::Basic/Properties/Value",
        ),
        (
            &format!("{}Outputs: {{O: {{Value: '{{{{resolve:secretsmanager:db}}}}'}}}}", things(&["A: {}"])),
            "Dynamic references to secure values are supported in resource properties alone: Outputs/O",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {}",
            "Template format error: `Transform: AWS::Serverless-2016-10-31` is refused",
        ),
        (&many, "Template format error: Number of resources, 501, is greater than maximum allowed, 500"),
        (
            &format!("Description: {}\n{}", "x".repeat(51_200), things(&["A: {}"])),
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint",
        ),
    ] {
        assert_refused(&little, template, None, expected).await;
    }
}

#[tokio::test]
async fn parameters_are_refused_with_the_words_of_aws() {
    let little = Little::new();
    let with_parameters =
        |declaration: &str| format!("Parameters: {{P: {{{declaration}}}}}\n{}", things(&["A: {Value: !Ref P}"]));
    for (template, value, expected) in [
        (&with_parameters("Type: String"), None, "Parameters: [P] must have values"),
        (&things(&["A: {}"]), Some("x"), "Parameters: [P] do not exist in the template"),
        (&with_parameters("Type: Number"), Some("x"), "Parameter 'P' must be a number"),
        (&with_parameters("Type: Number, MaxValue: 5"), Some("6"), "Parameter 'P' must be a number not greater than 5"),
        (
            &with_parameters("Type: String, AllowedValues: [a, b]"),
            Some("c"),
            "Parameter 'P' must be one of AllowedValues",
        ),
        (
            &with_parameters("Type: String, AllowedPattern: '[a-z]+'"),
            Some("a1"),
            "Parameter 'P' must match pattern [a-z]+",
        ),
        (
            &with_parameters("Type: String, MinLength: 3"),
            Some("ab"),
            "Parameter 'P' must contain at least 3 characters",
        ),
        (
            &with_parameters("Type: String, MaxLength: 3, ConstraintDescription: be brief"),
            Some("abcd"),
            "Parameter P failed to satisfy constraint: be brief",
        ),
        (
            &with_parameters("Type: 'AWS::SSM::Parameter::Value<String>'"),
            Some("x"),
            "Unable to fetch parameters [x] from parameter store for this account.",
        ),
        (
            &with_parameters("Type: 'AWS::SSM::Parameter::Value<String>'"),
            Some("/sealed"),
            "Parameters [/sealed] referenced by template have types not supported by CloudFormation.",
        ),
        (
            &with_parameters("Type: 'AWS::SSM::Parameter::Name'"),
            Some("/gone"),
            "Unable to fetch parameters [/gone] from parameter store for this account.",
        ),
        (
            &with_parameters("Type: 'AWS::EC2::VPC::Id'"),
            Some("x"),
            "Parameter P has the type AWS::EC2::VPC::Id, which is not supported",
        ),
    ] {
        assert_refused(&little, template, value, expected).await;
    }
}

#[tokio::test]
async fn actions_are_refused_with_the_words_of_aws() {
    let little = Little::new();
    for (action, input, expected) in [
        ("UpdateStack", json!({"StackName": "no"}), "ValidationError: Stack [no] does not exist"),
        ("DescribeStackEvents", json!({"StackName": "no"}), "ValidationError: Stack [no] does not exist"),
        ("GetTemplate", json!({"StackName": "no"}), "ValidationError: Stack with id no does not exist"),
        (
            "CreateStack",
            json!({"StackName": "1x", "TemplateBody": "x"}),
            "ValidationError: 1 validation error detected: Value '1x' at 'stackName'",
        ),
        (
            "CreateStack",
            json!({"StackName": "s"}),
            "ValidationError: Either Template URL or Template Body must be specified.",
        ),
        (
            "CreateStack",
            json!({"StackName": "s", "TemplateURL": "http://localhost:4700/b/k"}),
            "ValidationError: S3 error: ",
        ),
        (
            "DescribeChangeSet",
            json!({"ChangeSetName": "arn:aws:x"}),
            "ChangeSetNotFound: ChangeSet [arn:aws:x] does not exist",
        ),
        ("ListImports", json!({"ExportName": "x"}), "ValidationError: Export 'x' does not exist."),
    ] {
        let refused = little.refused(action, input).await;
        assert!(refused.starts_with(expected), "{expected}\n{refused}");
    }
    for input in [json!({"StackName": "no"}), json!({"StackName": "no", "DeletionMode": "STANDARD"})] {
        assert!(little.call("DeleteStack", input).await.is_ok());
    }
}

#[tokio::test]
async fn what_would_have_no_effect_is_refused_by_name() {
    let little = Little::new();
    for (action, input, expected) in [
        (
            "SetStackPolicy",
            json!({"StackName": "s"}),
            "NotImplemented: the embedded cloud has no `cloudformation:SetStackPolicy`",
        ),
        (
            "CreateStack",
            json!({"StackName": "s", "NotificationARNs": ["arn"]}),
            "NotImplemented: the embedded cloud has no `cloudformation:NotificationARNs`",
        ),
        (
            "CreateStack",
            json!({"StackName": "s", "RoleARN": "arn:aws:iam::000000000000:role/r"}),
            "NotImplemented: the embedded cloud has no `cloudformation:RoleARN`",
        ),
        (
            "CreateStack",
            json!({"StackName": "s", "TimeoutInMinutes": "5"}),
            "NotImplemented: the embedded cloud has no `cloudformation:TimeoutInMinutes`",
        ),
        (
            "UpdateStack",
            json!({"StackName": "s", "RetainExceptOnCreate": "true"}),
            "NotImplemented: the embedded cloud has no `cloudformation:RetainExceptOnCreate`",
        ),
        (
            "UpdateStack",
            json!({"StackName": "s", "DisableRollback": "true"}),
            "NotImplemented: the embedded cloud has no `cloudformation:DisableRollback`",
        ),
        (
            "DeleteStack",
            json!({"StackName": "s", "RoleARN": "arn:aws:iam::000000000000:role/r"}),
            "NotImplemented: the embedded cloud has no `cloudformation:RoleARN`",
        ),
        (
            "CreateChangeSet",
            json!({"StackName": "s", "RoleARN": "arn:aws:iam::000000000000:role/r"}),
            "NotImplemented: the embedded cloud has no `cloudformation:RoleARN`",
        ),
        (
            "ExecuteChangeSet",
            json!({"StackName": "s", "RetainExceptOnCreate": "true"}),
            "NotImplemented: the embedded cloud has no `cloudformation:RetainExceptOnCreate`",
        ),
        // What changes nothing is no reason to refuse.
        (
            "UpdateStack",
            json!({"StackName": "no", "RetainExceptOnCreate": "false"}),
            "ValidationError: Stack [no] does not",
        ),
    ] {
        let refused = little.refused(action, input).await;
        assert!(refused.starts_with(expected), "{expected}\n{refused}");
    }
}

#[tokio::test]
async fn a_token_makes_a_request_safe_to_repeat() {
    let little = Little::new();
    let input = json!({"StackName": "s", "TemplateBody": things(&["A: {Value: 1}"]), "ClientRequestToken": "t"});
    let first = little.call("CreateStack", input.clone()).await.unwrap();
    assert_eq!(little.call("CreateStack", input.clone()).await.unwrap(), first);
    assert_eq!(little.settled("s").await, "CREATE_COMPLETE");
    let events = little.call("DescribeStackEvents", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(events["StackEvents"][0]["ClientRequestToken"], "t");
    let mut other = input;
    other["ClientRequestToken"] = json!("other");
    assert_eq!(little.refused("CreateStack", other).await, "AlreadyExistsException: Stack [s] already exists");
}

#[tokio::test]
async fn protection_and_exports_keep_stacks() {
    let little = Little::new();
    let exporter = |value: &str| {
        format!(
            "{}Outputs: {{O: {{Value: '{value}', Export: {{Name: !Sub '${{AWS::StackName}}-x'}}}}}}\n",
            things(&["A: {}"])
        )
    };
    let importer = things(&["B: {Value: !ImportValue a-x}"]);
    let early = little.refused("CreateStack", json!({"StackName": "b", "TemplateBody": importer})).await;
    assert_eq!(early, "ValidationError: No export named a-x found");
    little.create("a", &exporter("one")).await;
    little.create("b", &importer).await;
    assert_eq!(little.things(), ["A=", "B=\"one\""]);
    let imports = little.call("ListImports", json!({"ExportName": "a-x"})).await.unwrap();
    assert_eq!(imports["Imports"], json!(["b"]));
    let exports = little.call("ListExports", json!({})).await.unwrap();
    assert_eq!((&exports["Exports"][0]["Name"], &exports["Exports"][0]["Value"]), (&json!("a-x"), &json!("one")));

    assert_eq!(little.update("a", &exporter("two")).await, "UPDATE_ROLLBACK_COMPLETE");
    let reason = "a UPDATE_ROLLBACK_IN_PROGRESS Export a-x cannot be updated as it is in use by b. ";
    assert!(little.events("a").contains(&reason.to_owned()), "{:#?}", little.events("a"));
    little.call("DeleteStack", json!({"StackName": "a"})).await.unwrap();
    assert_eq!(little.settled("a").await, "DELETE_FAILED");
    assert!(little.events("a").last().unwrap().contains("Cannot delete export a-x as it is in use by b."));

    little
        .call("UpdateTerminationProtection", json!({"StackName": "b", "EnableTerminationProtection": "true"}))
        .await
        .unwrap();
    let refused = little.refused("DeleteStack", json!({"StackName": "b"})).await;
    assert_eq!(refused, "ValidationError: Stack [b] cannot be deleted while TerminationProtection is enabled");
    little
        .call("UpdateTerminationProtection", json!({"StackName": "b", "EnableTerminationProtection": "false"}))
        .await
        .unwrap();
    for name in ["b", "a"] {
        little.call("DeleteStack", json!({"StackName": name})).await.unwrap();
        assert_eq!(little.settled(name).await, "DELETE_COMPLETE");
    }
}

#[tokio::test]
async fn a_change_set_tells_and_does() {
    let little = Little::new();
    little
        .create(
            "s",
            &things(&["A: {Value: 1}", "B: {Fixed: 1, Value: !Ref A}", "C: {}", "D: {Fixed: !Ref B, Value: x}"]),
        )
        .await;
    let after = things(&["A: {Value: 2}", "B: {Fixed: 2, Value: !Ref A}", "D: {Fixed: !Ref B, Value: x}", "E: {}"]);
    let make = |name: &str, template: &str| json!({"StackName": "s", "ChangeSetName": name, "TemplateBody": template});
    little.call("CreateChangeSet", make("next", &after)).await.unwrap();
    little.call("CreateChangeSet", make("other", &after)).await.unwrap();
    let set = little.call("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "next"})).await.unwrap();
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("CREATE_COMPLETE"), &json!("AVAILABLE")));
    let told: Vec<String> = set["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let change = &change["ResourceChange"];
            let text = |name: &str| change[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", text("LogicalResourceId"), text("Action"), text("Replacement"))
        })
        .collect();
    assert_eq!(told, ["A Modify False", "B Modify True", "D Modify Conditional", "E Add -", "C Remove -"]);
    assert_eq!(little.things().len(), 4, "a change set changes nothing");
    little.call("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "next"})).await.unwrap();
    assert_eq!(little.settled("s").await, "UPDATE_COMPLETE");
    let again = little.refused("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "other"})).await;
    assert!(again.starts_with("InvalidChangeSetStatus: ") && again.contains("[OBSOLETE]"), "{again}");

    little.call("CreateChangeSet", make("same", &after)).await.unwrap();
    let set = little.call("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "same"})).await.unwrap();
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("FAILED"), &json!("UNAVAILABLE")));
    assert_eq!(
        set["StatusReason"],
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    little.call("DeleteChangeSet", json!({"StackName": "s", "ChangeSetName": "same"})).await.unwrap();
    let gone = little.refused("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "same"})).await;
    assert_eq!(gone, "ChangeSetNotFound: ChangeSet [same] does not exist");
}

#[tokio::test]
async fn a_reserved_stack_is_listed_reviewed_and_deleted() {
    let little = Little::new();
    let make =
        json!({"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": things(&["A: {}"])});
    little.call("CreateChangeSet", make).await.unwrap();
    let refused = little.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": things(&["A: {}"])})).await;
    assert!(refused.contains("is in REVIEW_IN_PROGRESS state and can not be updated."), "{refused}");
    let sets = little.call("ListChangeSets", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(sets["Summaries"][0]["ChangeSetName"], "c");
    little.call("DeleteStack", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn outputs_and_tags_alone_are_updates() {
    let little = Little::new();
    let template = |output: &str| format!("{}Outputs: {{O: {{Value: '{output}'}}}}\n", things(&["A: {Value: 1}"]));
    little.create("s", &template("one")).await;
    assert_eq!(little.update("s", &template("two")).await, "UPDATE_COMPLETE");
    assert_eq!(little.output("s", "O").await.as_deref(), Some("two"));
    let tagged = json!({"StackName": "s", "UsePreviousTemplate": true, "Tags": [{"Key": "Owner", "Value": "me"}]});
    little.call("UpdateStack", tagged.clone()).await.unwrap();
    assert_eq!(little.settled("s").await, "UPDATE_COMPLETE");
    assert!(little.events("s").iter().filter(|event| *event == "A UPDATE_COMPLETE").count() == 1);
    assert_eq!(little.refused("UpdateStack", tagged).await, "ValidationError: No updates are to be performed.");
    let same = json!({"StackName": "s", "UsePreviousTemplate": true});
    assert_eq!(little.refused("UpdateStack", same).await, "ValidationError: No updates are to be performed.");
}

#[tokio::test]
async fn long_answers_come_in_pages() {
    let little = Little::new();
    let ids: Vec<String> = (0..120).map(|number| format!("R{number}: {{}}")).collect();
    little.create("s", &things(&ids.iter().map(String::as_str).collect::<Vec<_>>())).await;
    for (action, list, total) in
        [("ListStackResources", "StackResourceSummaries", 120), ("DescribeStackEvents", "StackEvents", 362)]
    {
        let mut seen = std::collections::BTreeSet::new();
        let mut input = json!({"StackName": "s"});
        loop {
            let page = little.call(action, input.clone()).await.unwrap();
            let entries = page[list].as_array().unwrap();
            assert!(entries.len() <= 100);
            seen.extend(entries.iter().map(Value::to_string));
            match page.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(seen.len(), total, "{action}");
        let refused = little.refused(action, json!({"StackName": "s", "NextToken": "junk"})).await;
        assert_eq!(refused, "ValidationError: Invalid NextToken");
    }
}

#[tokio::test]
async fn secrets_of_parameters_are_hidden_and_templates_come_back_as_given() {
    let little = Little::new();
    let template = format!(
        "# mine\nDescription: told\nParameters: {{P: {{Type: String, NoEcho: true, Default: secret}}}}\n{}",
        things(&["A: {Value: !Ref P}"])
    );
    little.create("s", &template).await;
    let described = little.call("DescribeStacks", json!({"StackName": "s"})).await.unwrap();
    let stack = &described["Stacks"][0];
    assert_eq!((&stack["Parameters"][0]["ParameterValue"], &stack["Description"]), (&json!("****"), &json!("told")));
    let given = little.call("GetTemplate", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(given["TemplateBody"], json!(template));
    let summary = little.call("GetTemplateSummary", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(summary["ResourceTypes"], json!(["Test::Thing::Basic"]));
    let valid = little
        .call("ValidateTemplate", json!({"TemplateBody": "Resources:\n  R: {Type: AWS::IAM::Role}\n"}))
        .await
        .unwrap();
    assert_eq!(valid["Capabilities"], json!(["CAPABILITY_IAM"]));
}
