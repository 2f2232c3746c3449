//! A file uses lower layers and its own family, and nothing in the core touches the outside world.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules, lowest first. Those of one line are a family.
const ORDER: [&[&str]; 18] = [
    &["names"],
    &["short_text"],
    &["number"],
    &["timestamp"],
    &["json"],
    &["fingerprint"],
    &["path"],
    &["call"],
    &["diagnostic"],
    &["pattern"],
    &["condition"],
    &["limit"],
    &["risk"],
    &["policy"],
    &["store"],
    &["evaluator", "lint", "profile", "recommend"],
    &["audit"],
    &["mcp"],
];

#[test]
fn a_file_uses_lower_layers_and_its_own_family() {
    let mut seen = BTreeSet::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        let own = layer_of(&module).unwrap_or_else(|| panic!("{module} is in no layer"));
        seen.insert(module.clone());
        for used in uses(&text) {
            let layer =
                layer_of(&used).unwrap_or_else(|| panic!("{file:?} uses {used}, which is in no layer"));
            assert!(layer <= own, "{file:?} uses {used}, which is above it");
        }
    }
    let all: BTreeSet<_> =
        ORDER.iter().flat_map(|family| family.iter().map(|name| (*name).to_owned())).collect();
    assert_eq!(seen, all, "the table names what there is");
}

#[test]
fn nothing_in_the_core_touches_the_outside_world() {
    const OUTSIDE: [&str; 7] =
        ["std::fs", "std::net::Tcp", "std::net::Udp", "std::process", "std::env", "std::io", "std::thread"];
    /// The one suite that starts threads, and the stores that are somewhere else.
    const ADAPTERS: [&str; 3] = ["store/conformance", "store/redis", "store/sqlite"];
    for (file, text) in sources() {
        if ADAPTERS.iter().any(|adapter| file.with_extension("").starts_with(adapter)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for outside in OUTSIDE {
            assert!(!code.contains(outside), "{file:?} uses {outside}");
        }
    }
}

#[test]
fn files_are_small() {
    for (file, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 600, "{file:?} has {lines} lines");
    }
}

fn layer_of(module: &str) -> Option<usize> {
    ORDER.iter().position(|family| family.contains(&module))
}

/// `src/policy/check/limits.rs` belongs to `policy`.
fn module_of(file: &Path) -> String {
    let first = file.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
    first.trim_end_matches(".rs").to_owned()
}

/// What stands behind `crate::`.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut used = BTreeSet::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
            used.extend(rest.get(..end.unwrap_or(rest.len())).map(str::to_owned));
        }
    }
    used
}

/// Every source file, by its path below `src`.
#[expect(clippy::expect_used, reason = "a test that cannot read the sources fails")]
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("the file is text");
                files.push((path.strip_prefix(&root).expect("it is below").to_owned(), text));
            }
        }
    }
    files
}
