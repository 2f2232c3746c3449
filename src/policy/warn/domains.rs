//! Values that there can be at the paths of the language itself.

use serde_json::Value;

use crate::number::Decimal;
use crate::path::Root;
use crate::policy::document::{Comparison, Operator, listed};
use crate::risk::{Category, Severity};

/// The values of a list that its path never has, with what it has instead.
pub(super) fn impossible<'a>(comparison: &'a Comparison, root: &Root) -> Option<(&'a Value, String)> {
    let values = match (comparison.op, comparison.value.as_ref()?) {
        (Operator::In | Operator::NotIn, Value::Array(values)) => values.as_slice(),
        (Operator::Eq | Operator::Neq, value) => std::slice::from_ref(value),
        _ => return None,
    };
    let possible = |value: &Value| match (value, names(root)) {
        (Value::String(text), Some(names)) => names
            .iter()
            .any(|name| name == text || (comparison.ignore_case && name.eq_ignore_ascii_case(text))),
        (Value::Number(number), None) if *root == Root::NowHour => {
            Decimal::of(number).and_then(Decimal::to_u64).is_some_and(|hour| hour < 24)
        }
        // Another type is mistyped, which is another thing to say.
        _ => true,
    };
    let value = values.iter().find(|value| !possible(value))?;
    let names = names(root).map(|names| format!("it is {}", listed(&names, "or")));
    Some((value, names.unwrap_or_else(|| "it is a whole number from 0 to 23, in UTC".to_owned())))
}

fn names(root: &Root) -> Option<Vec<&'static str>> {
    match root {
        Root::NowWeekday => Some(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
        Root::ToolCategory => Some(Category::ALL.iter().map(|category| category.as_str()).collect()),
        Root::ToolSeverity => Some(Severity::ALL.iter().map(|severity| severity.as_str()).collect()),
        _ => None,
    }
}
