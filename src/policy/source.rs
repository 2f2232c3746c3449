//! Text to document.

mod syntax;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::json::{Bounds, FaultKind, Node, excerpt, parse_tree};
use crate::policy::document::{PolicyDocument, Read};

/// The longest document, in bytes: 4 MiB. It bounds the memory that reading one takes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The deepest nesting of a document: arrays and objects within one another. It bounds every recursion over
/// it.
pub const MAX_DEPTH: usize = 64;

/// The longest key of a document, in bytes, such as the name of a tool: 1 KiB. Keys are repeated in what is
/// said about a document, and in what is kept of it.
pub const MAX_KEY_BYTES: usize = 1024;

/// Reads a document. There is a tree unless the text is not JSON, and a document whenever there is a tree; it
/// is whole if the report is empty.
pub(crate) fn read(text: &str, report: &mut Report) -> Option<(PolicyDocument, Node)> {
    if text.len() > MAX_BYTES {
        let message = format!("the document has {} bytes, and {MAX_BYTES} are allowed", text.len());
        report.check(Diagnostic::new(DiagnosticCode::TooLarge, message, String::new()));
        return None;
    }
    let parsed = parse_tree(text, Bounds { depth: MAX_DEPTH, key_bytes: MAX_KEY_BYTES, ..Bounds::NONE });
    let root = parsed.root;
    for duplicate in parsed.duplicates {
        if report.omit() {
            continue;
        }
        let message = format!("duplicate key `{}`", excerpt(&duplicate.key));
        let pointer = root.as_ref().map(|root| root.pointer_to(&duplicate.second)).unwrap_or_default();
        let diagnostic = Diagnostic::new(DiagnosticCode::DuplicateKey, message, pointer.clone())
            .with_related("first defined here", pointer);
        report.add(diagnostic, duplicate.second, Some(duplicate.first));
    }
    if let Some(fault) = parsed.fault {
        let code = match fault.kind {
            FaultKind::Depth => DiagnosticCode::TooDeep,
            FaultKind::Duplicate => DiagnosticCode::DuplicateKey,
            FaultKind::Key | FaultKind::Values => DiagnosticCode::TooLarge,
            FaultKind::Number | FaultKind::Syntax => DiagnosticCode::Syntax,
        };
        let unexpected = text.get(fault.offset..).and_then(|rest| rest.chars().next());
        let end = fault.offset.saturating_add(unexpected.map_or(0, char::len_utf8));
        let mut range = fault.offset..end;
        let mut diagnostic = Diagnostic::new(code, fault.message, String::new());
        if code == DiagnosticCode::Syntax {
            if let Some(first) = syntax::yaml(text) {
                range = first;
                diagnostic =
                    Diagnostic::new(code, "this is YAML, and a policy is JSON".to_owned(), String::new())
                        .with_help(JSON);
            } else if let Some(help) = syntax::help(text, fault.offset, diagnostic.message()) {
                diagnostic = diagnostic.with_help(help);
            }
        }
        report.add(diagnostic, range, None);
    }
    let root = root?;
    let document = PolicyDocument::read(&root, &Place::Document, report);
    Some((document, root))
}

/// How a policy begins, for authors who wrote YAML.
const JSON: &str = "write `{\"version\": \"1\", \"default\": \"deny\", \"tools\": {...}}`";
