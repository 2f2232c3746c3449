//! Nouns that change what a verb means.

use crate::risk::Category;
use crate::risk::assess::context::Context;
use crate::risk::assess::name::Manner;
use crate::risk::assess::name::items::Item;
use crate::risk::lexicon::{Form, Role};

/// The category of a verb, and the word beside it that changes it.
pub(super) fn with_objects<'a>(
    verb: &Item<'a>,
    items: &[Item<'a>],
    context: &Context<'_>,
    manner: Manner,
) -> (Option<Category>, Option<&'a str>) {
    let word = verb.word;
    let object = |role| find(items, role, Some(verb));
    let money = || {
        let maybe = || context.money.then(|| object(Role::MaybeMoney))?;
        let order = || context.trading.then(|| object(Role::Order))?;
        object(Role::Money).or_else(maybe).or_else(order)
    };
    if word.is(Role::MovesMoney)
        && let Some(object) = money()
    {
        return (Some(Category::Financial), Some(object));
    }
    if word.verb == Some(Category::Financial) && word.is(Role::Noun) {
        let object = money().or_else(|| object(Role::MaybeMoney)).or_else(|| object(Role::Order));
        let is_money = object.is_some() || context.money || context.trading;
        return (Some(if is_money { Category::Financial } else { Category::Write }), object);
    }
    // A query may write where the language can.
    if word.is(Role::Query) && object(Role::Engine).is_some() {
        return (Some(Category::Execute), object(Role::Engine));
    }
    for (verb_role, object_role, category) in CHANGES {
        if word.is(verb_role)
            && let Some(object) = object(object_role)
        {
            return (Some(category), Some(object));
        }
    }
    if manner == Manner::Driver && word.is(Role::Step) {
        return (Some(Category::Execute), None);
    }
    (word.verb, None)
}

/// The first noun with this role, beside a verb.
pub(super) fn find<'a>(items: &[Item<'a>], role: Role, beside: Option<&Item<'a>>) -> Option<&'a str> {
    let is_noun = |item: &&Item<'a>| matches!(item.word.form, Form::Base | Form::WithS);
    let is_other = |item: &&Item<'a>| beside.is_none_or(|verb| !std::ptr::eq(*item, verb));
    let mut nouns = items.iter().filter(is_other).filter(is_noun);
    nouns.find(|item| item.word.is(role)).map(|item| item.text)
}

/// Of a verb with the first role, beside a noun with the second, the category.
const CHANGES: [(Role, Role, Category); 9] = [
    (Role::Creates, Role::Runs, Category::Execute),
    (Role::Makes, Role::Media, Category::Execute),
    (Role::Makes, Role::Text, Category::Read),
    (Role::Applies, Role::Mark, Category::Write),
    (Role::Controls, Role::Device, Category::Execute),
    (Role::Detaches, Role::Mark, Category::Write),
    (Role::Renews, Role::Renewable, Category::Write),
    (Role::Settles, Role::Matter, Category::Write),
    (Role::Light, Role::Look, Category::Read),
];
