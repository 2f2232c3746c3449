//! No choice of names and values makes two counters one.

use serde_json::{Value, json};

use crate::limit::{Algorithm, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{Line, MILLION, at, charges};

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        hostile_names_have_counters_of_their_own,
        hostile_values_have_counters_of_their_own,
        namespaces_have_counters_of_their_own,
        windows_and_algorithms_have_counters_of_their_own,
        sixteen_scopes_are_told_apart,
    ]
}

const APART: &str = "A counter is identified by the evaluator's namespace, its name, its window and algorithm, and its \
                     scopes with their values: no choice of names and values makes two different counters the same \
                     one.";

/// What differs only in what a careless store does not see, and what means something to one.
const HOSTILE: [&str; 34] = [
    "a",
    "A",
    "a ",
    " a",
    "a\0",
    "a\0b",
    "a\n",
    "a\t",
    "*",
    "a*",
    "?",
    "%",
    "%61",
    "_",
    "a|b",
    "a:b",
    "a=b",
    "a#b",
    "a/b",
    "a,b",
    "{a}",
    "{a}b",
    "}{",
    "'",
    "\"",
    "a';--",
    "\\",
    "é",
    "e\u{301}",
    "É",
    "ａ",
    "а",
    "anonymous",
    "null",
];

fn hostile_names_have_counters_of_their_own<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let lines = HOSTILE.map(|name| Line::fixed(name, Window::Day, 1));
    each_has_its_own(bench, &lines)
}

fn hostile_values_have_counters_of_their_own<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let line = || Line::of(Algorithm::Sliding, "c", Window::Day, 1);
    let mut lines = Vec::new();
    for text in HOSTILE {
        lines.push(line().each("grant", text));
        lines.push(line().each("args.id", text));
        lines.push(line().each("grant", text).each("session", "s"));
        lines.push(line().each("grant", "s").each("session", text));
    }
    // A number is not the text that looks like it.
    for value in
        [json!(1), json!("1"), json!(true), json!("true"), json!(1.5), json!("1.5"), json!(-1), json!("-1")]
    {
        lines.push(line().each("args.id", value));
    }
    // What is long is told apart by its last character too.
    for length in [63, 64, 65, 255, 256, 1_000, 100_000] {
        for end in ["a", "b"] {
            lines.push(line().each("user", format!("{}{end}", "x".repeat(length))));
        }
    }
    // One value cannot pretend to be two.
    for [grant, session] in [["a|session:b", "c"], ["a", "b|session:c"], ["a%7Csession:b", "c"]] {
        lines.push(line().each("grant", grant).each("session", session));
    }
    each_has_its_own(bench, &lines)
}

fn namespaces_have_counters_of_their_own<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let line = [Line::fixed("c", Window::Day, 1)];
    let namespaces = HOSTILE.map(|name| format!("{}{name}", bench.namespace()));
    for turn in [[1, 2], [0, 2]] {
        for namespace in &namespaces {
            bench.passing(&charges(namespace, &line)?, turn, at(0), APART)?;
        }
    }
    Ok(())
}

fn windows_and_algorithms_have_counters_of_their_own<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let mut lines = Vec::new();
    for window in [
        Window::Minute,
        Window::Hour,
        Window::Day,
        Window::Week,
        Window::Seconds(61),
        Window::Seconds(604_800),
    ] {
        lines.push(Line::of(Algorithm::Fixed, "c", window, 1));
        lines.push(Line::of(Algorithm::Sliding, "c", window, 1));
    }
    lines.push(Line::fixed("c", Window::Month, 1));
    lines.push(Line::fixed("c", Window::Lifetime, 1));
    each_has_its_own(bench, &lines)?;
    // Sixty seconds are a minute.
    let minute = bench.price(&[Line::fixed("c", Window::Seconds(60), 1)])?;
    bench.refused(&minute, at(0), "`60` and `\"minute\"` are the same window.")?;
    Ok(())
}

fn sixteen_scopes_are_told_apart<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    // Keys of some kilobytes: with names and values that are as long as they can be without being hashed.
    let with = |changed: Option<usize>, reversed: bool| {
        let mut scopes: Vec<_> = (0..16)
            .map(|index| {
                let last = if changed == Some(index) { "b" } else { "a" };
                (format!("context.{}{index:02}", "n".repeat(100)), format!("{}{last}", "|".repeat(63)))
            })
            .collect();
        if reversed {
            scopes.reverse();
        }
        let line = Line::fixed("c", Window::Day, 1);
        scopes.into_iter().fold(line, |line, (scope, value)| line.each(scope, Value::from(value)))
    };
    let mut lines = vec![with(None, false)];
    lines.extend((0..16).map(|changed| with(Some(changed), false)));
    each_has_its_own(bench, &lines)?;
    let reversed = bench.price(&[with(None, true)])?;
    bench.refused(&reversed, at(0), "The order of scopes does not matter.")?;
    Ok(())
}

/// Each line lets one call through, and all of them together do too.
fn each_has_its_own<S: AsyncCounterStore>(bench: &Bench<'_, S>, lines: &[Line]) -> Result<(), Broken> {
    for line in lines {
        let price = bench.price(std::slice::from_ref(line))?;
        bench.using(&price, at(0), &[0], APART)?;
        bench.take(&price, at(0), APART)?;
    }
    for line in lines {
        let price = bench.price(std::slice::from_ref(line))?;
        bench.using(&price, at(0), &[MILLION], APART)?;
        let exceeded = bench.refused(&price, at(0), APART)?;
        same(exceeded.charge, 0, "The limit that is exceeded is reported.", String::new)?;
    }
    Ok(())
}
