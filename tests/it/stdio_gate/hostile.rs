//! The lines that get past gates which forward what they receive.

use serde_json::json;

use super::{Gated, call, open};

const SECRET: &str = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"secret"}}"#;

/// Each is refused, with a JSON-RPC error of this code or without any answer, and executes nothing.
fn refused(lines: &[(&[u8], i64)]) {
    let mut gated = Gated::new(&open());
    for (line, code) in lines {
        let shown = String::from_utf8_lossy(line.get(..line.len().min(200)).unwrap()).into_owned();
        gated.gate.write(line);
        gated.gate.write(b"\n");
        let ping = json!({"jsonrpc": "2.0", "id": "after", "method": "ping"});
        let mut answer = gated.gate.ask(ping);
        if *code != SILENCE {
            assert_eq!(answer["error"]["code"], *code, "{shown}: {answer}");
            answer = gated.gate.next().unwrap();
        }
        assert_eq!((&answer["id"], &answer["result"]), (&json!("after"), &json!({})), "{shown}");
    }
    assert_eq!(gated.executed(), [""; 0]);
    // Nothing was counted or remembered either: the next call is like the first.
    assert_eq!(gated.gate.ask(call(9, "read"))["result"]["isError"], json!(null));
}

/// Nothing is answered.
const SILENCE: i64 = 0;

#[test]
fn t01_duplicate_keys_are_refused() {
    refused(&[
        (br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"secret"}}"#, -32700),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","n\u0061me":"secret"}}"#, -32700),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"},"params":{"name":"secret"}}"#, -32700),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"a":1,"a":2}}}"#, -32700),
    ]);
}

#[test]
fn t02_a_carriage_return_hides_no_second_line() {
    let hidden =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{{\"x\":\r{SECRET}\r}}}}\n");
    let texts = [
        "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}",
    ]
    .map(|end| json!({"jsonrpc": "2.0", "id": 2, "method": "ping", "params": {"x": format!("{end}{SECRET}{end}")}}));
    let mut gated = Gated::new(&open());
    gated.gate.write(hidden.as_bytes());
    // It is a ping with a value that holds a message, written on one line: whatever the server reads, it is that.
    assert_eq!(gated.gate.next().unwrap()["result"], json!({}));
    for text in texts {
        assert_eq!(gated.gate.ask(text)["result"], json!({}));
    }
    for end in ["\r", "\r\r"] {
        gated.gate.say(format!("{SECRET}{end}{SECRET}"));
        assert_eq!(gated.gate.next().unwrap()["error"]["code"], -32700);
    }
    assert_eq!(gated.executed(), [""; 0]);
}

#[test]
fn t03_t04_keys_that_look_like_those_of_the_protocol_are_refused() {
    refused(&[
        (br#"{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call","params":{"name":"secret"}}"#, -32600),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","Name":"secret"}}"#, -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"param\u{17f}\":{\"name\":\"secret\"}}".as_bytes(), -32600),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","name\u0000":"secret"}}"#, -32602),
    ]);
}

#[test]
fn t05_t06_t07_what_is_no_single_message_is_refused() {
    refused(&[
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"secret"},"result":{}}"#, -32600),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"secret"},"error":{}}"#, -32600),
        (format!("[{SECRET}]").as_bytes(), -32600),
        (format!("[[{SECRET}],{SECRET}]").as_bytes(), -32600),
        (b"[]", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b"5", -32600),
        (b"\"x\"", -32600),
        (b"", -32700),
    ]);
}

#[test]
fn t08_identifiers_that_servers_read_differently_are_refused() {
    let with =
        |id: &str| format!(r#"{{"jsonrpc":"2.0",{id}"method":"tools/call","params":{{"name":"read"}}}}"#);
    let lines =
        ["", r#""id":null,"#, r#""id":1.5,"#, r#""id":true,"#, r#""id":[],"#, r#""id":{},"#, r#""id":1e2,"#]
            .map(with);
    let mut table: Vec<(&[u8], i64)> = lines.iter().map(|line| (line.as_bytes(), -32600)).collect();
    let wide = with(r#""id":99999999999999999999,"#);
    table.push((wide.as_bytes(), -32700));
    refused(&table);
}

#[test]
fn t09_t10_what_is_not_json_or_too_deep_is_refused() {
    let with = |argument: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"read","arguments":{{"a":{argument}}}}}}}"#
        )
    };
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let lines: Vec<_> =
        ["NaN", "Infinity", "1e309", "-1e309", r#""\ud800""#, "[1,]", "1/*x*/"].map(with).into();
    let mut table: Vec<(&[u8], i64)> = lines.iter().map(|line| (line.as_bytes(), -32700)).collect();
    let deep = with(&deep);
    table.push((deep.as_bytes(), -32600));
    let marked = format!("\u{feff}{SECRET}");
    let two = format!("{SECRET}{SECRET}");
    let invalid = [&SECRET.as_bytes()[..30], b"\xff", &SECRET.as_bytes()[30..]].concat();
    table.extend([(marked.as_bytes(), -32700), (two.as_bytes(), -32700), (invalid.as_slice(), -32700)]);
    refused(&table);
}

#[test]
fn t11_what_is_too_large_is_refused_and_the_next_line_is_read() {
    let text = "x".repeat(5 << 20);
    let large = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"secret","x":"{text}"}}}}"#
    );
    let wide = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"read","x":[{}1]}}}}"#,
        "1,".repeat(100_000)
    );
    refused(&[(large.as_bytes(), -32600), (wide.as_bytes(), -32600)]);
}

#[test]
fn t15_t16_params_that_are_not_those_of_the_method_and_other_methods_are_refused() {
    let with = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
    let lines = [
        "",
        r#","params":{}"#,
        r#","params":[]"#,
        r#","params":{"name":5}"#,
        r#","params":{"name":null}"#,
        r#","params":{"name":"secret","arguments":[]}"#,
        r#","params":{"name":"secret","inputResponses":5}"#,
        r#","params":{"name":"secret","requestState":{}}"#,
    ]
    .map(with);
    let mut table: Vec<(&[u8], i64)> = lines.iter().map(|line| (line.as_bytes(), -32602)).collect();
    table.extend([
        (br#"{"jsonrpc":"2.0","id":1,"method":"TOOLS/CALL","params":{"name":"secret"}}"#.as_slice(), -32601),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call ","params":{"name":"secret"}}"#, -32601),
        (br#"{"jsonrpc":"2.0","id":1,"method":"vendor/run","params":{"name":"secret"}}"#, -32601),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///etc/passwd"}}"#,
            -32601,
        ),
        (br#"{"jsonrpc":"2.0","method":"notifications/vendor","params":{"name":"secret"}}"#, SILENCE),
    ]);
    refused(&table);
}
