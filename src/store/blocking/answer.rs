//! One answer, from where it is worked out to where it is waited for.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::store::StoreError;

/// Waits for an answer. One that can no longer come is an error.
pub(super) struct Answer<T> {
    shared: Arc<Mutex<State<T>>>,
}

/// What is to be answered, once. Dropping it says that there will be no answer.
pub(super) struct Question<T> {
    shared: Arc<Mutex<State<T>>>,
}

enum State<T> {
    Answered(T),
    Lost,
    Waiting(Option<Waker>),
}

impl<T> Answer<T> {
    pub(super) fn new() -> (Self, Question<T>) {
        let shared = Arc::new(Mutex::new(State::Waiting(None)));
        (Self { shared: Arc::clone(&shared) }, Question { shared })
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.shared.lock();
        match mem::replace(&mut *state, State::Lost) {
            State::Answered(answer) => Poll::Ready(Ok(answer)),
            State::Lost => Poll::Ready(Err(StoreError::new("the work was dropped before its end"))),
            State::Waiting(_) => {
                *state = State::Waiting(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl<T> Question<T> {
    pub(super) fn answer(self, answer: T) {
        self.finish(State::Answered(answer));
    }

    /// The first to come is the answer.
    fn finish(&self, finished: State<T>) {
        let mut state = self.shared.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = finished;
            // Whoever is woken may come back for the answer at once.
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T> Drop for Question<T> {
    fn drop(&mut self) {
        self.finish(State::Lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_polled_again_does_not_hang() {
        let (answer, question) = Answer::new();
        let mut answer = Box::pin(answer);
        let mut context = Context::from_waker(Waker::noop());
        assert!(answer.as_mut().poll(&mut context).is_pending());
        question.answer(5);
        assert!(matches!(answer.as_mut().poll(&mut context), Poll::Ready(Ok(5))));
        assert!(matches!(answer.as_mut().poll(&mut context), Poll::Ready(Err(_))));
    }

    #[test]
    fn what_is_dropped_unanswered_is_an_error() {
        let (answer, question) = Answer::<()>::new();
        drop(question);
        let polled = Box::pin(answer).as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(Err(_))));
    }
}
