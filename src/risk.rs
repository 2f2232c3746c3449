//! What a tool can do at worst.

mod category;

pub use category::{Category, Classification, Classify, Severity};
