//! What is written about a call.

use mcp_policy::{ApprovalRequest, Denial, Stop};
use serde::Serialize;

/// One line of output.
#[derive(Serialize)]
pub(crate) struct Line {
    #[serde(rename = "line")]
    number: u64,
    #[serde(flatten)]
    answer: Answer,
    /// What monitor mode did not enforce.
    #[serde(skip_serializing_if = "Option::is_none")]
    would: Option<Answer>,
}

#[derive(Serialize)]
struct Answer {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Line {
    pub(crate) fn allowed(number: u64, unenforced: Option<&Stop>) -> Self {
        let answer = Answer { decision: "allow", code: None, rule: None, message: None, retry_after: None };
        let would = unenforced.map(|unenforced| match unenforced {
            Stop::Deny(denial) => Answer::denied(denial),
            Stop::NeedsApproval(request) => Answer::asked(request),
        });
        Self { number, answer, would }
    }

    pub(crate) fn denied(number: u64, denial: &Denial) -> Self {
        Self { number, answer: Answer::denied(denial), would: None }
    }

    pub(crate) fn asked(number: u64, request: &ApprovalRequest) -> Self {
        Self { number, answer: Answer::asked(request), would: None }
    }
}

impl Answer {
    fn denied(denial: &Denial) -> Self {
        Self {
            decision: "deny",
            code: Some(denial.code().as_str()),
            rule: denial.rule().map(str::to_owned),
            message: Some(denial.message().to_owned()),
            retry_after: denial.retry_after().map(|wait| wait.as_secs()),
        }
    }

    fn asked(request: &ApprovalRequest) -> Self {
        Self {
            decision: "needs_approval",
            code: None,
            rule: Some(request.rule().to_owned()),
            message: Some(request.message().to_owned()),
            retry_after: None,
        }
    }
}
