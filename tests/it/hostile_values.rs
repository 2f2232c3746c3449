//! Names and values that have got past other gates, T17 to T29: each is denied, with a reason that says which.
#![expect(clippy::unwrap_used, reason = "a policy of a test that cannot be read fails the test")]

use std::time::SystemTime;

use mcp_policy::{Context, Decision, Evaluator, MemoryStore, Policy, ToolCall, Verdict, json};
use serde_json::{Value, json};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn policy(members: &Value) -> Policy {
    let mut document = json!({"version": "1", "default": "deny"});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Policy::from_json(&document.to_string()).unwrap()
}

/// A policy whose tool `t` has one clause of one condition.
fn clause(list: &str, condition: &Value) -> Policy {
    policy(&json!({"tools": {"t": {list: [{"conditions": [condition]}]}}}))
}

/// The verdict in a word: `allow`, `charge`, `ask`, or the code of the denial.
fn judged(policy: &Policy, tool: &str, arguments: &Value) -> &'static str {
    match policy.judge(&ToolCall::new(tool, arguments), NOW) {
        Verdict::Allow => "allow",
        Verdict::Charge(_) => "charge",
        Verdict::Deny(denial) => denial.code().as_str(),
        Verdict::NeedsApproval(_) => "ask",
    }
}

/// An evaluator with one limit on `args.amount`, for everybody together.
fn spending(max: &Value) -> Evaluator<MemoryStore> {
    let limit = json!({"counter": "spent", "window": "day", "max": max, "scope": "global",
        "increment_from": "args.amount"});
    Evaluator::new(policy(&json!({"tools": {"pay": {"limits": [limit]}}})), MemoryStore::new())
}

/// What becomes of a payment: `allow`, or the code of the denial.
fn paid(evaluator: &Evaluator<MemoryStore>, arguments: &Value) -> &'static str {
    match evaluator.evaluate_at(&ToolCall::new("pay", arguments), NOW) {
        Decision::Allow(_) => "allow",
        Decision::Deny(denial) => denial.code().as_str(),
        Decision::NeedsApproval(_) => "ask",
    }
}

#[test]
fn t17_names_that_look_like_a_tool_are_not_that_tool() {
    let policy = policy(&json!({"tools": {
        "delete_file": {}, "list_*": {}, "e\u{301}tat": {}, "lecture\u{200b}": {},
    }}));
    assert_eq!(judged(&policy, "delete_file", &json!({})), "allow");
    assert_eq!(judged(&policy, "list_files", &json!({})), "allow");
    assert_eq!(judged(&policy, "e\u{301}tat", &json!({})), "allow");
    for (name, code) in [
        ("Delete_File", "unlisted"),
        ("delete_files", "unlisted"),
        ("xdelete_file", "unlisted"),
        ("delete_file.", "unlisted"),
        ("LIST_files", "unlisted"),
        ("xlist_files", "unlisted"),
        ("delete_file ", "malformed_call"),
        (" delete_file", "malformed_call"),
        ("delete\0file", "malformed_call"),
        ("d\u{435}lete_file", "malformed_call"),
        ("\u{ff44}elete_file", "malformed_call"),
        ("delete_file\u{200b}", "malformed_call"),
        ("list_\u{e9}", "malformed_call"),
        ("list_a b", "malformed_call"),
        ("list_\n", "malformed_call"),
        ("list_\u{7f}", "malformed_call"),
        ("\u{e9}tat", "malformed_call"),
        ("lecture", "unlisted"),
        ("", "malformed_call"),
    ] {
        assert_eq!(judged(&policy, name, &json!({})), code, "{name:?}");
    }
    let longest = format!("list_{}", "x".repeat(123));
    assert_eq!(judged(&policy, &longest, &json!({})), "allow");
    assert_eq!(judged(&policy, &format!("{longest}x"), &json!({})), "malformed_call");
}

#[test]
fn t17_a_name_that_is_not_visible_ascii_is_not_allowed_by_default_nor_by_category() {
    let open = policy(&json!({"default": "allow", "tools": {"*": {}}, "classify": {"*": "read"}}));
    let by_category = policy(&json!({"categories": {"read": {}}, "classify": {"*": "read", "é": "read"}}));
    for name in ["é", "", "a b", "tool\u{202e}", &"x".repeat(129)] {
        assert_eq!(judged(&open, name, &json!({})), "malformed_call", "{name:?}");
        assert_eq!(judged(&by_category, name, &json!({})), "malformed_call", "{name:?}");
    }
    assert_eq!(judged(&by_category, "e", &json!({})), "allow");
    // `hide` goes before the name is looked at, so that what is hidden stays hidden whatever it is called.
    let hidden = policy(&json!({"hide": ["secret*"], "tools": {"secreté": {}}}));
    assert_eq!(judged(&hidden, "secreté", &json!({})), "hidden");
}

#[test]
fn t18_paths_and_urls_that_climb_out_are_denied() {
    // Symbolic links are not resolved: a path is judged by its text alone.
    let within = clause("require", &json!({"path": "args.at", "op": "path_within", "value": "/data"}));
    assert_eq!(judged(&within, "t", &json!({"at": "/data/report.txt"})), "allow");
    assert_eq!(judged(&within, "t", &json!({"at": "//data"})), "allow");
    for at in [
        "/data-evil",
        "/data/../etc/passwd",
        "/data/./../etc",
        "/data/%2e%2e/etc",
        "/data/%2E%2E%2Fetc",
        "/DATA",
        "file:///data",
        "data",
        "~/data",
        "/data/x\0.txt",
        "/data\\..\\etc",
        "..",
        "",
    ] {
        assert_eq!(judged(&within, "t", &json!({ "at": at })), "require_failed", "{at:?}");
    }
    for at in [json!(["/data/x"]), json!({"path": "/data/x"}), json!(1), json!(null)] {
        assert_eq!(judged(&within, "t", &json!({ "at": at })), "require_failed", "{at}");
    }
    let host = clause("require", &json!({"path": "args.url", "op": "host_in", "value": "data.test"}));
    assert_eq!(judged(&host, "t", &json!({"url": "https://DATA.test/x"})), "allow");
    for url in
        ["file:///data.test", "https://data.test.", "https://data.test@evil.test", "https:\\\\data.test", ""]
    {
        assert_eq!(judged(&host, "t", &json!({ "url": url })), "require_failed", "{url:?}");
    }
}

#[test]
fn t19_a_key_with_a_dot_neither_satisfies_nor_hides_a_nested_one() {
    let nested = clause("require", &json!({"path": "args.a.b", "op": "eq", "value": 2}));
    assert_eq!(judged(&nested, "t", &json!({"a": {"b": 2}, "a.b": 1})), "allow");
    assert_eq!(judged(&nested, "t", &json!({"a.b": 2})), "require_failed");
    assert_eq!(judged(&nested, "t", &json!({"a": {"b": 1}, "a.b": 2})), "require_failed");
    let dotted = clause("deny_if", &json!({"path": "/args/a.b", "op": "eq", "value": 1}));
    assert_eq!(judged(&dotted, "t", &json!({"a.b": 1, "a": {"b": 2}})), "deny_if_matched");
    assert_eq!(judged(&dotted, "t", &json!({"a": {"b": 1}})), "allow");
}

#[test]
fn t19_odd_keys_are_plain_data() {
    for (path, arguments) in [
        ("/args/", json!({"": 1})),
        ("/args/0", json!({"0": 1})),
        ("/args/a/0", json!({"a": [1]})),
        ("/args/~0~1", json!({"~/": 1})),
        ("args.__proto__", json!({"__proto__": 1})),
        ("args.constructor.prototype", json!({"constructor": {"prototype": 1}})),
        ("args.$ref", json!({"$ref": 1})),
        ("/args/[*]", json!({"[*]": 1})),
        ("args.é", json!({"é": 1})),
    ] {
        let policy = clause("deny_if", &json!({"path": path, "op": "eq", "value": 1}));
        assert_eq!(judged(&policy, "t", &arguments), "deny_if_matched", "{path}");
        assert_eq!(judged(&policy, "t", &json!({"other": 1})), "allow", "{path}");
    }
    let position = clause("deny_if", &json!({"path": "args.a[0]", "op": "eq", "value": 1}));
    assert_eq!(judged(&position, "t", &json!({"a": {"0": 2}})), "deny_if_matched", "no array is mistyped");
}

#[test]
fn t20_a_negative_amount_is_denied_and_gives_nothing_back() {
    let evaluator = spending(&json!(10));
    assert_eq!(paid(&evaluator, &json!({"amount": 10})), "allow");
    for amount in ["-5", "-1e308", "-0.000001", "-1e-300", "-9223372036854775808"] {
        let arguments = json::parse(&format!(r#"{{"amount": {amount}}}"#)).unwrap();
        assert_eq!(paid(&evaluator, &arguments), "amount_invalid", "{amount}");
        assert_eq!(paid(&evaluator, &json!({"amount": 1})), "limit_exceeded", "after {amount}");
    }
    assert_eq!(paid(&evaluator, &json!({"amount": "-5"})), "amount_invalid");
    for zero in ["0", "-0", "-0.0", "0e5"] {
        let arguments = json::parse(&format!(r#"{{"amount": {zero}}}"#)).unwrap();
        assert_eq!(paid(&evaluator, &arguments), "allow", "{zero}");
    }
}

#[test]
fn t21_what_is_no_number_is_no_amount() {
    let evaluator = spending(&json!(1_000_000));
    for amount in [
        json!("100"),
        json!("1_000"),
        json!(" 3 "),
        json!("1e2"),
        json!(""),
        json!(true),
        json!(false),
        json!([100]),
        json!([]),
        json!({"v": 100}),
    ] {
        assert_eq!(paid(&evaluator, &json!({ "amount": amount })), "amount_invalid", "{amount}");
    }
}

#[test]
fn t21_amounts_mean_the_same_however_they_are_written() {
    for amount in ["100", "100.0", "1e2", "1E+2", "0.1e3"] {
        let evaluator = spending(&json!(100));
        let arguments = json::parse(&format!(r#"{{"amount": {amount}}}"#)).unwrap();
        assert_eq!(paid(&evaluator, &arguments), "allow", "{amount}");
        assert_eq!(paid(&evaluator, &json!({"amount": 0.000_001})), "limit_exceeded", "after {amount}");
    }
    // Three times 0.1 is 0.3, not a little more.
    let evaluator = spending(&json!(0.3));
    for _ in 0..3 {
        assert_eq!(paid(&evaluator, &json!({"amount": 0.1})), "allow");
    }
    assert_eq!(paid(&evaluator, &json!({"amount": 0.000_001})), "limit_exceeded");
}

#[test]
fn t22_an_amount_that_is_absent_or_null_is_denied() {
    let evaluator = spending(&json!(10));
    for arguments in [json!({}), json!({"amount": null}), json!({"Amount": 1})] {
        assert_eq!(paid(&evaluator, &arguments), "amount_invalid", "{arguments}");
    }
    let call = ToolCall::new("pay", None::<&Value>);
    let Decision::Deny(denial) = evaluator.evaluate_at(&call, NOW) else { panic!("it was let through") };
    assert_eq!(denial.code().as_str(), "amount_invalid");
}

#[test]
fn t23_amounts_beyond_the_largest_are_denied_and_sums_never_wrap() {
    let evaluator = spending(&json!(1_000_000_000_000_u64));
    for amount in [
        "1000000000001",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "100000000000000000000",
        "1e308",
    ] {
        let arguments = json::parse(&format!(r#"{{"amount": {amount}}}"#)).unwrap();
        assert_eq!(paid(&evaluator, &arguments), "amount_invalid", "{amount}");
    }
    assert_eq!(paid(&evaluator, &json!({"amount": 999_999_999_999_u64})), "allow");
    assert_eq!(paid(&evaluator, &json!({"amount": 2})), "limit_exceeded");
    assert_eq!(paid(&evaluator, &json!({"amount": 1_000_000_000_000_u64})), "limit_exceeded");
    assert_eq!(paid(&evaluator, &json!({"amount": 1})), "allow");
    assert_eq!(paid(&evaluator, &json!({"amount": 0.000_001})), "limit_exceeded");
}

#[test]
fn t23_integers_are_compared_without_loss() {
    let policy =
        clause("deny_if", &json!({"path": "args.n", "op": "gt", "value": 9_007_199_254_740_992_u64}));
    for (n, verdict) in [
        ("9007199254740992", "allow"),
        ("9007199254740993", "deny_if_matched"),
        ("9007199254740992.0", "allow"),
        ("9223372036854775807", "deny_if_matched"),
        ("18446744073709551615", "deny_if_matched"),
        ("18446744073709551616", "deny_if_matched"),
        ("1e308", "deny_if_matched"),
        ("-9223372036854775808", "allow"),
    ] {
        let arguments = json::parse(&format!(r#"{{"n": {n}}}"#)).unwrap();
        assert_eq!(judged(&policy, "t", &arguments), verdict, "{n}");
    }
    let exact = clause("require", &json!({"path": "args.n", "op": "eq", "value": u64::MAX}));
    assert_eq!(judged(&exact, "t", &json!({"n": u64::MAX})), "allow");
    assert_eq!(judged(&exact, "t", &json!({"n": u64::MAX.wrapping_sub(1)})), "require_failed");
}

#[test]
fn t24_an_integer_beyond_64_bits_is_judged_as_the_nearest_double() {
    // Two such integers can be one double: a server that keeps every digit sees two numbers, the policy sees one. So
    // nothing beyond 64 bits can be an amount, and who compares account numbers compares them as text.
    let require = clause("require", &json!({"path": "args.n", "op": "eq", "value": 1e20}));
    for n in ["100000000000000000000", "100000000000000000001", "1e20", "1E+20", "100000000000000000000.0"] {
        let arguments = json::parse(&format!(r#"{{"n": {n}}}"#)).unwrap();
        assert_eq!(judged(&require, "t", &arguments), "allow", "{n}");
    }
    let arguments = json::parse(r#"{"n": 100000000000000100000}"#).unwrap();
    assert_eq!(judged(&require, "t", &arguments), "require_failed");
    assert_eq!(json::parse("[1e309]").unwrap_err().to_string(), "number out of range at line 1, column 2");
}

#[test]
fn t25_the_smallest_numbers_have_rules_too() {
    let positive = clause("require", &json!({"path": "args.n", "op": "gt", "value": 0}));
    for (n, verdict) in [
        ("1e-400", "require_failed"),
        ("-0.0", "require_failed"),
        ("-0", "require_failed"),
        ("-5e-324", "require_failed"),
        ("5e-324", "allow"),
    ] {
        let arguments = json::parse(&format!(r#"{{"n": {n}}}"#)).unwrap();
        assert_eq!(judged(&positive, "t", &arguments), verdict, "{n}");
    }
    let zero = clause("require", &json!({"path": "args.n", "op": "eq", "value": 0}));
    assert_eq!(judged(&zero, "t", &json!({"n": -0.0})), "allow");
    let third = clause("require", &json!({"path": "args.n", "op": "lte", "value": 0.3}));
    assert_eq!(judged(&third, "t", &json!({"n": 0.3})), "allow");
    assert_eq!(judged(&third, "t", &json!({"n": 0.300_000_000_000_000_04})), "require_failed");
}

#[test]
fn t26_words_for_true_do_not_slip_past_a_boolean() {
    let wait = clause("deny_if", &json!({"path": "args.wait", "op": "eq", "value": true}));
    for value in [json!(true), json!("true"), json!("yes"), json!(1), json!("on"), json!(1.0), json!([true])]
    {
        assert_eq!(judged(&wait, "t", &json!({ "wait": value })), "deny_if_matched", "{value}");
    }
    assert_eq!(judged(&wait, "t", &json!({"wait": false})), "allow");
    assert_eq!(judged(&wait, "t", &json!({})), "allow");
    let cascade = json!({"path": "args.cascade", "op": "eq", "value": true, "absent_as": true});
    let cascade = clause("deny_if", &cascade);
    for arguments in [json!({}), json!({"cascade": null}), json!({"cascade": true}), json!({"cascade": 0})] {
        assert_eq!(judged(&cascade, "t", &arguments), "deny_if_matched", "{arguments}");
    }
    assert_eq!(judged(&cascade, "t", &json!({"cascade": false})), "allow");
}

#[test]
fn t27_text_and_numbers_never_compare_silently() {
    let dear = clause("deny_if", &json!({"path": "args.amount", "op": "gt", "value": 100}));
    for amount in
        [json!("100000"), json!("1"), json!([100_000]), json!([]), json!({}), json!(true), json!(101)]
    {
        assert_eq!(judged(&dear, "t", &json!({ "amount": amount })), "deny_if_matched", "{amount}");
    }
    // What is left out does not trip a `deny_if`; where that is dangerous, `absent_as` or `require` says so.
    assert_eq!(judged(&dear, "t", &json!({"amount": null})), "allow");
    let required = clause("require", &json!({"path": "args.amount", "op": "lte", "value": 100}));
    for amount in [json!("1"), json!([1]), json!({}), json!(null), json!(100.5)] {
        assert_eq!(judged(&required, "t", &json!({ "amount": amount })), "require_failed", "{amount}");
    }
    let region = clause("require", &json!({"path": "args.region", "op": "in", "value": ["eu", "us"]}));
    for region_ in [json!(["eu", "us"]), json!(["eu"]), json!("EU"), json!("eu "), json!(0), json!({"eu": 1})]
    {
        assert_eq!(judged(&region, "t", &json!({ "region": region_ })), "require_failed", "{region_}");
    }
}

#[test]
fn t28_a_scalar_rule_denies_an_array_and_a_star_denies_a_scalar() {
    let one = clause("require", &json!({"path": "args.to", "op": "ends_with", "value": "@a.test"}));
    assert_eq!(judged(&one, "t", &json!({"to": "x@a.test"})), "allow");
    assert_eq!(judged(&one, "t", &json!({"to": ["x@a.test"]})), "require_failed");
    let star = json!({"path": "args.to[*]", "op": "ends_with", "value": "@a.test"});
    let every = clause("require", &star);
    assert_eq!(judged(&every, "t", &json!({"to": ["x@a.test"]})), "allow");
    assert_eq!(judged(&every, "t", &json!({"to": ["x@a.test", "y@evil.test"]})), "require_failed");
    assert_eq!(judged(&every, "t", &json!({"to": "x@a.test"})), "require_failed");
    assert_eq!(judged(&every, "t", &json!({"to": []})), "allow", "all over no element is true");
    let some = clause("deny_if", &star);
    assert_eq!(judged(&some, "t", &json!({"to": ["y@b.test", "x@a.test"]})), "deny_if_matched");
    assert_eq!(judged(&some, "t", &json!({"to": "y@b.test"})), "deny_if_matched", "mistyped");
    assert_eq!(judged(&some, "t", &json!({"to": []})), "allow", "any over no element is false");
}

#[test]
fn t29_arguments_that_are_no_object_are_denied_before_anything_else() {
    let hidden = policy(&json!({"default": "allow", "hide": ["t"]}));
    let open = policy(&json!({"default": "allow"}));
    for arguments in [json!(null), json!([]), json!("{}"), json!(0), json!(true), json!([{}])] {
        assert_eq!(judged(&hidden, "t", &arguments), "malformed_call", "{arguments}");
        assert_eq!(judged(&open, "u", &arguments), "malformed_call", "{arguments}");
    }
    let context = Context::new();
    let absent = ToolCall::new("u", None::<&Value>).context(&context);
    assert!(matches!(open.judge(&absent, NOW), Verdict::Allow));
    // Absent arguments are the empty object, also where a rule looks at them.
    let only = policy(&json!({"tools": {"t": {"only_args": [], "require": [{"conditions": [
        {"path": "args", "op": "eq", "value": {}}]}]}}}));
    assert!(matches!(only.judge(&ToolCall::new("t", None::<&Value>), NOW), Verdict::Allow));
    assert_eq!(judged(&only, "t", &json!({})), "allow");
}
