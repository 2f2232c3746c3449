//! Nothing that a server writes changes what a page consists of.

use std::collections::BTreeSet;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::{Value, json};

use crate::json::is_invisible;
use crate::profile::{ServerProfile, ToolProfile};
use crate::recommend::{Advice, Recommendation};
use crate::risk::{
    ActionRisk, Actions, Assessment, AttackPattern, Category, Clue, Confidence, Evidence, OwaspAgentic,
    OwaspMcp, Part, Severity, Signal, Signals, Tool,
};

const NASTY: [&str; 40] = [
    "</code></pre><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "<!-- --> <![CDATA[ x ]]> <?php ?>",
    "</title></style></head><body>",
    "<meta http-equiv=refresh content=0>",
    "[click](http://evil.example)",
    "![pixel](http://evil.example/a.png)",
    "[a]: http://evil.example\n\n[a]",
    "<http://evil.example> https://evil.example www.evil.example a@evil.example @user #1",
    "a | b | c",
    "a \\| b \\\\| c",
    "|---|---|\n| a | b |",
    "\n\n# Heading\n\n## Another",
    "\nSetext\n======\nAnother\n-------",
    "```\n# out\n```",
    "````\n~~~\n```` `",
    "`code` ``more`` ```yet more```",
    "` starts and ends `",
    "``````````",
    "\\` \\",
    "\\",
    "> quote\n> quote",
    "- [ ] task\n- [x] task\n1. one",
    "*a* **b** _c_ __d__ ~~e~~ $x$ ^f^ ==g==",
    "[^1]\n\n[^1]: note",
    "***\n---\n___",
    "    indented\n\ttab",
    "a\rb\r\nc\u{2028}d\u{2029}e\u{85}f\u{b}g\u{c}h",
    "\u{202e}gnp.exe\u{202c} \u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{ad}\u{e0041}",
    "nul\0bell\u{7}escape\u{1b}[31m",
    "<details open><summary>x</summary>",
    "{{template}} {% raw %} ${x} #{y}",
    "javascript:alert(1) data:text/html,x",
    "<a href=\"https://evil.example\">x</a>",
    "&colon;&lbrack;x&rbrack;&lpar;http&colon;//evil.example&rpar;",
    "מילים שכתובות מימין לשמאל",
];

/// A tool whose every word is a certain one, and an assessment that repeats it.
fn profile(words: &str, name: &str) -> ToolProfile {
    let schema = json!({
        "type": "object",
        "properties": {words: {"type": words, "description": words}},
        "required": [words],
    });
    let tool = Tool::new(name).title(words).description(words).input_schema(&schema);
    ToolProfile::new(&tool, &assessment(words), Recommendation::new())
}

fn assessment(words: &str) -> Assessment {
    let mut signals = Signals::default();
    for signal in Signal::ALL {
        signals.insert(*signal);
    }
    let action = |category| ActionRisk { value: words.into(), category };
    Assessment {
        category: Category::Write,
        severity: Severity::High,
        confidence: Confidence::Low,
        evidence: vec![
            Evidence::new(Clue::Verb, Part::Name, words, Some(Category::Write)),
            Evidence::new(Clue::Parameter, Part::InputSchema, words, None),
        ],
        signals,
        actions: Some(Actions {
            parameter: words.into(),
            is_required: true,
            values: vec![action(Category::Read), action(Category::Destructive)],
        }),
    }
}

/// A name for which the same is recommended, which no words can change.
fn name_like(name: &str) -> &'static str {
    let advice = |name: &str| Recommendation::new().advice(&Tool::new(name), &assessment("word"));
    if matches!(advice(name), Advice::LeaveOut) { "*" } else { "word" }
}

/// What a Markdown page consists of, without its words.
fn markdown_shape(page: &str) -> Vec<String> {
    let known: BTreeSet<&str> = OwaspMcp::ALL
        .iter()
        .map(|entry| entry.source())
        .chain(OwaspAgentic::ALL.iter().map(|entry| entry.source()))
        .chain(AttackPattern::ALL.iter().map(|pattern| pattern.source()))
        .collect();
    let mut shape: Vec<String> = Vec::new();
    for event in Parser::new_ext(page, Options::all()) {
        let part = match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(known.contains(&*dest_url), "a link to {dest_url} in\n{page}");
                "link".to_owned()
            }
            Event::Start(Tag::Image { .. }) | Event::Html(_) | Event::InlineHtml(_) => {
                panic!("{event:?} in\n{page}")
            }
            Event::Text(_) | Event::SoftBreak => "text".to_owned(),
            Event::Code(_) => "code".to_owned(),
            Event::Start(tag) => format!("{:?}", tag.to_end()),
            Event::End(_) => "end".to_owned(),
            other => panic!("{other:?} in\n{page}"),
        };
        // How much text there is does not matter, nor into how many parts a reader cuts it.
        if part != "text" || shape.last() != Some(&part) {
            shape.push(part);
        }
    }
    shape
}

/// The tags of an HTML page, in order, with their attributes.
fn html_shape(page: &str) -> Vec<String> {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let page = format!("{before}{after}");
    let tags = page.split('<').skip(1).map(|tag| {
        let (tag, rest) = tag.split_once('>').unwrap();
        assert!(!rest.contains('>'), "{rest}");
        // Long words have a class of their own.
        tag.replace("server long", "server")
    });
    tags.collect()
}

fn check(words: &str, name: &str) {
    let page = profile(words, name);
    let plain = profile("word", name_like(name));
    let (markdown, html) = (page.markdown(), page.html());
    assert_eq!(markdown_shape(&markdown), markdown_shape(&plain.markdown()), "{markdown}");
    assert_eq!(html_shape(&html), html_shape(&plain.html()), "{html}");
    for page in [&markdown, &html] {
        let hidden = page.chars().find(|character| *character != '\n' && is_invisible(*character));
        assert!(hidden.is_none(), "{hidden:?}");
    }
    let server = |words: &str| {
        let tool = Tool::new(name).description(words);
        ServerProfile::of(words, &[(tool, assessment(words))], Recommendation::new())
    };
    let (page, plain) = (server(words), {
        let tool = Tool::new(name_like(name)).description("word");
        ServerProfile::of("word", &[(tool, assessment("word"))], Recommendation::new())
    });
    assert_eq!(markdown_shape(&page.markdown()), markdown_shape(&plain.markdown()), "{}", page.markdown());
    assert_eq!(html_shape(&page.html()), html_shape(&plain.html()));
}

#[test]
fn nasty_words_stay_words() {
    for words in NASTY {
        check(words, "word");
        check(words, words);
        check("word", words);
    }
}

#[test]
fn what_is_long_is_cut() {
    let long = "x`|<&".repeat(100_000);
    let page = profile(&long, &long);
    assert!(page.markdown().len() < 40_000, "{}", page.markdown().len());
    assert!(page.html().len() < 120_000, "{}", page.html().len());
    let properties: serde_json::Map<String, Value> =
        (0..10_000).map(|number| (format!("p{number}"), json!({"type": vec!["string"; 50]}))).collect();
    let schema = json!({"properties": properties});
    let tool = Tool::new("t").input_schema(&schema);
    let page = ToolProfile::new(&tool, &assessment("word"), Recommendation::new());
    assert!(page.markdown().contains("And 9940 parameters more."));
    assert!(page.html().len() < 120_000, "{}", page.html().len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_words_there_are_stay_words(
        parts in prop::collection::vec(
            prop_oneof![
                3 => prop::sample::select(NASTY.to_vec()).prop_map(str::to_owned),
                2 => "[`|\\\\<>&\\[\\]()!*_#~\n\"' -]{1,8}",
                1 => "\\PC{0,8}",
                1 => any::<String>(),
            ],
            1..4,
        ),
        name in prop_oneof![Just("word".to_owned()), prop::sample::select(NASTY.to_vec()).prop_map(str::to_owned)],
    ) {
        let words = parts.concat();
        prop_assume!(!words.trim().is_empty());
        check(&words, &name);
    }
}
