//! Patterns against events, and patterns that are refused.

use serde_json::{Value, json};

use super::Pattern;

#[test]
fn each_operator_decides() {
    let event = json!({
        "source": "aws.ec2", "detail-type": "State", "n": null, "empty": [],
        "detail": {
            "state": "running", "count": 5, "price": 10.5, "ok": true, "ip": "10.0.0.7", "v6": "2001:db8::1",
            "tags": ["red", "Blue"], "items": [{"sku": "a", "size": 1}, {"sku": "b", "size": 2}],
        },
    });
    let detail = |inside: Value| json!({"detail": inside});
    let fits = [
        json!({"source": ["aws.s3", "aws.ec2"]}),
        json!({"n": [null]}),
        detail(json!({"count": [5]})),
        detail(json!({"ok": [true]})),
        detail(json!({"state": [{"prefix": "run"}]})),
        detail(json!({"state": [{"prefix": {"equals-ignore-case": "RUN"}}]})),
        detail(json!({"state": [{"suffix": "ing"}]})),
        detail(json!({"state": [{"suffix": {"equals-ignore-case": "ING"}}]})),
        detail(json!({"state": [{"equals-ignore-case": "RUNNING"}]})),
        detail(json!({"state": [{"wildcard": "r*n*g"}]})),
        detail(json!({"state": [{"anything-but": "stopped"}]})),
        detail(json!({"state": [{"anything-but": ["stopped", "ended"]}]})),
        detail(json!({"state": [{"anything-but": {"prefix": "st"}}]})),
        detail(json!({"state": [{"anything-but": {"suffix": ["ed", "op"]}}]})),
        detail(json!({"state": [{"anything-but": {"equals-ignore-case": ["STOPPED"]}}]})),
        detail(json!({"state": [{"anything-but": {"wildcard": "st*p"}}]})),
        detail(json!({"count": [{"anything-but": [4, 6]}]})),
        detail(json!({"count": [{"numeric": [">", 0, "<=", 5]}]})),
        detail(json!({"price": [{"numeric": ["=", 10.5]}]})),
        detail(json!({"state": [{"exists": true}], "missing": [{"exists": false}]})),
        json!({"empty": [{"exists": false}]}),
        detail(json!({"ip": [{"cidr": "10.0.0.0/24"}]})),
        detail(json!({"v6": [{"cidr": "2001:db8::/32"}]})),
        detail(json!({"tags": ["red"]})),
        detail(json!({"tags": [{"equals-ignore-case": "blue"}]})),
        detail(json!({"items": {"sku": ["b"], "size": [2]}})),
        json!({"$or": [{"source": ["aws.s3"]}, {"detail": {"count": [{"numeric": [">", 4]}]}}]}),
    ];
    for pattern in fits {
        assert!(Pattern::parse(&pattern).unwrap().fits(&event), "{pattern}");
    }
    let others = [
        json!({"source": ["aws.s3"]}),
        json!({"n": [{"exists": false}]}),
        json!({"missing": [null]}),
        detail(json!({"count": ["5"]})),
        detail(json!({"count": [5.0]})),
        detail(json!({"state": [{"prefix": "Run"}]})),
        detail(json!({"state": [{"wildcard": "r*x"}]})),
        detail(json!({"state": [{"wildcard": "run"}]})),
        detail(json!({"state": [{"anything-but": ["running"]}]})),
        detail(json!({"state": [{"anything-but": {"prefix": "run"}}]})),
        detail(json!({"missing": [{"anything-but": "x"}]})),
        detail(json!({"count": [{"numeric": [">", 5]}]})),
        detail(json!({"state": [{"numeric": [">", 0]}]})),
        detail(json!({"missing": [{"exists": true}]})),
        json!({"detail": [{"exists": true}]}),
        detail(json!({"ip": [{"cidr": "10.0.1.0/24"}]})),
        detail(json!({"items": {"sku": ["a"], "size": [2]}})),
        json!({"$or": [{"source": ["aws.s3"]}, {"detail": {"count": [1]}}]}),
    ];
    for pattern in others {
        assert!(!Pattern::parse(&pattern).unwrap().fits(&event), "{pattern}");
    }
}

#[test]
fn overlapping_stars_do_not_share_letters() {
    let fits = |pattern: &str, text: &str| {
        Pattern::parse(&json!({"a": [{"wildcard": pattern}]})).unwrap().fits(&json!({"a": text}))
    };
    assert!(!fits("ab*ba", "aba"));
    assert!(fits("ab*ba", "abba"));
    assert!(fits("*a*", "bab"));
    assert!(fits("a\\*b", "a*b") && !fits("a\\*b", "axb"));
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (json!([]), "", "must be an object"),
        (json!({}), "", "empty objects"),
        (json!({"source": "aws.s3"}), "source", "must be an object or an array"),
        (json!({"detail": {"a": []}}), "detail.a", "empty arrays"),
        (json!({"a": [["b"]]}), "a", "arrays in arrays"),
        (json!({"a": [{"like": "b"}]}), "a.like", "unrecognised match type like"),
        (json!({"a": [{"prefix": 1}]}), "a.prefix", "must be a text"),
        (json!({"a": [{"numeric": ["~", 1]}]}), "a.numeric", "operator: \"~\""),
        (json!({"a": [{"numeric": [">", 5, "<", 1]}]}), "a.numeric", "below the upper"),
        (json!({"a": [{"cidr": "10.0.0.0/33"}]}), "a.cidr", "a network"),
        (json!({"a": [{"exists": "yes"}]}), "a.exists", "true or false"),
        (json!({"a": [{"wildcard": "a**"}]}), "a.wildcard", "two stars"),
        (json!({"a": [{"anything-but": {"numeric": 1}}]}), "a.anything-but.numeric", "does not know numeric"),
        (json!({"$or": [{"a": ["b"]}]}), "$or", "two alternatives"),
    ];
    for (pattern, path, reason) in cases {
        let error = Pattern::parse(&pattern).unwrap_err();
        assert_eq!(error.path, path, "{pattern}: {error}");
        assert!(error.reason.contains(reason), "{pattern}: {error}");
    }
    assert!(Pattern::parse_text("{").unwrap_err().reason.contains("not JSON"));
}
