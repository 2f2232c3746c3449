//! Whatever is accepted is read the same by everybody: random lines, and other languages' readers.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use mcp_policy::mcp::{Limits, Message};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

/// Lines that are messages, nearly messages, and none.
fn lines() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        "-?[0-9]{1,25}",
        "-?[0-9]{1,3}(\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,3}",
        Just("NaN".to_owned()),
        Just("-0".to_owned()),
    ];
    let text = prop_oneof![
        any::<String>().prop_map(|text| json!(text).to_string()),
        "\"(a|\\\\u[0-9a-f]{4}|\\\\[nrtbf/\"\\\\]|é|\u{2028}|\u{85}|\u{7f}|😀){0,6}\"",
    ];
    let key = prop_oneof![
        Just("\"name\"".to_owned()),
        Just("\"n\\u0061me\"".to_owned()),
        Just("\"Name\"".to_owned()),
        Just("\"arguments\"".to_owned()),
        Just("\"__proto__\"".to_owned()),
        text.clone(),
    ];
    let leaf = prop_oneof![number, text.clone(), Just("true".to_owned()), Just("null".to_owned())];
    let space = prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\r"), 1 => Just("\n"), 1 => Just("\t"), 1 => Just("\u{b}")];
    let value = leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), space.clone())
                .prop_map(|(parts, space)| format!("[{space}{}]", parts.join(","))),
            (prop::collection::vec((key.clone(), inner), 0..4), space.clone()).prop_map(
                |(members, space)| {
                    let members: Vec<_> =
                        members.into_iter().map(|(key, value)| format!("{key}:{space}{value}")).collect();
                    format!("{{{}}}", members.join(","))
                }
            ),
        ]
    });
    let method = prop_oneof![6 => Just("\"tools/call\""), 1 => Just("\"tools\\/call\""), 1 => Just("\"ping\""), 1 => Just("\"Tools/Call\"")];
    let id = prop_oneof![4 => Just("1"), 1 => Just("\"a\""), 1 => Just("1.5"), 1 => Just("null"), 1 => Just("18446744073709551615")];
    let tail = prop_oneof![6 => Just(""), 1 => Just("\r"), 1 => Just("{}"), 1 => Just(",\"result\":{}"), 1 => Just("\u{feff}")];
    let name = prop_oneof![4 => Just("\"read\"".to_owned()), 1 => text];
    (method, id, name, value, tail).prop_map(|(method, id, name, arguments, tail)| {
        let inside = if tail.starts_with(',') { tail } else { "" };
        let after = if inside.is_empty() { tail } else { "" };
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{{"name":{name},"arguments":{arguments}}}{inside}}}{after}"#
        )
    })
}

/// What a call is, however it was written.
fn triple(message: &Value) -> Value {
    json!([message["method"], message["params"]["name"], message["params"]["arguments"]])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_goes_out_as_one_line_that_means_the_same(line in lines()) {
        if let Ok(message) = Message::read(line.as_bytes(), &Limits::CLIENT) {
            let written = message.to_line();
            let ends_a_line = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
            prop_assert!(!written.contains(ends_a_line));
            prop_assert_eq!(&Message::read(written.as_bytes(), &Limits::CLIENT).unwrap(), &message);
            let (came, goes): (Value, Value) = (serde_json::from_str(&line).unwrap(), serde_json::from_str(&written).unwrap());
            // serde_json reads some decimals one unit off; it does so for both, unless they are written differently.
            prop_assert_eq!(came["method"].clone(), goes["method"].clone());
            prop_assert_eq!(came["params"]["name"].clone(), goes["params"]["name"].clone());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        let _ = Message::read(&bytes, &Limits::CLIENT);
    }

    #[test]
    fn no_change_of_a_byte_panics_or_makes_two_lines(line in lines(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = line.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(message) = Message::read(&bytes, &Limits::CLIENT) {
            prop_assert_eq!(message.to_line().lines().count(), 1);
        }
    }
}

/// Those of four thousand lines that are accepted, as they go out.
fn accepted() -> Vec<String> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let lines = lines();
    let mut accepted = Vec::new();
    for _ in 0..4_000 {
        let line = lines.new_tree(&mut runner).unwrap().current();
        if let Ok(message) = Message::read(line.as_bytes(), &Limits::CLIENT) {
            accepted.push(message.to_line());
        }
    }
    assert!(accepted.len() > 500, "{}", accepted.len());
    accepted
}

/// Lets another language read every line, and write the triple again. `None` if it is not installed.
fn read_by(program: &str, arguments: &[&str], lines: &[String]) -> Option<Vec<Value>> {
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut input = child.stdin.take().unwrap();
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{line}").unwrap();
    }
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} refuses a line");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| mcp_policy::json::parse(line).unwrap()).collect())
}

/// Numbers as this reader takes them: other languages write `100` for `100.0`, and Node knows doubles only.
fn normal(value: &Value, doubles: bool) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(|element| normal(element, doubles)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), normal(value, doubles))).collect()
        }
        Value::Number(number) if number.is_f64() || doubles => {
            // Through the decimal: both are read by one reader before they are compared.
            let double: f64 = number.to_string().parse().unwrap();
            json!(format!("{:e}", if double == 0.0 { 0.0 } else { double }))
        }
        other => other.clone(),
    }
}

#[test]
fn t70_python_reads_what_goes_out_as_it_was_judged() {
    // With the line ends that Python's text mode knows.
    const SCRIPT: &str = r#"
import io, json, sys
for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"):
    assert len(line.splitlines()) == 1
    m = json.loads(line)
    p = m.get("params", {})
    print(json.dumps([m["method"], p.get("name"), p.get("arguments")]))
"#;
    differential("python3", &["-c", SCRIPT], false);
}

#[test]
fn t70_node_reads_what_goes_out_as_it_was_judged() {
    const SCRIPT: &str = r#"
const lines = require("readline").createInterface({input: process.stdin, crlfDelay: Infinity});
lines.on("line", line => {
    const m = JSON.parse(line), p = m.params ?? {};
    console.log(JSON.stringify([m.method, p.name ?? null, p.arguments ?? null]));
});
"#;
    differential("node", &["-e", SCRIPT], true);
}

fn differential(program: &str, arguments: &[&str], doubles: bool) {
    let lines = accepted();
    let Some(read) = read_by(program, arguments, &lines) else {
        eprintln!("{program} is not installed: what it reads is not compared");
        return;
    };
    assert_eq!(read.len(), lines.len(), "{program} finds another number of lines");
    for (line, read) in lines.iter().zip(read) {
        let judged: Value = mcp_policy::json::parse(line).unwrap();
        assert_eq!(normal(&triple(&judged), doubles), normal(&read, doubles), "{program}: {line}");
    }
}
