//! What conditions look at: one call at one moment.

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use serde_json::{Map, Value};
use time::Weekday;

use crate::call::ToolCall;
use crate::json::Item;
use crate::number::Decimal;
use crate::path::{Found, Path, Root};
use crate::short_text::ShortText;
use crate::timestamp::Timestamp;

/// A call, the moment, and what is known of the tool.
pub(crate) struct Subject<'a> {
    call: ToolCall<'a>,
    arguments: Option<&'a Map<String, Value>>,
    now: Timestamp,
    /// The names of the tool's category and severity, where it has them.
    category: Option<(&'static str, &'static str)>,
    /// Written when it is first asked for.
    date: OnceCell<ShortText>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(
        call: ToolCall<'a>,
        arguments: Option<&'a Map<String, Value>>,
        now: Timestamp,
        category: Option<(&'static str, &'static str)>,
    ) -> Self {
        Self { call, arguments, now, category, date: OnceCell::new() }
    }

    pub(crate) fn call(&self) -> &ToolCall<'a> {
        &self.call
    }

    pub(crate) fn arguments(&self) -> Option<&'a Map<String, Value>> {
        self.arguments
    }

    /// What a path without `[*]` leads to.
    pub(crate) fn find(&self, path: &Path) -> Found<'_> {
        let text = |text| Found::Item(Item::Text(text));
        let known = |name: Option<&'static str>| name.map_or(Found::Mistyped, text);
        match path.root() {
            Root::Args => path.find(self.arguments),
            Root::Context(name) => self.call.attribute(name).map_or(Found::Absent, text),
            Root::NowDate => text(self.date.get_or_init(|| date(self.now)).as_str()),
            Root::NowHour => Found::Item(Item::Number(Some(Decimal::of_integer(self.now.hour().into())))),
            Root::NowWeekday => text(weekday(self.now)),
            Root::ToolCategory => known(self.category.map(|(category, _)| category)),
            Root::ToolName => text(self.call.tool()),
            Root::ToolSeverity => known(self.category.map(|(_, severity)| severity)),
        }
    }

    /// Hands over everything that a path with `[*]` leads to.
    pub(crate) fn walk(&self, path: &Path, visit: &mut dyn FnMut(Found<'a>) -> ControlFlow<()>) {
        path.walk(self.arguments, visit);
    }
}

fn weekday(now: Timestamp) -> &'static str {
    match now.date().weekday() {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

/// `2026-11-22`.
fn date(now: Timestamp) -> ShortText {
    let date = now.date();
    let mut text = ShortText::default();
    // It holds every year that a timestamp has.
    let _ = write!(text, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
    text
}
