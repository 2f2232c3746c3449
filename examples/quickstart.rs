//! A runaway agent restarts an execution twelve times in a minute, and the policy stops it at ten.
//!
//! ```text
//! cargo run --example quickstart
//! ```

use std::error::Error;
use std::time::{Duration, SystemTime};

use mcp_policy::{Context, Decision, Evaluator, MemoryStore, Outcome, Policy, ToolCall};
use serde_json::{Value, json};

/// Nothing is allowed but `restart_execution`, and that ten times a minute for each grant.
const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "restart_execution": {
      "limits": [{"counter": "restart_execution_rate", "window": "minute", "max": 10, "scope": "grant"}]
    }
  }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    println!("The policy:\n\n{POLICY}\n");
    let policy: Policy = POLICY.parse()?;
    let evaluator = Evaluator::new(policy, MemoryStore::new());

    println!("An agent in a loop restarts the same execution every five seconds:\n");
    // The clock is simulated. A gateway calls `evaluate`, which reads the system's.
    let start = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(TEN_O_CLOCK)).ok_or("no such time")?;
    let execution = json!({"namespace": "shop.orders", "flow_id": "nightly", "execution_id": "2Xq8"});
    for second in (0..60).step_by(5) {
        play(&evaluator, start, second, "restart_execution", &execution)?;
    }
    println!("\nIt waits for the next minute, and then tries something else:\n");
    play(&evaluator, start, 60, "restart_execution", &execution)?;
    play(&evaluator, start, 65, "delete_flow", &json!({"namespace": "shop.orders", "flow_id": "nightly"}))?;
    Ok(())
}

/// Decides one call, and says what came of it.
fn play(
    evaluator: &Evaluator<MemoryStore>,
    start: SystemTime,
    second: u64,
    tool: &str,
    arguments: &Value,
) -> Result<(), Box<dyn Error>> {
    let now = start.checked_add(Duration::from_secs(second)).ok_or("no such time")?;
    let context = Context::new().grant("ci-runner");
    let call = ToolCall::new(tool, arguments).context(&context);
    let time = format!("10:{:02}:{:02}", second / 60, second % 60);
    match evaluator.evaluate_at(&call, now) {
        Decision::Allow(permit) => {
            let left: Vec<_> =
                permit.charged().iter().map(|charged| charged.remaining().to_string()).collect();
            println!("{time}  {tool:<18} allowed, {} left in this minute", left.join(", "));
            // Here a gateway forwards the call, and settles the permit by the answer.
            permit.settle(Outcome::Succeeded)?;
        }
        Decision::Deny(denial) => {
            println!("{time}  {tool:<18} DENIED   {}: {}", denial.code(), denial.message());
        }
        Decision::NeedsApproval(request) => {
            println!("{time}  {tool:<18} HELD     {request}");
        }
    }
    Ok(())
}

/// 2026-11-22T10:00:00Z.
const TEN_O_CLOCK: u64 = 1_795_341_600;
