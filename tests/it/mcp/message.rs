//! What is no message, or could be two: the lines of the test plan about the wire.

use mcp_policy::mcp::{INVALID_PARAMS, INVALID_REQUEST, Id, Limits, Message, MessageError, PARSE_ERROR};
use serde_json::{Value, json};

fn read(bytes: impl AsRef<[u8]>) -> Result<Message, MessageError> {
    Message::read(bytes.as_ref(), &Limits::CLIENT)
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, codes: &[i64]) {
    let error = read(bytes.as_ref()).expect_err(&String::from_utf8_lossy(bytes.as_ref()));
    assert!(codes.contains(&error.code()), "{error} for {}", String::from_utf8_lossy(bytes.as_ref()));
    let answer: Value = serde_json::from_str(&error.answer().to_line()).unwrap();
    assert_eq!(answer["error"]["code"], error.code());
    assert_eq!(answer.get("id").is_some(), error.id().is_some());
}

fn call(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
}

#[test]
fn t01_a_key_twice_anywhere_is_refused_also_by_escapes() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call","params":{"name":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
        &call(r#"{"name":"read_graph","name":"create_entities"}"#),
        &call(r#"{"name":"read_graph","n\u0061me":"create_entities"}"#),
        &call(r#"{"name":"x","arguments":{},"arguments":{"a":1}}"#),
        &call(r#"{"name":"x","arguments":{"a":1,"a":1}}"#),
        &call(r#"{"name":"x","arguments":{"deep":[{"b":{"k":1,"\u006b":2}}]}}"#),
    ] {
        refused(text, &[PARSE_ERROR]);
    }
}

#[test]
fn t02_a_line_feed_in_what_came_never_becomes_one_in_what_goes_out() {
    let hidden = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"evil"}}"#;
    for space in ["\r", "\n", "\r\n", "\t", " "] {
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{space}{hidden}{space}}}}}{space}"#
        );
        let line = read(&text).unwrap().to_line();
        assert_eq!(line.lines().count(), 1);
        assert!(!line.contains(['\r', '\n', '\u{85}', '\u{2028}', '\u{2029}']));
    }
    for space in ["\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\0"] {
        refused(
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{space}1}}}}"#),
            &[PARSE_ERROR],
        );
        let within =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"a\u0085{}"}}}}"#, "\u{2028}");
        let line = read(within).unwrap().to_line();
        assert!(line.contains(r#""a\u0085\u2028""#), "{line}");
    }
}

#[test]
fn t03_a_key_that_looks_like_one_of_the_protocol_is_refused() {
    for params in [
        r#"{"name":"ok","Name":"evil"}"#,
        r#"{"Name":"evil"}"#,
        r#"{"name":"ok","NAME":"evil"}"#,
        r#"{"name":"ok","argumentſ":{}}"#,
        r#"{"name":"ok","ｎame":"evil"}"#,
        r#"{"name":"ok","Arguments":{}}"#,
        r#"{"name":"ok","input_responses":{}}"#,
        r#"{"name":"ok","RequestState":"x"}"#,
        r#"{"name":"ok"," name":"evil"}"#,
    ] {
        refused(call(params), &[INVALID_PARAMS]);
    }
    for (key, value) in
        [("METHOD", "\"tools/call\""), ("paramſ", "{}"), ("Params", "{}"), ("ID", "2"), ("json_rpc", "1")]
    {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","{key}":{value}}}"#);
        refused(text, &[INVALID_REQUEST]);
    }
    // A tool's arguments are its own.
    let own = call(r#"{"name":"ok","arguments":{"Name":1,"name":2,"paramſ":3,"":4}}"#);
    assert!(read(own).is_ok());
}

#[test]
fn t04_a_control_character_in_a_key_of_the_protocol_is_refused() {
    for control in (0..0x20_u32).chain([0x7f, 0x85, 0x200b]) {
        let key = if control < 0x10000 { format!("\\u{control:04x}") } else { String::new() };
        refused(call(&format!(r#"{{"name":"a","name{key}":"b"}}"#)), &[INVALID_PARAMS]);
        refused(
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","method{key}":"b"}}"#),
            &[INVALID_REQUEST],
        );
    }
}

#[test]
fn t05_a_request_with_a_result_and_an_answer_with_a_method_are_refused() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"},"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"},"error":{"code":1,"message":""}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","result":{}}"#,
    ] {
        refused(text, &[INVALID_REQUEST]);
    }
}

#[test]
fn t06_a_batch_is_refused_whole() {
    let one = call(r#"{"name":"x"}"#);
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    for text in ["[]".to_owned(), format!("[{one}]"), format!("[{list},{one}]"), format!("[[{one}]]")] {
        refused(text, &[INVALID_REQUEST]);
    }
}

#[test]
fn t07_what_is_no_message_is_refused() {
    for text in [
        "null",
        "{}",
        "\"x\"",
        "5",
        "true",
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":""}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":["tools/call"]}"#,
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":5}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}}"#,
        r#"{"jsonrpc":"2.0","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}"#,
    ] {
        refused(text, &[INVALID_REQUEST]);
    }
    for text in ["", " ", "\n"] {
        refused(text, &[PARSE_ERROR]);
    }
}

#[test]
fn t08_an_identifier_is_an_integer_of_64_bits_or_a_string() {
    for id in ["1.5", "true", "[]", "[1]", "{}", "1e2", "1.0", "-0", "-1.0"] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x"}}}}"#);
        refused(text, &[INVALID_REQUEST]);
    }
    refused(r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"x"}}"#, &[INVALID_REQUEST]);
    refused(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}"#, &[INVALID_REQUEST]);
    refused(r#"{"jsonrpc":"2.0","method":"ping"}"#, &[INVALID_REQUEST]);
    for id in ["99999999999999999999", "18446744073709551616", "-9223372036854775809"] {
        refused(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#), &[PARSE_ERROR]);
    }
    let long = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(257));
    refused(long, &[INVALID_REQUEST]);
    for (text, id) in [
        ("1", Id::from(1)),
        ("-1", Id::from(-1)),
        ("18446744073709551615", Id::from(u64::MAX)),
        ("-9223372036854775808", Id::from(i64::MIN)),
        ("\"1\"", Id::from("1")),
        ("\"\"", Id::from("")),
    ] {
        let message = read(format!(r#"{{"jsonrpc":"2.0","id":{text},"method":"ping"}}"#)).unwrap();
        assert_eq!(message.id(), Some(&id));
        assert!(message.to_line().contains(&format!("\"id\":{text}")));
    }
    let unread = read(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}"#).unwrap();
    assert_eq!(unread.id(), None);
}

#[test]
fn t09_what_json_does_not_allow_is_refused_and_never_passed_on() {
    for value in [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e309",
        "-1e309",
        "1e999",
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        "[1,]",
        "{\"a\":1,}",
        "/* c */ 1",
        "1 // c",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1",
        "'a'",
        "undefined",
        "True",
        "1_000",
        "\"\t\"",
        "\"\u{0}\"",
    ] {
        refused(call(&format!(r#"{{"name":"x","arguments":{{"a":{value}}}}}"#)), &[PARSE_ERROR]);
    }
    let good = call(r#"{"name":"x"}"#);
    refused(format!("\u{feff}{good}"), &[PARSE_ERROR]);
    refused(format!("{good}{good}"), &[PARSE_ERROR]);
    refused(format!("{good}\r{good}"), &[PARSE_ERROR]);
    refused(format!("{good},"), &[PARSE_ERROR]);
    for bytes in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x80"] {
        let mut text = br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":""#.to_vec();
        text.extend_from_slice(bytes);
        text.extend_from_slice(br#""}}"#);
        refused(text, &[PARSE_ERROR]);
    }
    refused([0xff, 0xfe, b'{', 0, b'}', 0], &[PARSE_ERROR]);
}

#[test]
fn t10_what_is_nested_too_deep_is_refused() {
    let nested = |depth: usize| {
        call(&format!(r#"{{"name":"x","arguments":{{"a":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth)))
    };
    // The envelope, the params and the arguments are three levels.
    assert!(read(nested(124)).is_ok());
    refused(nested(125), &[INVALID_REQUEST]);
    refused(nested(1_000_000), &[INVALID_REQUEST]);
    refused("[".repeat(4 << 20), &[INVALID_REQUEST]);
    let shallow = Limits { depth: 3, ..Limits::CLIENT };
    assert!(Message::read(call(r#"{"name":"x","arguments":{"a":1}}"#).as_bytes(), &shallow).is_ok());
    assert!(Message::read(nested(1).as_bytes(), &shallow).is_err());
}

#[test]
fn t11_what_is_too_large_is_refused_before_it_takes_memory() {
    let sized = |bytes: usize| {
        let text = call(r#"{"name":"x","arguments":{"a":""}}"#);
        text.replace(r#""a":"""#, &format!(r#""a":"{}""#, "x".repeat(bytes - text.len())))
    };
    assert!(read(sized(Limits::CLIENT.bytes)).is_ok());
    refused(sized(Limits::CLIENT.bytes + 1), &[INVALID_REQUEST]);

    let array = call(&format!(r#"{{"name":"x","arguments":{{"a":[{}1]}}}}"#, "1,".repeat(5 << 20)));
    let keys: Vec<_> = (0..100_000).map(|n| format!(r#""k{n}":1"#)).collect();
    let keys = keys.join(",");
    let keys = call(&format!(r#"{{"name":"x","arguments":{{{keys}}}}}"#));
    let key = call(&format!(r#"{{"name":"x","arguments":{{"{}":1}}}}"#, "k".repeat(1 << 20)));
    let values = call(&format!(r#"{{"name":"x","arguments":{{"a":[{}1]}}}}"#, "1,".repeat(60_000)));
    for text in [array, keys, key, values] {
        let mut result = None;
        let allocated = allocation_counter::measure(|| result = Some(read(&text)));
        assert_eq!(result.unwrap().unwrap_err().code(), INVALID_REQUEST);
        assert!(allocated.bytes_max <= 16 << 20, "{allocated:?} for {} bytes", text.len());
    }
}

#[test]
fn t15_params_of_a_known_method_that_are_not_its_own_are_refused() {
    for params in [
        r#"{"name":5}"#,
        r#"{"name":null}"#,
        r#"{"name":["x"]}"#,
        "{}",
        r#"{"arguments":{}}"#,
        r#"{"name":"x","arguments":[]}"#,
        r#"{"name":"x","arguments":null}"#,
        r#"{"name":"x","arguments":"{}"}"#,
        r#"{"name":"x","inputResponses":5}"#,
        r#"{"name":"x","inputResponses":[]}"#,
        r#"{"name":"x","requestState":{}}"#,
        r#"{"name":"x","requestState":null}"#,
        r#"{"name":"x","task":true}"#,
        r#"{"name":"x","_meta":[]}"#,
        "[]",
        "null",
        "\"x\"",
        "5",
    ] {
        refused(call(params), &[INVALID_PARAMS]);
    }
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":5}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":5}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"vendor/thing","params":[1]}"#,
    ] {
        refused(text, &[INVALID_PARAMS]);
    }
    let error = read(call("5")).unwrap_err();
    assert_eq!(error.id(), Some(&Id::from(1)));
}

#[test]
fn t24_integers_beyond_64_bits_are_refused_and_all_others_go_out_as_they_came() {
    for number in
        ["18446744073709551616", "99999999999999999999", "-9223372036854775809", "1000000000000000000000000"]
    {
        refused(call(&format!(r#"{{"name":"x","arguments":{{"n":{number}}}}}"#)), &[PARSE_ERROR]);
    }
    for (number, written) in [
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9007199254740993", "9007199254740993"),
        ("0.1", "0.1"),
        ("1e2", "100.0"),
        ("-0", "-0.0"),
        ("1E400", ""),
        ("1e-400", "0.0"),
        ("5e-324", "5e-324"),
        ("0.30000000000000004", "0.30000000000000004"),
    ] {
        let text = call(&format!(r#"{{"name":"x","arguments":{{"n":{number}}}}}"#));
        match read(text) {
            Ok(message) => {
                assert!(
                    message.to_line().contains(&format!(r#"{{"n":{written}}}"#)),
                    "{}",
                    message.to_line()
                );
            }
            Err(_) => assert_eq!(written, "", "{number}"),
        }
    }
}

#[test]
fn members_that_mcp_allows_are_kept() {
    let text = json!({
        "jsonrpc": "2.0", "id": "a", "method": "tools/call", "x-trace": [1],
        "params": {"name": "x", "arguments": {"é": null}, "x-vendor": {"a": 1}, "_meta": {"progressToken": 5, "com.example/x": {}}}
    });
    let message = read(text.to_string()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&message.to_line()).unwrap(), text);
}

#[test]
fn t67_no_refusal_repeats_what_was_sent() {
    let secret = "hunter2";
    for text in [
        call(&format!(r#"{{"name":"x","arguments":{{"{secret}":1,"{secret}":2}}}}"#)),
        call(&format!(r#"{{"name":"x","{secret}\u0000":2}}"#)),
        call(&format!(r#"{{"name":"x","arguments":{{"a":{secret}}}}}"#)),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","method {secret}":1}}"#),
    ] {
        let error = read(text).unwrap_err();
        assert!(!error.answer().to_line().contains(secret), "{error}");
    }
}
