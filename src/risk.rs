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
mod catalog;
mod category;
mod evidence;
mod lexicon;
mod line;
mod pinned;
mod signal;
mod tool;
mod words;

pub use assess::{assess, assess_all};
pub use assessment::{ActionRisk, Actions, Assessment, Confidence};
pub use catalog::{
    CatalogEntry, Learned, MAX_NAMES_BYTES, MAX_TOOLS, RiskCatalog, ServerCatalog, ToolChange,
};
pub use category::{Category, Classification, Classify, Severity};
pub use evidence::{Clue, Evidence, Part};
pub use lexicon::{Lexicon, LexiconError};
pub use line::LineError;
pub use pinned::{AddedTool, ChangedTool, DefinitionChange, Drift, ParameterChange, PinError, PinnedTools};
pub use signal::{Signal, Signals};
pub(crate) use tool::by_name;
pub use tool::{Tool, ToolError, listed_tools};
