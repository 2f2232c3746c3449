//! The session as programs drive it: with a store that answers, or one that is waited for.

use std::time::SystemTime;

use crate::mcp::Message;
use crate::mcp::session::{Actions, HeldCall, Session, Step};
use crate::store::{AsyncCounterStore, CounterStore};

impl<S: CounterStore> Session<S> {
    /// Takes what the client sent: the bytes of one line or one HTTP body.
    pub fn from_client(&mut self, bytes: &[u8], now: SystemTime) -> Actions<S> {
        let step = self.step_from_client(bytes, now);
        self.drive(step, now)
    }

    /// Takes a message of the client that has been read: where the headers of HTTP are
    /// [compared](crate::mcp::check_headers) with it first.
    pub fn message_from_client(&mut self, message: Message, now: SystemTime) -> Actions<S> {
        let step = self.step_message_from_client(message, now);
        self.drive(step, now)
    }

    /// Takes what the server sent: the bytes of one line, one HTTP body or one event of a stream.
    pub fn from_server(&mut self, bytes: &[u8], now: SystemTime) -> Actions<S> {
        self.step_from_server(bytes, now).settle()
    }

    /// A held call was approved: it is decided again, with the approval. The approval is valid until then,
    /// for this call, for one use, and its identifier must be its own ([`Approval::new`](crate::Approval::new)).
    pub fn approve(
        &mut self,
        held: HeldCall<S>,
        approval: impl Into<String>,
        expires_at: SystemTime,
        now: SystemTime,
    ) -> Actions<S> {
        let step = self.step_approve(held, approval, expires_at);
        self.drive(step, now)
    }

    /// A message could not be sent to the server: the call never left, and its charge is given back where its
    /// limits say so.
    pub fn not_sent(&mut self, message: &Message) -> Actions<S> {
        self.step_not_sent(message).settle()
    }

    fn drive(&mut self, mut step: Step<S>, now: SystemTime) -> Actions<S> {
        loop {
            match step {
                Step::Done(actions) => return actions.settle(),
                Step::Judge(mut call) => {
                    let decision = call.evaluate_at(now);
                    step = self.decided(call, decision, now);
                }
            }
        }
    }
}

impl<S: AsyncCounterStore> Session<S> {
    /// Takes what the client sent, as [`from_client`](Self::from_client) does, and waits for the store. A
    /// future that is dropped before its end has sent nothing, and keeps what it has charged.
    pub async fn from_client_async(&mut self, bytes: &[u8], now: SystemTime) -> Actions<S> {
        let step = self.step_from_client(bytes, now);
        self.drive_async(step, now).await
    }

    /// Takes a message of the client that has been read, and waits for the store.
    pub async fn message_from_client_async(&mut self, message: Message, now: SystemTime) -> Actions<S> {
        let step = self.step_message_from_client(message, now);
        self.drive_async(step, now).await
    }

    /// Takes what the server sent, as [`from_server`](Self::from_server) does, and waits for the store.
    pub async fn from_server_async(&mut self, bytes: &[u8], now: SystemTime) -> Actions<S> {
        self.step_from_server(bytes, now).settle_async().await
    }

    /// A held call was approved, as with [`approve`](Self::approve); waits for the store.
    pub async fn approve_async(
        &mut self,
        held: HeldCall<S>,
        approval: impl Into<String>,
        expires_at: SystemTime,
        now: SystemTime,
    ) -> Actions<S> {
        let step = self.step_approve(held, approval, expires_at);
        self.drive_async(step, now).await
    }

    /// A message could not be sent to the server, as with [`not_sent`](Self::not_sent); waits for the store.
    pub async fn not_sent_async(&mut self, message: &Message) -> Actions<S> {
        self.step_not_sent(message).settle_async().await
    }

    async fn drive_async(&mut self, mut step: Step<S>, now: SystemTime) -> Actions<S> {
        loop {
            match step {
                Step::Done(actions) => return actions.settle_async().await,
                Step::Judge(mut call) => {
                    let decision = call.evaluate_async_at(now).await;
                    step = self.decided(call, decision, now);
                }
            }
        }
    }
}
