//! Batches: what several calls ask of `charge.lua`, and what it answers to each.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use redis::{RedisError, Value};

use crate::limit::{Algorithm, Charge, Charges, Pack, Unpack, Window};
use crate::store::StoreError;
use crate::store::redis::message::{Answer, Status, keep_until, seconds, unreadable};
use crate::store::redis::request::{Request, place};
use crate::timestamp::Timestamp;

/// The request to `charge.lua` of these calls, each with the time by the caller's clock if that rules: for all of them, or
/// for none. `None` if there are more keys, fields or terms than two bytes can number.
pub(super) fn request<'a>(
    calls: impl IntoIterator<Item = (&'a Charges, Option<Timestamp>)>,
    prefix: &'a str,
) -> Option<Request<'a>> {
    let mut batch = Batch::default();
    for (charges, now) in calls {
        batch.add(charges, now)?;
    }
    batch.request(prefix)
}

/// What the calls of a batch ask for.
#[derive(Debug, Default)]
struct Batch<'a> {
    calls: u32,
    terms: Vec<Terms>,
    /// The keys of the hashes, and the fields of each.
    hashes: Vec<(&'a str, Vec<&'a str>)>,
    hash_numbers: HashMap<&'a str, usize>,
    /// Where a counter is: the number of its hash, and that of its field there, from 0.
    places: HashMap<&'a str, (usize, usize)>,
    marks: Vec<&'a str>,
    by_callers: bool,
    index: Vec<Entry>,
    rest: Pack,
}

/// An entry of the index.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Number(usize),
    /// A field, by the numbers of its hash and of its own there, from 0.
    Field(usize, usize),
    /// A mark, from 0.
    Mark(usize),
}

impl<'a> Batch<'a> {
    fn add(&mut self, charges: &'a Charges, now: Option<Timestamp>) -> Option<()> {
        self.calls = self.calls.checked_add(1)?;
        self.index.push(Entry::Number(charges.charges().len()));
        let mark = charges.approval().map_or(Entry::Number(0), |approval| self.mark(approval.key()));
        self.index.push(mark);
        for charge in charges.charges() {
            let terms = self.terms(Terms::of(charge))?;
            let (hash, field) = self.place(charge.key());
            self.index.extend([Entry::Number(terms), Entry::Field(hash, field)]);
        }
        if let Some(now) = now {
            self.by_callers = true;
            self.rest.integer(now.seconds());
            self.rest.integer(now.micros().rem_euclid(Timestamp::SECOND));
        }
        if let Some(approval) = charges.approval() {
            self.rest.integer(keep_until(approval));
        }
        Some(())
    }

    fn place(&mut self, key: &'a str) -> (usize, usize) {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let (hash_key, field) = place(key);
        let next = self.hashes.len();
        let number = *self.hash_numbers.entry(hash_key).or_insert(next);
        if number == next {
            self.hashes.push((hash_key, Vec::new()));
        }
        let fields = self.hashes.get_mut(number).map(|(_, fields)| fields);
        let place = (number, fields.as_ref().map_or(0, |fields| fields.len()));
        if let Some(fields) = fields {
            fields.push(field);
        }
        self.places.insert(key, place);
        place
    }

    /// Two calls with one approval have one mark.
    fn mark(&mut self, key: &'a str) -> Entry {
        let known = self.marks.iter().position(|mark| *mark == key);
        Entry::Mark(known.unwrap_or_else(|| {
            self.marks.push(key);
            self.marks.len().saturating_sub(1)
        }))
    }

    /// The number of the terms, from 1. Calls under one policy have few different ones: it is enough to look at the latest.
    fn terms(&mut self, terms: Terms) -> Option<usize> {
        let known = self.terms.iter().rev().take(LATEST).position(|known| *known == terms);
        if known.is_none() {
            self.terms.push(terms);
        }
        self.terms.len().checked_sub(known.unwrap_or(0))
    }

    fn request(self, prefix: &'a str) -> Option<Request<'a>> {
        // How many fields there are in the hashes before each.
        let mut before = Vec::with_capacity(self.hashes.len());
        let mut fields = Vec::new();
        for (_, of_hash) in &self.hashes {
            before.push(fields.len());
            fields.extend(of_hash);
        }
        let number = |entry: &Entry| match *entry {
            Entry::Number(number) => Some(number),
            Entry::Field(hash, field) => before.get(hash)?.checked_add(field)?.checked_add(1),
            Entry::Mark(mark) => self.hashes.len().checked_add(mark)?.checked_add(1),
        };
        let in_hashes = self.hashes.iter().map(|(_, fields)| Some(fields.len()));
        let index = in_hashes.chain(self.index.iter().map(number));
        let index = index.map(|number| u16::try_from(number?).ok()).collect::<Option<Vec<_>>>()?;
        let narrow: Option<Vec<_>> = index.iter().map(|number| u8::try_from(*number).ok()).collect();
        let mut pack = Pack::default();
        pack.integer(self.calls.into());
        pack.integer(length(self.terms.len()));
        pack.integer(length(self.hashes.len()));
        pack.integer(self.by_callers.into());
        pack.integer(if narrow.is_some() { 1 } else { 2 });
        pack.integer(length(index.len()));
        self.terms.iter().for_each(|terms| terms.write(&mut pack));
        match narrow {
            Some(index) => pack.bytes(&index),
            None => index.iter().for_each(|number| pack.bytes(&number.to_be_bytes())),
        }
        pack.bytes(self.rest.as_bytes());
        let mut keys: Vec<_> = self.hashes.iter().map(|(key, _)| *key).collect();
        keys.extend(self.marks);
        Some(Request::new(prefix, keys, pack, fields))
    }
}

/// What a charge asks for, whatever counter it is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    kind: u8,
    /// The window's length in seconds.
    length: i64,
    amount: u64,
    /// How much may be used already; nothing if the charge never fits.
    room: Option<u64>,
}

impl Terms {
    fn of(charge: &Charge) -> Self {
        let kind = match (charge.algorithm(), charge.window()) {
            (Algorithm::Sliding, _) => b's',
            (Algorithm::Fixed, Window::Lifetime) => b'l',
            (Algorithm::Fixed, Window::Month) => b'm',
            (Algorithm::Fixed, Window::Week) => b'w',
            (Algorithm::Fixed, _) => b'f',
        };
        let (max, amount) = (charge.max().millionths(), charge.amount().millionths());
        let length = charge.window().length().map_or(0, seconds);
        Self { kind, length, amount, room: max.checked_sub(amount) }
    }

    fn write(&self, pack: &mut Pack) {
        pack.byte(self.kind);
        pack.integer(self.length);
        pack.amount(self.amount);
        match self.room {
            Some(room) => pack.amount(room),
            None => [-1, 0].into_iter().for_each(|half| pack.integer(half)),
        }
    }
}

/// What `charge.lua` answered to one call of a batch.
#[derive(Debug)]
pub(super) struct Share {
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
    server_now: Timestamp,
    refused: Option<RedisError>,
}

impl Share {
    /// Reads what was answered to these charges.
    pub(super) fn read(self, charges: &Charges) -> Result<Answer, StoreError> {
        let bytes = self.bytes.get(self.range).ok_or_else(unreadable)?;
        let answer = Answer::read(Unpack::new(bytes), self.server_now, charges)?;
        match (answer.status, self.refused) {
            // What is no hash cannot be read, and Redis says so.
            (Status::Refused | Status::Unreadable, Some(error)) => Err(StoreError::new(error)),
            (Status::Refused | Status::Unreadable, _) => Err(unreadable()),
            (Status::ApprovalUsed | Status::Exceeded | Status::Taken, _) => Ok(answer),
        }
    }
}

/// Cuts the answer to a batch into what was answered to each call. `None` if it is not what `charge.lua` answers.
pub(super) fn shares<'a>(answer: Value, calls: impl IntoIterator<Item = &'a Charges>) -> Option<Vec<Share>> {
    let (bytes, refused) = match answer {
        Value::BulkString(bytes) => (bytes, None),
        Value::Array(parts) => match <[Value; 2]>::try_from(parts).ok()? {
            [Value::BulkString(bytes), Value::ServerError(error)] => (bytes, Some(RedisError::from(error))),
            _ => return None,
        },
        _ => return None,
    };
    let mut rest = Unpack::new(&bytes);
    let server_now = rest.moment()?;
    let whole = bytes.len();
    let mut ranges = Vec::new();
    for charges in calls {
        let start = whole.checked_sub(rest.left())?;
        if matches!(rest.byte()?, b't' | b'e') {
            for charge in charges.charges() {
                rest.skip_counter(charge.algorithm())?;
            }
        }
        ranges.push(start..whole.checked_sub(rest.left())?);
    }
    if !rest.is_at_end() {
        return None;
    }
    let bytes = Arc::new(bytes);
    let share = |range| Share { bytes: Arc::clone(&bytes), range, server_now, refused: refused.clone() };
    Some(ranges.into_iter().map(share).collect())
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// So many terms are compared.
const LATEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Context, ToolCall};
    use crate::condition::Subject;
    use crate::limit::{Amount, Increment, Limit, LimitSpot, Refund, Scope, counter_key};

    fn call(limits: &[(&str, Algorithm)]) -> Charges {
        let charge = |(counter, algorithm): &(&str, Algorithm)| {
            let limit = Arc::new(Limit {
                owner: "/tools/t".into(),
                spot: LimitSpot::Limits(0),
                on_deny: None,
                counter: 0,
                window: Window::Hour,
                algorithm: *algorithm,
                max: Amount::from_millionths(5_000_000).unwrap(),
                scopes: vec![Scope::parse("grant").unwrap()],
                increment: Increment::Fixed(Amount::from_millionths(1_000_000).unwrap()),
                refund: Refund::Unsent,
                key: counter_key("counter", counter, Window::Hour, *algorithm),
            });
            let context = Context::new().grant("g");
            let call = ToolCall::new("t", None::<&serde_json::Value>).context(&context);
            Charge::new(&limit, "n", &Subject::new(call, None, Timestamp::from_micros(0), None)).unwrap()
        };
        Charges::new(limits.iter().map(charge).collect(), None)
    }

    /// What is answered to two calls: the first passes, the second does not.
    fn answer() -> (Vec<u8>, [Charges; 2]) {
        let mut pack = Pack::default();
        let parts: [(&[u8], &[i64]); 3] = [
            (b"", &[7_200, 5]),
            (b"t\x03", &[10_800, 9, 2_000_000]),
            (b"e\x00\x05s", &[32, 9, 1_000_000, 4_000_000, 1_000_000]),
        ];
        for (bytes, numbers) in parts {
            pack.bytes(bytes);
            for number in numbers {
                pack.integer(*number);
            }
        }
        let second = call(&[("b", Algorithm::Fixed), ("c", Algorithm::Sliding)]);
        (pack.into_bytes(), [call(&[("a", Algorithm::Fixed)]), second])
    }

    fn read(bytes: &[u8], calls: &[Charges; 2]) -> Option<Vec<Result<Answer, StoreError>>> {
        let shares = shares(Value::BulkString(bytes.to_vec()), calls)?;
        Some(shares.into_iter().zip(calls).map(|(share, charges)| share.read(charges)).collect())
    }

    #[test]
    fn each_call_reads_what_was_answered_to_it() {
        let (bytes, calls) = answer();
        let answers = read(&bytes, &calls).unwrap();
        let [Ok(first), Ok(second)] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!((first.status, first.counters.len()), (Status::Taken, 1));
        assert_eq!((second.status, second.counters.len()), (Status::Exceeded, 2));
        assert!(second.counters[0].is_none() && second.counters[1].is_some());
        assert_eq!(first.server_now, Timestamp::from_micros(7_200_000_005));
    }

    #[test]
    fn t42_an_answer_that_is_cut_short_or_goes_on_is_none() {
        let (bytes, calls) = answer();
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], &calls).is_none(), "{length}");
        }
        assert!(read(&[&bytes[..], b"t"].concat(), &calls).is_none());
        for other in [Value::Nil, Value::Okay, Value::Int(0), Value::Array(vec![Value::BulkString(bytes)])] {
            assert!(shares(other, &calls).is_none());
        }
    }

    #[test]
    fn t42_no_byte_of_an_answer_makes_a_call_pass_that_did_not() {
        let (bytes, calls) = answer();
        let status_of_second = bytes.iter().rposition(|byte| *byte == b'e').unwrap();
        for at in (0..bytes.len()).filter(|at| *at != status_of_second) {
            for byte in 0..=255 {
                let mut bytes = bytes.clone();
                bytes[at] = byte;
                let Some(answers) = read(&bytes, &calls) else { continue };
                assert!(!matches!(&answers[1], Ok(answer) if answer.status == Status::Taken), "{at} {byte}");
            }
        }
    }

    #[test]
    fn t30_what_calls_share_is_sent_once() {
        let calls =
            [call(&[("a", Algorithm::Fixed), ("b", Algorithm::Fixed)]), call(&[("a", Algorithm::Fixed)])];
        let mut batch = Batch::default();
        for charges in &calls {
            batch.add(charges, None).unwrap();
        }
        assert_eq!((batch.calls, batch.hashes.len(), batch.terms.len()), (2, 2, 1));
        assert!(batch.hashes.iter().all(|(_, fields)| fields == &["grant:g"]));
    }
}
