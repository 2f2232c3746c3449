//! A word of the lexicon: what it says of a tool.

use std::hash::{BuildHasherDefault, Hasher};

use crate::risk::Category;

/// What a word says of a tool, in the form in which it stands there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// What it does as a verb.
    pub(crate) verb: Option<Category>,
    /// The form that this is of the verb.
    pub(crate) form: Form,
    pub(crate) roles: Roles,
}

impl Word {
    /// A verb wherever it stands, in its base form.
    pub(crate) fn is_always_verb(self) -> bool {
        self.verb.is_some() && self.form == Form::Base && !self.is(Role::Noun)
    }

    /// A verb in its base form, if it stands where a verb stands.
    pub(crate) fn may_be_verb(self) -> bool {
        self.verb.is_some() && self.form == Form::Base
    }

    pub(crate) fn is(self, role: Role) -> bool {
        self.roles.contains(role)
    }
}

/// A form of a verb or a noun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// `create`.
    #[default]
    Base,
    /// `creating`.
    Gerund,
    /// `created`.
    Participle,
    /// `creates`, and the plural of a noun.
    WithS,
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles(u64);

impl Roles {
    pub(crate) fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    pub(crate) fn insert(&mut self, role: Role) {
        self.0 |= role.bit();
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The roles that a form of the word keeps: a parameter has one name, and a phrase begins with one form.
    pub(crate) fn without_names_of_parameters(self) -> Self {
        Self(self.0 & !Role::PARAMETERS)
    }
}

/// Defines the roles, each with its bit and its section in the files of the lexicon.
macro_rules! roles {
    ($( $(#[doc = $doc:literal])* $Role:ident = $bit:literal, $section:literal; )*) => {
        /// A part that a word can play.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Role {
            $( $(#[doc = $doc])* $Role, )*
        }

        impl Role {
            pub(crate) const SECTIONS: &'static [(&'static str, Self)] = &[ $( ($section, Self::$Role), )* ];

            const fn bit(self) -> u64 {
                match self {
                    $( Self::$Role => 1 << $bit, )*
                }
            }
        }
    };
}

roles! {
    /// A verb that is a noun where no verb stands.
    Noun = 0, "";
    /// It begins a phrase of the lexicon.
    BeginsPhrase = 1, "";
    /// A verb that moves money if money stands beside it.
    MovesMoney = 2, "verbs moves-money";
    /// A verb that makes something new.
    Creates = 3, "verbs creates";
    /// A verb that computes something.
    Makes = 4, "verbs makes";
    /// A verb that reaches people.
    Messages = 5, "verbs messages";
    /// Money.
    Money = 6, "objects money";
    /// Money, where money is spoken of.
    MaybeMoney = 7, "objects maybe-money";
    /// Speaks of money.
    MoneyContext = 8, "objects money-context";
    /// Something that runs.
    Runs = 9, "objects runs";
    /// Made by a model.
    Media = 10, "objects media";
    /// Text that is worked out.
    Text = 11, "objects text";
    /// A small thing that is put on others.
    Mark = 12, "objects marks";
    /// A secret.
    Secret = 13, "objects secrets";
    /// Beside a secret, it says that no secret is meant.
    NotSecret = 14, "objects not-secret";
    /// What reaches people.
    People = 15, "objects people";
    /// Something that is shown.
    Shown = 16, "objects shown";
    /// A browser.
    Browser = 17, "objects browser";
    /// "and", "or".
    Joins = 18, "objects joins";
    /// Many at once.
    Many = 19, "objects many";
    /// Told to insist.
    Force = 20, "objects force";
    /// The name of a product: it says nothing.
    Name = 21, "objects names";
    /// A parameter that chooses what is done.
    ParameterAction = 22, "parameters action";
    /// A parameter that may.
    ParameterMaybeAction = 23, "parameters maybe-action";
    /// An amount.
    ParameterAmount = 24, "parameters amount";
    /// Who receives.
    ParameterRecipient = 25, "parameters recipient";
    /// A currency or a security.
    ParameterCurrency = 26, "parameters currency";
    /// A URL.
    ParameterUrl = 27, "parameters url";
    /// A path.
    ParameterPath = 28, "parameters path";
    /// SQL.
    ParameterSql = 29, "parameters sql";
    /// Code.
    ParameterCode = 30, "parameters code";
    /// A command of a shell.
    ParameterShell = 31, "parameters shell";
    /// HTML or a template.
    ParameterHtml = 32, "parameters html";
    /// Which page of a list.
    ParameterPaging = 33, "parameters paging";
    /// Where something is written.
    ParameterOutput = 34, "parameters output";
    /// May stand before the verb of a sentence.
    LeadIn = 35, "words lead-in";
    /// Begins a sentence that says nothing of what the tool does.
    Aside = 36, "words aside";
    /// Ends what counts of a sentence.
    Ends = 37, "words ends";
    /// "read-only".
    ReadOnly = 38, "words read-only";
    /// "irreversible".
    Destroys = 39, "words destroys";
    /// "not".
    Negates = 40, "words negates";
    /// A verb-noun that is a verb where it stands first, even if a verb stands last: `update_list`.
    VerbFirst = 41, "verbs first";
    /// A verb that says little.
    Vague = 42, "verbs vague";
    /// A verb that puts something on others.
    Applies = 43, "verbs applies";
    /// What is done in a browser or on a screen.
    Drives = 44, "objects drives";
    /// "a", "the".
    Article = 45, "words article";
    /// Last in the name of a parameter, it says that it chooses what is done.
    EndsAction = 46, "parameters ends-action";
}

impl Role {
    const PARAMETERS: u64 =
        Self::ParameterAction.bit() | Self::ParameterMaybeAction.bit() | Self::BeginsPhrase.bit();
}

/// The letters of a word of up to sixteen letters, in lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key {
    high: u64,
    low: u64,
}

impl Key {
    /// How many letters a word of the lexicon can have.
    pub(crate) const LONGEST: usize = 16;

    /// A letter more. Past the longest the first letters are lost: whoever builds a key counts.
    pub(crate) fn push(&mut self, letter: u8) {
        self.high = self.high << 8 | self.low >> 56;
        self.low = self.low << 8 | u64::from(letter);
    }

    /// A word of lower-case ASCII letters; `None` if it is none, or too long.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let fits = (1..=Self::LONGEST).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
        fits.then(|| {
            let mut key = Self::default();
            word.bytes().for_each(|letter| key.push(letter));
            key
        })
    }

    /// The key of a phrase: of this word, or phrase, and one more. It has a bit that no word has.
    pub(crate) fn then(self, next: Self) -> Self {
        let high = self.high.rotate_left(23).wrapping_mul(ODD) ^ next.high;
        let low = self.low.rotate_left(29).wrapping_mul(ODD) ^ next.low;
        Self { high: high | 1 << 63, low }
    }
}

impl std::hash::Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.high.wrapping_mul(ODD).rotate_left(31) ^ self.low);
    }
}

/// Hashes a key with one multiplication. The words in the table are the embedder's, so nobody can flood it.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(ODD);
        self.0 = mixed ^ mixed >> 29;
    }
}

pub(crate) type BuildKeyHasher = BuildHasherDefault<KeyHasher>;

/// The golden ratio, as an odd number of 64 bits.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_role_has_a_bit_of_its_own() {
        let bits: HashSet<u64> = Role::SECTIONS.iter().map(|(_, role)| role.bit()).collect();
        assert_eq!(bits.len(), Role::SECTIONS.len());
    }

    #[test]
    fn words_have_different_keys() {
        let words =
            ["a", "aa", "create", "creates", "abcdefgh", "abcdefghi", "abcdefghijklmnop", "eeeeeeeeeeeeeeee"];
        let keys: Vec<Key> = words.iter().filter_map(|word| Key::of(word)).collect();
        assert_eq!(keys.len(), words.len());
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(at));
        }
        for bad in ["", "Create", "a-b", "a1", "é", "abcdefghijklmnopq"] {
            assert_eq!(Key::of(bad), None, "{bad}");
        }
    }
}
