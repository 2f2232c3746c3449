//! Text to values: RFC 8259 to the letter, and one reading for everybody.

use serde_json::Number;

use crate::json::build::{Build, Leaf};

#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Depth,
    Duplicate,
    Key,
    Number,
    Syntax,
    Values,
}

/// What a text may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How many arrays and objects may be nested in one another.
    pub(crate) depth: usize,
    pub(crate) key_bytes: usize,
    /// How many values there may be, at all depths.
    pub(crate) values: usize,
    pub(crate) wide_integers: WideIntegers,
}

impl Bounds {
    /// No bounds at all, for a text that is bounded otherwise.
    pub(crate) const NONE: Self = Self {
        depth: usize::MAX,
        key_bytes: usize::MAX,
        values: usize::MAX,
        wide_integers: WideIntegers::Round,
    };
}

/// What becomes of an integer that 64 bits cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WideIntegers {
    /// It is an error: as a double it would be written `1e20`, and some readers take that for another number.
    Refuse,
    /// It is the nearest double.
    Round,
}

/// Reads a text into values of the builder's kind.
pub(crate) fn read<B: Build>(text: &str, bounds: Bounds, build: &mut B) -> Result<B::Value, Fault> {
    Parser { text, at: 0, depth: 0, values: 0, bounds, build }.document()
}

struct Parser<'a, B> {
    text: &'a str,
    /// INVARIANT: a character boundary of `text`.
    at: usize,
    depth: usize,
    values: usize,
    bounds: Bounds,
    build: &'a mut B,
}

impl<B: Build> Parser<'_, B> {
    fn document(&mut self) -> Result<B::Value, Fault> {
        if self.text.starts_with('\u{feff}') {
            return Err(self.fault("byte order mark, which JSON does not allow"));
        }
        self.space();
        let root = self.value()?;
        self.space();
        match self.peek_character() {
            None => Ok(root),
            Some(_) => Err(self.unexpected(" after the value")),
        }
    }

    /// One value. It recurses once for each level, and `nested` bounds the levels.
    fn value(&mut self) -> Result<B::Value, Fault> {
        let start = self.at;
        self.values = self.values.saturating_add(1);
        if self.values > self.bounds.values {
            let message = format!("more than {} values", self.bounds.values);
            return Err(Fault { offset: start, message, kind: FaultKind::Values });
        }
        let leaf = match self.peek() {
            Some(b'{') => return self.nested(Self::object),
            Some(b'[') => return self.nested(Self::array),
            Some(b'"') => Leaf::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Leaf::Number(self.number()?),
            Some(b't') if self.take("true") => Leaf::Bool(true),
            Some(b'f') if self.take("false") => Leaf::Bool(false),
            Some(b'n') if self.take("null") => Leaf::Null,
            _ => return Err(self.unexpected(", expected a value")),
        };
        Ok(self.build.leaf(leaf, start..self.at))
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<B::Value, Fault>) -> Result<B::Value, Fault> {
        if self.depth >= self.bounds.depth {
            let message = format!("nested deeper than {} levels", self.bounds.depth);
            return Err(Fault { offset: self.at, message, kind: FaultKind::Depth });
        }
        self.depth = self.depth.saturating_add(1);
        let value = read(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }

    fn array(&mut self) -> Result<B::Value, Fault> {
        let start = self.at;
        self.step(1);
        let mut elements = Vec::new();
        self.space();
        if !self.take("]") {
            loop {
                self.space();
                elements.push(self.value()?);
                self.space();
                if self.take("]") {
                    break;
                }
                if !self.take(",") {
                    return Err(self.unexpected(", expected `,` or `]`"));
                }
            }
        }
        Ok(self.build.array(elements, start..self.at))
    }

    fn object(&mut self) -> Result<B::Value, Fault> {
        let start = self.at;
        self.step(1);
        let mut members = B::Members::default();
        self.space();
        if !self.take("}") {
            loop {
                self.space();
                self.member(&mut members)?;
                self.space();
                if self.take("}") {
                    break;
                }
                if !self.take(",") {
                    return Err(self.unexpected(", expected `,` or `}`"));
                }
            }
        }
        Ok(self.build.object(members, start..self.at))
    }

    fn member(&mut self, members: &mut B::Members) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(", expected a key in double quotes"));
        }
        let start = self.at;
        let key = self.string()?;
        let span = start..self.at;
        if key.len() > self.bounds.key_bytes {
            let message = format!("a key is longer than {} bytes", self.bounds.key_bytes);
            return Err(Fault { offset: start, message, kind: FaultKind::Key });
        }
        self.space();
        if !self.take(":") {
            return Err(self.unexpected(", expected `:`"));
        }
        self.space();
        let value = self.value()?;
        self.build.member(members, key, span, value).map_err(|message| Fault {
            offset: start,
            message,
            kind: FaultKind::Duplicate,
        })
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.step(1);
        let mut text = String::new();
        loop {
            // A run without quote, backslash and control character is taken whole.
            let rest = self.rest();
            let run = rest.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            let Some(run) = run else {
                self.at = self.text.len();
                return Err(self.fault("unexpected end in a string"));
            };
            text.push_str(rest.get(..run).unwrap_or_default());
            self.step(run);
            match self.peek() {
                Some(b'"') => {
                    self.step(1);
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.fault("control character in a string, which must be escaped")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.step(1);
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.step(1);
                return self.unicode_escape(start);
            }
            _ => return Err(self.unexpected(" after a backslash")),
        };
        self.step(1);
        Ok(character)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, Fault> {
        let lone = Fault {
            offset: start,
            message: "lone surrogate in a string".to_owned(),
            kind: FaultKind::Syntax,
        };
        let mut units = vec![self.four_digits()?];
        if char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err()) {
            if !self.take("\\u") {
                return Err(lone);
            }
            units.push(self.four_digits()?);
        }
        let mut characters = char::decode_utf16(units);
        match (characters.next(), characters.next()) {
            (Some(Ok(character)), None) => Ok(character),
            _ => Err(lone),
        }
    }

    fn four_digits(&mut self) -> Result<u16, Fault> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
            return Err(self.fault("expected four hexadecimal digits"));
        };
        self.step(4);
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let start = self.at;
        self.take("-");
        if !self.take("0") && self.digits() == 0 {
            return Err(self.unexpected(", expected a digit"));
        }
        let mut integer = true;
        if self.take(".") {
            integer = false;
            if self.digits() == 0 {
                return Err(self.unexpected(", expected a digit"));
            }
        }
        if self.take("e") || self.take("E") {
            integer = false;
            let _sign = self.take("+") || self.take("-");
            if self.digits() == 0 {
                return Err(self.unexpected(", expected a digit"));
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        // `-0` is a double, as serde_json reads it: written out again it keeps its sign.
        if integer && text != "-0" {
            if let Ok(number) = text.parse::<u64>() {
                return Ok(number.into());
            }
            if let Ok(number) = text.parse::<i64>() {
                return Ok(number.into());
            }
            if self.bounds.wide_integers == WideIntegers::Refuse {
                let message = "an integer that 64 bits cannot hold".to_owned();
                return Err(Fault { offset: start, message, kind: FaultKind::Number });
            }
        }
        match text.parse::<f64>().ok().and_then(Number::from_f64) {
            Some(number) => Ok(number),
            None => Err(Fault {
                offset: start,
                message: "number out of range".to_owned(),
                kind: FaultKind::Number,
            }),
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.step(count);
        count
    }

    fn space(&mut self) {
        let count =
            self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.step(count);
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.step(text.len());
        }
        found
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_character(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    fn fault(&self, message: &str) -> Fault {
        Fault { offset: self.at, message: message.to_owned(), kind: FaultKind::Syntax }
    }

    fn unexpected(&self, rest: &str) -> Fault {
        let message = match self.peek_character() {
            None => format!("unexpected end{rest}"),
            Some(character) => {
                format!("unexpected `{}`{rest}", super::excerpt(character.encode_utf8(&mut [0; 4])))
            }
        };
        Fault { offset: self.at, message, kind: FaultKind::Syntax }
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test that panics fails")]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::json::NodeKind;
    use crate::json::build::Parsed;

    /// Reads a text as most of the crate does.
    fn parse_tree(text: &str) -> Parsed {
        crate::json::parse_tree(text, Bounds { depth: 64, key_bytes: usize::MAX, ..Bounds::NONE })
    }

    fn value(text: &str) -> Value {
        parse_tree(text).root.unwrap().into_value()
    }

    #[test]
    fn every_escape_is_read() {
        assert_eq!(value(r#""\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00""#), json!("\"\\/\u{8}\u{c}\n\r\tAé😀"));
        for text in
            [r#""\ud83d""#, r#""\ud83d\u0041""#, r#""\ude00""#, r#""\u12""#, r#""\x""#, "\"\n\"", "\""]
        {
            assert!(parse_tree(text).fault.is_some(), "{text}");
        }
    }

    #[test]
    fn spans_are_the_bytes_of_the_value() {
        let text = r#" {"é": [1, {"b": "c"}]} "#;
        let root = parse_tree(text).root.unwrap();
        assert_eq!(&text[root.span.clone()], text.trim());
        let NodeKind::Object(members) = root.kind else { panic!() };
        assert_eq!(&text[members[0].key_span.clone()], "\"é\"");
        assert_eq!(&text[members[0].value.span.clone()], r#"[1, {"b": "c"}]"#);
    }

    #[test]
    fn t45_duplicate_keys_are_found_also_by_escapes() {
        let parsed = parse_tree(r#"{"tools": 1, "tool\u0073": 2, "x": {"": 1, "": 2, "": 3}}"#);
        let keys: Vec<_> = parsed.duplicates.iter().map(|duplicate| duplicate.key.as_str()).collect();
        assert_eq!(keys, ["", "", "tools"]);
    }

    #[test]
    fn numbers_are_the_nearest_double() {
        // serde_json without `float_roundtrip` reads one unit in the last place less, or more.
        for text in ["0.1", "1.7976931348623157e308", "2.2250738585072014e-308", "9007199254740993.5", "1e23"]
        {
            assert_eq!(value(text).as_f64(), text.parse().ok(), "{text}");
        }
        assert_eq!(value("18446744073709551615"), json!(u64::MAX));
        assert_eq!(value("-9223372036854775808"), json!(i64::MIN));
        assert_eq!(value("18446744073709551616"), json!(18_446_744_073_709_551_616.0));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read(value in any_value()) {
            for text in [value.to_string(), format!("{value:#}")] {
                let parsed = parse_tree(&text);
                prop_assert!(parsed.duplicates.is_empty());
                prop_assert_eq!(parsed.root.unwrap().into_value(), value.clone());
            }
        }

        #[test]
        fn what_is_read_serde_json_reads_too(text in r#"[\[\]{}",:0-9eE.+\\ utrfalsn-]{0,40}"#) {
            let parsed = parse_tree(&text);
            let strict = parsed.fault.is_none() && parsed.duplicates.is_empty();
            prop_assert!(!strict || serde_json::from_str::<Value>(&text).is_ok());
            if parsed.fault.is_some() {
                // Nothing is refused that serde_json takes, but for depth, which this does not reach.
                prop_assert!(serde_json::from_str::<Value>(&text).is_err());
            }
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = parse_tree(&text);
        }
    }
}
