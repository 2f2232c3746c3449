//! What the descriptions and messages of a recommended policy say.

use crate::json::is_invisible;
use crate::recommend::actions::Treated;
use crate::recommend::{EXECUTIONS, Pooling, Recommendation, Seen, WRITES};
use crate::risk::{Assessment, Category, Clue, Evidence, Part, Signal};

/// Why a tool has its category: words of ours around words of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reason<'a> {
    pub(crate) before: &'static str,
    /// What the server wrote; `None` where nothing of it is quoted.
    pub(crate) quoted: Option<&'a str>,
    pub(crate) after: &'static str,
}

/// What the category of a tool rests on most.
pub(crate) fn reason(assessment: &Assessment) -> Reason<'_> {
    let category = assessment.category();
    let points = |evidence: &&Evidence| evidence.points_to() == Some(category);
    let Some(evidence) = assessment.evidence().iter().find(points) else {
        return Reason { before: "nothing in its definition says what it does", quoted: None, after: "" };
    };
    let (before, after) = match (evidence.clue(), evidence.part()) {
        (Clue::Nothing, _) => {
            return Reason { before: "nothing in its definition says what it does", quoted: None, after: "" };
        }
        (_, Part::Siblings) | (Clue::Sibling, _) => ("other tools of the server, such as ", ", show it"),
        (Clue::Annotation, _) => ("the server itself declares ", ""),
        (Clue::Action, _) => ("it can be told ", ""),
        (Clue::Parameter, _) | (_, Part::InputSchema) => ("it takes ", ""),
        (_, Part::Description) => ("its description says ", ""),
        (_, Part::Title) => ("its title says ", ""),
        (_, Part::Annotations) => ("the server itself declares ", ""),
        (_, Part::Name) => ("its name says ", ""),
    };
    Reason { before, quoted: Some(evidence.words()), after }
}

/// Why a tool has its category, as a sentence.
pub(super) fn sentence(assessment: &Assessment) -> String {
    let Reason { before, quoted: words, after } = reason(assessment);
    let words = words.map(quoted).unwrap_or_default();
    let category = capital(assessment.category().as_str());
    format!("{category} ({} severity): {before}{words}{after}.", assessment.severity())
}

/// Why a tool that only reads has a limit.
pub(super) fn severe_read(assessment: &Assessment) -> String {
    let signals: Vec<&str> = assessment.signals().iter().filter_map(severe).collect();
    let why = if signals.is_empty() {
        format!("its severity is {}", assessment.severity())
    } else {
        format!("it {}", listed(&signals, "and"))
    };
    format!("It only reads, but {why}: so it has a limit.")
}

fn severe(signal: Signal) -> Option<&'static str> {
    match signal {
        Signal::Secrets => Some("reads secrets"),
        Signal::Sql => Some("takes raw SQL"),
        Signal::Shell => Some("takes shell commands"),
        Signal::Code => Some("takes code"),
        Signal::Url => Some("takes a URL"),
        Signal::Path => Some("takes a path"),
        Signal::Bulk | Signal::Force | Signal::Html | Signal::ManyParameters | Signal::Messages => None,
    }
}

/// What the actions of a tool do.
pub(super) fn actions(
    allowed: &[Treated<'_>],
    withheld: &[Treated<'_>],
    asks: bool,
    are_counted: bool,
) -> String {
    let mut parts = Vec::new();
    for (category, one, many) in DOING {
        for (actions, is_withheld, is_raised) in
            [(allowed, false, false), (withheld, true, false), (withheld, true, true)]
        {
            let values: Vec<String> = of(actions, category, is_raised);
            let (does, is) = if values.len() == 1 { (one, "is") } else { (many, "are") };
            let does = if is_raised { format!("may {many}") } else { does.to_owned() };
            let outcome = match (is_withheld, asks) {
                _ if values.is_empty() => continue,
                (false, _) => String::new(),
                (true, false) => format!(", and {is} denied"),
                (true, true) => ", so a person is asked".to_owned(),
            };
            parts.push(format!("{} {does}{outcome}", listed(&values, "and")));
        }
    }
    let counted = if allowed.len() > 1 && are_counted { " Each action is counted on its own." } else { "" };
    format!("{}.{counted}", parts.join("; "))
}

/// What the agent is told when the parameter is none of the actions.
pub(super) fn only(parameter: &str, allowed: &[Treated<'_>]) -> String {
    let values: Vec<String> = allowed.iter().map(|action| quoted(action.value)).collect();
    format!("Set {} to {}: nothing else is allowed here.", quoted(parameter), listed(&values, "or"))
}

/// What is shown with a request for approval.
pub(super) fn asks(parameter: &str, withheld: &[Treated<'_>]) -> String {
    let values: Vec<String> = withheld.iter().map(|action| quoted(action.value)).collect();
    let verb = if withheld.iter().any(|action| action.category == Category::Financial) {
        "may move money"
    } else {
        "destroys something"
    };
    format!("With {} as {}, this {verb}.", quoted(parameter), listed(&values, "or"))
}

/// What a policy for several tools does with them.
pub(super) fn summary(how: Recommendation, seen: &Seen) -> String {
    let has = |category: Category| seen.categories.contains(&category);
    let mut sentences = vec![format!("Recommended for {}.", counted(seen.tools, "tool"))];
    if has(Category::Read) {
        sentences.push("Reading is free.".to_owned());
    }
    match (has(Category::Write), has(Category::Execute)) {
        (true, true) => sentences.push(format!(
            "Writing is limited to {WRITES} calls a minute and executing to {EXECUTIONS}, for each tool and each grant."
        )),
        (true, false) => sentences.push(limited("Writing", WRITES)),
        (false, true) => sentences.push(limited("Executing", EXECUTIONS)),
        (false, false) => {}
    }
    if seen.split > 0 {
        let them = if how.asks() { "ask a person" } else { "are denied" };
        let does = if seen.split == 1 { "does" } else { "do" };
        let tools = counted(seen.split, "tool");
        sentences.push(format!("{tools} {does} several things: the actions that destroy {them}."));
    }
    if seen.hidden > 0 {
        let tools = counted(seen.hidden, "tool");
        let (that, are) = if seen.hidden == 1 { ("that destroys", "is") } else { ("that destroy", "are") };
        sentences.push(format!("{tools} {that} {are} hidden."));
    }
    if has(Category::Financial) {
        let sentence = if how.asks() {
            "What moves money asks a person."
        } else {
            "What moves money is denied until there is a person to ask."
        };
        sentences.push(sentence.to_owned());
    }
    if seen.left_out > 0 {
        let (tools, are) = (counted(seen.left_out, "tool"), if seen.left_out == 1 { "is" } else { "are" });
        let outcome = match how.pooling {
            Pooling::ByCategory => "",
            Pooling::ByTool => ", and denied,",
        };
        sentences.push(format!(
            "{tools} {are} left out{outcome} for want of room or of a name that can be written."
        ));
    }
    let rest = match how.pooling {
        Pooling::ByCategory if seen.left_out > 0 => {
            "A tool that is left out or added later is denied, or treated as its category where there is a catalog."
        }
        Pooling::ByCategory => {
            "A tool that is added later is denied, or treated as its category where there is a catalog."
        }
        Pooling::ByTool => "Whatever is not named is denied.",
    };
    sentences.push(rest.to_owned());
    sentences.join(" ")
}

fn limited(what: &str, max: u64) -> String {
    format!("{what} is limited to {max} calls a minute, for each tool and each grant.")
}

/// Words of the server in a sentence: short, and nothing in them that is not shown or ends the quotes.
pub(super) fn quoted(words: &str) -> String {
    let mut text = String::from("`");
    for character in words.chars().take(LONGEST) {
        if is_invisible(character) {
            text.extend(character.escape_unicode());
        } else {
            text.push(if character == '`' { '\'' } else { character });
        }
    }
    if words.chars().count() > LONGEST {
        text.push('…');
    }
    text.push('`');
    text
}

fn of(actions: &[Treated<'_>], category: Category, is_raised: bool) -> Vec<String> {
    let wanted = |action: &&Treated<'_>| action.category == category && action.is_raised == is_raised;
    actions.iter().filter(wanted).map(|action| quoted(action.value)).collect()
}

/// "a", "a and b", "a, b and c".
fn listed(words: &[impl AsRef<str>], and: &str) -> String {
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.as_ref().to_owned(),
        Some((last, others)) => {
            let others: Vec<&str> = others.iter().map(AsRef::as_ref).collect();
            format!("{} {and} {}", others.join(", "), last.as_ref())
        }
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What actions of a category do: one of them, several of them.
const DOING: [(Category, &str, &str); 5] = [
    (Category::Read, "reads", "read"),
    (Category::Write, "writes", "write"),
    (Category::Execute, "executes", "execute"),
    (Category::Destructive, "destroys", "destroy"),
    (Category::Financial, "moves money", "move money"),
];
/// How much of the server's words is quoted, in characters.
const LONGEST: usize = 40;
