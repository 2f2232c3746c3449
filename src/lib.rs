#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(rustdoc::all)]

mod names;

mod call;
pub mod json;
mod number;
mod path;
mod timestamp;

mod diagnostic;

mod condition;
pub mod limit;
mod pattern;

pub mod risk;

pub mod policy;

pub mod store;

pub mod evaluator;
mod permit;

pub use call::{Approval, Arguments, Context, Fingerprint, FingerprintError, ToolCall};
pub use diagnostic::{Diagnostic, DiagnosticCode, Position, Related, Span};
pub use evaluator::{Decision, Evaluator};
pub use limit::Outcome;
pub use permit::{Permit, Unenforced};
pub use policy::document::PolicyDocument;
pub use policy::{ApprovalRequest, Denial, DenialCode, Policy, PolicyError, Verdict};
pub use store::{CounterStore, MemoryStore};
