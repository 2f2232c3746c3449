//! The queue: calls that come at the same moment are sent together.
//!
//! Redis runs one script at a time, and most of what a small one costs it costs for any number of calls. Nobody waits for
//! others: what is there when the first call's errand is run goes out, and that is as soon as the tasks that can go on at
//! this moment have done so.

use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::limit::Charges;
use crate::store::StoreError;
use crate::store::redis::Inner;
use crate::store::redis::batch::{self, Share, shares};
use crate::store::redis::message::unreadable;
use crate::store::redis::request::namespace_of;
use crate::timestamp::Timestamp;

/// Calls whose charges have not been sent yet.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    /// How many batches are under way.
    under_way: AtomicUsize,
}

impl Queue {
    /// Adds a call, and tells whether it is the first, so that somebody must be sent for it.
    fn add(&self, call: Waiting) -> bool {
        let mut waiting = self.waiting.lock();
        // The first may have been of a runtime that does nothing any more.
        if waiting.first().is_some_and(|first| first.answer.is_closed()) {
            waiting.retain(|call| !call.answer.is_closed());
        }
        waiting.push(call);
        waiting.len() == 1
    }

    /// Takes all calls that are still waited for. Who has given up is not charged.
    fn take(&self) -> Vec<Waiting> {
        let mut calls = mem::take(&mut *self.waiting.lock());
        calls.retain(|call| !call.answer.is_closed());
        calls
    }

    fn is_anybody_waiting(&self) -> bool {
        self.waiting.lock().iter().any(|call| !call.answer.is_closed())
    }
}

/// A call, and where it waits for the answer.
#[derive(Debug)]
struct Waiting {
    charges: Charges,
    /// The time by the caller's clock, if that rules.
    now: Option<Timestamp>,
    answer: Sender,
}

type Sender = oneshot::Sender<Result<Share, StoreError>>;

impl Inner {
    /// Has charges taken, in one step with those of the calls that come at the same moment, and waits no longer than the
    /// timeout.
    pub(super) async fn charge(
        self: &Arc<Self>,
        charges: &Charges,
        now: Option<Timestamp>,
    ) -> Result<Share, StoreError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(StoreError::new("there is no Tokio runtime"));
        }
        let (sender, receiver) = oneshot::channel();
        if self.queue.add(Waiting { charges: charges.clone(), now, answer: sender }) {
            self.run_errand();
        }
        match tokio::time::timeout(self.timeout, receiver).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::new("the call was given up")),
            Err(_) => {
                // If calls wait still, whoever was to send them does not come to it.
                if self.queue.is_anybody_waiting() {
                    self.run_errand();
                }
                Err(self.no_answer())
            }
        }
    }

    fn run_errand(self: &Arc<Self>) {
        let errand = Errand { inner: Arc::clone(self), is_due: true };
        tokio::spawn(errand.run());
    }

    /// Sends calls of one namespace as one script, and hands out what is answered.
    async fn send(self: Arc<Self>, calls: Vec<Waiting>) {
        let _under_way = UnderWay::new(&self.queue.under_way);
        let (calls, mut answers): (Vec<_>, Vec<_>) =
            calls.into_iter().map(|call| ((call.charges, call.now), call.answer)).unzip();
        let Some(request) = batch::request(calls.iter().map(|(charges, now)| (charges, *now)), &self.prefix)
        else {
            return fail(answers, || StoreError::new("a call has too many charges"));
        };
        let answer = {
            let run = self.charge.run(&self.link, &request);
            let (mut run, mut given_up) = (pin!(run), pin!(all_closed(&mut answers)));
            poll_fn(|context| match run.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending => given_up.as_mut().poll(context).map(|()| None),
            })
            .await
        };
        match answer {
            // Nobody waits any longer.
            None => {}
            Some(Err(error)) => fail(answers, || StoreError::new(error.clone())),
            Some(Ok(answer)) => match shares(answer, calls.iter().map(|(charges, _)| charges)) {
                None => fail(answers, unreadable),
                Some(shares) => {
                    for (answer, share) in answers.into_iter().zip(shares) {
                        // Who has given up is not told, and the charge stays.
                        let _ = answer.send(Ok(share));
                    }
                }
            },
        }
    }
}

/// Counts for as long as it lives.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn all_closed(answers: &mut [Sender]) {
    for answer in answers {
        answer.closed().await;
    }
}

fn fail(answers: Vec<Sender>, why: impl Fn() -> StoreError) {
    for answer in answers {
        let _ = answer.send(Err(why()));
    }
}

/// Sends what waits, once.
struct Errand {
    inner: Arc<Inner>,
    is_due: bool,
}

impl Errand {
    async fn run(mut self) {
        // Whoever can go on at this moment does so before this does. When nothing is under way there is hardly anybody.
        if self.inner.queue.under_way.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        self.is_due = false;
        let mut batches = batches(self.inner.queue.take());
        let last = batches.pop();
        for batch in batches {
            tokio::spawn(Arc::clone(&self.inner).send(batch));
        }
        if let Some(batch) = last {
            Arc::clone(&self.inner).send(batch).await;
        }
    }
}

impl Drop for Errand {
    /// If the runtime ends before it was run, the calls that wait are given up, and the next one sends anew.
    fn drop(&mut self) {
        if self.is_due {
            let calls = mem::take(&mut *self.inner.queue.waiting.lock());
            // Not under the lock: it wakes those who wait.
            drop(calls);
        }
    }
}

/// Divides calls into batches: of one namespace, for a script is run where all of its keys are, and of some size, so that
/// Redis works on one while the answers to another are read, and is not kept from others for long.
fn batches(mut calls: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    // In the order in which they came, those of each.
    calls.sort_by(|one, other| one.namespace().cmp(other.namespace()));
    let mut batches: Vec<Vec<Waiting>> = Vec::new();
    let mut charges = 0;
    for call in calls {
        let more = call.charges.charges().len();
        match batches.last_mut() {
            Some(batch)
                if batch.len() < MOST_CALLS
                    && more <= MOST_CHARGES.saturating_sub(charges)
                    && batch.last().is_some_and(|last| last.namespace() == call.namespace()) =>
            {
                charges = charges.saturating_add(more);
                batch.push(call);
            }
            _ => {
                charges = more;
                batches.push(vec![call]);
            }
        }
    }
    batches
}

impl Waiting {
    fn namespace(&self) -> &str {
        namespace_of(&self.charges)
    }
}

/// A batch has no more calls than this.
const MOST_CALLS: usize = 32;

/// A batch of several calls has no more charges than this.
const MOST_CHARGES: usize = 512;
