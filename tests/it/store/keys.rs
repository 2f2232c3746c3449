//! Which calls share a counter: those that everything is the same of that they are counted by, and no others.

use std::sync::Arc;

use mcp_policy::{Context, Decision, Denial, DenialCode, Evaluator, MemoryStore, Policy, ToolCall};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{all_limited, code, decide, policy, seconds};

/// Everything that a call can be counted by.
#[derive(Clone, Debug, PartialEq)]
struct Caller {
    namespace: String,
    tool: String,
    grant: String,
    team: String,
    id: Value,
}

impl Caller {
    fn call(&self, store: &Arc<MemoryStore>, policy: &Policy) -> Result<(), Denial> {
        let evaluator =
            Evaluator::builder(Arc::clone(store)).policy(policy.clone()).namespace(self.namespace.clone());
        let arguments = json!({"id": self.id});
        let attributes = [("team", self.team.as_str())];
        let context = Context::new().grant(&self.grant).attributes(&attributes);
        let call = ToolCall::new(&self.tool, &arguments).context(&context);
        decide(&evaluator.build(), &call, seconds(0))
    }
}

fn plain() -> Caller {
    let [tool, grant, team] = ["t", "g", "m"].map(str::to_owned);
    Caller { namespace: String::new(), tool, grant, team, id: json!("i") }
}

fn once_for_each() -> Policy {
    all_limited(
        &json!({"window": "lifetime", "max": 1, "scope": ["args.id", "tool", "grant", "context.team"]}),
    )
}

/// Texts that would run into their neighbors if keys were put together carelessly.
const HOSTILE: [&str; 24] = [
    "a",
    "a:b",
    "b:c",
    "a|b",
    "a/b",
    "%3A",
    "a%3Ab",
    "a\0b",
    "a\n",
    "*",
    "anonymous",
    "null",
    "1",
    "true",
    " ",
    "a ",
    "A",
    "é",
    "e\u{301}",
    "а",
    "a\u{200b}",
    "a|tool:b",
    "x|context.team:y",
    "{a}",
];

#[test]
fn t30_hostile_texts_and_values_of_different_types_have_counters_of_their_own() {
    let plain = plain();
    let mut callers = vec![plain.clone()];
    for text in HOSTILE {
        callers.push(Caller { namespace: text.to_owned(), ..plain.clone() });
        callers.push(Caller { grant: text.to_owned(), ..plain.clone() });
        callers.push(Caller { team: text.to_owned(), ..plain.clone() });
        callers.push(Caller { id: json!(text), ..plain.clone() });
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            callers.push(Caller { tool: text.to_owned(), ..plain.clone() });
        }
    }
    let long = "x".repeat(100_000);
    for id in [
        json!(""),
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!("0.5"),
        json!(true),
        json!(false),
        json!("false"),
        json!(9_007_199_254_740_992_u64),
        json!(9_007_199_254_740_993_u64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!("1e300"),
        json!(&long),
        json!(format!("{long}x")),
    ] {
        callers.push(Caller { id, ..plain.clone() });
    }
    let (store, policy) = (Arc::new(MemoryStore::new()), once_for_each());
    for caller in &callers {
        assert!(caller.call(&store, &policy).is_ok(), "{caller:?}");
    }
    assert_eq!(store.len(), callers.len());
    for caller in &callers {
        assert!(caller.call(&store, &policy).is_err(), "{caller:?}");
    }
    // Numbers are told apart by value, not by how they are written.
    for id in ["1.0", "1e0", "-0", "-0.0", "5e-1", "10e299"] {
        let id = serde_json::from_str(id).unwrap();
        let caller = Caller { id, ..plain.clone() };
        assert_eq!(caller.call(&store, &policy).unwrap_err().code(), DenialCode::LimitExceeded, "{caller:?}");
    }
}

#[test]
fn t30_a_value_cannot_pretend_to_be_two() {
    // What stands between two values in a key, and what else somebody might try.
    let marks = [
        "|",
        ":",
        "=",
        "#",
        ",",
        "/",
        "\0",
        "\n",
        "%",
        "%7C",
        "\"",
        "\\|",
        "|grant:",
        "|context.team:",
        "|team:",
        "|args.id:",
        "|tool:",
        "|global|",
        "%7Ccontext.team:",
    ];
    for mark in marks {
        let joined = |a: &str, b: &str| format!("{a}{mark}{b}");
        for [x, y, z] in [["a", "b", "c"], ["a", "a", "a"]] {
            let (a, b, c, d) = (joined(x, y), z.to_owned(), x.to_owned(), joined(y, z));
            let (store, policy) = (Arc::new(MemoryStore::new()), once_for_each());
            let callers = [
                Caller { grant: a.clone(), team: b.clone(), ..plain() },
                Caller { grant: c.clone(), team: d.clone(), ..plain() },
                Caller { id: json!(a), grant: b.clone(), ..plain() },
                Caller { id: json!(c), grant: d.clone(), ..plain() },
                Caller { namespace: a, id: json!(b), ..plain() },
                Caller { namespace: c, id: json!(d), ..plain() },
            ];
            for caller in callers {
                assert!(caller.call(&store, &policy).is_ok(), "{mark:?} {caller:?}");
            }
        }
    }
    // A text that is written as the escape of another is not the other.
    let escapes = [
        "\0", "%00", "%2500", "\\0", "\\u0000", "|", "%7C", "%7c", "%257C", "é", "%C3%A9", "\u{e9}\0", "%",
        "%25",
    ];
    let (store, policy) = (Arc::new(MemoryStore::new()), once_for_each());
    for escape in escapes {
        let caller = Caller { grant: escape.to_owned(), ..plain() };
        assert!(caller.call(&store, &policy).is_ok(), "{escape:?}");
    }
}

#[test]
fn t30_what_a_call_does_not_have_is_never_counted_under_an_empty_name() {
    let plain = plain();
    let (store, policy) = (Arc::new(MemoryStore::new()), once_for_each());
    let mut callers = vec![
        Caller { grant: String::new(), ..plain.clone() },
        Caller { team: String::new(), ..plain.clone() },
    ];
    for id in [json!(null), json!([]), json!(["i"]), json!({}), json!({"i": 1})] {
        callers.push(Caller { id, ..plain.clone() });
    }
    for caller in callers {
        let denial = caller.call(&store, &policy).unwrap_err();
        assert_eq!(denial.code(), DenialCode::ScopeMissing, "{caller:?}");
        assert_eq!(denial.rule(), Some("/all_tools/limits/0"));
    }
    assert!(store.is_empty());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        "[ab:|=#%.{}/3A]{1,4}",
        Just("x".repeat(128)),
        Just("x".repeat(129)),
        any::<String>().prop_filter("an empty one is absent", |text| !text.is_empty()),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    let id = prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-2..3).prop_map(Value::from)
    ];
    (text(), "[a-b:|=#%.*]{1,3}", text(), text(), id).prop_map(|(namespace, tool, grant, team, id)| Caller {
        namespace,
        tool,
        grant,
        team,
        id,
    })
}

/// Two callers of which some things are the same, and some may be in each other's place.
fn callers() -> impl Strategy<Value = (Caller, Caller)> {
    (caller(), caller(), any::<[bool; 5]>(), any::<bool>()).prop_map(|(a, b, same, swapped)| {
        let mut mixed = Caller {
            namespace: if same[0] { a.namespace.clone() } else { b.namespace },
            tool: if same[1] { a.tool.clone() } else { b.tool },
            grant: if same[2] { a.grant.clone() } else { b.grant },
            team: if same[3] { a.team.clone() } else { b.team },
            id: if same[4] { a.id.clone() } else { b.id },
        };
        if swapped {
            std::mem::swap(&mut mixed.grant, &mut mixed.team);
        }
        (a, mixed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t30_two_calls_share_a_counter_if_and_only_if_everything_they_are_counted_by_is_the_same((a, b) in callers()) {
        let (store, policy) = (Arc::new(MemoryStore::new()), once_for_each());
        prop_assert!(a.call(&store, &policy).is_ok());
        prop_assert_eq!(b.call(&store, &policy).is_err(), a == b);
    }
}

#[test]
fn t30_counters_are_told_apart_by_name_window_and_algorithm_however_they_are_named() {
    let names = HOSTILE.into_iter().filter(|name| !name.chars().any(char::is_control));
    let mut limits: Vec<Value> =
        names.map(|name| json!({"counter": name, "window": "day", "max": 1})).collect();
    for name in ["/tools/t0", "rule:/tools/t0", "a|day|fixed", "a|day|fixed|grant:g", "approval", "ns"] {
        limits.push(json!({"counter": name, "window": "day", "max": 1}));
    }
    let mut tools: Map<_, _> = limits
        .iter()
        .enumerate()
        .map(|(index, limit)| (format!("t{index}"), json!({"limits": [limit]})))
        .collect();
    tools.insert("rated".to_owned(), json!({"rate_limit": {"max": 1, "window": "day", "scope": "grant"}}));
    tools.insert(
        "rated|day|fixed".to_owned(),
        json!({"rate_limit": {"max": 1, "window": "day", "scope": "grant"}}),
    );
    let evaluator = Evaluator::new(policy(&Value::Object(tools.clone())), MemoryStore::new());
    for tool in tools.keys() {
        assert_eq!(code(&evaluator, tool, "g", seconds(0)), None, "{tool}");
    }
    assert_eq!(evaluator.store().len(), tools.len());
    for tool in tools.keys() {
        assert_eq!(code(&evaluator, tool, "g", seconds(0)), Some(DenialCode::LimitExceeded), "{tool}");
    }
}

#[test]
fn t30_an_approval_with_the_name_of_a_counter_or_of_another_namespace_is_neither() {
    let policy = policy(&json!({"t": {
        "action": "require_approval",
        "limits": [{"counter": "c", "window": "day", "max": 10, "scope": "global"}],
    }}));
    let store = Arc::new(MemoryStore::new());
    let call = ToolCall::new("t", None::<&Value>);
    for namespace in ["a", "b"] {
        let evaluator =
            Evaluator::builder(Arc::clone(&store)).policy(policy.clone()).namespace(namespace).build();
        let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
        for id in ["c", "|counter:c|day|fixed|global", "c|day|fixed|global", "a|approval:c", "\n", "c "] {
            let approval = request.approve(id, seconds(60));
            assert!(decide(&evaluator, &call.approval(&approval), seconds(0)).is_ok(), "{namespace} {id:?}");
            let again = decide(&evaluator, &call.approval(&approval), seconds(0)).unwrap_err();
            assert_eq!(again.code(), DenialCode::ApprovalInvalid, "{namespace} {id:?}");
        }
    }
    // In each namespace one counter and six approvals.
    assert_eq!(store.len(), 14);
}

#[test]
fn two_evaluators_on_one_store_share_what_they_count_in_one_namespace_and_nothing_in_two() {
    let store = Arc::new(MemoryStore::new());
    let policy = all_limited(&json!({"window": "day", "max": 2, "scope": "global"}));
    let in_namespace = |namespace: &str| {
        Evaluator::builder(Arc::clone(&store)).policy(policy.clone()).namespace(namespace).build()
    };
    let (first, second, other) = (in_namespace("a"), in_namespace("a"), in_namespace("b"));
    assert_eq!(code(&first, "t", "g", seconds(0)), None);
    assert_eq!(code(&second, "t", "g", seconds(0)), None);
    assert_eq!(code(&first, "t", "g", seconds(0)), Some(DenialCode::LimitExceeded));
    assert_eq!(code(&second, "t", "g", seconds(0)), Some(DenialCode::LimitExceeded));
    assert_eq!(code(&other, "t", "g", seconds(0)), None);
    assert_eq!(store.len(), 2);
}
