//! Wire formats by example.

use serde_json::json;

use super::chunked::{ChunkSigner, Decoder, Trailers};
use super::{Asked, Protocol, encode, percent, query, xml};
use crate::cloud::service::{ApiError, ApiReply, ReplyBody, ServiceId};

#[test]
fn forms_become_json() {
    let table = [
        ("Action=A&Version=1", json!({})),
        ("Tags.member.1.Key=a&Tags.member.1.Value=b", json!({"Tags": [{"Key": "a", "Value": "b"}]})),
        ("L.member.2=b&L.member.10=c&L.member.1=a", json!({"L": ["a", "b", "c"]})),
        ("L.1=a&L.2=b", json!({"L": ["a", "b"]})),
        ("P.X.Y=1&P.X.Z=2", json!({"P": {"X": {"Y": "1", "Z": "2"}}})),
        ("M.entry.1.key=a&M.entry.1.value=b", json!({"M": {"a": "b"}})),
        ("A=x+y%2Bz", json!({"A": "x y+z"})),
    ];
    for (form, wanted) in table {
        assert_eq!(query::input(&percent::decode_pairs(form)).unwrap(), wanted, "{form}");
    }
    for bad in ["A=1&A.B=2", "A.B=2&A=1", "A..B=1", &format!("{}x=1", "a.".repeat(30))] {
        assert_eq!(query::input(&percent::decode_pairs(bad)).unwrap_err().code, "MalformedQueryString", "{bad}");
    }
}

fn asked(service: ServiceId, protocol: Protocol) -> Asked<'static> {
    Asked { service: Some(service), protocol, action: "GetRole", request_id: "id", head: false }
}

fn text(reply: &ApiReply) -> String {
    match &reply.body {
        ReplyBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("no bytes: {other:?}"),
    }
}

#[test]
fn query_answers_wrap_lists_in_members() {
    let value = json!({"Role": {"Tags": [{"Key": "a<b"}], "Description": null, "Max": 1}});
    let reply = encode(&asked(ServiceId::Iam, Protocol::Query), Ok(ApiReply::json(value)));
    assert_eq!(
        text(&reply),
        "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role><Tags><member>\
         <Key>a&lt;b</Key></member></Tags><Max>1</Max></Role></GetRoleResult><ResponseMetadata><RequestId>id\
         </RequestId></ResponseMetadata></GetRoleResponse>"
    );
}

#[test]
fn refusals_speak_the_words_of_their_protocol() {
    let table = [
        (ServiceId::DynamoDb, Protocol::Json10, "SignatureDoesNotMatch", 400, "#InvalidSignatureException"),
        (ServiceId::Cognito, Protocol::Json11, "AccessDenied", 400, "\"AccessDeniedException\""),
        (ServiceId::AppSync, Protocol::RestJson, "AccessDenied", 403, "\"message\""),
        (ServiceId::Iam, Protocol::Query, "NoSuchEntity", 404, "<Type>Sender</Type><Code>NoSuchEntity</Code>"),
        (ServiceId::S3, Protocol::RestXml, "InvalidClientTokenId", 403, "<Code>InvalidAccessKeyId</Code>"),
        (ServiceId::S3, Protocol::RestXml, "MissingAuthenticationToken", 403, "<Code>AccessDenied</Code>"),
    ];
    for (service, protocol, code, status, wanted) in table {
        let error = ApiError::new(code, "why").status(if code == "NoSuchEntity" { 404 } else { 403 });
        let reply = encode(&asked(service, protocol), Err(error));
        assert_eq!(reply.status, status, "{code}");
        assert!(text(&reply).contains(wanted), "{}", text(&reply));
    }
}

#[test]
fn dynamodb_answers_carry_their_checksum() {
    let reply = encode(&asked(ServiceId::DynamoDb, Protocol::Json10), Ok(ApiReply::empty_json()));
    // The CRC-32 of `{}`.
    assert!(reply.headers.contains(&("x-amz-crc32".to_owned(), "2745614147".to_owned())), "{:?}", reply.headers);
}

#[test]
fn xml_is_read_and_hostile_xml_refused() {
    let root = xml::parse("<?xml version=\"1.0\"?><a:A xmlns:a='x'><B>1 &amp; &#65;</B><B/><!-- c --></a:A>").unwrap();
    assert_eq!(root.name, "A");
    let texts: Vec<&str> = root.all("B").map(|child| child.text.as_str()).collect();
    assert_eq!(texts, ["1 & A", ""]);
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    for bad in
        ["", "<a>", "<a></b>", "<a/><b/>", "</a>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<a>&e;</a>", "a", &deep]
    {
        assert!(xml::parse(bad).is_err(), "{bad}");
    }
}

/// The example of "Transferring payload in multiple chunks" in the S3 reference.
fn example() -> (Vec<u8>, ChunkSigner) {
    let mut key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    for part in ["20130524", "us-east-1", "s3", "aws4_request"] {
        key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, ring::hmac::sign(&key, part.as_bytes()).as_ref());
    }
    let signer = ChunkSigner {
        key,
        date: "20130524T000000Z".to_owned(),
        scope: "20130524/us-east-1/s3/aws4_request".to_owned(),
        previous: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9".to_owned(),
    };
    let chunks = [
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ];
    let mut body = Vec::new();
    for (size, signature) in chunks {
        body.extend(format!("{size:x};chunk-signature={signature}\r\n").bytes());
        body.extend(std::iter::repeat_n(b'a', size));
        body.extend(b"\r\n");
    }
    (body, signer)
}

/// Decodes a body that comes in pieces of some size.
fn decode(body: &[u8], signer: Option<&ChunkSigner>, size: usize) -> Result<(Vec<u8>, Trailers), ApiError> {
    let mut decoder = Decoder::new(signer.cloned());
    let mut bytes = Vec::new();
    for piece in body.chunks(size) {
        decoder.feed(piece, &mut |inside| {
            bytes.extend_from_slice(inside);
            Ok(())
        })?;
    }
    Ok((bytes, decoder.finish()?))
}

#[test]
fn signed_chunks_are_verified() {
    let (mut body, signer) = example();
    for size in [1, 7, 4096, 1 << 20] {
        assert_eq!(decode(&body, Some(&signer), size).unwrap().0.len(), 66560, "{size}");
    }
    let cut = &body[..body.len() - 90];
    assert_eq!(decode(cut, Some(&signer), 4096).unwrap_err().code, "IncompleteBody");
    body[200] = b'b';
    assert_eq!(decode(&body, Some(&signer), 4096).unwrap_err().code, "SignatureDoesNotMatch");
}

#[test]
fn unsigned_chunks_have_trailers() {
    let body = b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32: hYfZRA==\r\n\r\n";
    for size in [1, 2, 5, 1000] {
        let (bytes, trailers) = decode(body, None, size).unwrap();
        assert_eq!(bytes, b"abcde");
        assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "hYfZRA==".to_owned())]);
    }
    let long = "f".repeat(2000);
    for bad in ["", "3\r\nab", "zz\r\n", "3\r\nabcX\r\n0\r\n\r\n", "ffffffffffffffff\r\na\r\n", "3\r\nabc\r\n", &long] {
        assert_eq!(decode(bad.as_bytes(), None, 3).unwrap_err().code, "IncompleteBody", "{bad}");
    }
}
