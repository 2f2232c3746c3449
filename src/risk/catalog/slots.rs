//! The numbers of things by their hashes: an index that costs six bytes a thing.

/// Numbers 0, 1, 2, … in a table with open addressing. The things themselves are kept elsewhere, and so are their hashes.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<u32>,
    count: u32,
}

impl Slots {
    /// The number whose thing has this hash and is the one that is looked for.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let (before, after) = self.slots.split_at_checked(start(hash, self.slots.len()))?;
        let taken = after.iter().chain(before).copied().take_while(|number| *number != FREE);
        taken.into_iter().find(|number| is(*number))
    }

    /// Adds the next number; `None` if there is none. `hash_of` tells the hash of each, also of this one.
    pub(super) fn push(&mut self, hash_of: impl Fn(u32) -> u64) -> Option<u32> {
        let number = self.count;
        let count = number.checked_add(1).filter(|count| *count < FREE)?;
        let needed = room_for(count);
        if self.slots.len() < needed {
            // Twice as much, so that growing is rare.
            self.rebuild(needed.saturating_mul(2), &hash_of);
        }
        self.place(number, hash_of(number));
        self.count = count;
        Some(number)
    }

    /// Takes no more room than needed, and finds each number by its hash as that is now.
    pub(super) fn fit(&mut self, hash_of: impl Fn(u32) -> u64) {
        self.rebuild(room_for(self.count), &hash_of);
    }

    fn rebuild(&mut self, length: usize, hash_of: &impl Fn(u32) -> u64) {
        self.slots = vec![FREE; length];
        for number in 0..self.count {
            self.place(number, hash_of(number));
        }
    }

    fn place(&mut self, number: u32, hash: u64) {
        let start = start(hash, self.slots.len());
        let Some((before, after)) = self.slots.split_at_mut_checked(start) else {
            return;
        };
        // INVARIANT: a third of the slots is free.
        if let Some(slot) = after.iter_mut().chain(before).find(|slot| **slot == FREE) {
            *slot = number;
        }
    }
}

/// No number.
const FREE: u32 = u32::MAX;

/// Slots for so many numbers: half as many more, so that a run of taken ones is short.
fn room_for(count: u32) -> usize {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    count.saturating_add(count.wrapping_div(2)).saturating_add(1)
}

fn start(hash: u64, length: usize) -> usize {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    hash.checked_rem(length).and_then(|start| usize::try_from(start).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_and_no_other_also_where_hashes_are_alike() {
        for hash_of in
            [|number: u32| u64::from(number), |_| 7, |number| u64::from(number).wrapping_mul(1 << 60)]
        {
            let mut slots = Slots::default();
            for number in 0..200 {
                assert_eq!(slots.find(hash_of(number), |found| found == number), None);
                assert_eq!(slots.push(hash_of), Some(number));
            }
            slots.fit(hash_of);
            for number in 0..200 {
                assert_eq!(slots.find(hash_of(number), |found| found == number), Some(number));
            }
            assert_eq!(slots.find(hash_of(200), |found| found == 200), None);
        }
    }
}
