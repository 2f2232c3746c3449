//! What a tool can do at worst, and how we know.
//!
//! ```
//! use mcp_policy::risk::{self, Category, Confidence, Tool};
//!
//! let tool = Tool::new("restart_execution").description("Restart an execution from its first task.");
//! let assessment = risk::assess(&tool);
//! assert_eq!(assessment.category(), Category::Execute);
//! assert!(assessment.evidence().iter().any(|evidence| evidence.words() == "restart"));
//! ```

mod assess;
mod assessment;
mod attack;
mod bearing;
mod category;
mod evidence;
mod lexicon;
mod owasp;
mod signal;
mod tool;
mod words;

pub use assess::{assess, assess_all};
pub use assessment::{ActionRisk, Actions, Assessment, Confidence};
pub use attack::AttackPattern;
pub use category::{Category, Classification, Classify, Severity};
pub use evidence::{Clue, Evidence, Part};
pub use lexicon::{Lexicon, LexiconError};
pub use owasp::{OwaspAgentic, OwaspMcp};
pub use signal::{Signal, Signals};
pub use tool::{Tool, ToolError, listed_tools};
