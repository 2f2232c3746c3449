//! The policy in force, and the file that it is written in.

use std::thread;
use std::time::Duration;

use mcp_policy::{Evaluator, Policy};

use crate::stores::Store;
use crate::watched::Watched;

/// Reads the policy, and tells its warnings.
pub(crate) fn read(path: &str) -> Result<(Watched, Policy), String> {
    let (file, text) = Watched::open(path)?;
    let policy = parse(&text, &file)?;
    Ok((file, policy))
}

/// Puts every policy in force that is written into the file from now on. One that is wrong is not, and the one
/// before stays: that is told on standard error, with the report.
pub(crate) fn follow(mut file: Watched, evaluator: Evaluator<Store>) {
    thread::spawn(move || {
        loop {
            thread::sleep(EVERY);
            let Some(read) = file.poll() else {
                continue;
            };
            match read.and_then(|text| parse(&text, &file)) {
                Ok(policy) => {
                    let digest = policy.digest();
                    evaluator.replace_policy(policy);
                    eprintln!("policy {digest} is in force");
                }
                Err(report) => eprintln!("the policy was not replaced: {report}"),
            }
        }
    });
}

fn parse(text: &str, file: &Watched) -> Result<Policy, String> {
    let policy: Policy =
        text.parse().map_err(|report| format!("{} is wrong\n{report}", file.path().display()))?;
    for warning in policy.warnings() {
        eprintln!("{warning}");
    }
    Ok(policy)
}

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(500);
