//! Deciding calls with a store that is waited for.

use std::time::SystemTime;

use crate::call::ToolCall;
use crate::evaluator::decide::Judged;
use crate::evaluator::explanation::{Explanation, Looked};
use crate::evaluator::{Decision, Evaluator};
use crate::store::AsyncCounterStore;

impl<S: AsyncCounterStore> Evaluator<S> {
    /// Decides a call now, by the system's clock, and waits for the store. No runtime is asked for, and the
    /// future is [`Send`].
    ///
    /// A future that is dropped before its end keeps what it has charged, until the windows end.
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context as TaskContext, Poll, Waker};
    /// use mcp_policy::{Context, Decision, Evaluator, MemoryStore, Outcome, Policy, ToolCall};
    /// use serde_json::{Value, json};
    ///
    /// async fn forward(evaluator: &Evaluator<MemoryStore>, tool: &str, arguments: &Value) -> Value {
    ///     let context = Context::new().grant("ci-runner");
    ///     let call = ToolCall::new(tool, arguments).context(&context);
    ///     match evaluator.evaluate_async(&call).await {
    ///         Decision::Allow(permit) => {
    ///             let answer = json!({"content": []}); // of the server
    ///             // A refund that does not reach the store leaves the charge as it is.
    ///             let _ = permit.settle_async(Outcome::of(&answer)).await;
    ///             answer
    ///         }
    ///         Decision::Deny(denial) => json!({"isError": true, "text": denial.to_string()}),
    ///         Decision::NeedsApproval(request) => json!({"isError": true, "text": request.to_string()}),
    ///     }
    /// }
    /// # let policy: Policy = r#"{"version": "1", "default": "allow"}"#.parse()?;
    /// # let evaluator = Evaluator::new(policy, MemoryStore::new());
    /// # let arguments = json!({});
    /// # let answer = pin!(forward(&evaluator, "t", &arguments)).poll(&mut TaskContext::from_waker(Waker::noop()));
    /// # assert_eq!(answer, Poll::Ready(json!({"content": []})));
    /// # Ok::<(), mcp_policy::PolicyError>(())
    /// ```
    #[expect(
        clippy::disallowed_methods,
        reason = "as `evaluate`, for those who do not bring a clock; read when the future is first polled"
    )]
    pub async fn evaluate_async(&self, call: &ToolCall<'_>) -> Decision<S> {
        self.evaluate_async_at(call, SystemTime::now()).await
    }

    /// Decides a call at a moment, and waits for the store.
    pub async fn evaluate_async_at(&self, call: &ToolCall<'_>, now: SystemTime) -> Decision<S> {
        match self.judge(call, now) {
            Judged::Decided(decision) => decision,
            Judged::Priced(priced) => {
                let taken = self.store().reserve(&priced.charges, now).await;
                self.decide(&priced, taken)
            }
        }
    }

    /// Explains what would become of a call at a moment, as [`explain_at`](Self::explain_at) does, and waits
    /// for the store.
    pub async fn explain_async_at(&self, call: &ToolCall<'_>, now: SystemTime) -> Explanation {
        match self.look(call, now) {
            Looked::Explained(explanation) => explanation,
            Looked::Priced(priced) => {
                let peek = self.store().peek(&priced.charges, now).await;
                self.explain(priced, peek)
            }
        }
    }
}
