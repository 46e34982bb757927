//! Checked handles: an id in a pointer's clothing, never dereferenced.
//!
//! A handle that was freed, freed twice, is of another kind or was made up is found out by comparing numbers; a
//! call that has begun keeps its object alive until it ends, also when another thread frees the handle meanwhile.
//! No lock is taken: a fork at any moment leaves the table usable.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::error::{Error, Reason, Result};

/// What a handle can stand for.
pub(in crate::ffi) enum Object {
    Client(crate::ffi::client::ClientObject),
    Request(crate::ffi::request::RequestObject),
    Response(crate::ffi::response::ResponseObject),
    Error(crate::ffi::error::ErrorObject),
    Reply(crate::ffi::reply::ReplyObject),
}

/// Ties a C type to its kind of object.
pub(in crate::ffi) trait Handle: Sized {
    type Object;
    const KIND: u64;
    const NAME: &'static str;
    fn wrap(object: Self::Object) -> Object;
    fn unwrap(object: &Object) -> Option<&Self::Object>;
}

macro_rules! handle_kind {
    ($kind:literal, $c_type:path, $object:path, $variant:ident, $name:literal) => {
        impl $crate::ffi::support::handle::Handle for $c_type {
            type Object = $object;
            const KIND: u64 = $kind;
            const NAME: &'static str = $name;
            fn wrap(object: $object) -> $crate::ffi::support::handle::Object {
                $crate::ffi::support::handle::Object::$variant(object)
            }
            fn unwrap(object: &$crate::ffi::support::handle::Object) -> Option<&$object> {
                match object {
                    $crate::ffi::support::handle::Object::$variant(object) => Some(object),
                    _ => None,
                }
            }
        }
    };
}
pub(in crate::ffi) use handle_kind;

/// How an id is laid out.
///
/// On 64 bits: `01` `kind:4` `0` `11` `index:23` `generation:32`. Bit 62 without bit 63, and bits 56 and 55, make it
/// an address that no user program can have: not on x86-64 with 4 or 5 levels of tables or masked address bits, nor
/// on AArch64 with its top byte ignored.
#[cfg(target_pointer_width = "64")]
mod layout {
    pub(super) const MARK: u64 = 1 << 62 | 0b11 << 55;
    pub(super) const KIND_SHIFT: u32 = 58;
    pub(super) const INDEX_SHIFT: u32 = 32;
    pub(super) const INDEX_BITS: u32 = 23;
    pub(super) const GENERATION_BITS: u32 = 32;
}

/// On 32 bits: `kind:3` `index:16` `generation:13`. A stale handle is never mistaken for a live one here either; what
/// the few bits cost is that a process can make 65,536 times 8,191 objects in its life and no more.
#[cfg(not(target_pointer_width = "64"))]
mod layout {
    pub(super) const MARK: u64 = 0;
    pub(super) const KIND_SHIFT: u32 = 29;
    pub(super) const INDEX_SHIFT: u32 = 13;
    pub(super) const INDEX_BITS: u32 = 16;
    pub(super) const GENERATION_BITS: u32 = 13;
}

const LAST_GENERATION: u64 = (1 << layout::GENERATION_BITS) - 1;
const CLOSED: u64 = 1 << 31;
const STATE_KIND_SHIFT: u32 = 27;
const REFERENCES: u64 = (1 << STATE_KIND_SHIFT) - 1;
const FIRST_CHUNK: u32 = 64;
const CHUNKS: usize = 18;

/// `state` is `generation:32` `closed:1` `kind:4` `references:27`; the handle itself holds one reference until it is
/// freed.
struct Slot {
    state: AtomicU64,
    next_free: AtomicU32,
    object: UnsafeCell<Option<Object>>,
}

// SAFETY: `object` is written only by the thread that took the slot from the free list, and by the one that let its
// last reference go; between the two it is only read, by holders of a reference.
unsafe impl Sync for Slot {}
// SAFETY: every object may be used from any thread (see `Object`'s members, which are checked below).
unsafe impl Send for Slot {}

const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Object>();
};

/// Chunk `n` has `64 << n` slots; they are made when needed and never given back. No `OnceLock`: one that a thread was
/// filling at a fork would keep the child waiting for that thread for ever.
static TABLE: [AtomicPtr<Slot>; CHUNKS] = [const { AtomicPtr::new(std::ptr::null_mut()) }; CHUNKS];
/// How many slots were ever taken.
static TAKEN: AtomicU32 = AtomicU32::new(0);
/// `tag:32` `index + 1:32` of the first free slot; the tag keeps a slow thread from mistaking one list for another.
static FREE: AtomicU64 = AtomicU64::new(0);

/// The chunk of an index, and the place in it.
fn place(index: u32) -> Option<(u32, u32)> {
    let place = index.checked_add(FIRST_CHUNK)?;
    let chunk = place.ilog2() - FIRST_CHUNK.ilog2();
    Some((chunk, place - (FIRST_CHUNK << chunk)))
}

fn slot(index: u32) -> Option<&'static Slot> {
    let (chunk, place) = place(index)?;
    let first = TABLE.get(chunk as usize)?.load(Ordering::Acquire);
    // SAFETY: a chunk that is there has `64 << chunk` slots, of which `place` is one, and is never given back.
    (!first.is_null()).then(|| unsafe { &*first.add(place as usize) })
}

fn grow(index: u32) -> Option<&'static Slot> {
    let (chunk, _) = place(index)?;
    let entry = TABLE.get(chunk as usize)?;
    if entry.load(Ordering::Acquire).is_null() {
        let fresh = |_| Slot {
            state: AtomicU64::new(CLOSED),
            next_free: AtomicU32::new(0),
            object: UnsafeCell::new(None),
        };
        let made: Box<[Slot]> = (0..FIRST_CHUNK << chunk).map(fresh).collect();
        let made = Box::into_raw(made);
        let first = made.cast::<Slot>();
        if entry.compare_exchange(std::ptr::null_mut(), first, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: another thread was faster, and nobody has seen this one.
            drop(unsafe { Box::from_raw(made) });
        }
    }
    slot(index)
}

fn pop_free() -> Option<u32> {
    let mut head = FREE.load(Ordering::Acquire);
    loop {
        let index = (head as u32).checked_sub(1)?;
        let next = slot(index)?.next_free.load(Ordering::Relaxed);
        let replaced = (head >> 32).wrapping_add(1) << 32 | u64::from(next);
        match FREE.compare_exchange_weak(head, replaced, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Some(index),
            Err(now) => head = now,
        }
    }
}

fn push_free(index: u32, slot: &Slot) {
    let mut head = FREE.load(Ordering::Acquire);
    loop {
        slot.next_free.store(head as u32, Ordering::Relaxed);
        let replaced = (head >> 32).wrapping_add(1) << 32 | u64::from(index + 1);
        match FREE.compare_exchange_weak(head, replaced, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

/// Makes a handle for an object.
pub(in crate::ffi) fn insert<T: Handle>(object: T::Object) -> Result<*mut T> {
    insert_object(T::wrap(object), T::KIND).map(|id| std::ptr::without_provenance_mut(id as usize))
}

fn insert_object(object: Object, kind: u64) -> Result<u64> {
    let full = || Error::new(Reason::Memory, "no more handles");
    let (index, slot) = match pop_free() {
        Some(index) => (index, slot(index).ok_or_else(full)?),
        None => {
            let index = TAKEN
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                    (n < 1 << layout::INDEX_BITS).then_some(n + 1)
                })
                .map_err(|_| full())?;
            (index, grow(index).ok_or_else(full)?)
        }
    };
    // SAFETY: the slot came from the free list or is new: nobody else can reach it, its state being closed.
    unsafe { *slot.object.get() = Some(object) };
    let generation = (slot.state.load(Ordering::Relaxed) >> 32) + 1;
    slot.state.store(generation << 32 | kind << STATE_KIND_SHIFT | 1, Ordering::Release);
    Ok(layout::MARK | kind << layout::KIND_SHIFT | u64::from(index) << layout::INDEX_SHIFT | generation)
}

/// Where an object is, and which of those that lived there.
struct Place {
    index: u32,
    slot: &'static Slot,
    kind: u64,
    generation: u64,
}

/// One copy of the work for all kinds.
fn find(id: u64, kind: u64, name: &str) -> Result<Place> {
    if id == 0 {
        return Err(Error::new(Reason::Null, format!("{name}: must not be NULL")));
    }
    let index = (id >> layout::INDEX_SHIFT) as u32 & ((1 << layout::INDEX_BITS) - 1);
    let generation = id & LAST_GENERATION;
    let expected =
        layout::MARK | kind << layout::KIND_SHIFT | u64::from(index) << layout::INDEX_SHIFT | generation;
    let slot = slot(index).filter(|_| id == expected).ok_or_else(|| invalid(name))?;
    Ok(Place { index, slot, kind, generation })
}

fn invalid(name: &str) -> Error {
    Error::new(Reason::Handle, format!("{name}: was freed, is of another kind, or was never a handle"))
}

impl Place {
    /// Changes the state of a slot that is still open and of this generation.
    fn change(&self, name: &str, how: fn(u64) -> u64) -> Result<()> {
        let mut state = self.slot.state.load(Ordering::Relaxed);
        loop {
            // Open, of this generation, and of the kind that the handle says: whoever makes up an id may guess the rest.
            if state & !REFERENCES != self.generation << 32 | self.kind << STATE_KIND_SHIFT {
                return Err(invalid(name));
            }
            match self.slot.state.compare_exchange_weak(
                state,
                how(state),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
    }

    fn release(&self) {
        let before = self.slot.state.fetch_sub(1, Ordering::AcqRel);
        if before & REFERENCES != 1 {
            return;
        }
        // SAFETY: that was the last reference, and a closed slot gives out no more.
        let object = unsafe { (*self.slot.object.get()).take() };
        // A slot whose generations are used up is never used again: its old handles stay invalid for good.
        if self.generation < LAST_GENERATION {
            push_free(self.index, self.slot);
        }
        // Last, for it may run the caller's own code, which may come back here.
        drop(object);
    }
}

/// The object of a handle, kept alive while this lives.
pub(in crate::ffi) struct Guard<T: Handle> {
    place: Held,
    kind: PhantomData<fn() -> T>,
}

/// A reference that is let go when dropped.
struct Held(Place);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release();
    }
}

fn hold(id: u64, kind: u64, name: &str) -> Result<Held> {
    let place = find(id, kind, name)?;
    place.change(name, |state| state + 1)?;
    Ok(Held(place))
}

fn close(id: u64, kind: u64, name: &str) -> Result<()> {
    let place = find(id, kind, name)?;
    place.change(name, |state| state | CLOSED)?;
    // The handle's own reference.
    place.release();
    Ok(())
}

/// Finds the object of a handle.
pub(in crate::ffi) fn get<T: Handle>(handle: *const T) -> Result<Guard<T>> {
    Ok(Guard { place: hold(handle.addr() as u64, T::KIND, T::NAME)?, kind: PhantomData })
}

/// Frees a handle; its object goes when the last call on it ends.
pub(in crate::ffi) fn free<T: Handle>(handle: *const T) -> Result<()> {
    close(handle.addr() as u64, T::KIND, T::NAME)
}

impl<T: Handle> Deref for Guard<T> {
    type Target = T::Object;

    fn deref(&self) -> &T::Object {
        // SAFETY: this guard holds a reference, so nobody writes the object.
        let object = unsafe { &*self.place.0.slot.object.get() };
        match object.as_ref().and_then(T::unwrap) {
            Some(object) => object,
            None => unreachable!("the id names the kind of its object"),
        }
    }
}

#[cfg(test)]
mod tests;
