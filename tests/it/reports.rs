//! What is said of bad policies, as people see it: one file for each, to be read. `BLESS=1` writes them anew.
#![expect(clippy::unwrap_used, reason = "what is wrong with a fixture fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mcp_policy::diagnostic::Severity;
use mcp_policy::policy::document::{DefaultAction, PolicyDocument, Rule};
use mcp_policy::{DiagnosticCode, Policy, diagnostic};

fn policies() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/invalid");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

#[test]
fn reports_are_as_they_were_read_and_approved() {
    let policies = policies();
    assert!(policies.len() >= 60, "{} policies", policies.len());
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    let mut codes = BTreeSet::new();
    for path in policies {
        let error =
            Policy::from_json(&fs::read_to_string(&path).unwrap()).expect_err(&path.to_string_lossy());
        codes.extend(error.diagnostics().iter().map(|diagnostic| diagnostic.code().as_str()));
        let (report, expected) = (format!("{error}\n"), path.with_extension("stderr"));
        if bless {
            fs::write(expected, report).unwrap();
        } else if fs::read_to_string(expected).ok().as_deref() != Some(report.as_str()) {
            different.push(format!("{}:\n{report}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    let missing: Vec<_> = DiagnosticCode::ALL
        .iter()
        .filter(|code| code.severity() == Severity::Error)
        .filter(|code| !codes.contains(code.as_str()))
        .collect();
    assert!(missing.is_empty(), "in no policy: {missing:?}");
}

#[test]
fn every_report_has_its_policy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/invalid");
    for entry in fs::read_dir(folder).unwrap() {
        assert!(entry.unwrap().path().with_extension("json").is_file());
    }
}

#[test]
fn a_document_of_four_mebibytes_on_one_line_has_a_short_report() {
    let names = r#""x","#.repeat(1_000_000);
    let numbers = "0,".repeat(120);
    let text = format!(r#"{{"version":"1","hide":[{names}{numbers}""],"limits":[],"default":"deny"}}"#);
    assert!(text.len() > 3_900_000 && text.len() < mcp_policy::policy::MAX_BYTES);
    let error = Policy::from_json(&text).unwrap_err();
    let report = error.to_string();
    assert!(report.contains("\nand 21 more"), "{report}");
    assert!(report.lines().all(|line| line.chars().count() < 130), "{report}");
    assert!(report.len() < 60_000, "{}", report.len());
}

#[test]
fn a_document_without_a_text_is_reported_by_its_pointers() {
    let mut document = PolicyDocument::new(DefaultAction::Deny);
    let mut rule = Rule::default();
    rule.validate_args = true;
    document.tools.insert("pay".to_owned(), rule);
    document.methods.push("ping".to_owned());
    let error = Policy::try_from(document).unwrap_err();
    let expected = "error[invalid_value]: `ping` always passes
 --> /methods/0
  = help: leave it out

error[unsupported]: this version of mcp-policy does not support `validate_args` yet
 --> /tools/pay/validate_args
  = help: leave it out, and mind that it is not checked";
    assert_eq!(error.to_string(), expected);
    assert_eq!(format!("{error:?}"), expected);
    assert_eq!(diagnostic::render(error.diagnostics()).to_string(), expected);
}

#[test]
fn the_readme_shows_a_real_report() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let report = fs::read_to_string(root.join("tests/fixtures/invalid/readme.stderr")).unwrap();
    assert!(fs::read_to_string(root.join("README.md")).unwrap().contains(&report));
}
