//! The parts that need no pool: policies, codes, TOTP, Base32, filters.

use serde_json::json;

use super::super::attribute::{is_email, is_phone};
use super::super::code::{Codes, Purpose};
use super::super::mailbox::details;
use super::super::mfa::{code_at, from_base32, to_base32};
use super::super::password::PasswordPolicy;
use crate::base::RandomIds;

#[test]
fn passwords_are_refused_with_the_rule_they_break() {
    let strict = PasswordPolicy::of(None);
    let cases = [
        ("Ab1!", "Password not long enough"),
        ("ABCDEFG1!", "Password must have lowercase characters"),
        ("abcdefg1!", "Password must have uppercase characters"),
        ("Abcdefgh!", "Password must have numeric characters"),
        ("Abcdefg12", "Password must have symbol characters"),
        (" Abcdefg12!", "Password must not have leading or trailing spaces"),
    ];
    for (password, fault) in cases {
        let error = strict.check(password).unwrap_err();
        assert_eq!(error.code, "InvalidPasswordException");
        assert_eq!(error.message, format!("Password did not conform with policy: {fault}"), "{password}");
    }
    strict.check("Abcdefg1!").unwrap();
    PasswordPolicy::of(Some(&json!({"MinimumLength": 6}))).check("abcdef").unwrap();
    for _ in 0..50 {
        strict.check(&strict.invent(&RandomIds::default())).unwrap();
    }
}

#[test]
fn totp_vectors_of_rfc_6238() {
    let secret = b"12345678901234567890";
    let cases = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    for (time_s, code) in cases {
        assert_eq!(code_at(secret, time_s / 30), code, "{time_s}");
    }
}

#[test]
fn base32_vectors_of_rfc_4648() {
    let cases = [
        ("f", "MY"),
        ("fo", "MZXQ"),
        ("foo", "MZXW6"),
        ("foob", "MZXW6YQ"),
        ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ];
    for (plain, text) in cases {
        assert_eq!(to_base32(plain.as_bytes()), text);
        assert_eq!(from_base32(text).unwrap(), plain.as_bytes());
    }
    assert_eq!(from_base32("1"), None);
}

#[test]
fn a_code_is_taken_once_in_time_and_not_guessed() {
    let mut codes = Codes::default();
    let purpose = Purpose::Password;
    let error = |result: Result<String, crate::cloud::service::ApiError>| result.unwrap_err().code;
    assert_eq!(error(codes.take(&purpose, "1", 0)), "ExpiredCodeException");
    codes.remember(&purpose, "123456", "email", 0);
    assert_eq!(error(codes.take(&Purpose::SignUp, "123456", 0)), "ExpiredCodeException");
    assert_eq!(error(codes.take(&purpose, "000000", 0)), "CodeMismatchException");
    assert_eq!(codes.take(&purpose, "123456", 1).unwrap(), "email");
    assert_eq!(error(codes.take(&purpose, "123456", 2)), "ExpiredCodeException");

    codes.remember(&purpose, "123456", "email", 0);
    assert_eq!(error(codes.take(&purpose, "123456", 3_600_000)), "ExpiredCodeException");

    let now_ms = 10_000_000;
    codes.remember(&purpose, "123456", "email", now_ms);
    for _ in 0..5 {
        assert_eq!(error(codes.take(&purpose, "000000", now_ms)), "CodeMismatchException");
    }
    assert_eq!(error(codes.take(&purpose, "123456", now_ms)), "LimitExceededException");
    codes.remember(&purpose, "654321", "email", now_ms);
    assert_eq!(
        error(codes.take(&purpose, "654321", now_ms)),
        "LimitExceededException",
        "a new code gives no new tries"
    );
    assert_eq!(codes.take(&purpose, "654321", now_ms + 16 * 60_000).unwrap(), "email");
}

#[test]
fn destinations_are_masked() {
    for (attribute, to, masked, medium) in
        [("email", "ada@example.com", "a***@e***", "EMAIL"), ("phone_number", "+15551234567", "+*******4567", "SMS")]
    {
        let details = details(attribute, to);
        assert_eq!(details, json!({"AttributeName": attribute, "DeliveryMedium": medium, "Destination": masked}));
    }
}

#[test]
fn addresses_have_their_forms() {
    for (text, mail, phone) in [
        ("ada@example.com", true, false),
        ("a da@example.com", false, false),
        ("ada@example", false, false),
        ("ada@@example.com", false, false),
        ("@example.com", false, false),
        ("ada@.com", false, false),
        ("+15551234567", false, true),
        ("15551234567", false, false),
        ("+1555x", false, false),
        ("", false, false),
    ] {
        assert_eq!((is_email(text), is_phone(text)), (mail, phone), "{text}");
    }
}
