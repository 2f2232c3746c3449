//! Every code is documented with a policy in which it is found.
#![expect(clippy::unwrap_used, reason = "documentation that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::path::Path;

use mcp_policy::{Diagnostic, DiagnosticCode, Policy};

/// The example of each code: the JSON in the documentation of its variant.
fn examples() -> BTreeMap<String, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostic/code.rs");
    let source = std::fs::read_to_string(file).unwrap();
    let mut examples = BTreeMap::new();
    let (mut example, mut inside) = (String::new(), false);
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            match text.trim() {
                "```json" => inside = true,
                "```" => inside = false,
                _ if inside => {
                    example.push_str(text.strip_prefix(' ').unwrap_or(text));
                    example.push('\n');
                }
                _ => {}
            }
        } else if let Some((_, name)) = line.split_once(" = \"") {
            examples.insert(name.trim_end_matches("\",").to_owned(), std::mem::take(&mut example));
        }
    }
    examples
}

/// The codes that are found in a policy.
fn found(text: &str) -> Vec<DiagnosticCode> {
    match Policy::from_json(text) {
        Ok(policy) => policy.warnings().iter().map(Diagnostic::code).collect(),
        Err(error) => error.diagnostics().iter().map(Diagnostic::code).collect(),
    }
}

#[test]
fn every_code_has_an_example_and_nothing_else_is_found_in_it() {
    let examples = examples();
    for code in DiagnosticCode::ALL {
        // These need the tools of a server, and have tests of their own.
        let needs_tools =
            [DiagnosticCode::PinDiffers, DiagnosticCode::UnknownArgument, DiagnosticCode::UnknownTool];
        if needs_tools.contains(code) {
            continue;
        }
        let example = examples.get(code.as_str()).map(String::as_str).unwrap_or_default();
        assert!(!example.is_empty(), "{code} has no example");
        assert_eq!(found(example), [*code], "{code}:\n{example}");
    }
}
