#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(rustdoc::all)]

mod names;

mod number;
mod timestamp;
pub mod json;
mod path;
mod call;

mod diagnostic;

mod pattern;
mod condition;
pub mod limit;

pub mod risk;

pub mod policy;

pub use call::{Approval, Arguments, Context, Fingerprint, FingerprintError, ToolCall};
pub use diagnostic::{Diagnostic, DiagnosticCode, Position, Related, Span};
pub use limit::Outcome;
pub use policy::document::PolicyDocument;
pub use policy::{ApprovalRequest, Denial, DenialCode, Policy, PolicyError, Verdict};
