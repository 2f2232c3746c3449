//! Assessing a tool by its definition.
//!
//! Each part of the definition is read by itself; then the worst of what they say wins. Only the name, or the schema, can
//! say that a tool does little: a description is believed when it says that a tool only reads where the name says nothing,
//! or can be read in two ways, and annotations never.

mod actions;
mod context;
mod description;
mod finding;
mod name;
mod schema;
mod severity;
mod weigh;

use crate::risk::assess::context::Context;
use crate::risk::assess::description::Said;
use crate::risk::assess::finding::Finding;
use crate::risk::assess::name::{Certainty, Manner, Reading};
use crate::risk::assess::schema::Parameters;
use crate::risk::{
    ActionRisk, Actions, Assessment, Category, Clue, Confidence, Lexicon, Part, Severity, Signal, Signals,
    Tool,
};

/// What a tool can do at worst, by its own definition alone.
///
/// It is deterministic, and asks nobody: no model, no network.
#[must_use]
pub fn assess(tool: &Tool<'_>) -> Assessment {
    Lexicon::builtin().assess(tool)
}

/// What each tool of a server can do at worst, in the same order. The others are the context of a name that is vague.
#[must_use]
pub fn assess_all(tools: &[Tool<'_>]) -> Vec<Assessment> {
    Lexicon::builtin().assess_all(tools)
}

impl Lexicon {
    /// What a tool can do at worst, by its own definition alone, with these words.
    #[must_use]
    pub fn assess(&self, tool: &Tool<'_>) -> Assessment {
        Assessing::of(self, tool, &Context::default()).finish()
    }

    /// What each tool of a server can do at worst, in the same order, with these words.
    #[must_use]
    pub fn assess_all(&self, tools: &[Tool<'_>]) -> Vec<Assessment> {
        let written = context::written(self, tools);
        let context = Context::of(self, tools, &written);
        tools.iter().map(|tool| Assessing::of(self, tool, &context).finish()).collect()
    }
}

/// A tool that is being assessed.
struct Assessing<'a> {
    tool: &'a Tool<'a>,
    name: Reading<'a>,
    title: Option<Reading<'a>>,
    said: Said<'a>,
    parameters: Parameters<'a>,
    context: Context<'a>,
    findings: Vec<Finding<'a>>,
    /// The worst that was found yet.
    category: Option<Category>,
    /// The name can be read in two ways, or not all was read.
    is_uncertain: bool,
    /// The schema lists what can be done.
    is_enumerated: bool,
}

impl<'a> Assessing<'a> {
    fn of(lexicon: &Lexicon, tool: &'a Tool<'a>, context: &Context<'a>) -> Self {
        let description = tool.description.unwrap_or_default();
        let said = description::read(lexicon, description);
        let schema = tool.input_schema.map(|schema| schema::read(lexicon, schema, description, context));
        let parameters = schema.unwrap_or_default();
        let context = context.with_own(said.roles.union(parameters.roles), &parameters);
        let title = title(tool).map(|title| name::read(lexicon, title, &context, Manner::Tool));
        Self {
            tool,
            name: name::read(lexicon, tool.name, &context, Manner::Tool),
            title,
            said,
            parameters,
            context,
            findings: Vec::with_capacity(8),
            category: None,
            is_uncertain: false,
            is_enumerated: false,
        }
    }

    fn finish(mut self) -> Assessment {
        self.weigh_name();
        self.weigh_description();
        self.weigh_schema();
        if let Some(title) = self.title {
            self.weigh_title(&title);
        }
        self.weigh_annotations();
        let category = self.settle();
        let confidence = self.confidence(category);
        let actions = self.actions();
        let signals = self.signals(category, actions.as_ref());
        let severity = self.severity(category, signals);
        // Stable: of what weighs the same, what was found first stays first.
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.points_to));
        let evidence = self.findings.iter().take(MOST_EVIDENCE).map(|finding| finding.into_evidence());
        Assessment { category, severity, confidence, evidence: evidence.collect(), signals, actions }
    }

    fn find(&mut self, finding: Finding<'a>) {
        self.category = self.category.max(finding.points_to);
        self.findings.push(finding);
    }

    /// The category, at last: what nothing is known of is at least write.
    fn settle(&mut self) -> Category {
        let least = Category::Write;
        if self.name.is_obscure || self.category.is_none() {
            self.is_uncertain |= self.name.is_obscure;
            self.find(Finding::new(Clue::Nothing, Part::Name, self.tool.name, Some(least)));
        }
        self.category.unwrap_or(least)
    }

    fn confidence(&self, category: Category) -> Confidence {
        if self.is_enumerated && !self.is_uncertain {
            return Confidence::High;
        }
        let says_less = |finding: &Finding<'_>| finding.points_to == Some(Category::Read);
        let is_contradicted = category > Category::Read && self.findings.iter().any(says_less);
        let agrees =
            |finding: &&Finding<'_>| finding.points_to == Some(category) && finding.clue != Clue::Nothing;
        let mut agreeing = self.findings.iter().filter(agrees);
        match agreeing.next() {
            None => Confidence::Low,
            Some(_) if self.is_uncertain || is_contradicted => Confidence::Low,
            Some(first) if agreeing.any(|finding| finding.part != first.part) => Confidence::High,
            Some(_) => Confidence::Medium,
        }
    }

    fn actions(&self) -> Option<Actions> {
        let choice = self.parameters.choices.iter().find(|choice| choice.is_named_so)?;
        // `get` with `method: "labels"`: where the name says what is done, a value says to what.
        let unknown = match self.name.certainty {
            Certainty::Clear => self.name.category.unwrap_or(Category::Write),
            _ => Category::Write,
        };
        let action = |(value, category): &(&str, Option<Category>)| ActionRisk {
            value: (*value).into(),
            category: category.unwrap_or(unknown),
        };
        Some(Actions {
            parameter: choice.parameter.into(),
            is_required: self.is_required(choice.parameter),
            values: choice.values.iter().map(action).collect(),
        })
    }

    fn signals(&self, category: Category, actions: Option<&Actions>) -> Signals {
        let mut signals = self.parameters.signals;
        let reads = |action: &ActionRisk| action.category == Category::Read;
        let can_read =
            category == Category::Read || actions.is_some_and(|actions| actions.values.iter().any(reads));
        let acts = category > Category::Read;
        let by_name = [
            (Signal::Secrets, self.name.secret.is_some() && can_read),
            (Signal::Messages, self.name.message.is_some() && acts),
            (Signal::Bulk, self.name.many.is_some() && acts),
            (Signal::Force, self.name.force.is_some() && acts),
        ];
        for (signal, is_there) in by_name {
            if is_there {
                signals.insert(signal);
            }
        }
        signals
    }

    /// The severity, with the evidence for what raises it.
    fn severity(&mut self, category: Category, signals: Signals) -> Severity {
        let (severity, signal) = severity::of(category, signals);
        let name = &self.name;
        let word = match signal {
            Some(Signal::Secrets) => name.secret.map(|word| (Clue::Object, word)),
            Some(Signal::Messages) => name.message.map(|word| (Clue::Object, word)),
            Some(Signal::Bulk) => name.many.map(|word| (Clue::Wording, word)),
            Some(Signal::Force) => name.force.map(|word| (Clue::Wording, word)),
            _ => None,
        };
        let parameter = signal.and_then(|signal| self.parameters.named(signal));
        if let Some(parameter) = parameter {
            self.findings.push(Finding::new(Clue::Parameter, Part::InputSchema, parameter, None));
        } else if let Some((clue, word)) = word {
            self.findings.push(Finding::new(clue, Part::Name, word, None));
        }
        severity
    }
}

/// What people see; older servers have it among the annotations.
fn title<'a>(tool: &Tool<'a>) -> Option<&'a str> {
    tool.title.or_else(|| tool.annotations?.get("title")?.as_str())
}

/// How much evidence an assessment keeps.
const MOST_EVIDENCE: usize = 8;
