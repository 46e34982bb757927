//! Ten thousand simulated days of clocks that jump, machines that sleep and begin in 1970, and servers that live an hour
//! off: no request with a token that the client could know to be expired, and no storm (K-1 to K-6).
//!
//! The session is the library's own; the world knows the true time and judges it. `BEARER_SEED` repeats one history.

#[path = "clocks/chance.rs"]
mod chance;
#[path = "clocks/world.rs"]
mod world;

use world::World;

const DAY_S: u64 = 86_400;

fn live(seed: u64, days: u64) -> World {
    let mut world = World::new(seed);
    while world.now_s() < days * DAY_S {
        world.step();
    }
    world
}

#[test]
fn k_ten_thousand_days() {
    let seeds = match std::env::var("BEARER_SEED") {
        Ok(seed) => vec![seed.parse().expect("BEARER_SEED: a number")],
        Err(_) => (1..=10).collect(),
    };
    let worlds: Vec<_> = seeds.into_iter().map(|seed| live(seed, 1000)).collect();
    let sum = |count: fn(&World) -> u64| worlds.iter().map(count).sum::<u64>();
    let (requests, renewals, early) = (sum(|w| w.requests), sum(|w| w.renewals), sum(|w| w.early_renewals));
    let (jumps, restarts) = (sum(|w| w.jumps), sum(|w| w.restarts));
    println!(
        "{} days: {requests} requests, {renewals} renewals, {early} of them before their time, for {jumps} jumps of the \
         wall clock, {restarts} restarts and {} refusals",
        worlds.len() * 1000,
        sum(|w| w.refusals)
    );
    assert!(jumps > 10_000 && restarts > 10_000 && renewals > 10_000, "the world is not quiet");
}
