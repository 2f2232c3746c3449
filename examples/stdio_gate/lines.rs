//! Lines that may be too long.

use std::io::{self, BufRead};

/// Reads one line without its line feed; false at the end. Of a line that is longer than `longest` only the
/// first byte too many is kept, so that whoever judges it sees that it is too long.
pub(crate) fn read_line(input: &mut impl BufRead, longest: usize, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = longest.saturating_add(1);
    let mut any = false;
    loop {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        if bytes.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (part, used) = match end {
            Some(end) => (bytes.get(..end).unwrap_or_default(), end.saturating_add(1)),
            None => (bytes, bytes.len()),
        };
        let room = most.saturating_sub(line.len());
        line.extend(part.iter().take(room));
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}
