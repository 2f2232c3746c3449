//! The page of one tool.

use serde_json::{Map, Value};

use crate::policy::document::{Clause, Condition, RuleAction};
use crate::profile::page::{Block, Page, Table, Word, Words, marked, server, text};
use crate::profile::questions::questions;
use crate::profile::words::{because, clue, part, signal, why, worst};
use crate::profile::{html, markdown};
use crate::recommend::{Advice, Recommendation, reason};
use crate::risk::{Assessment, Tool};

/// A page about one tool: what the server says of it, why it needs a policy and which, the evidence, the attacks that
/// abuse such access, and questions with answers.
#[derive(Clone, Debug)]
pub struct ToolProfile {
    page: Page,
}

impl ToolProfile {
    /// The page for a tool as it was assessed, with what is recommended for it.
    #[must_use]
    pub fn new(tool: &Tool<'_>, assessment: &Assessment, how: Recommendation) -> Self {
        let mut builder = Builder { tool, assessment, how, blocks: Vec::new() };
        builder.build();
        Self { page: Page { kind: KIND, title: tool.name.to_owned(), blocks: builder.blocks } }
    }

    /// The page as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::render(&self.page)
    }

    /// The page as an HTML file that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        html::render(&self.page)
    }
}

struct Builder<'a> {
    tool: &'a Tool<'a>,
    assessment: &'a Assessment,
    how: Recommendation,
    blocks: Vec<Block>,
}

impl Builder<'_> {
    fn build(&mut self) {
        let advice = self.how.advice(self.tool, self.assessment);
        self.summary(&advice);
        self.words_of_the_server();
        self.reasons();
        self.policy(&advice);
        self.actions(&advice);
        self.evidence();
        self.signals();
        self.attacks();
        self.owasp();
        self.add(Block::Heading("Questions and answers"));
        self.blocks.extend(questions(self.tool, self.assessment, &advice, self.how));
    }

    fn add(&mut self, block: Block) {
        self.blocks.push(block);
    }

    fn summary(&mut self, advice: &Advice) {
        let assessment = self.assessment;
        let at_worst = text("it can ").text(worst(assessment.category()));
        self.add(Block::Facts(vec![
            ("Category", Words::default().category(assessment.category())),
            ("Severity", Words::default().severity(assessment.severity())),
            ("Confidence", text(assessment.confidence().as_str())),
            ("At worst", at_worst),
            ("Recommended", recommended(advice)),
        ]));
    }

    fn words_of_the_server(&mut self) {
        self.add(Block::Heading("What it does"));
        if let Some(title) = self.tool.title {
            self.add(Block::Paragraph(text("The server calls it ").server(title).text(".")));
        }
        match self.tool.description.filter(|description| !description.trim().is_empty()) {
            Some(description) => {
                self.add(Block::Paragraph(text("In the words of the server, which nobody has checked:")));
                self.add(Block::Quote(description.to_owned()));
            }
            None => self.add(Block::Paragraph(text("The server does not say."))),
        }
        let properties = self.tool.input_schema.and_then(|schema| schema.get("properties")?.as_object());
        if let (Some(properties), Some(schema)) = (properties, self.tool.input_schema) {
            self.parameters(properties, schema);
        }
    }

    fn parameters(&mut self, properties: &Map<String, Value>, schema: &Value) {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|other| other == name));
        let row = |(name, property): (&String, &Value)| {
            let needed = if is_required(name) { "yes" } else { "no" };
            let about = property.get("description").and_then(Value::as_str);
            vec![server(name), kind(property), text(needed), about.map(server).unwrap_or_default()]
        };
        let rows: Vec<_> = properties.iter().take(MAX_PARAMETERS).map(row).collect();
        let left = properties.len().saturating_sub(rows.len());
        if !rows.is_empty() {
            self.table(&["Parameter", "Type", "Needed", "The server says"], rows);
        }
        if left > 0 {
            self.add(Block::Paragraph(text(format!("And {left} parameters more."))));
        }
    }

    fn reasons(&mut self) {
        self.add(Block::Heading("Why it needs a policy"));
        self.add(Block::Paragraph(text(why(self.assessment.category()))));
        let answer = because(reason(self.assessment));
        let mut words = text("It counts as ").category(self.assessment.category()).text(" because ");
        words.0.extend(answer.0);
        self.add(Block::Paragraph(words.text(".")));
    }

    fn policy(&mut self, advice: &Advice) {
        self.add(Block::Heading("Recommended policy"));
        let words = match advice {
            Advice::Hide => {
                "The tool is hidden: agents do not see it, and a call is denied. Whatever else the server has is denied too, until \
                 it has a rule."
            }
            Advice::LeaveOut => "The tool is denied, because no rule can be for exactly its name.",
            Advice::Rule(_) => {
                "For this tool alone. Whatever else the server has is denied, until it has a rule."
            }
        };
        self.add(Block::Paragraph(text(words)));
        let document = self.how.document_of(&[(*self.tool, self.assessment.clone())]);
        self.add(Block::Json(document.to_string()));
    }

    fn actions(&mut self, advice: &Advice) {
        let Some(actions) = self.assessment.actions() else {
            return;
        };
        self.add(Block::Heading("What it can be told to do"));
        let words = text("What a call does is said by the parameter ").server(actions.parameter()).text(".");
        self.add(Block::Paragraph(words));
        let is_split =
            matches!(advice, Advice::Rule(rule) if rule.require.iter().any(|clause| clause.name.is_none()));
        let row = |action: &crate::risk::ActionRisk| {
            let outcome = match advice {
                Advice::Hide | Advice::LeaveOut => "denied",
                Advice::Rule(rule) if is_split && names(&rule.approve_if, &action.value) => "asks a person",
                Advice::Rule(rule) if is_split && !names(&rule.require, &action.value) => "denied",
                Advice::Rule(rule) if !is_split && rule.action == RuleAction::RequireApproval => {
                    "asks a person"
                }
                Advice::Rule(rule) if !is_split && !rule.deny_if.is_empty() => "denied",
                Advice::Rule(rule) if !rule.limits.is_empty() => "limited",
                Advice::Rule(_) => "allowed",
            };
            vec![server(&action.value), Words::default().category(action.category), text(outcome)]
        };
        let rows: Vec<_> = actions.actions().iter().take(MAX_ACTIONS).map(row).collect();
        self.table(&["Value", "Can at worst", "This policy"], rows);
    }

    fn evidence(&mut self) {
        self.add(Block::Heading("Evidence"));
        self.add(Block::Paragraph(text(
            "What the category rests on, what weighs most first. The words are the server's.",
        )));
        let row = |evidence: &crate::risk::Evidence| {
            let points = evidence.points_to();
            vec![
                server(evidence.words()),
                text(part(evidence.part())),
                text(clue(evidence.clue())),
                points.map_or_else(|| text("–"), |category| Words::default().category(category)),
            ]
        };
        let rows: Vec<_> = self.assessment.evidence().iter().take(MAX_EVIDENCE).map(row).collect();
        self.table(&["Words", "Where", "What it is", "Speaks for"], rows);
    }

    fn signals(&mut self) {
        let signals: Vec<Words> =
            self.assessment.signals().iter().map(|found| marked(signal(found))).collect();
        if !signals.is_empty() {
            self.add(Block::Heading("Worth a second look"));
            self.add(Block::List(signals));
        }
    }

    fn attacks(&mut self) {
        let row = |attack: crate::risk::AttackPattern| {
            vec![
                Words(vec![Word::Link { text: attack.title(), address: attack.source() }]),
                text(attack.summary()),
                marked(attack.remedy()),
            ]
        };
        let rows: Vec<_> = self.assessment.attack_patterns().map(row).collect();
        self.add(Block::Heading("How such access is abused"));
        self.table(&["Attack", "What happens", "Policy"], rows);
    }

    fn owasp(&mut self) {
        let mcp = self.assessment.owasp_mcp();
        let rows: Vec<_> = mcp
            .map(|entry| owasp_row(entry.as_str(), entry.title(), entry.source(), entry.summary()))
            .collect();
        self.add(Block::Heading("OWASP MCP Top 10"));
        self.table(&["Number", "Entry", "In our words"], rows);
        let agentic = self.assessment.owasp_agentic();
        let rows: Vec<_> = agentic
            .map(|entry| owasp_row(entry.as_str(), entry.title(), entry.source(), entry.summary()))
            .collect();
        self.add(Block::Heading("OWASP Top 10 for Agentic Applications"));
        self.table(&["Number", "Entry", "In our words"], rows);
    }

    fn table(&mut self, columns: &'static [&'static str], rows: Vec<Vec<Words>>) {
        self.add(Block::Table(Table { columns, rows }));
    }
}

/// Whether clauses list a value of a parameter.
fn names(clauses: &[Clause], value: &str) -> bool {
    let lists = |condition: &Condition| match condition {
        Condition::Compare(comparison) => {
            let values = comparison.value.as_ref().and_then(Value::as_array);
            values.is_some_and(|values| values.iter().any(|listed| listed == value))
        }
        _ => false,
    };
    clauses.iter().flat_map(|clause| &clause.conditions).any(lists)
}

/// What is recommended, in a few words.
pub(super) fn recommended(advice: &Advice) -> Words {
    let rule = match advice {
        Advice::Hide => return text("hidden"),
        Advice::LeaveOut => return text("denied: its name cannot be written"),
        Advice::Rule(rule) => rule,
    };
    let is_split = rule.require.iter().any(|clause| clause.name.is_none());
    let limit = rule.limits.first().map(|limit| format!("{} a minute", limit.max));
    let words = match (is_split, limit) {
        (true, Some(limit)) => format!("by action, each {limit}"),
        (true, None) => "by action".to_owned(),
        (false, _) if rule.action == RuleAction::RequireApproval => "asks a person".to_owned(),
        (false, _) if !rule.deny_if.is_empty() => "denied until a person can be asked".to_owned(),
        (false, Some(limit)) => limit,
        (false, None) => "allowed".to_owned(),
    };
    text(words)
}

/// The types that a schema names.
fn kind(property: &Value) -> Words {
    match property.get("type") {
        Some(Value::String(kind)) => server(kind),
        Some(Value::Array(kinds)) => {
            Words::default().list(kinds.iter().filter_map(Value::as_str).take(MAX_KINDS).map(server))
        }
        _ => Words::default(),
    }
}

fn owasp_row(id: &str, title: &'static str, source: &'static str, summary: &str) -> Vec<Words> {
    vec![text(id), Words::default().link(title, source), text(summary)]
}

const KIND: &str = "A tool of an MCP server, assessed by its own definition.";
/// More parameters of a tool are not shown.
const MAX_PARAMETERS: usize = 60;
/// More values of a parameter are not shown.
const MAX_ACTIONS: usize = 60;
/// More pieces of evidence are not shown.
const MAX_EVIDENCE: usize = 30;
/// More types of a parameter are not shown.
const MAX_KINDS: usize = 7;
