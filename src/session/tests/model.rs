//! Models: the session as it is, with everything around it made up, under many schedules of its threads. They run by
//! `RUSTFLAGS="--cfg shuttle" cargo test --lib model`; docs/architecture.md says how far they go.

mod client;
mod failing;
mod freeing;
mod leaving;
mod panicking;
mod replacing;
mod rooms;
mod schedules;
mod several;
mod sharing;
mod world;

use std::sync::Arc;

use client::{Client, Process};
use schedules::{EVERY, Effort, explore};
use shuttle::thread::scope;
use world::{Fault, World};

/// A world in which one thing goes wrong, and a process in it.
fn world(fault: Fault) -> (Arc<World>, Process) {
    let world = World::new(fault);
    let process = Process::new(&world);
    (world, process)
}
