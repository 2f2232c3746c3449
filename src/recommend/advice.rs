//! What is recommended for one tool.

use crate::policy::document::{Clause, Rule};
use crate::recommend::actions::Split;
use crate::recommend::bounds::bounds;
use crate::recommend::names::{can_be_hidden, can_be_written};
use crate::recommend::{Recommendation, words};
use crate::risk::{Assessment, Category, Severity, Tool};

/// What is recommended for one tool.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever shows advice must show all there is")]
pub enum Advice {
    /// It is hidden: it is not listed, and denied when called.
    Hide,
    /// It is left out, and so denied: no rule can be for exactly this name.
    LeaveOut,
    /// It has this rule.
    Rule(Box<Rule>),
}

impl Advice {
    pub(super) fn for_tool(how: Recommendation, tool: &Tool<'_>, assessment: &Assessment) -> Self {
        let split = Split::of(tool, assessment);
        if split.is_none() && assessment.category() == Category::Destructive {
            return if can_be_hidden(tool.name) { Self::Hide } else { Self::LeaveOut };
        }
        if !can_be_written(tool.name) {
            return Self::LeaveOut;
        }
        let mut rule = match &split {
            Some(split) => split.rule(how, tool.name),
            None => whole(how, tool, assessment),
        };
        if how.explains() {
            let why = words::sentence(assessment);
            rule.description = Some(match rule.description {
                Some(description) => format!("{description} {why}"),
                None => why,
            });
        }
        Self::Rule(Box::new(rule))
    }
}

/// The rule of a tool that is judged as a whole.
fn whole(how: Recommendation, tool: &Tool<'_>, assessment: &Assessment) -> Rule {
    let (category, severity) = (assessment.category(), assessment.severity());
    let mut rule = how.plain_rule(category, severity, tool.name);
    if category == Category::Read && severity > Severity::Medium {
        rule.description = Some(words::severe_read(assessment));
    }
    let lets_through = category == Category::Execute || (category == Category::Financial && how.asks());
    let bounds = if lets_through { bounds(tool) } else { Vec::new() };
    if !bounds.is_empty() {
        let mut clause = Clause::new(bounds);
        clause.name = Some("as_listed".to_owned());
        clause.description = Some(
            "What the input schema of the tool allows. A server may be less strict than its schema."
                .to_owned(),
        );
        clause.on_deny =
            Some("An argument is not one of those that the tool's input schema allows.".to_owned());
        rule.require.push(clause);
    }
    rule
}
