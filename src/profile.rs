//! Pages about tools: what a tool can do at worst, how that is known, how such access is abused, and what to do about it.
//!
//! A page is for people who decide about a tool. There is one [for a tool](ToolProfile) and one [for a
//! server](ServerProfile), both as Markdown and as HTML: one file that needs nothing else, without scripts, that loads nothing, in
//! light and dark, on a phone and on paper.
//!
//! **What a server says is hostile.** It is quoted and never interpreted: in Markdown it stands in code, in HTML it is
//! escaped, and it is cut where it is long. Characters that are not shown, or that turn the direction of a line, are written
//! out as `\u{202e}`. The HTML forbids by its content security policy whatever is not its own style sheet.
//!
//! ```
//! use mcp_policy::profile::{ServerProfile, ToolProfile};
//! use mcp_policy::recommend::Recommendation;
//! use mcp_policy::risk::{self, Tool};
//!
//! let tool = Tool::new("restart_execution").description("Restart an execution from its first failed task.");
//! let page = ToolProfile::new(&tool, &risk::assess(&tool), Recommendation::new());
//! assert!(page.markdown().starts_with("# `restart_execution`\n"));
//! assert!(page.html().starts_with("<!doctype html>\n"));
//!
//! let server = ServerProfile::new("workflows", &[tool], Recommendation::new());
//! println!("{}: {} of 100", server.grade(), server.score());
//! ```

mod grade;
#[cfg(test)]
mod hostile;
mod html;
mod markdown;
mod page;
mod questions;
mod server;
mod shown;
mod tool;
mod words;

pub use grade::Grade;
pub use server::ServerProfile;
pub use tool::ToolProfile;
