//! What pages say of categories, signals and evidence.

use crate::profile::page::{Words, text};
use crate::recommend::Reason;
use crate::risk::{Category, Clue, Confidence, Part, Signal};

/// Why a tool of the category needs a policy.
pub(super) fn why(category: Category) -> &'static str {
    match category {
        Category::Read => {
            "It changes nothing. But what it reads may be private, and may carry instructions that the agent then follows; with \
             another tool that sends something away, it is the first half of a leak."
        }
        Category::Write => {
            "It creates or changes something. One mistake can be put right. An agent in a loop makes hundreds before anybody \
             looks, and what it writes is read by people and by other agents."
        }
        Category::Execute => {
            "It makes something run, with effects beyond the call itself, and often with a bill. An agent that does not see why \
             something fails tends to start it again, as fast as it is allowed to."
        }
        Category::Destructive => {
            "What it destroys does not come back. One call is enough, and an agent can be talked into it by a text that it was \
             only meant to read."
        }
        Category::Financial => {
            "It moves money. Money that has gone to the wrong place is hard to get back, and whoever can write what the agent \
             reads can try to say where it goes."
        }
    }
}

/// What a tool of the category does at worst.
pub(super) fn worst(category: Category) -> &'static str {
    match category {
        Category::Read => "look at something",
        Category::Write => "create or change something",
        Category::Execute => "make something run",
        Category::Destructive => "destroy something",
        Category::Financial => "move money",
    }
}

/// Tools of the category, as a heading.
pub(super) fn heading(category: Category) -> &'static str {
    match category {
        Category::Read => "Tools that read",
        Category::Write => "Tools that write",
        Category::Execute => "Tools that execute",
        Category::Destructive => "Tools that destroy",
        Category::Financial => "Tools that move money",
    }
}

/// What a signal means.
pub(super) fn signal(signal: Signal) -> &'static str {
    match signal {
        Signal::Bulk => {
            "It can act on many things in one call, so a limit on calls bounds less than it seems to."
        }
        Signal::Code => "It takes code, and something may run it.",
        Signal::Force => "It can be told to force or to overwrite: a check that protects is then skipped.",
        Signal::Html => "It takes HTML or a template, which may run where somebody looks at it.",
        Signal::ManyParameters => "It has more parameters than a person checks before saying yes.",
        Signal::Messages => "It sends messages to people, in somebody's name.",
        Signal::Path => "It takes a path: `..` and links lead out of the place that was meant.",
        Signal::Secrets => "It reads secrets, which then stand in the agent's context and in logs.",
        Signal::Shell => "It takes commands for a shell, which can do whatever the server may.",
        Signal::Sql => "It takes raw SQL, which can do whatever the account of the server may.",
        Signal::Url => "It takes a URL: the server can be made to reach places that only it can reach.",
    }
}

/// A signal in two or three words.
pub(super) fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Bulk => "many at once",
        Signal::Code => "code",
        Signal::Force => "force",
        Signal::Html => "HTML",
        Signal::ManyParameters => "many parameters",
        Signal::Messages => "messages",
        Signal::Path => "path",
        Signal::Secrets => "secrets",
        Signal::Shell => "shell",
        Signal::Sql => "SQL",
        Signal::Url => "URL",
    }
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => {
            "Not at all: nothing in the definition says what it does, or the definition contradicts itself. Unknown counts as \
             writing at least. Look at what the tool really does."
        }
        Confidence::Medium => "One thing in its definition says so, and nothing speaks against it.",
        Confidence::High => {
            "Quite: two parts of its definition agree, or its schema lists everything that it can do."
        }
    }
}

/// What kind of thing a piece of evidence is.
pub(super) fn clue(clue: Clue) -> &'static str {
    match clue {
        Clue::Action => "an action that it can be told to do",
        Clue::Annotation => "what the server declares",
        Clue::Nothing => "nothing says what it does",
        Clue::Object => "what it is done to",
        Clue::Parameter => "a parameter",
        Clue::Sibling => "other tools of the server",
        Clue::Verb => "a verb",
        Clue::Wording => "a turn of phrase",
    }
}

pub(super) fn part(part: Part) -> &'static str {
    match part {
        Part::Annotations => "annotations",
        Part::Description => "description",
        Part::InputSchema => "input schema",
        Part::Name => "name",
        Part::Siblings => "other tools",
        Part::Title => "title",
    }
}

/// Why a tool has its category, in a table.
pub(super) fn because(reason: Reason<'_>) -> Words {
    let words = text(reason.before);
    match reason.quoted {
        Some(quoted) => words.server(quoted).text(reason.after),
        None => words,
    }
}
