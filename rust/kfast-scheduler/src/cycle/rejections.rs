//! The distinct rejections of a class by row.

use crate::framework::Rejection;
use foldhash::HashMap;

/// Numbered rejections with the number of rows.
#[derive(Debug, Default)]
pub struct Rejections {
    list: Vec<Counted>,
    ids: HashMap<Rejection, u32>,
}

#[derive(Debug)]
struct Counted {
    rejection: Rejection,
    /// Place of its filter in the order.
    order: usize,
    rows: usize,
}

impl Rejections {
    /// The number of a rejection by the filter at a place in the order.
    pub fn id(&mut self, rejection: Rejection, order: usize) -> u32 {
        if let Some(&id) = self.ids.get(&rejection) {
            return id;
        }
        let id = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.ids.insert(rejection.clone(), id);
        self.list.push(Counted {
            rejection,
            order,
            rows: 0,
        });
        id
    }

    /// A row gets the rejection or loses it.
    pub fn count(&mut self, id: u32, there: bool) {
        let rows = &mut self.list[id as usize].rows;
        *rows = if there { *rows + 1 } else { *rows - 1 };
    }

    /// A rejection.
    #[must_use]
    pub fn get(&self, id: u32) -> &Rejection {
        &self.list[id as usize].rejection
    }

    /// The place in the order of its filter.
    #[must_use]
    pub fn order(&self, id: u32) -> usize {
        self.list[id as usize].order
    }

    /// Those that concern rows, with their number.
    #[must_use]
    pub fn counts(&self) -> Vec<(Rejection, usize)> {
        let some = self.list.iter().filter(|c| c.rows > 0);
        some.map(|c| (c.rejection.clone(), c.rows)).collect()
    }
}
