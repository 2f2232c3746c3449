//! Cases as data: a policy, lines with calls, and what the language says must come of each.
//!
//! A line has the shape of a line of `replay`, with `expect` beside it. `tools` is what the server lists; without it there is
//! no catalog.
#![expect(clippy::unwrap_used, reason = "what is wrong with a fixture fails the test")]

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use mcp_policy::risk::{RiskCatalog, listed_tools};
use mcp_policy::{
    Approval, ApprovalRequest, Context, Decision, Denial, Evaluator, MemoryStore, Outcome, Permit, Policy,
    Stop, ToolCall, json,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[test]
fn every_case_comes_to_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases");
    let (mut files, mut expectations, mut failures) = (0_usize, 0_usize, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let cases = json::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        files = files.saturating_add(1);
        for case in cases.as_array().unwrap() {
            only(case, &["name", "policy", "tools", "lines"]);
            let file = path.file_name().unwrap().to_string_lossy();
            let name = format!("{file}: {}", case["name"].as_str().unwrap());
            let policy = Policy::from_json(&case["policy"].to_string());
            let policy = policy.unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut play = Play::new(policy, case.get("tools"));
            for (number, line) in case["lines"].as_array().unwrap().iter().enumerate() {
                let Some((expected, got)) = play.line(number, line) else { continue };
                expectations = expectations.saturating_add(1);
                if !fits(&expected, &got) {
                    failures.push(format!("{name}, line {number}\n  {line}\n  came to {got}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(files >= 10 && expectations >= 150, "{files} files, {expectations} expectations");
}

/// One case while it is played.
struct Play {
    evaluator: Evaluator<MemoryStore>,
    permits: HashMap<u64, Permit<MemoryStore>>,
    requests: HashMap<u64, ApprovalRequest>,
    approvals: HashMap<u64, Approval>,
}

impl Play {
    fn new(policy: Policy, tools: Option<&Value>) -> Self {
        let mut evaluator = Evaluator::builder(MemoryStore::new()).policy(policy);
        if let Some(tools) = tools {
            let catalog = RiskCatalog::new();
            catalog.learn("server", listed_tools(tools).unwrap());
            evaluator = evaluator.catalog(catalog.server("server"));
        }
        Self {
            evaluator: evaluator.build(),
            permits: HashMap::new(),
            requests: HashMap::new(),
            approvals: HashMap::new(),
        }
    }

    /// Plays a line. A call gives what was expected, and what came.
    fn line(&mut self, number: usize, line: &Value) -> Option<(Value, Value)> {
        let number = u64::try_from(number).unwrap();
        if let Some(call) = line.get("settles") {
            only(line, &["at", "settles", "outcome"]);
            let outcome = Outcome::from_name(text(line, "outcome")).unwrap();
            if let Some(permit) = self.permits.remove(&call.as_u64().unwrap()) {
                permit.settle(outcome).unwrap();
            }
            return None;
        }
        if let Some(call) = line.get("approves") {
            only(line, &["at", "approves", "expires_at"]);
            let request = self.requests.get(&call.as_u64().unwrap()).unwrap();
            let approval = request.approve(format!("line {number}"), moment(line, "expires_at"));
            self.approvals.insert(number, approval);
            return None;
        }
        only(line, &["at", "tool", "arguments", "context", "approval", "expect"]);
        let attributes: Vec<(&str, &str)> = match line.get("context") {
            Some(context) => {
                let context = context.as_object().unwrap().iter();
                context.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
            }
            None => Vec::new(),
        };
        let context = Context::new().attributes(&attributes);
        let mut call = ToolCall::new(text(line, "tool"), line.get("arguments")).context(&context);
        let approved =
            line.get("approval").map(|line| self.approvals.get(&line.as_u64().unwrap()).unwrap().clone());
        if let Some(approval) = &approved {
            call = call.approval(approval);
        }
        let got = self.decide(number, &call, moment(line, "at"));
        Some((line.get("expect").unwrap().clone(), got))
    }

    fn decide(&mut self, number: u64, call: &ToolCall<'_>, now: SystemTime) -> Value {
        match self.evaluator.evaluate_at(call, now) {
            Decision::Allow(permit) => {
                let mut got = json!({"decision": "allow"});
                match permit.unenforced() {
                    Some(Stop::Deny(denial)) => set(&mut got, "would", denied(denial)),
                    Some(Stop::NeedsApproval(request)) => {
                        set(&mut got, "would", asked(request));
                        self.requests.insert(number, request.clone());
                    }
                    None => {}
                }
                self.permits.insert(number, permit);
                got
            }
            Decision::Deny(denial) => denied(&denial),
            Decision::NeedsApproval(request) => {
                let got = asked(&request);
                self.requests.insert(number, request);
                got
            }
        }
    }
}

fn denied(denial: &Denial) -> Value {
    let mut got = json!({
        "decision": "deny",
        "code": denial.code().as_str(),
        "rule": denial.rule(),
        "message": denial.message(),
    });
    if let Some(wait) = denial.retry_after() {
        set(&mut got, "retry_after", wait.as_secs().into());
    }
    got
}

fn asked(request: &ApprovalRequest) -> Value {
    json!({"decision": "needs_approval", "rule": request.rule(), "message": request.message()})
}

fn set(object: &mut Value, name: &str, value: Value) {
    object.as_object_mut().unwrap().insert(name.to_owned(), value);
}

/// Whether everything that is expected came. `null` means that there must be nothing.
fn fits(expected: &Value, got: &Value) -> bool {
    only(expected, &["decision", "code", "rule", "message", "retry_after", "would"]);
    let needed: &[&str] = match text(expected, "decision") {
        "deny" => &["code", "rule"],
        "needs_approval" => &["rule"],
        _ => &[],
    };
    // An allow that monitor mode made of something else is no plain allow.
    let plain = expected.get("would").is_some() || got.get("would").is_none();
    let member = |(name, value): (&String, &Value)| match (value, got.get(name)) {
        (value @ Value::Object(_), Some(got)) => fits(value, got),
        (value, got) => value == got.unwrap_or(&Value::Null),
    };
    plain
        && needed.iter().all(|name| expected.get(name).is_some())
        && expected.as_object().unwrap().iter().all(member)
}

/// A member that is not meant to be there is a slip that would make a case say less than it seems to.
fn only(value: &Value, names: &[&str]) {
    let members: &Map<String, Value> = value.as_object().unwrap();
    let unknown: Vec<_> = members.keys().filter(|name| !names.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?} in {value}");
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap()
}

fn moment(line: &Value, name: &str) -> SystemTime {
    OffsetDateTime::parse(text(line, name), &Rfc3339).unwrap().into()
}
