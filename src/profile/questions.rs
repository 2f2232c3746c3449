//! Questions that people ask about a tool, with answers.

use crate::policy::document::Rule;
use crate::profile::page::{Block, Words, marked, text};
use crate::profile::words::{because, confidence, worst};
use crate::recommend::{Advice, Recommendation, reason};
use crate::risk::{Assessment, Category, Tool};

pub(super) fn questions(
    tool: &Tool<'_>,
    assessment: &Assessment,
    advice: &Advice,
    how: Recommendation,
) -> Vec<Block> {
    let category = assessment.category();
    let mut questions = Vec::new();
    let mut ask = |question: Words, answer: Words| questions.push(Block::Question(question, answer));
    let name = |before: &str, after: &str| text(before).server(tool.name).text(after);

    let mut answer = text("It can ").text(worst(category)).text(": ");
    answer.0.extend(because(reason(assessment)).0);
    let answer = answer.text(". It counts as ").category(category);
    let answer = answer.text(", with a severity of ").severity(assessment.severity()).text(".");
    ask(name("What can ", " do at worst?"), answer);
    ask(text("How sure is that?"), text(confidence(assessment.confidence())));

    match advice {
        Advice::Hide => {
            let answer = "Take it out of `hide`, and give it a rule with `\"action\": \"require_approval\"` in `tools`: a person \
                          then sees each call before it is made. A limit of a few calls a day in the same rule bounds what a hurried \
                          yes can do.";
            ask(name("Can agents use ", " all the same?"), marked(answer));
        }
        Advice::LeaveOut => {
            let answer = "Its name cannot be written so that a rule is for this tool alone: it has a `*`, which stands for any text \
                          in a policy, or characters that are not shown, or it is too long. Ask the people who make the \
                          server for another name.";
            ask(name("Why is there no rule for ", "?"), marked(answer));
        }
        Advice::Rule(rule) => about_rule(rule, category, how, &mut ask),
    }

    let answer = "Add a `require` to the rule: `{\"conditions\": [{\"path\": \"context.team\", \"op\": \"eq\", \"value\": \"operations\"}]}`. \
                  The context comes from the gateway, never from the agent; a call without a team is denied.";
    if matches!(advice, Advice::Rule(_)) {
        ask(text("How is it kept to one team?"), marked(answer));
    }
    let answer = "The category was made from the definition as it was. Pin the definition (`pins` in a policy): as soon as the server \
                  changes a word of it, calls are denied `definition_changed` until somebody has looked again.";
    ask(text("What if the server changes the tool?"), marked(answer));
    let answer = "Nothing that lowers the verdict. Descriptions and annotations are the server's claims: they can raise the \
                  category of a tool, never bring it below what its name and schema show.";
    ask(text("What does the server's word count?"), text(answer));
    questions
}

fn about_rule(rule: &Rule, category: Category, how: Recommendation, ask: &mut impl FnMut(Words, Words)) {
    if let Some(limit) = rule.limits.first() {
        let answer = format!(
            "It is denied `limit_exceeded`, and told after how many seconds it may be repeated. A denied call costs nothing. The \
             window is one minute of the clock; with `\"algorithm\": \"sliding\"` there are never more than {} calls within any \
             minute.",
            limit.max
        );
        ask(text(format!("What happens to a call beyond {} a minute?", limit.max)), marked(&answer));
        let answer = "Yes: the limit stops a loop, and is not a guess at how much work there is. Raise `max` where the log shows \
                      denied calls that should have passed; a longer window, such as `hour`, bounds a day better than a minute does.";
        ask(text("Can the limit be higher?"), marked(answer));
    } else if category == Category::Read {
        let answer = "One in `all_tools` for everything together is enough for most servers: it ends a loop, whichever tools \
                      the agent goes around in.";
        ask(text("Should reading be limited too?"), marked(answer));
    }
    if category == Category::Financial {
        let answer = if how == how.with_approvals() {
            "Each call asks, with its arguments, and an approval is for exactly these, once. To let small amounts pass, replace the \
             `action` by an `approve_if` on the amount, and add a limit with `increment_from` that caps the sum of a day."
        } else {
            "Where the gateway can ask a person, replace the `deny_if` by `\"action\": \"require_approval\"`. To let small amounts \
             pass, use an `approve_if` on the amount, and a limit with `increment_from` that caps the sum of a day."
        };
        ask(text("How can it be used?"), marked(answer));
    }
}
