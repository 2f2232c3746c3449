//! What each part of a definition says for, and what it raises.

use serde_json::Value;

use crate::risk::assess::Assessing;
use crate::risk::assess::actions::{Choice, Source};
use crate::risk::assess::description::{Said, Verb, Weight};
use crate::risk::assess::finding::{Finding, Words};
use crate::risk::assess::name::{Certainty, Reading};
use crate::risk::words::words;
use crate::risk::{Category, Clue, Part};

impl<'a> Assessing<'a> {
    pub(super) fn weigh_name(&mut self) {
        let Reading { category, certainty, word, object, .. } = self.name;
        match certainty {
            Certainty::Silent | Certainty::Ambiguous => {}
            Certainty::Vague if self.is_complete() => {}
            Certainty::Query => self.weigh_query(),
            Certainty::Noun => self.find(Finding::new(Clue::Object, Part::Name, word, category)),
            Certainty::Clear | Certainty::Contradictory | Certainty::Vague => {
                self.find_verb(word, object, category);
                self.is_uncertain |= certainty == Certainty::Contradictory;
            }
        }
    }

    /// A raw query may write, unless its language cannot. That the server says it does not is no more than its word.
    fn weigh_query(&mut self) {
        let Reading { word, object, .. } = self.name;
        if let Some(parameter) = self.parameters.sql {
            self.find_verb(word, object, Some(Category::Execute));
            self.find(Finding::new(Clue::Parameter, Part::InputSchema, parameter, Some(Category::Execute)));
        } else {
            let category = if object.is_some() { Category::Execute } else { Category::Read };
            self.find_verb(word, object, Some(category));
        }
    }

    pub(super) fn weigh_description(&mut self) {
        match self.name.certainty {
            Certainty::Ambiguous | Certainty::Silent | Certainty::Vague if self.is_complete() => {}
            Certainty::Ambiguous => self.weigh_ambiguous(),
            Certainty::Silent => self.weigh_description_alone(),
            Certainty::Clear
            | Certainty::Contradictory
            | Certainty::Noun
            | Certainty::Query
            | Certainty::Vague => self.weigh_beside_name(),
        }
        if let Some(words) = self.said.destroys
            && self.category.is_some_and(|category| category > Category::Read)
        {
            let category = Some(Category::Destructive);
            self.find(Finding::new(Clue::Wording, Part::Description, words, category));
        }
    }

    /// The name says what is done: the description can agree, or raise it.
    fn weigh_beside_name(&mut self) {
        let Some(worst) = self.said.worst else { return };
        let own = self.category.or(self.name.category).unwrap_or(Category::Write);
        let counts = match self.name.certainty {
            Certainty::Vague => worst.weight != Weight::Light,
            Certainty::Noun => matches!(worst.weight, Weight::Clear | Weight::Vague),
            _ => worst.weight == Weight::Clear,
        };
        let raises = worst.category > own && counts && !is_same_verb(self.name.word, worst.text);
        if worst.category == own || raises {
            self.find(said(worst));
        }
    }

    /// The name can be read in two ways, or says nothing yet: the description decides which it is.
    fn weigh_ambiguous(&mut self) {
        let Reading { word, object, category, .. } = self.name;
        let Said { worst, shown, .. } = self.said;
        let reads = worst.map_or(shown.is_some(), |worst| worst.category == Category::Read);
        // "upgrade_chart": that a chart is a way of looking says nothing, if nothing agrees.
        if !reads && category != Some(Category::Read) {
            self.find_verb(word, object, category);
            self.is_uncertain |= worst.is_none();
        }
        if worst.is_some() || reads {
            self.weigh_description_alone();
        }
    }

    fn weigh_description_alone(&mut self) {
        let Said { worst, shown, read_only, .. } = self.said;
        let read = Some(Category::Read);
        if let Some(worst) = worst {
            self.find(said(worst));
        } else if let Some(shown) = shown {
            self.find(Finding::new(Clue::Object, Part::Description, shown, read));
        } else if let Some(words) = read_only {
            self.find(Finding::new(Clue::Wording, Part::Description, words, read));
        } else if self.name.certainty == Certainty::Silent
            && self.parameters.chooses_nothing()
            && let Some(other) = self.context.counterpart(self.tool.name)
        {
            self.find(Finding::new(Clue::Sibling, Part::Siblings, other, read));
            self.is_uncertain = true;
        }
    }

    pub(super) fn weigh_schema(&mut self) {
        let reads = self.reads_clearly();
        let mut raised = Vec::new();
        for choice in &self.parameters.choices {
            let Some((value, category)) = choice.worst() else { continue };
            // Of a tool that reads by its name, what a parameter lists may be what is looked for.
            let may_filter = choice.is_filter || self.name.is_about_actions || !choice.is_named_so;
            if reads && may_filter {
                continue;
            }
            let is_open = choice.is_named_so && choice.has_unknown() && !reads;
            let category = if is_open { category.max(Category::Write) } else { category };
            let words = Words::Two(choice.parameter, ": ", value);
            let (clue, part) = (Clue::Action, Part::InputSchema);
            raised.push(Finding { clue, part, words, points_to: Some(category) });
            self.is_enumerated |= choice.is_named_so && choice.source == Source::Schema;
        }
        for finding in raised {
            self.find(finding);
        }
        let is_known = matches!(
            self.name.certainty,
            Certainty::Clear | Certainty::Contradictory | Certainty::Noun | Certainty::Query
        );
        if let Some(parameter) = self.parameters.shell.or(self.parameters.code).filter(|_| !is_known) {
            self.find(Finding::new(Clue::Parameter, Part::InputSchema, parameter, Some(Category::Execute)));
        }
        // "generate_report" with an `output_file`: what is worked out is kept.
        let works_out = reads && self.name.object.is_some();
        if let Some(parameter) = self.parameters.output.filter(|_| works_out) {
            self.find(Finding::new(Clue::Parameter, Part::InputSchema, parameter, Some(Category::Write)));
        }
        if self.parameters.is_obscure {
            let words = "more parameters than are read";
            self.find(Finding::new(Clue::Nothing, Part::InputSchema, words, Some(Category::Write)));
            self.is_uncertain = true;
        }
    }

    /// The title is another name, worded for people, and loosely: it raises to what cannot be put right, or speaks where
    /// nothing else does.
    pub(super) fn weigh_title(&mut self, title: &Reading<'a>) {
        let Reading { category: Some(category), certainty: Certainty::Clear, word, .. } = *title else {
            return;
        };
        let raises = category >= Category::Destructive && self.category.is_some_and(|own| category > own);
        if self.category.is_none() || raises {
            self.find(Finding::new(Clue::Verb, Part::Title, word, Some(category)));
        }
    }

    pub(super) fn weigh_annotations(&mut self) {
        let Some(annotations) = self.tool.annotations else { return };
        let hint = |name: &str| annotations.get(name).and_then(Value::as_bool);
        let read_only = hint("readOnlyHint");
        let mut raised = |words, category| {
            self.find(Finding::new(Clue::Annotation, Part::Annotations, words, Some(category)));
        };
        if read_only == Some(false) {
            raised("readOnlyHint: false", Category::Write);
        }
        // MCP gives this hint a meaning only where the tool is not read-only.
        if hint("destructiveHint") == Some(true) && read_only != Some(true) {
            raised("destructiveHint: true", Category::Destructive);
        }
    }

    /// Whether the name says by a verb that it reads.
    pub(super) fn reads_clearly(&self) -> bool {
        self.name.certainty == Certainty::Clear && self.name.category == Some(Category::Read)
    }

    /// Whether the schema lists everything that the tool can do.
    fn is_complete(&self) -> bool {
        self.parameters.choices.iter().any(|choice| choice.is_complete() && self.is_decided(choice))
    }

    /// Whether something is chosen for certain: else it is not known what is done where nothing is.
    fn is_decided(&self, choice: &Choice<'_>) -> bool {
        choice.has_default || self.is_required(choice.parameter)
    }

    pub(super) fn is_required(&self, parameter: &str) -> bool {
        let required = self.tool.input_schema.and_then(|schema| schema.get("required")?.as_array());
        required.into_iter().flatten().take(MOST_REQUIRED).any(|name| name == parameter)
    }

    fn find_verb(&mut self, word: &'a str, object: Option<&'a str>, category: Option<Category>) {
        let words = object.map_or(Words::One(word), |object| Words::Two(word, " … ", object));
        let clue = if object.is_some() { Clue::Object } else { Clue::Verb };
        self.find(Finding { clue, part: Part::Name, words, points_to: category });
    }
}

fn said(verb: Verb<'_>) -> Finding<'_> {
    Finding::new(Clue::Verb, Part::Description, verb.text, Some(verb.category))
}

/// Whether these are forms of one verb: "generate" and "Generates".
fn is_same_verb(base: &str, form: &str) -> bool {
    let first = |text: &'_ str| words(text).next().map(|word| (word.start, word.end));
    let (Some((_, length)), Some(_)) = (first(base), first(form)) else { return false };
    let length = length.saturating_sub(1).max(3);
    let stems = (base.get(..length), form.get(..length));
    matches!(stems, (Some(base), Some(form)) if base.eq_ignore_ascii_case(form))
}

/// How many names of required parameters are looked at.
const MOST_REQUIRED: usize = 1_024;
