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

use crate::risk::assess::context::Context;
use crate::risk::assess::description::Said;
use crate::risk::assess::finding::{Finding, Words};
use crate::risk::assess::name::{Certainty, Reading};
use crate::risk::assess::schema::Parameters;
use crate::risk::lexicon::Role;
use crate::risk::{
    ActionRisk, Actions, Assessment, Category, Clue, Confidence, Lexicon, Part, Signal, Signals, Tool,
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
        let context = Context::of(self, tools);
        tools.iter().map(|tool| Assessing::of(self, tool, &context).finish()).collect()
    }
}

struct Assessing<'a> {
    tool: &'a Tool<'a>,
    name: Reading<'a>,
    said: Said<'a>,
    parameters: Parameters<'a>,
    findings: Vec<Finding<'a>>,
    /// The worst yet.
    category: Option<Category>,
    /// Something says that it is another category.
    is_contradicted: bool,
    is_enumerated: bool,
}

impl<'a> Assessing<'a> {
    fn of(lexicon: &Lexicon, tool: &'a Tool<'a>, context: &Context) -> Self {
        let said = tool.description.map(|text| description::read(lexicon, text)).unwrap_or_default();
        let parameters =
            tool.input_schema.map(|schema| schema::read(lexicon, schema, context)).unwrap_or_default();
        let context = context.with_own(said.roles.union(parameters.roles), &parameters);
        Self {
            tool,
            name: name::read(lexicon, tool.name, &context),
            said,
            parameters,
            findings: Vec::with_capacity(8),
            category: None,
            is_contradicted: false,
            is_enumerated: false,
        }
    }

    fn finish(mut self) -> Assessment {
        self.weigh_name();
        self.weigh_description();
        self.weigh_schema();
        self.weigh_annotations();
        let category = self.settle();
        let confidence = self.confidence(category);
        let signals = self.signals();
        let severity = severity::of(category, signals);
        let actions = self.actions();
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.points_to));
        let evidence =
            self.findings.iter().take(MOST_EVIDENCE).map(|finding| finding.into_evidence()).collect();
        Assessment { category, severity, confidence, evidence, signals, actions }
    }

    fn find(&mut self, finding: Finding<'a>) {
        self.category = self.category.max(finding.points_to);
        self.findings.push(finding);
    }

    fn weigh_name(&mut self) {
        let Reading { category, certainty, word, object, .. } = self.name;
        match certainty {
            Certainty::Silent | Certainty::Ambiguous => {}
            Certainty::Noun => self.find(Finding::new(Clue::Object, Part::Name, word, category)),
            Certainty::Clear | Certainty::Contradictory | Certainty::Vague => {
                self.find_verb(word, object, category);
                self.is_contradicted |= certainty == Certainty::Contradictory;
            }
        }
    }

    fn find_verb(&mut self, word: &'a str, object: Option<&'a str>, category: Option<Category>) {
        let words = object.map_or(Words::One(word), |object| Words::Two(word, " … ", object));
        let clue = if object.is_some() { Clue::Object } else { Clue::Verb };
        self.find(Finding { clue, part: Part::Name, words, points_to: category });
    }

    fn weigh_description(&mut self) {
        let Said { first, worst, shown, .. } = self.said;
        let part = Part::Description;
        let finding =
            |verb: description::Verb<'a>| Finding::new(Clue::Verb, part, verb.text, Some(verb.category));
        match self.name.certainty {
            Certainty::Clear | Certainty::Contradictory | Certainty::Vague | Certainty::Noun => {
                let own = self.name.category.unwrap_or(Category::Write);
                let is_vague = self.name.certainty == Certainty::Vague;
                if let Some(worst) = worst {
                    if worst.category <= own {
                        if worst.category == own {
                            self.findings.push(finding(worst));
                        }
                    } else if is_vague || worst.is_clear {
                        self.is_contradicted |= !is_vague;
                        self.find(finding(worst));
                    }
                }
            }
            Certainty::Ambiguous => {
                let (word, object, category) = (self.name.word, self.name.object, self.name.category);
                let reads = worst.is_some_and(|worst| worst.category == Category::Read)
                    || (first.is_none() && shown.is_some());
                if !reads {
                    self.find_verb(word, object, category);
                    self.is_contradicted |= worst.is_none();
                }
                if let Some(worst) = worst {
                    self.find(finding(worst));
                } else if let Some(shown) = shown.filter(|_| reads) {
                    self.find(Finding::new(Clue::Object, part, shown, Some(Category::Read)));
                }
            }
            Certainty::Silent => {
                if let Some(worst) = worst {
                    self.find(finding(worst));
                } else if let Some(shown) = shown {
                    self.find(Finding::new(Clue::Object, part, shown, Some(Category::Read)));
                } else if let Some(words) = self.said.read_only {
                    self.find(Finding::new(Clue::Wording, part, words, Some(Category::Read)));
                }
            }
        }
        if let Some(words) = self.said.destroys
            && self.category.is_some_and(|category| category > Category::Read)
        {
            self.find(Finding::new(Clue::Wording, part, words, Some(Category::Destructive)));
        }
    }

    fn weigh_schema(&mut self) {
        let mut raised = Vec::new();
        for choice in &self.parameters.choices {
            let Some((value, category)) = choice.worst() else { continue };
            let category = if choice.is_named_so && choice.has_unknown() {
                category.max(Category::Write)
            } else {
                category
            };
            let words = Words::Two(choice.parameter, ": ", value);
            raised.push(Finding {
                clue: Clue::Action,
                part: Part::InputSchema,
                words,
                points_to: Some(category),
            });
            self.is_enumerated |= choice.is_named_so;
        }
        raised.into_iter().for_each(|finding| self.find(finding));
        let reads_clearly =
            self.name.certainty == Certainty::Clear && self.name.category == Some(Category::Read);
        let runs = self.parameters.shell.or(self.parameters.code);
        if let Some(parameter) = runs.filter(|_| !reads_clearly && self.name.certainty != Certainty::Noun) {
            let is_known = matches!(self.name.certainty, Certainty::Clear | Certainty::Contradictory);
            if !is_known {
                self.find(Finding::new(
                    Clue::Parameter,
                    Part::InputSchema,
                    parameter,
                    Some(Category::Execute),
                ));
            }
        }
        if self.parameters.is_obscure {
            self.find(Finding::new(
                Clue::Nothing,
                Part::InputSchema,
                "more parameters than are read",
                Some(Category::Write),
            ));
        }
    }

    fn weigh_annotations(&mut self) {
        let Some(annotations) = self.tool.annotations else { return };
        let hint = |name: &str| annotations.get(name).and_then(serde_json::Value::as_bool);
        let read_only = hint("readOnlyHint");
        if read_only == Some(false) {
            self.find(Finding::new(
                Clue::Annotation,
                Part::Annotations,
                "readOnlyHint: false",
                Some(Category::Write),
            ));
        }
        if hint("destructiveHint") == Some(true) && read_only != Some(true) {
            let words = "destructiveHint: true";
            self.find(Finding::new(Clue::Annotation, Part::Annotations, words, Some(Category::Destructive)));
        }
    }

    /// The category, at last: what nothing is known of is at least write.
    fn settle(&mut self) -> Category {
        let is_obscure = self.name.is_obscure;
        let least = Category::Write;
        if is_obscure || self.category.is_none() {
            self.is_contradicted |= is_obscure;
            self.find(Finding::new(Clue::Nothing, Part::Name, self.tool.name, Some(least)));
        }
        self.category.unwrap_or(least)
    }

    fn confidence(&self, category: Category) -> Confidence {
        let mut parts: Vec<Part> = Vec::with_capacity(4);
        for finding in &self.findings {
            if finding.points_to == Some(category)
                && finding.clue != Clue::Nothing
                && !parts.contains(&finding.part)
            {
                parts.push(finding.part);
            }
        }
        match parts.len() {
            _ if self.is_enumerated => Confidence::High,
            0 => Confidence::Low,
            _ if self.is_contradicted => Confidence::Low,
            1 => Confidence::Medium,
            _ => Confidence::High,
        }
    }

    fn signals(&self) -> Signals {
        let mut signals = self.parameters.signals;
        let roles = self.name.roles;
        if roles.contains(Role::Secret) && !roles.contains(Role::NotSecret) {
            signals.insert(Signal::Secrets);
        }
        if roles.contains(Role::Messages) && roles.contains(Role::People) {
            signals.insert(Signal::Messages);
        }
        if roles.contains(Role::Many) {
            signals.insert(Signal::Bulk);
        }
        if roles.contains(Role::Force) {
            signals.insert(Signal::Force);
        }
        signals
    }

    fn actions(&self) -> Option<Actions> {
        let choice = self.parameters.choices.iter().find(|choice| choice.is_named_so)?;
        let required = self.tool.input_schema.and_then(|schema| schema.get("required")?.as_array());
        let is_required = required
            .is_some_and(|names| names.iter().take(MOST_REQUIRED).any(|name| name == choice.parameter));
        let unknown = Category::Write;
        let action = |(value, category): &(&str, Option<Category>)| ActionRisk {
            value: (*value).into(),
            category: category.unwrap_or(unknown),
        };
        let actions = choice.values.iter().map(action).collect();
        Some(Actions { parameter: choice.parameter.into(), is_required, actions })
    }
}

/// How much evidence an assessment keeps.
const MOST_EVIDENCE: usize = 8;

/// How many names of required parameters are looked at.
const MOST_REQUIRED: usize = 1_024;
