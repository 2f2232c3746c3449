//! One limit, spent as fast as a store can.

use std::time::SystemTime;

use crate::limit::Window;
use crate::store::conformance::line::{Line, charges};
use crate::store::{AsyncCounterStore, Refusal, StoreError};

/// Charges one counter, which lets `max` calls through in a day, until it refuses, and returns how many passed: what a
/// test of several processes runs in each of them. All of those that spend in one namespace, on one day by
/// `now`, pass `max` in total.
///
/// ```
/// # use std::pin::pin;
/// # use std::task::{Context, Poll, Waker};
/// # use std::time::SystemTime;
/// use mcp_policy::MemoryStore;
/// use mcp_policy::store::conformance::spend;
///
/// # fn wait<F: Future>(future: F) -> F::Output {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!(),
/// #     }
/// # }
/// let store = MemoryStore::new();
/// let passed = wait(spend(&store, "run-7", 1_000, SystemTime::UNIX_EPOCH))?;
/// assert_eq!(passed, 1_000);
/// # Ok::<(), mcp_policy::store::StoreError>(())
/// ```
///
/// # Errors
///
/// [`StoreError`] if the store does not answer, or is full.
pub async fn spend<S: AsyncCounterStore>(
    store: &S,
    namespace: &str,
    max: u64,
    now: SystemTime,
) -> Result<u64, StoreError> {
    let line = Line::fixed("spend", Window::Day, max);
    let charges = charges(namespace, &[line]).map_err(|broken| StoreError::new(format!("{broken:?}")))?;
    let mut passed = 0_u64;
    loop {
        match store.reserve(&charges, now).await {
            Ok(_) => passed = passed.saturating_add(1),
            Err(Refusal::Exceeded(_)) => return Ok(passed),
            Err(Refusal::Unavailable(error)) => return Err(error),
            Err(refusal @ (Refusal::ApprovalUsed | Refusal::Full)) => {
                return Err(StoreError::new(format!("{refusal:?}")));
            }
        }
    }
}
