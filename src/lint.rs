//! A policy against the tools of a server: names and arguments that the server does not have, and pins that it does not keep.
//!
//! A rule for `restart_executions` looks right and is for no tool, if the tool is called `restart_execution`. Only the
//! server's own list can tell.

mod arguments;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report, nearest};
use crate::fingerprint::Fingerprint;
use crate::json::{Bounds, excerpt, parse_tree};
use crate::lint::arguments::Arguments;
use crate::pattern::Pattern;
use crate::policy::{MAX_DEPTH, MAX_KEY_BYTES, Policy};
use crate::risk::{Tool, by_name, listed_tools};

/// What a policy names that a server does not have, by the server's answer to `tools/list`: a result, the response around
/// it, or the array of tools alone. `None` if it is none of these.
///
/// A name without `*` in `tools`, `classify`, `pins` and `hide` that the server has no tool for is an `unknown_tool`; so is a
/// pattern that fits none of its tools. An argument that the input schema of the tool does not know is an
/// `unknown_argument`: it is looked for in the rules for exact names, and where the schema lists what there is. A tool that is
/// pinned to another definition than the listed one is a `pin_differs`.
///
/// `text` is the text that the policy was read from; with it the diagnostics have their places. They are warnings: the next
/// version of the server may have what this one has not. `silence` takes them off, as any
/// warning.
///
/// ```
/// use mcp_policy::{Policy, lint};
/// use serde_json::json;
///
/// let text = r#"{"version": "1", "default": "deny", "tools": {"restart_executions": {}}}"#;
/// let policy = Policy::from_json(text)?;
/// let tools = json!({"tools": [{"name": "restart_execution", "inputSchema": {"type": "object"}}]});
///
/// let found = lint::against_tools(&policy, Some(text), &tools).unwrap();
/// assert_eq!(found[0].message(), "the server has no tool `restart_executions`");
/// assert_eq!(found[0].help(), Some("did you mean `restart_execution`?"));
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
#[must_use]
pub fn against_tools(policy: &Policy, text: Option<&str>, tools: &Value) -> Option<Vec<Diagnostic>> {
    let tools = by_name(listed_tools(tools)?);
    let mut linter = Linter { tools, report: Report::default(), work: 0 };
    let document = policy.document();
    let silent = Silent::default().and(&document.silence);
    let root = Place::Document;
    let hide = root.member("hide");
    for (index, name) in document.hide.iter().enumerate() {
        linter.name(name, silent, &hide.element(index));
    }
    let classify = root.member("classify");
    for name in document.classify.keys() {
        linter.name(name, silent, &classify.member(name));
    }
    let pins = root.member("pins");
    for (name, pinned) in &document.pins {
        linter.pin(name, *pinned, silent, &pins.member(name));
    }
    let rules = root.member("tools");
    for (name, rule) in &document.tools {
        let place = rules.member(name);
        let silent = silent.and(&rule.silence);
        linter.name(name, silent, &place);
        let tool = linter.tools.get(name.as_str()).and_then(Option::as_ref);
        if let Some(arguments) = tool.and_then(Arguments::of) {
            arguments.check(rule, silent, &place, &mut linter.report);
        }
    }
    let parsed = text.map(|text| {
        (text, parse_tree(text, Bounds { depth: MAX_DEPTH, key_bytes: MAX_KEY_BYTES, ..Bounds::NONE }).root)
    });
    let source = parsed.as_ref().and_then(|(text, root)| Some((*text, root.as_ref()?)));
    Some(linter.report.finish(source).0)
}

struct Linter<'a> {
    /// `None` for a name that is listed more than once.
    tools: BTreeMap<&'a str, Option<Tool<'a>>>,
    report: Report,
    work: usize,
}

/// As many names are compared with patterns. What is left then is not warned of.
const MAX_WORK: usize = 4_000_000;

impl Linter<'_> {
    fn is_known(&mut self, name: &str) -> bool {
        if !name.contains('*') {
            return self.tools.contains_key(name);
        }
        self.work = self.work.saturating_add(self.tools.len());
        let pattern = Pattern::new(name);
        self.work > MAX_WORK || self.tools.keys().any(|tool| pattern.matches(tool))
    }

    fn pin(&mut self, name: &str, pinned: Fingerprint, silent: Silent, place: &Place<'_>) {
        let Some(tool) = self.tools.get(name) else {
            self.name(name, silent, place);
            return;
        };
        let listed = tool.and_then(|tool| tool.fingerprint());
        if silent.pins || listed == Some(pinned) || self.report.omit() {
            return;
        }
        let (message, help) = match (tool, listed) {
            (None, _) => (
                "the server lists the tool more than once, so every call is denied".to_owned(),
                "have the server list it once".to_owned(),
            ),
            (_, None) => (
                "the definition of the tool has no fingerprint, so every call is denied".to_owned(),
                "have the server list a definition that is not nested as deep".to_owned(),
            ),
            (_, Some(listed)) => (
                "the server lists the tool with another definition, so every call is denied".to_owned(),
                format!("look at what has changed; the definition that is listed now is `{listed}`"),
            ),
        };
        let diagnostic = Diagnostic::warning(DiagnosticCode::PinDiffers, message, place.to_string());
        self.report.check(diagnostic.with_help(help));
    }

    fn name(&mut self, name: &str, silent: Silent, place: &Place<'_>) {
        if silent.tools || self.is_known(name) || self.report.omit() {
            return;
        }
        let message = if name.contains('*') {
            format!("the server has no tool that fits `{}`", excerpt(name))
        } else {
            format!("the server has no tool `{}`", excerpt(name))
        };
        let diagnostic = Diagnostic::warning(DiagnosticCode::UnknownTool, message, place.to_string());
        let names: Vec<&str> = self.tools.keys().copied().collect();
        self.report.check(match nearest(name, &names) {
            Some(near) => diagnostic.with_help(format!("did you mean `{}`?", excerpt(near))),
            None => diagnostic,
        });
    }
}

/// What is not wanted at a place.
#[derive(Clone, Copy, Default)]
struct Silent {
    tools: bool,
    arguments: bool,
    pins: bool,
}

impl Silent {
    /// This, and what is named in a `silence` below.
    fn and(self, silence: &[String]) -> Self {
        let names = |code: DiagnosticCode| silence.iter().any(|silent| silent == code.as_str());
        Self {
            tools: self.tools || names(DiagnosticCode::UnknownTool),
            arguments: self.arguments || names(DiagnosticCode::UnknownArgument),
            pins: self.pins || names(DiagnosticCode::PinDiffers),
        }
    }
}
