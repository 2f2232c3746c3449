//! Counters in the memory of one process.

mod shard;

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::SystemTime;

use parking_lot::{Mutex, MutexGuard};

use crate::limit::{Charges, Counter, Reservation};
use crate::store::memory::shard::{Entry, Shard, Swept};
use crate::store::standing::standings;
use crate::store::{CounterStore, Peek, Refusal, StoreError};
use crate::timestamp::Timestamp;

/// Counters in memory: exact under any number of threads, and gone with the process.
///
/// It holds a bounded number of counters. Counters whose windows have long been over are dropped now and
/// then, so that the memory follows what is in use. At the bound every counter whose window is over is
/// dropped, and if that is not enough a new counter is refused ([`Refusal::Full`]). One whose window is not
/// over is never dropped.
///
/// What is over is told by the time that callers pass in, so a store must be given one clock. Where that is
/// set back after counters were dropped, it finds them new; an approval that was used is not valid a second
/// time even then.
pub struct MemoryStore {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    capacity: usize,
    /// The number of entries in all shards, those that are about to be added included.
    count: AtomicUsize,
    /// The count at which entries that are long over are looked for.
    sweep_at: AtomicUsize,
    /// No entry ends before this moment, in microseconds.
    earliest_end: AtomicI64,
    /// Every approval that had to be remembered until then, in microseconds, may have been forgotten: a clock
    /// that was once ahead must not make one valid a second time.
    forgotten_until: AtomicI64,
    generation: AtomicU64,
    /// Held by the one thread that drops entries.
    sweeping: Mutex<()>,
}

impl MemoryStore {
    /// How many counters a store holds unless it is said: a million. With short names one takes some 150 bytes, and
    /// 300 where the window slides; long names and many scopes add the length of the key.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// A store for [`DEFAULT_CAPACITY`](Self::DEFAULT_CAPACITY) counters.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// A store for so many counters. An approval that was used takes the place of a counter until an hour
    /// after it has ended. Nothing is allocated for them in advance.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect(),
            hasher: RandomState::new(),
            capacity,
            count: AtomicUsize::new(0),
            sweep_at: AtomicUsize::new(SMALLEST_SWEEP),
            earliest_end: AtomicI64::new(i64::MAX),
            forgotten_until: AtomicI64::new(i64::MIN),
            generation: AtomicU64::new(0),
            sweeping: Mutex::new(()),
        }
    }

    /// How many counters it holds, with those whose windows are over and that have not been dropped yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn forgotten_until(&self) -> i64 {
        self.forgotten_until.load(Ordering::SeqCst)
    }

    fn shard(&self, key: &str) -> usize {
        let hash = usize::try_from(self.hasher.hash_one(key) & u64::from(u32::MAX)).unwrap_or(0);
        hash & SHARDS.saturating_sub(1)
    }

    /// Locks every shard that the charges need, always in the same order.
    fn lock(&self, charges: &Charges) -> Locked<'_> {
        let homes: Vec<usize> = charges.charges().iter().map(|charge| self.shard(charge.key())).collect();
        let approval_home = charges.approval().map(|approval| self.shard(approval.key()));
        let mut needed = [false; SHARDS];
        for home in homes.iter().copied().chain(approval_home) {
            if let Some(needed) = needed.get_mut(home) {
                *needed = true;
            }
        }
        let mut guards = [const { None }; SHARDS];
        for ((guard, shard), needed) in guards.iter_mut().zip(&self.shards).zip(needed) {
            if needed {
                *guard = Some(shard.lock());
            }
        }
        Locked { guards, homes, approval_home }
    }

    /// Takes the charges if they fit and there is room for the counters that they add.
    fn try_reserve(&self, charges: &Charges, now: Timestamp) -> Attempt {
        let mut locked = self.lock(charges);
        let (peek, added) = match locked.look(charges, now, self.forgotten_until()) {
            Ok(found) => found,
            Err(error) => return Attempt::Refused(error.into()),
        };
        if peek.approval_used {
            return Attempt::Refused(Refusal::ApprovalUsed);
        }
        if let Some(exceeded) = peek.exceeded {
            return Attempt::Refused(Refusal::Exceeded(exceeded));
        }
        if added > 0 {
            let grow = |count: usize| count.checked_add(added).filter(|count| *count <= self.capacity);
            if self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).is_err() {
                return Attempt::NoRoom(added);
            }
        }
        // Nothing below this line may fail: it would leave the charges of a call half taken.
        let Locked { guards, homes, approval_home } = &mut locked;
        let taken = charges.charges().iter().zip(homes).filter_map(|(charge, home)| {
            // From 1: 0 is a window that has not been charged.
            let generation = self.generation.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            guards.get_mut(*home)?.as_deref_mut()?.charge(charge.key(), |before| {
                let (counter, taken) = Counter::charged(before, charge, now, generation)?;
                self.earliest_end.fetch_min(counter.ends(), Ordering::Relaxed);
                Some((counter, taken))
            })
        });
        let reservation = Reservation::new(taken.collect());
        if let (Some(approval), Some(home)) = (charges.approval(), approval_home) {
            let until = Timestamp::from(approval.keep_until()).micros();
            self.earliest_end.fetch_min(until, Ordering::Relaxed);
            if let Some(shard) = guards.get_mut(*home).and_then(Option::as_deref_mut) {
                shard.use_up(approval.key(), until);
            }
        }
        Attempt::Taken(reservation)
    }

    /// Drops the entries that are long over, once there are twice as many as were left the last time.
    fn tidy(&self, now: Timestamp) {
        if self.len() < self.sweep_at.load(Ordering::Relaxed) {
            return;
        }
        if let Some(_sweeping) = self.sweeping.try_lock() {
            let left = self.sweep(|entry| entry.is_long_over(now));
            self.sweep_at.store(left.saturating_mul(2).max(SMALLEST_SWEEP), Ordering::Relaxed);
        }
    }

    /// Drops every entry that is over, if there is no room for so many more; false if there is none then.
    fn make_room(&self, added: usize, now: Timestamp) -> bool {
        let _sweeping = self.sweeping.lock();
        let has_room = || self.len().checked_add(added).is_some_and(|count| count <= self.capacity);
        if !has_room() && now.micros() >= self.earliest_end.load(Ordering::Relaxed) {
            // What is charged from here on lowers it again.
            self.earliest_end.store(i64::MAX, Ordering::Relaxed);
            self.sweep(|entry| entry.is_over(now));
        }
        has_room()
    }

    /// Drops entries, shard by shard, and counts those that are left.
    fn sweep(&self, drop: impl Fn(&Entry) -> bool) -> usize {
        let mut left = 0_usize;
        for shard in &self.shards {
            let mut shard = shard.lock();
            let Swept { dropped, earliest_end, kept, forgotten_until } = shard.drop_where(&drop);
            // Before the lock is given back: whoever does not find a mark sees that it may have been
            // forgotten.
            self.forgotten_until.fetch_max(forgotten_until, Ordering::SeqCst);
            self.count.fetch_sub(dropped, Ordering::Relaxed);
            self.earliest_end.fetch_min(earliest_end, Ordering::Relaxed);
            left = left.saturating_add(kept);
        }
        left
    }
}

/// What came of an attempt to take charges.
enum Attempt {
    /// This many more entries do not fit.
    NoRoom(usize),
    Refused(Refusal),
    Taken(Reservation),
}

/// The shards that one call needs.
struct Locked<'a> {
    guards: [Option<MutexGuard<'a, Shard>>; SHARDS],
    /// The shard of each charge.
    homes: Vec<usize>,
    approval_home: Option<usize>,
}

impl Locked<'_> {
    /// What the charges find, and how many entries they would add.
    fn look(
        &self,
        charges: &Charges,
        now: Timestamp,
        forgotten_until: i64,
    ) -> Result<(Peek, usize), StoreError> {
        let mut added = 0_usize;
        let mut homes = self.homes.iter();
        let (used, exceeded) = standings(charges, now, |charge| {
            let before = match homes.next().and_then(|home| self.shard(*home)?.get(charge.key())) {
                Some(Entry::Counter(counter)) => Some(Cow::Borrowed(counter)),
                Some(Entry::UsedUntil(_)) => {
                    return Err(StoreError::new("an approval has the key of a counter"));
                }
                None => None,
            };
            added = added.saturating_add(usize::from(before.is_none()));
            Ok(before)
        })?;
        let mark = charges.approval().zip(self.approval_home).map(|(approval, home)| {
            let keep_until = Timestamp::from(approval.keep_until()).micros();
            keep_until <= forgotten_until
                || self.shard(home).is_some_and(|shard| shard.get(approval.key()).is_some())
        });
        let added = added.saturating_add(usize::from(mark == Some(false)));
        Ok((Peek::new(used, mark == Some(true), exceeded), added))
    }

    fn shard(&self, index: usize) -> Option<&Shard> {
        self.guards.get(index)?.as_deref()
    }
}

impl CounterStore for MemoryStore {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        let now = Timestamp::from(now);
        self.tidy(now);
        loop {
            match self.try_reserve(charges, now) {
                Attempt::Taken(reservation) => return Ok(reservation),
                Attempt::Refused(refusal) => return Err(refusal),
                Attempt::NoRoom(added) if self.make_room(added, now) => {}
                Attempt::NoRoom(_) => return Err(Refusal::Full),
            }
        }
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        for charged in reservation.charged() {
            if let Some(shard) = self.shards.get(self.shard(charged.key())) {
                shard.lock().give_back(charged);
            }
        }
        Ok(())
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        let locked = self.lock(charges);
        locked.look(charges, now.into(), self.forgotten_until()).map(|(peek, _)| peek)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// The numbers, and no keys: they name people.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// A power of two, and no more than a `u64` has bits.
const SHARDS: usize = 64;

/// Entries that are over are not looked for below this count.
const SMALLEST_SWEEP: usize = 4_096;
