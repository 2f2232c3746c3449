#![doc = include_str!("../README.md")]
#![warn(rustdoc::all)]

mod names;
mod short_text;
mod number;
mod timestamp;
pub mod json;
mod fingerprint;
mod path;
mod call;

pub mod diagnostic;

mod pattern;
mod condition;
pub mod limit;

pub mod risk;

pub mod policy;

pub mod store;

pub mod evaluator;
pub mod lint;
pub mod profile;
pub mod recommend;

pub mod audit;

pub mod mcp;

pub use call::{Approval, Arguments, Context, ToolCall};
pub use diagnostic::{Diagnostic, DiagnosticCode};
pub use evaluator::{Decision, Evaluator, Permit};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use limit::Outcome;
pub use policy::document::PolicyDocument;
pub use policy::{ApprovalRequest, Denial, DenialCode, Policy, PolicyError, Stop, Verdict};
pub use store::{CounterStore, MemoryStore};
