//! The page of a server.

use std::cmp::Reverse;

use crate::profile::grade::{Grade, score};
use crate::profile::page::{Block, Page, Table, Words, marked, server, text};
use crate::profile::tool::recommended;
use crate::profile::words::{because, heading, signal_name};
use crate::profile::{html, markdown};
use crate::recommend::{Recommendation, reason};
use crate::risk::{Assessment, Category, Severity, Tool, assess_all};

/// A page about a server: a grade, the riskiest tools, all tools by category, and a policy for them.
#[derive(Clone, Debug)]
pub struct ServerProfile {
    page: Page,
    score: u8,
}

impl ServerProfile {
    /// The page for a server with these tools, which are assessed together. The name is only shown.
    #[must_use]
    pub fn new(name: &str, tools: &[Tool<'_>], how: Recommendation) -> Self {
        let assessed: Vec<_> = tools.iter().copied().zip(assess_all(tools)).collect();
        Self::of(name, &assessed, how)
    }

    /// The page for a server with these tools, as they have been assessed.
    #[must_use]
    pub fn of(name: &str, assessed: &[(Tool<'_>, Assessment)], how: Recommendation) -> Self {
        let mut riskiest: Vec<&(Tool<'_>, Assessment)> = assessed.iter().collect();
        riskiest.sort_by_key(|(tool, assessment)| (Reverse(risk(assessment)), tool.name));
        let score = score(assessed.iter().map(|(_, assessment)| assessment.severity()));
        let mut builder = Builder { assessed, riskiest, how, score, blocks: Vec::new() };
        builder.build();
        Self { page: Page { kind: KIND, title: name.to_owned(), blocks: builder.blocks }, score }
    }

    /// What the tools can do to somebody who lets an agent use all of them.
    #[must_use]
    pub const fn grade(&self) -> Grade {
        Grade::of(self.score)
    }

    /// What the grade is made of, as [`Grade`] says: 0 to 100, and lower is better.
    #[must_use]
    pub const fn score(&self) -> u8 {
        self.score
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

/// What makes one tool riskier than another, what weighs most first.
fn risk(assessment: &Assessment) -> (Severity, Category, usize) {
    (assessment.severity(), assessment.category(), assessment.signals().iter().count())
}

struct Builder<'a, 't> {
    assessed: &'a [(Tool<'t>, Assessment)],
    riskiest: Vec<&'a (Tool<'t>, Assessment)>,
    how: Recommendation,
    score: u8,
    blocks: Vec<Block>,
}

impl Builder<'_, '_> {
    fn build(&mut self) {
        self.summary();
        self.most_risky();
        for category in Category::ALL.iter().rev() {
            self.tools_of(*category);
        }
        self.policy();
        self.questions();
    }

    fn add(&mut self, block: Block) {
        self.blocks.push(block);
    }

    fn summary(&mut self) {
        let grade = Grade::of(self.score);
        let mut words = text(format!("A score of {} of 100, where less is better.", self.score));
        let worst = self.assessed.iter().map(|(_, assessment)| assessment.severity()).max();
        if let Some(worst) = worst {
            let is_worst = |(_, assessment): &&(Tool<'_>, Assessment)| assessment.severity() == worst;
            let count = self.assessed.iter().filter(is_worst).count();
            words = words.text(" The worst severity is ").severity(worst);
            words = words.text(format!(", of {count} of {} tools.", self.assessed.len()));
        }
        self.add(Block::Grade(grade.letter(), words));
        let count = |category: &Category| {
            self.assessed.iter().filter(|(_, assessment)| assessment.category() == *category).count()
        };
        let counts = Category::ALL.iter().map(|category| (*category, count(category)));
        let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        let unsure = self.assessed.iter().filter(|(_, assessment)| is_unsure(assessment)).count();
        if self.assessed.is_empty() {
            self.add(Block::Paragraph(text("It lists no tools.")));
            return;
        }
        if unsure > 0 {
            let they = if unsure == 1 { "it does" } else { "they do" };
            let sentence = format!("For {unsure} of them the category is unsure: look at what {they}.");
            self.add(Block::Paragraph(text(sentence)));
        }
        self.add(Block::Bar(counts));
    }

    fn most_risky(&mut self) {
        let rows: Vec<_> = self
            .riskiest
            .iter()
            .filter(|(_, assessment)| assessment.severity() > Severity::Low)
            .take(MAX_RISKIEST)
            .map(|(tool, assessment)| {
                vec![
                    server(tool.name),
                    Words::default().category(assessment.category()),
                    Words::default().severity(assessment.severity()),
                    because(reason(assessment)),
                ]
            })
            .collect();
        if !rows.is_empty() {
            self.add(Block::Heading("The riskiest first"));
            self.add(Block::Table(Table { columns: &["Tool", "Category", "Severity", "Because"], rows }));
        }
    }

    fn policy(&mut self) {
        self.add(Block::Heading("Recommended policy"));
        let document = self.how.document_of(self.assessed);
        let words = "It is made from the definitions alone, and a start: say who may call what, and for what, with `require`.";
        self.add(Block::Paragraph(marked(words)));
        self.add(Block::Json(document.to_string()));
    }

    fn tools_of(&mut self, category: Category) {
        let of_category = |(_, assessment): &&&(Tool<'_>, Assessment)| assessment.category() == category;
        let tools: Vec<_> = self.riskiest.iter().filter(of_category).collect();
        if tools.is_empty() {
            return;
        }
        let row = |(tool, assessment): &(Tool<'_>, Assessment)| {
            let advice = self.how.advice(tool, assessment);
            let signals = assessment.signals().iter().map(|signal| text(signal_name(signal)));
            vec![
                server(tool.name),
                Words::default().severity(assessment.severity()),
                because(reason(assessment)),
                Words::default().list(signals),
                recommended(&advice),
            ]
        };
        let rows: Vec<_> = tools.iter().take(MAX_TOOLS).map(|tool| row(tool)).collect();
        let left = tools.len().saturating_sub(rows.len());
        self.add(Block::Heading(heading(category)));
        let columns = &["Tool", "Severity", "Because", "Takes or does", "Recommended"];
        self.add(Block::Table(Table { columns, rows }));
        if left > 0 {
            self.add(Block::Paragraph(text(format!("And {left} tools more."))));
        }
    }

    fn questions(&mut self) {
        self.add(Block::Heading("Questions and answers"));
        let mut ask = |question: &str, answer: Words| {
            self.blocks.push(Block::Question(text(question), answer));
        };
        let answer = "A tool has 0, 1, 2 or 3 points for a severity of low, medium, high or critical. The score is (50 × the most points \
                      of a tool + 50 × the mean) ÷ 3, rounded up: 0–9 is A, 10–29 B, 30–49 C, 50–69 D, and from 70 on F. It is \
                      about what the tools can do without a policy, not about how well the server is made.";
        ask("How is the grade made?", text(answer));
        let answer = "From the definition of each tool: its name first, then its schema, its description and what the server \
                      declares. No model and no network are asked, and the same definition always comes to the same.";
        ask("What do the categories rest on?", text(answer));
        let answer = "It is denied, until it has a rule: the policy allows by exact names. Pin the definitions (`pins`) to be told also when \
                      a tool changes that has one.";
        ask("What happens when the server adds a tool?", marked(answer));
        let answer = "Try it with `\"mode\": \"monitor\"`: every decision is reported and none enforced. What would have been denied \
                      shows which limits and rules to change.";
        ask("How is the policy put in place without breaking anything?", marked(answer));
    }
}

fn is_unsure(assessment: &Assessment) -> bool {
    assessment.confidence() == crate::risk::Confidence::Low
}

const KIND: &str = "An MCP server, assessed by the definitions of its tools.";
/// How many tools come first.
const MAX_RISKIEST: usize = 10;
/// More tools of a category are not shown.
const MAX_TOOLS: usize = 500;
