//! Signatures by AWS's own examples, policies by table, roles by their rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Request;
use serde_json::{Value, json};

use super::policy::{Policy, PolicyKind, Question, Verdict};
use super::roles::Role;
use super::{Iam, Payload, RoleRequest, legacy, signature};
use crate::base::{FixedClock, Region, SequenceIds};
use crate::cloud::feed::Feed;
use crate::cloud::service::{Caller, Permission, Shared};
use crate::cloud::store::memory::MemoryStore;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// "GET Object" of "Examples: Signature calculations in AWS Signature Version 4" in the S3 reference.
fn header_example(range: &str) -> http::request::Parts {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                         SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                         Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    let request = Request::get("/test.txt")
        .header("host", "examplebucket.s3.amazonaws.com")
        .header("range", range)
        .header("x-amz-content-sha256", EMPTY)
        .header("x-amz-date", "20130524T000000Z")
        .header("authorization", authorization);
    request.body(()).unwrap().into_parts().0
}

#[test]
fn a_signature_in_headers_is_checked() {
    let parts = header_example("bytes=0-9");
    let claim = signature::claim(&parts).unwrap().unwrap();
    assert!(matches!(claim.check(&parts, Some(b""), SECRET).unwrap(), Payload::Hash(hash) if hash == EMPTY));
    assert!(matches!(claim.check(&parts, None, SECRET).unwrap(), Payload::Hash(hash) if hash == EMPTY));
    assert_eq!(claim.check(&parts, Some(b""), "other").unwrap_err().code, "SignatureDoesNotMatch");
    assert_eq!(claim.check(&parts, Some(b"x"), SECRET).unwrap_err().code, "XAmzContentSHA256Mismatch");
    let tampered = header_example("bytes=0-8");
    assert_eq!(claim.check(&tampered, Some(b""), SECRET).unwrap_err().code, "SignatureDoesNotMatch");
    // 2013-05-24T00:00:00Z, and a quarter of an hour around it.
    let at = 1_369_353_600;
    assert!(claim.check_time(at + 900).is_ok() && claim.check_time(at - 900).is_ok());
    assert_eq!(claim.check_time(at + 901).unwrap_err().code, "RequestTimeTooSkewed");
    assert_eq!(claim.check_time(at - 901).unwrap_err().code, "RequestTimeTooSkewed");
}

#[test]
fn a_presigned_url_is_checked_and_ends() {
    // "Authenticating requests: using query parameters" of the S3 reference.
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F\
                 aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=\
                 aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let of = |path: &str| {
        let request = Request::get(format!("{path}?{query}")).header("host", "examplebucket.s3.amazonaws.com");
        request.body(()).unwrap().into_parts().0
    };
    let parts = of("/test.txt");
    let claim = signature::claim(&parts).unwrap().unwrap();
    assert!(claim.check(&parts, Some(b""), SECRET).is_ok());
    assert_eq!(claim.check(&of("/other.txt"), Some(b""), SECRET).unwrap_err().code, "SignatureDoesNotMatch");
    assert!(claim.check_time(1_369_353_600 + 86_400).is_ok());
    assert_eq!(claim.check_time(1_369_353_600 + 86_401).unwrap_err().code, "AccessDenied");
}

#[test]
fn an_older_presigned_url_is_checked_and_ends() {
    // "Query string request authentication alternative" of "Signing and authenticating REST requests".
    let url = "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&\
               Expires=1175139620";
    let of = |method: &str, url: &str| {
        Request::builder().method(method).uri(url).header("host", "x").body(()).unwrap().into_parts().0
    };
    let parts = of("GET", url);
    let query = crate::cloud::protocol::percent::decode_pairs(parts.uri.query().unwrap());
    let claim = legacy::claim(&query).unwrap().unwrap();
    assert!(claim.check(&parts, Some("johnsmith"), SECRET).is_ok());
    assert!(claim.check(&of("GET", &format!("/johnsmith{url}")), None, SECRET).is_ok());
    for (parts, bucket, secret) in [
        (of("GET", url), None, SECRET),
        (of("PUT", url), Some("johnsmith"), SECRET),
        (of("GET", &format!("{url}&versionId=1")), Some("johnsmith"), SECRET),
        (of("GET", url), Some("johnsmith"), "other"),
    ] {
        assert_eq!(claim.check(&parts, bucket, secret).unwrap_err().code, "SignatureDoesNotMatch");
    }
    assert!(claim.check_time(1_175_139_620).is_ok());
    assert_eq!(claim.check_time(1_175_139_621).unwrap_err().code, "AccessDenied");
    let broken = [("AWSAccessKeyId".to_owned(), "a".to_owned())];
    assert_eq!(legacy::claim(&broken).unwrap_err().code, "AccessDenied");
}

#[test]
fn broken_authorizations_are_named() {
    for (authorization, code) in [
        ("AWS4-HMAC-SHA256", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=a/20130524/r/s3/aws4_request, SignedHeaders=host", "IncompleteSignature"),
    ] {
        let request = Request::get("/").header("x-amz-date", "20130524T000000Z").header("authorization", authorization);
        let parts = request.body(()).unwrap().into_parts().0;
        assert_eq!(signature::claim(&parts).unwrap_err().code, code, "{authorization}");
    }
    let parts = Request::get("/").header("authorization", "Bearer x").body(()).unwrap().into_parts().0;
    assert_eq!(signature::claim(&parts).unwrap(), None);
}

fn verdict(statement: Value, action: &str, resource: &str, context: &[(&str, &str)]) -> Verdict {
    let policy =
        Policy::parse(&json!({"Version": "2012-10-17", "Statement": statement}), PolicyKind::Identity).unwrap();
    let context: BTreeMap<String, Vec<String>> =
        context.iter().map(|(key, value)| ((*key).to_owned(), value.split('|').map(str::to_owned).collect())).collect();
    policy.verdict(&Question { action, resource, principals: &[], context: &context })
}

#[test]
fn policies_decide_as_the_reference_says() {
    use Verdict::{Allow, Deny, Silent};
    let table = json!([
        [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/k", {}, "allow"],
        [{"Effect": "Allow", "Action": "S3:getobject", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", {}, "allow"],
        [{"Effect": "Allow", "Action": "s3:Get?bject", "Resource": "*"}, "s3:GetObject", "x", {}, "allow"],
        [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::c/k", {}, "silent"],
        [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, "s3:GetObject", "x", {}, "silent"],
        [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "s3:GetObject", "x", {}, "allow"],
        [{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::c/k", {}, "deny"],
        [[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}], "s3:Put", "x", {}, "deny"],
        [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}, "a:b", "arn:aws:s3:::b/me/k", {"cognito-identity.amazonaws.com:sub": "me"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}, "a:b", "arn:aws:s3:::b/you/k", {"cognito-identity.amazonaws.com:sub": "me"}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}, "a:b", "arn:aws:s3:::b/you/k", {}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${k:v}"}, "a:b", "arn:aws:s3:::b/you", {"k:v": "*"}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"A:K": ["x", "y"]}}}, "a:b", "r", {"a:k": "y"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"a:k": "x"}}}, "a:b", "r", {}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqualsIfExists": {"a:k": "x"}}}, "a:b", "r", {}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"a:k": ["x", "y"]}}}, "a:b", "r", {"a:k": "y"}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"a:k": "x"}}}, "a:b", "r", {}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringLike": {"a:k": "auth*"}}}, "a:b", "r", {"a:k": "guest|authenticated"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringLike": {"a:k": "auth*"}}}, "a:b", "r", {}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAllValues:StringEquals": {"a:k": ["x"]}}}, "a:b", "r", {"a:k": "x|y"}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAllValues:StringEquals": {"a:k": ["x"]}}}, "a:b", "r", {}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"a:k": "true"}}}, "a:b", "r", {}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"a:k": "false"}}}, "a:b", "r", {}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:k": "false"}}}, "a:b", "r", {"a:k": "False"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"a:k": "arn:aws:s3:::b*"}}}, "a:b", "r", {"a:k": "arn:aws:s3:::bucket"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"a:k": "arn:aws:*:b"}}}, "a:b", "r", {"a:k": "arn:aws:s3:::b"}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a:k": "127.0.0.0/8"}}}, "a:b", "r", {"a:k": "127.9.9.9"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"a:k": "10.0.0.0/8"}}}, "a:b", "r", {"a:k": "10.1.1.1"}, "silent"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NumericLessThanEquals": {"a:k": "10"}}}, "a:b", "r", {"a:k": "9"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateGreaterThan": {"a:k": "2020-01-01T00:00:00Z"}}}, "a:b", "r", {"a:k": "2021-01-01T00:00:00.000Z"}, "allow"],
        [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"a:k": "x"}, "Bool": {"a:l": "true"}}}, "a:b", "r", {"a:k": "x", "a:l": "false"}, "silent"]
    ]);
    for row in table.as_array().unwrap() {
        let context: Vec<(&str, &str)> =
            row[3].as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
        let wanted = match row[4].as_str().unwrap() {
            "allow" => Allow,
            "deny" => Deny,
            _ => Silent,
        };
        let found = verdict(row[0].clone(), row[1].as_str().unwrap(), row[2].as_str().unwrap(), &context);
        assert_eq!(found, wanted, "{row}");
    }
}

#[test]
fn malformed_documents_are_refused() {
    let good = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    assert!(Policy::parse(&json!({"Statement": good}), PolicyKind::Identity).is_ok());
    for bad in [
        json!("text"),
        json!({}),
        json!({"Statement": []}),
        json!({"Version": "2020-01-01", "Statement": good}),
        json!({"Statement": good, "Extra": 1}),
        json!({"Statement": {"Effect": "allow", "Action": "s3:*", "Resource": "*"}}),
        json!({"Statement": {"Effect": "Allow", "Resource": "*"}}),
        json!({"Statement": {"Effect": "Allow", "Action": "s3:*"}}),
        json!({"Statement": {"Effect": "Allow", "Action": "GetObject", "Resource": "*"}}),
        json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}}),
        json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}}),
        json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}}),
        json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Sounds": {"a:b": "c"}}}}),
    ] {
        let error = Policy::parse(&bad, PolicyKind::Identity).unwrap_err();
        assert_eq!(error.code, "MalformedPolicyDocument", "{bad}");
    }
}

fn iam(clock: &Arc<FixedClock>) -> Iam {
    let shared = Shared {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::clone(clock) as _,
        ids: Arc::new(SequenceIds::default()),
        region: Region::default(),
        account: "000000000000",
        folder: std::path::PathBuf::new(),
        endpoint: "http://localhost:1".to_owned(),
        feed: Feed::default(),
        outside: crate::base::ServiceEndpoints::default(),
    };
    Iam::new(Arc::new(shared), None)
}

fn reader(iam: &Iam) -> String {
    let trust = json!({"Statement": {
        "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
        },
    }});
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}});
    let role = Role {
        name: "reader".to_owned(),
        path: "/".to_owned(),
        trust: trust.to_string(),
        longest_session_s: 3600,
        inline: [("read".to_owned(), policy.to_string())].into_iter().collect(),
        ..Role::default()
    };
    iam.roles.create(role).unwrap().arn
}

fn ask<'a>(arn: &'a str, audience: &str, amr: &str) -> RoleRequest<'a> {
    RoleRequest {
        role_arn: arn,
        session_name: "CognitoIdentityCredentials",
        principal: ("Federated", "cognito-identity.amazonaws.com"),
        action: "sts:AssumeRoleWithWebIdentity",
        context: BTreeMap::from([
            ("cognito-identity.amazonaws.com:aud".to_owned(), vec![audience.to_owned()]),
            ("cognito-identity.amazonaws.com:amr".to_owned(), vec![amr.to_owned()]),
        ]),
        seconds: 3600,
    }
}

#[test]
fn a_trust_policy_decides_who_takes_a_role() {
    let iam = iam(&Arc::new(FixedClock::at(0)));
    let arn = reader(&iam);
    assert!(iam.assume(&ask(&arn, "pool", "authenticated")).is_ok());
    assert_eq!(iam.assume(&ask(&arn, "other", "authenticated")).unwrap_err().code, "AccessDenied");
    assert_eq!(iam.assume(&ask(&arn, "pool", "unauthenticated")).unwrap_err().code, "AccessDenied");
    assert_eq!(iam.act_as(&arn, "appsync.amazonaws.com").unwrap_err().code, "AccessDenied");
    assert_eq!(
        iam.assume(&ask("arn:aws:iam::000000000000:role/no", "pool", "authenticated")).unwrap_err().code,
        "AccessDenied"
    );
}

#[test]
fn services_tell_for_which_account_they_take_a_role() {
    let iam = iam(&Arc::new(FixedClock::at(0)));
    for (name, account, admitted) in [("own", "000000000000", true), ("others", "111122223333", false)] {
        let trust = json!({"Statement": {
            "Effect": "Allow", "Principal": {"Service": "appsync.amazonaws.com"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }});
        let role = Role {
            name: name.to_owned(),
            path: "/".to_owned(),
            trust: trust.to_string(),
            longest_session_s: 3600,
            ..Role::default()
        };
        let arn = iam.roles.create(role).unwrap().arn;
        let service = ("Service", "appsync.amazonaws.com");
        let request =
            RoleRequest { action: "sts:AssumeRole", principal: service, context: BTreeMap::new(), ..ask(&arn, "", "") };
        assert_eq!(iam.act_as(&arn, service.1).is_ok(), admitted, "{name}: the service acts itself");
        assert_eq!(iam.assume(&request).is_ok(), admitted, "{name}: the service asks for credentials");
    }
}

#[test]
fn a_session_may_do_what_its_role_allows() {
    let iam = iam(&Arc::new(FixedClock::at(0)));
    let arn = reader(&iam);
    let caller = Caller::Role(iam.assume(&ask(&arn, "pool", "authenticated")).unwrap().session);
    assert!(iam.authorize(&caller, &Permission::new("s3:GetObject", "arn:aws:s3:::b/k")).is_ok());
    let error = iam.authorize(&caller, &Permission::new("s3:PutObject", "arn:aws:s3:::b/k")).unwrap_err();
    assert_eq!(
        error.message,
        "User: arn:aws:sts::000000000000:assumed-role/reader/CognitoIdentityCredentials is not authorized to perform: \
         s3:PutObject on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:PutObject action"
    );
    assert!(iam.authorize(&Caller::Root, &Permission::new("s3:PutObject", "x")).is_ok());
    let anonymous = iam.authorize(&Caller::Anonymous, &Permission::new("s3:GetObject", "arn:aws:s3:::b/k"));
    assert_eq!(anonymous.unwrap_err().code, "MissingAuthenticationToken");
}

#[test]
fn roles_with_policies_cannot_be_deleted() {
    let iam = iam(&Arc::new(FixedClock::at(0)));
    reader(&iam);
    assert_eq!(iam.roles.delete("reader").unwrap_err().code, "DeleteConflict");
    iam.roles.drop_inline("reader", "read").unwrap();
    iam.roles.attach("reader", "arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
    assert_eq!(iam.roles.attach("reader", "arn:aws:iam::000000000000:policy/no").unwrap_err().code, "NoSuchEntity");
    assert_eq!(iam.roles.delete("reader").unwrap_err().code, "DeleteConflict");
    iam.roles.detach("reader", "arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
    iam.roles.delete("reader").unwrap();
    assert_eq!(iam.roles.delete("reader").unwrap_err().code, "NoSuchEntity");
}

#[test]
fn policies_that_a_role_is_given_at_the_same_time_all_stay() {
    let iam = iam(&Arc::new(FixedClock::at(0)));
    let _ = reader(&iam);
    let document = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}).to_string();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (roles, document) = (&iam.roles, &document);
            scope.spawn(move || roles.put_inline("reader", &format!("policy-{number}"), document).unwrap());
        }
    });
    let names = iam.roles.role("reader").unwrap().inline;
    assert!((0..16).all(|number| names.contains_key(&format!("policy-{number}"))), "{names:?}");
}
