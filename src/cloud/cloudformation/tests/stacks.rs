//! The life of a stack: made, changed, rolled back, deleted, taken up again by a new process.

use serde_json::json;

use super::harness::{Little, things};

#[tokio::test]
async fn a_stack_is_made_in_order_and_told_as_aws_does() {
    let little = Little::new();
    let template = things(&["A: {Value: !GetAtt B.Arn}", "B: {Value: !Ref P}"])
        + "Parameters: {P: {Type: String, Default: 007}}\nOutputs: {O: {Value: !Sub '${A.Value}', Description: d}}\n";
    assert_eq!(little.create("s", &template).await, "CREATE_COMPLETE");
    assert_eq!(
        little.events("s"),
        [
            "s CREATE_IN_PROGRESS User Initiated",
            "B CREATE_IN_PROGRESS",
            "B CREATE_IN_PROGRESS Resource creation Initiated",
            "B CREATE_COMPLETE",
            "A CREATE_IN_PROGRESS",
            "A CREATE_IN_PROGRESS Resource creation Initiated",
            "A CREATE_COMPLETE",
            "s CREATE_COMPLETE",
        ]
    );
    assert!(little.output("s", "O").await.unwrap().starts_with("arn:s-B-"));
    little.call("DeleteStack", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_COMPLETE");
    let events = little.events("s");
    assert_eq!(
        events[8..],
        [
            "s DELETE_IN_PROGRESS User Initiated",
            "A DELETE_IN_PROGRESS",
            "A DELETE_COMPLETE",
            "B DELETE_IN_PROGRESS",
            "B DELETE_COMPLETE",
            "s DELETE_COMPLETE",
        ]
    );
    assert!(little.things().is_empty());
    let gone = little.refused("DescribeStacks", json!({"StackName": "s"})).await;
    assert_eq!(gone, "ValidationError: Stack with id s does not exist");
}

#[tokio::test]
async fn a_failure_takes_everything_back_and_what_ran_beside_it_is_cancelled() {
    let little = Little::new();
    let template = things(&[
        "Good: {Value: 1}",
        "Slow: {Value: 2, Wait: true}",
        "Bad: {FailCreate: no such luck, Needs: !Ref Good}",
        "Never: {Needs: !Ref Bad}",
    ]);
    little.call("CreateStack", json!({"StackName": "s", "TemplateBody": template})).await.unwrap();
    little.until("s", "Slow", "CREATE_FAILED").await;
    little.gate.add_permits(1);
    assert_eq!(little.settled("s").await, "ROLLBACK_COMPLETE");
    let events = little.events("s");
    for wanted in [
        "Bad CREATE_FAILED no such luck",
        "Slow CREATE_FAILED Resource creation cancelled",
        "s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad]. Rollback requested by user.",
        "Slow DELETE_COMPLETE",
        "s ROLLBACK_COMPLETE",
    ] {
        assert!(events.iter().any(|event| event == wanted), "{wanted}\n{events:#?}");
    }
    assert!(!events.iter().any(|event| event.starts_with("Never") || event == "Slow CREATE_COMPLETE"), "{events:#?}");
    assert!(little.things().is_empty(), "{:?}", little.things());
    let refused = little.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": template})).await;
    assert!(refused.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{refused}");
    little.call("DeleteStack", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn the_end_of_a_failed_creation_is_the_users_choice() {
    for (choice, status, left) in [
        (json!({"OnFailure": "DO_NOTHING"}), "CREATE_FAILED", 1),
        (json!({"DisableRollback": "true"}), "CREATE_FAILED", 1),
        (json!({"OnFailure": "DELETE"}), "DELETE_COMPLETE", 0),
        (json!({"OnFailure": "ROLLBACK"}), "ROLLBACK_COMPLETE", 0),
    ] {
        let little = Little::new();
        let mut input = choice.clone();
        input["StackName"] = json!("s");
        input["TemplateBody"] = json!(things(&["A: {Value: 1}", "B: {FailCreate: x, Needs: !Ref A}"]));
        little.call("CreateStack", input).await.unwrap();
        assert_eq!(little.settled("s").await, status, "{choice}");
        assert_eq!(little.things().len(), left, "{choice}");
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_a_failure_of_its_resource() {
    let little = Little::new();
    assert_eq!(little.create("s", &things(&["A: {Panic: true}"])).await, "ROLLBACK_COMPLETE");
    assert!(little.events("s").contains(&"A CREATE_FAILED Internal Failure".to_owned()));
}

#[tokio::test]
async fn an_update_changes_replaces_adds_and_cleans_up() {
    let little = Little::new();
    let before = ["Same: {Value: 1}", "Changed: {Value: 1}", "Replaced: {Fixed: 1, Value: 1}", "Removed: {Value: 1}"];
    little.create("s", &things(&before)).await;
    let after = [
        "Same: {Value: 1}",
        "Changed: {Value: 2}",
        "Replaced: {Fixed: 2, Value: !GetAtt Changed.Value}",
        "Added: {Value: 3}",
    ];
    assert_eq!(little.update("s", &things(&after)).await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["Added=3", "Changed=2", "Replaced=2", "Same=1"]);
    let events = little.events("s");
    let update = &events[events.iter().position(|event| event.starts_with("s UPDATE")).unwrap()..];
    assert!(!update.iter().any(|event| event.starts_with("Same")), "{update:#?}");
    let place = |wanted: &str| {
        update.iter().position(|event| event == wanted).unwrap_or_else(|| panic!("{wanted}\n{update:#?}"))
    };
    let hence = "Replaced UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.";
    let order = [
        "s UPDATE_IN_PROGRESS User Initiated",
        "Changed UPDATE_COMPLETE",
        hence,
        "Replaced UPDATE_COMPLETE",
        "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "Replaced DELETE_IN_PROGRESS",
        "Replaced DELETE_COMPLETE",
        "s UPDATE_COMPLETE",
    ]
    .map(place);
    assert!(order.is_sorted(), "{update:#?}");
    assert!(place("Removed DELETE_COMPLETE") > place("s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    let listed = little.call("ListStackResources", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(listed["StackResourceSummaries"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_failed_update_goes_back_to_what_was() {
    let little = Little::new();
    let before =
        things(&["Changed: {Value: 1}", "Replaced: {Fixed: 1, Value: 1}", "Removed: {Value: 1}", "Bad: {Value: 1}"])
            + "Outputs: {O: {Value: before}}\n";
    little.create("s", &before).await;
    let physical = |little: &Little| little.world.lock().unwrap().keys().cloned().collect::<Vec<_>>();
    let (ids, was) = (physical(&little), little.things());
    let after = things(&[
        "Changed: {Value: 2}",
        "Replaced: {Fixed: 2, Value: 2}",
        "Added: {Value: 3}",
        "Bad: {Value: 2, FailUpdate: broken, Needs: [!Ref Changed, !Ref Replaced, !Ref Added]}",
    ]) + "Outputs: {O: {Value: after}}\n";
    // The way back is an update too: it carries the old properties, which do not fail.
    assert_eq!(little.update("s", &after).await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!((physical(&little), little.things()), (ids, was));
    assert_eq!(little.output("s", "O").await.as_deref(), Some("before"));
    let events = little.events("s");
    for wanted in [
        "Bad UPDATE_FAILED broken",
        "s UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Bad]. ",
        "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "Added DELETE_COMPLETE",
        "s UPDATE_ROLLBACK_COMPLETE",
    ] {
        assert!(events.iter().any(|event| event == wanted), "{wanted}\n{events:#?}");
    }
    // A stack that went back can be updated again.
    assert_eq!(little.update("s", &things(&["Changed: {Value: 9}"])).await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["Changed=9"]);
}

#[tokio::test]
async fn a_rollback_that_fails_can_be_continued() {
    let little = Little::new();
    little.create("s", &things(&["A: {Value: 1, FailUpdate: stuck}", "B: {Value: 1}"])).await;
    let after = things(&["A: {Value: 2}", "B: {Value: 2, FailUpdate: broken, Needs: !Ref A}"]);
    assert_eq!(little.update("s", &after).await, "UPDATE_ROLLBACK_FAILED");
    let refused = little.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": after})).await;
    assert!(refused.contains("UPDATE_ROLLBACK_FAILED state and can not be updated"), "{refused}");
    little.call("ContinueUpdateRollback", json!({"StackName": "s", "ResourcesToSkip": ["A"]})).await.unwrap();
    assert_eq!(little.settled("s").await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(little.things(), ["A=2", "B=1"]);
}

#[tokio::test]
async fn a_custom_name_cannot_be_replaced() {
    let little = Little::new();
    little.create("s", &things(&["A: {Name: fixed, Fixed: 1}"])).await;
    assert_eq!(little.update("s", &things(&["A: {Name: fixed, Fixed: 2}"])).await, "UPDATE_ROLLBACK_COMPLETE");
    let reason = "A UPDATE_FAILED CloudFormation cannot update a stack when a custom-named resource requires replacing. \
                  Rename fixed and update the stack again.";
    assert!(little.events("s").contains(&reason.to_owned()), "{:#?}", little.events("s"));
}

#[tokio::test]
async fn policies_keep_resources() {
    let little = Little::new();
    let resource = |id: &str, rest: &str, fixed: u8| {
        format!("  {id}: {{Type: Test::Thing::Basic, {rest}, Properties: {{Value: {fixed}, Fixed: {fixed}}}}}\n")
    };
    let template = |fixed: u8| {
        format!(
            "Resources:\n{}{}{}",
            resource("Kept", "DeletionPolicy: Retain", 1),
            resource("Old", "UpdateReplacePolicy: Retain", fixed),
            resource("Gone", "DeletionPolicy: Delete", 1),
        )
    };
    little.create("s", &template(1)).await;
    assert_eq!(little.update("s", &template(2)).await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["Gone=1", "Kept=1", "Old=1", "Old=2"]);
    little.call("DeleteStack", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_COMPLETE");
    assert_eq!(little.things(), ["Kept=1", "Old=1"]);
    assert!(little.events("s").contains(&"Kept DELETE_SKIPPED".to_owned()));
}

#[tokio::test]
async fn a_failed_deletion_can_be_repeated_without_the_resource() {
    let little = Little::new();
    little.create("s", &things(&["A: {Value: 1, FailDelete: still needed}", "B: {Value: 1, Needs: !Ref A}"])).await;
    little.call("DeleteStack", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_FAILED");
    assert_eq!(little.things(), ["A=1"]);
    assert!(little.events("s").last().unwrap().ends_with("failed to delete: [A]. "));
    little.call("DeleteStack", json!({"StackName": "s", "RetainResources": ["A"]})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_COMPLETE");
    assert_eq!(little.things(), ["A=1"]);
}

#[tokio::test]
async fn conditions_decide_what_is_there() {
    let little = Little::new();
    let template = "Parameters: {Big: {Type: String, Default: no}}\nConditions: {IsBig: !Not [!Condition IsSmall], IsSmall: !Equals [!Ref Big, 'no']}\nResources:\n  A: {Type: Test::Thing::Basic, Properties: {Value: !If [IsBig, !Ref B, small]}}\n  B: {Type: Test::Thing::Basic, Condition: IsBig, Properties: {Value: big}}\nOutputs: {B: {Condition: IsBig, Value: !GetAtt B.Value}}\n";
    little.create("s", template).await;
    assert_eq!(little.things(), ["A=\"small\""]);
    let parameters = |big: &str| {
        json!({"StackName": "s", "UsePreviousTemplate": "true",
               "Parameters": [{"ParameterKey": "Big", "ParameterValue": big}]})
    };
    little.call("UpdateStack", parameters("yes")).await.unwrap();
    assert_eq!(little.settled("s").await, "UPDATE_COMPLETE");
    assert_eq!(little.output("s", "B").await.as_deref(), Some("big"));
    little.call("UpdateStack", parameters("no")).await.unwrap();
    assert_eq!(little.settled("s").await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["A=\"small\""]);
}

#[tokio::test]
async fn an_update_can_be_cancelled_only_while_it_runs() {
    let little = Little::new();
    little.create("s", &things(&["A: {Value: 1}", "B: {Value: 1, Needs: !Ref A}"])).await;
    let refused = little.refused("CancelUpdateStack", json!({"StackName": "s"})).await;
    assert_eq!(refused, "ValidationError: CancelUpdateStack cannot be called from current stack status");
    let after = things(&["A: {Value: 2, Wait: true}", "B: {Value: 2, Needs: !Ref A}"]);
    little.call("UpdateStack", json!({"StackName": "s", "TemplateBody": after})).await.unwrap();
    little.until("s", "A", "UPDATE_IN_PROGRESS").await;
    let busy = little.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": after})).await;
    assert!(busy.ends_with("is in UPDATE_IN_PROGRESS state and can not be updated."), "{busy}");
    little.call("CancelUpdateStack", json!({"StackName": "s"})).await.unwrap();
    little.gate.add_permits(1);
    assert_eq!(little.settled("s").await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(little.things(), ["A=1", "B=1"]);
}

#[tokio::test]
async fn a_creation_cut_short_by_a_kill_is_rolled_back_when_the_cloud_opens_again() {
    let little = Little::new();
    let template = things(&["A: {Value: 1}", "B: {Value: 2, Wait: true, Needs: !Ref A}"]);
    little.call("CreateStack", json!({"StackName": "s", "TemplateBody": template})).await.unwrap();
    little.until("s", "B", "CREATE_IN_PROGRESS").await;
    let again = little.reopened();
    assert_eq!(again.settled("s").await, "ROLLBACK_COMPLETE");
    assert!(again.things().is_empty(), "{:?}", again.things());
    let events = again.events("s");
    assert!(
        events.contains(&"B CREATE_FAILED The embedded cloud was stopped during the operation".to_owned()),
        "{events:#?}"
    );
}

#[tokio::test]
async fn an_update_cut_short_by_a_kill_goes_back_and_a_deletion_goes_on() {
    let little = Little::new();
    little.create("s", &things(&["A: {Value: 1}", "B: {Value: 1, Needs: !Ref A}", "C: {Fixed: 1, Value: 1}"])).await;
    let after = things(&[
        "A: {Value: 2}",
        "B: {Value: 2, Wait: true, Needs: [!Ref A, !Ref C]}",
        "C: {Fixed: 2, Value: 2}",
        "D: {Value: 3}",
    ]);
    little.call("UpdateStack", json!({"StackName": "s", "TemplateBody": after})).await.unwrap();
    little.until("s", "B", "UPDATE_IN_PROGRESS").await;
    little.until("s", "D", "CREATE_COMPLETE").await;
    let again = little.reopened();
    assert_eq!(again.settled("s").await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(again.things(), ["A=1", "B=1", "C=1"]);
    // A deletion that was begun and not carried out.
    let id = again.cloudformation.engine.model.memory().stack("s").unwrap().id.clone();
    let deleting = super::super::record::Status::DeleteInProgress;
    again.cloudformation.engine.model.stack_event(&id, deleting, None);
    let last = again.reopened();
    assert_eq!(last.settled("s").await, "DELETE_COMPLETE");
    assert!(last.things().is_empty());
}
