//! `path_within`: paths that stay in a directory, by their text alone.

/// Directories, normalized. Nothing is looked up on a disk: a symbolic link inside leads wherever it leads.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    directories: Vec<Directory>,
}

#[derive(Clone, Debug)]
struct Directory {
    absolute: bool,
    segments: Vec<Box<str>>,
}

impl Directories {
    /// The index of the first text that is no directory: empty, climbing out by `..`, or with what no
    /// argument may have.
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, usize> {
        let mut directories = Vec::new();
        for (index, text) in texts.into_iter().enumerate() {
            let mut segments = Vec::new();
            normalize(text, &mut segments).ok_or(index)?;
            let segments = segments.into_iter().map(Box::from).collect();
            directories.push(Directory { absolute: text.starts_with('/'), segments });
        }
        Ok(Self { directories })
    }

    /// Whether a path stays in one of the directories.
    pub(crate) fn contain(&self, path: &str) -> bool {
        let mut segments = Vec::new();
        if normalize(path, &mut segments).is_none() {
            return false;
        }
        self.directories.iter().any(|directory| {
            let head = segments.iter().take(directory.segments.len()).copied();
            directory.absolute == path.starts_with('/')
                && head.eq(directory.segments.iter().map(|part| &**part))
        })
    }
}

/// The segments of a path without `.`, `..` and empty ones; `None` if it is no path that can be judged by its
/// text.
fn normalize<'a>(path: &'a str, segments: &mut Vec<&'a str>) -> Option<()> {
    if path.is_empty() || path.starts_with('~') || path.contains(['\0', '\\']) || has_escape(path) {
        return None;
    }
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            segment => segments.push(segment),
        }
    }
    Some(())
}

/// Whether there is a percent sign followed by two hexadecimal digits, which a server may decode.
fn has_escape(path: &str) -> bool {
    let mut windows = path.as_bytes().windows(3);
    windows.any(|window| matches!(window, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn t18_paths_are_compared_by_segments() {
        let data = Directories::new(["/data"]).unwrap();
        for path in [
            "/data",
            "/data/",
            "/data/x",
            "//data//x/./y",
            "/data/x/../y",
            "/x/../data",
            "/data/%zz",
            "/data/x.",
        ] {
            assert!(data.contain(path), "{path}");
        }
        for path in [
            "",
            "data",
            "/data-evil",
            "/DATA/x",
            "/data/../etc",
            "/data/x/../../etc",
            "/../data/x",
            "/data/%2e%2e/x",
            "/data/a\\b",
            "/data/\0",
            "~/data",
            "~root/data",
            "file:///data/x",
            "/",
            ".",
        ] {
            assert!(!data.contain(path), "{path:?}");
        }
    }

    #[test]
    fn relative_directories_contain_relative_paths() {
        let docs = Directories::new(["docs/./api"]).unwrap();
        assert!(docs.contain("docs/api/x") && docs.contain("./docs//api"));
        assert!(!docs.contain("/docs/api/x") && !docs.contain("docs") && !docs.contain("../docs/api"));
        let here = Directories::new(["."]).unwrap();
        assert!(here.contain("x/y") && here.contain("."));
        assert!(!here.contain("..") && !here.contain("x/../..") && !here.contain("/x") && !here.contain(""));
        let root = Directories::new(["/"]).unwrap();
        assert!(root.contain("/etc") && !root.contain("etc"));
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        for text in ["", "..", "/..", "~", "a\\b", "a%20b", "a\0"] {
            assert!(Directories::new(["/", text]).err() == Some(1), "{text:?}");
        }
        assert!(!Directories::new([]).unwrap().contain("/"));
    }

    proptest! {
        #[test]
        fn a_path_that_is_inside_has_the_directory_as_its_beginning(path in "[/.a%2~b\\\\-]{0,16}") {
            let directories = Directories::new(["/a"]).unwrap();
            if directories.contain(&path) {
                // What the standard library's components say, with `..` resolved.
                let mut parts = Vec::new();
                for part in std::path::Path::new(&path).components() {
                    match part {
                        std::path::Component::ParentDir => { parts.pop(); }
                        std::path::Component::Normal(part) => parts.push(part.to_str().unwrap()),
                        _ => {}
                    }
                }
                prop_assert!(path.starts_with('/'));
                prop_assert_eq!(parts.first(), Some(&"a"));
            }
        }
    }
}
