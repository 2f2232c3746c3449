//! Waiting for other processes, and for no longer than was said.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// When to stop waiting, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    /// `None`: the clock does not go that far.
    at: Option<Instant>,
}

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        Self { at: clock().checked_add(timeout) }
    }

    pub(super) fn at(self) -> Option<Instant> {
        self.at
    }

    /// Makes it the deadline of what this thread does with SQLite from here on.
    pub(super) fn begin(self) {
        DEADLINE.set(self.at);
    }
}

/// SQLite asks, when a file is locked, whether to try again; `attempt` counts from 0.
///
/// A lock is held for some microseconds as a rule, so the first attempts follow each other closely. SQLite's
/// own timeout would sleep for milliseconds.
pub(super) fn try_again(attempt: i32) -> bool {
    let doublings = u32::try_from(attempt).unwrap_or(0).min(MOST_DOUBLINGS);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings);
    let left = DEADLINE.get().map_or(Duration::MAX, |at| at.saturating_duration_since(clock()));
    if left.is_zero() {
        return false;
    }
    thread::sleep(pause.min(left));
    true
}

#[expect(clippy::disallowed_methods, reason = "how long to wait for a lock is not part of any decision")]
fn clock() -> Instant {
    Instant::now()
}

thread_local! {
    /// SQLite's callback takes no state with it.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

const FIRST_PAUSE: Duration = Duration::from_micros(50);

/// To 1.6 milliseconds.
const MOST_DOUBLINGS: u32 = 5;
