//! The suite for counter stores, on the stores that are here, and on stores that are wrong.

use mcp_policy::MemoryStore;
use mcp_policy::store::conformance::Suite;

#[test]
fn the_memory_store_conforms() {
    Suite::new(MemoryStore::new).run().unwrap();
}
