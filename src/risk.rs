//! What a tool can do at worst, and how we know.
//!
//! A tool is assessed by its own definition, without a model or a network: by the verb of its name, by the first sentence
//! of its description, by the parameters that choose what is done, by its annotations, and by the other tools of its
//! server. The worst that any of them says wins. The server wrote all of it, so its words can raise the result, and lower
//! it only where the name says nothing or can be read in two ways. What nothing is known of is at least a write.
//!
//! ```
//! use mcp_policy::risk::{self, Category, Confidence, Tool};
//!
//! let tool = Tool::new("restart_execution").description("Restart an execution from its first task.");
//! let assessment = risk::assess(&tool);
//! assert_eq!(assessment.category(), Category::Execute);
//! assert!(assessment.evidence().iter().any(|evidence| evidence.words() == "restart"));
//!
//! let claims = Tool::new("delete_flow").description("Read-only and safe: returns a list of flows.");
//! assert_eq!(risk::assess(&claims).category(), Category::Destructive);
//! ```
//!
//! A [`RiskCatalog`] keeps what is known of the tools of many servers, for evaluators. [`PinnedTools`] are the definitions that
//! somebody has looked at; they tell what a server has changed since.

mod assess;
mod assessment;
mod attack;
mod bearing;
mod catalog;
mod category;
mod evidence;
mod lexicon;
mod line;
mod owasp;
mod pinned;
mod signal;
mod tool;
mod words;

pub use assess::{assess, assess_all};
pub use assessment::{ActionRisk, Actions, Assessment, Confidence};
pub use attack::AttackPattern;
pub use catalog::{
    CatalogEntry, Learned, MAX_NAMES_BYTES, MAX_TOOLS, RiskCatalog, ServerCatalog, ToolChange,
};
pub use category::{Category, Classification, Classify, Severity};
pub use evidence::{Clue, Evidence, Part};
pub use lexicon::{Lexicon, LexiconError};
pub use line::LineError;
pub use owasp::{OwaspAgentic, OwaspMcp};
pub use pinned::{AddedTool, ChangedTool, DefinitionChange, Drift, ParameterChange, PinError, PinnedTools};
pub use signal::{Signal, Signals};
pub(crate) use tool::by_name;
pub use tool::{Tool, ToolError, listed_tools};
