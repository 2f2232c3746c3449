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
use crate::timestamp::Timestamp;

/// A call, the moment, and what is known of the tool.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    call: ToolCall<'a>,
    arguments: Option<&'a Map<String, Value>>,
    now: Timestamp,
    /// The names of the tool's category and severity, where it has them.
    category: Option<(&'static str, &'static str)>,
    /// Written when it is first asked for.
    date: OnceCell<Date>,
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
            Root::NowDate => text(self.date.get_or_init(|| Date::of(self.now)).as_str()),
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

/// `2026-11-22`, on the stack.
#[derive(Debug, Default)]
struct Date {
    bytes: [u8; 12],
    length: usize,
}

impl Date {
    fn of(now: Timestamp) -> Self {
        let date = now.date();
        let mut text = Self::default();
        // Twelve bytes hold every year that a timestamp has.
        let _ = write!(text, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
        text
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl std::fmt::Write for Date {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(std::fmt::Error)?;
        self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
