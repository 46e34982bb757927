//! Holding requests until a test releases them.

use crate::shared::Shared;

struct Hold {
    id: u64,
    path: String,
    held: u64,
}

/// The places where requests are held.
#[derive(Default)]
pub struct Holds {
    next: u64,
    active: Vec<Hold>,
}

impl Holds {
    /// Holds requests to this path prefix from now on.
    pub fn add(&mut self, path: String) -> u64 {
        self.next += 1;
        let id = self.next;
        self.active.push(Hold { id, path, held: 0 });
        id
    }

    /// Lets the requests held there go on; whether there was such a hold.
    pub fn release(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|hold| hold.id != id);
        self.active.len() < before
    }

    /// Releases everything.
    pub fn clear(&mut self) {
        self.active.clear();
    }

    /// How many requests are held there; `None` where there is no such hold.
    pub fn held(&self, id: u64) -> Option<u64> {
        let hold = self.active.iter().find(|hold| hold.id == id);
        hold.map(|hold| hold.held)
    }

    /// Enters a request for `target` into the oldest hold that asks for it.
    pub fn enter(&mut self, target: &str) -> Option<u64> {
        let wants = |hold: &&mut Hold| target.starts_with(&hold.path);
        let hold = self.active.iter_mut().find(wants)?;
        hold.held += 1;
        Some(hold.id)
    }
}

impl Shared {
    /// Stays until the hold is released or the server ends.
    pub fn stay_held(&self, id: u64) {
        self.announce();
        self.wait_until(None, |state| state.holds.held(id).is_none());
    }
}
