//! Reading never panics, and what is read is written and read again as the same policy.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_policy::Policy;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Policy::from_json(text) {
        Ok(policy) => {
            let written = serde_json::to_string(policy.document()).expect("a document can be written");
            let again = Policy::from_json(&written).expect("what was written can be read");
            assert_eq!(policy.digest(), again.digest());
        }
        Err(error) => {
            assert!(!error.diagnostics().is_empty());
            // Whatever was wrong can be told.
            let _ = error.to_string();
        }
    }
});
