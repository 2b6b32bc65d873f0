//! Rows grouped by all that their answers depend on but for their own scores, ranked by those.

use crate::cache::NodeIndex;
use foldhash::HashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// What the rows of a bucket have in common.
pub type Key = SmallVec<[i64; 8]>;

/// Number of a bucket; given out again once it is empty.
pub type BucketId = u32;

/// Rows with an equal key.
#[derive(Debug, Default)]
pub struct Bucket {
    key: Key,
    rows: usize,
    /// Rows by score, in no order among equals.
    levels: BTreeMap<i64, Vec<NodeIndex>>,
}

impl Bucket {
    /// What its rows have in common.
    #[must_use]
    pub fn key(&self) -> &[i64] {
        &self.key
    }

    /// Number of rows; 0 for a bucket out of use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether the bucket is out of use.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The highest score and the rows that have it.
    #[must_use]
    pub fn top(&self) -> Option<(i64, &[NodeIndex])> {
        let (score, rows) = self.levels.last_key_value()?;
        Some((*score, rows))
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.levels.values().flatten().copied()
    }
}

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: BucketId,
    at: u32,
    score: i64,
}

/// All buckets of a class.
#[derive(Debug, Default)]
pub struct Buckets {
    ids: HashMap<Key, BucketId>,
    list: Vec<Bucket>,
    free: Vec<BucketId>,
}

impl Buckets {
    /// All buckets, those out of use included.
    #[must_use]
    pub fn list(&self) -> &[Bucket] {
        &self.list
    }

    /// Whether a row at `place` belongs there.
    #[must_use]
    pub fn agrees(&self, place: Place, key: &[i64], score: i64) -> bool {
        place.score == score && self.list[place.bucket as usize].key.as_slice() == key
    }

    /// Puts in a row.
    pub fn insert(&mut self, key: Key, score: i64, row: NodeIndex) -> Place {
        let bucket = self.bucket(key);
        let held = &mut self.list[bucket as usize];
        held.rows += 1;
        let level = held.levels.entry(score).or_default();
        level.push(row);
        Place {
            bucket,
            at: u32::try_from(level.len() - 1).unwrap_or(u32::MAX),
            score,
        }
    }

    fn bucket(&mut self, key: Key) -> BucketId {
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.list.push(Bucket::default());
            BucketId::try_from(self.list.len() - 1).unwrap_or(BucketId::MAX)
        });
        self.list[id as usize].key.clone_from(&key);
        self.ids.insert(key, id);
        id
    }

    /// Takes out a row. Returns the row that is now at its place.
    pub fn remove(&mut self, place: Place) -> Option<NodeIndex> {
        let bucket = &mut self.list[place.bucket as usize];
        bucket.rows -= 1;
        let level = bucket.levels.get_mut(&place.score)?;
        level.swap_remove(place.at as usize);
        let moved = level.get(place.at as usize).copied();
        if level.is_empty() {
            bucket.levels.remove(&place.score);
        }
        if bucket.rows == 0 {
            self.ids.remove(&bucket.key);
            self.free.push(place.bucket);
        }
        moved
    }
}
