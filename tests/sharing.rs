//! `examples/shared_file.c` and `examples/shared_redis.c`: a refresh token that is good for one use, shared by eight
//! processes. The server ends the session if a spent one comes again.

#[path = "sharing/fleet.rs"]
mod fleet;
#[path = "support/product.rs"]
mod product;
#[path = "sharing/stores.rs"]
mod stores;

use std::time::{Duration, Instant};

use fleet::{Expiry, FINE, Process, World, ask_all, program, two_clients};
use stores::{InFile, InRedis, LOCK_KEY, Store, TOKEN_KEY};

const WITHOUT_HOOKS: (&str, &str) =
    ("lock, reload, unlock, shared", "0 ? lock : NULL, 0 ? reload : NULL, 0 ? unlock : NULL, shared");
const WITHOUT_RELOAD: (&str, &str) =
    ("lock, reload, unlock, shared", "lock, 0 ? reload : NULL, unlock, shared");

/// Every process meets every expiry: half of them it knows by the clock, the other half by the API's refusal.
fn nobody_loses_the_session(store: impl Store) {
    const EXPIRIES: u64 = 200;
    let program = program(store.example(), &[]);
    let mut world = World::new(store);
    let mut fleet = world.fleet(&program);
    let begun = Instant::now();
    for round in 0..EXPIRIES {
        world.expire(if round % 2 == 0 { Expiry::Known } else { Expiry::Refused });
        assert_eq!(ask_all(&mut fleet), [FINE; 8], "expiry {round}");
    }
    assert_eq!((world.counted("refreshes"), world.counted("token_requests")), (EXPIRIES, EXPIRIES));
    assert_eq!(
        world.counted("api_requests"),
        8 * (1 + EXPIRIES + EXPIRIES / 2),
        "a refused request is sent twice"
    );
    assert_eq!(world.counted("api_401"), 8 * EXPIRIES / 2);
    assert_eq!(world.counted("families_revoked"), 0);
    println!("{}: {EXPIRIES} expiries in {:.1} s", world.store.example(), begun.elapsed().as_secs_f64());
    fleet.into_iter().for_each(Process::finish);
}

#[test]
fn eight_processes_share_a_file() {
    nobody_loses_the_session(InFile::new());
}

#[test]
fn eight_hosts_share_redis() {
    nobody_loses_the_session(InRedis::new());
}

/// What the tests above would see if a part of the examples did not work. `at_once` requests reach the token endpoint
/// at once.
fn the_session_is_lost(store: impl Store, fault: (&str, &str), at_once: u64) {
    let program = program(store.example(), &[fault]);
    let mut world = World::new(store);
    let mut fleet = world.fleet(&program);
    world.expire(Expiry::Known);
    let hold = world.hold_renewals();
    fleet.iter_mut().for_each(|process| process.send("lights"));
    hold.await_held(at_once);
    hold.release();
    let lost = fleet.iter().map(Process::answer).filter(|answer| answer.contains("login_required")).count();
    assert_eq!(world.counted("families_revoked"), 1, "{fault:?}");
    assert!(lost > 0, "{fault:?}");
}

#[test]
fn without_hooks_the_session_is_lost() {
    the_session_is_lost(InFile::new(), WITHOUT_HOOKS, 8);
    the_session_is_lost(InRedis::new(), WITHOUT_HOOKS, 8);
}

#[test]
fn without_reload_the_session_is_lost() {
    the_session_is_lost(InFile::new(), WITHOUT_RELOAD, 1);
    the_session_is_lost(InRedis::new(), WITHOUT_RELOAD, 1);
}

#[test]
fn with_a_lock_that_everybody_gets_the_session_is_lost() {
    the_session_is_lost(InFile::new(), ("set_lock(file, F_WRLCK) != 0", "file < 0"), 8);
    the_session_is_lost(InRedis::new(), (" NX PX ", " PX "), 8);
}

/// One dies before the server has heard of its renewal. Returns how long the others are kept from renewing by the lock
/// that it took.
fn after_a_kill(store: impl Store, fault: &[(&str, &str)]) -> Duration {
    let example = store.example();
    let mut world = World::new(store);
    let mut first = world.start(&program(example, fault));
    let mut others = world.fleet(&program(example, &[]));
    world.expire(Expiry::Known);
    world.control("fault", r#"{"path": "/auth/token", "silent": true}"#);
    let taken = Instant::now();
    first.send("lights");
    world.await_renewals(1);
    others.iter_mut().for_each(|process| process.send("lights"));
    first.kill();
    let killed = Instant::now();
    // A lock that stayed would be unavailable to them.
    assert_eq!(others.iter().map(Process::answer).collect::<Vec<_>>(), [FINE; 8]);
    assert_eq!((world.counted("refreshes"), world.counted("token_requests")), (1, 2));
    println!("{example}: the others have gone on {:?} after the kill", killed.elapsed());
    taken.elapsed()
}

#[test]
fn a_file_lock_whose_holder_is_killed_is_free_at_once() {
    after_a_kill(InFile::new(), &[]);
}

#[test]
fn a_redis_lock_whose_holder_is_killed_is_free_when_its_lease_ends() {
    let kept = after_a_kill(InRedis::new(), &[("LEASE_MS = 40000", "LEASE_MS = 1500")]);
    assert!(kept >= Duration::from_millis(1500), "{kept:?}");
}

/// One dies after the server has rotated the refresh token: nobody has the new one, and the server's grace saves it.
#[test]
fn a_set_that_died_with_its_holder_is_had_again_within_the_grace_period() {
    let program = program("shared_file", &[]);
    let mut world = World::new(InFile::new());
    world.control("config", r#"{"grace_s": 60}"#);
    let mut fleet = world.fleet(&program);
    world.expire(Expiry::Known);
    let hold = world.hold_renewals();
    let mut first = fleet.pop().unwrap();
    first.send("lights");
    hold.await_held(1);
    fleet.iter_mut().for_each(|process| process.send("lights"));
    first.kill();
    hold.await_held(2);
    hold.release();
    assert_eq!(fleet.iter().map(Process::answer).collect::<Vec<_>>(), [FINE; 7]);
    assert_eq!(world.counted("families_revoked"), 0);
}

/// A hook is never longer than the example says; nor does anybody renew while another's renewal, whose call has left, is
/// still to be read to its end.
fn a_busy_lock_is_respected_and_waiting_ends(store: impl Store) {
    let program = program(store.example(), &[("LONGEST_WAIT_MS = 10000", "LONGEST_WAIT_MS = 100")]);
    let mut world = World::new(store);
    let mut other = world.start(&program);
    world.http = r#"{"timeout_s": 2}"#;
    let mut first = world.start(&program);
    world.expire(Expiry::Known);
    let hold = world.hold_renewals();
    first.send("lights");
    hold.await_held(1);
    let is_unavailable = |answer: String| {
        assert!(answer.contains(r#""status":"unavailable","reason":"hook""#), "{answer}");
    };
    is_unavailable(other.ask("lights"));
    let left = first.answer();
    assert!(left.contains(r#""status":"timeout""#), "{left}");
    is_unavailable(other.ask("lights"));
    hold.release();
    assert_eq!([first.ask("lights"), other.ask("lights")], [FINE; 2]);
    assert_eq!(world.counted("token_requests"), 1);
}

#[test]
fn a_busy_file_lock_is_respected_and_waiting_ends() {
    a_busy_lock_is_respected_and_waiting_ends(InFile::new());
}

#[test]
fn a_busy_redis_lock_is_respected_and_waiting_ends() {
    a_busy_lock_is_respected_and_waiting_ends(InRedis::new());
}

/// A process's second client, which has slept through a renewal by the first and one by another process, takes over the
/// first one's set, which is spent by then.
fn late_client(faults: &[(&str, &str)]) -> (String, World<InFile>) {
    let mut world = World::new(InFile::new());
    let mut pair = world.launch(&two_clients(faults));
    assert_eq!([pair.ask("1 lights"), pair.ask("2 lights")], [FINE; 2]);
    let mut other = world.start(&program("shared_file", &[]));
    world.expire(Expiry::Known);
    assert_eq!(pair.ask("1 lights"), FINE);
    world.expire(Expiry::Known);
    assert_eq!(other.ask("lights"), FINE);
    assert_eq!(world.counted("refreshes"), 2);
    (pair.ask("2 lights"), world)
}

#[test]
fn a_late_client_of_the_process_spoils_nothing() {
    // Also with an `on_token` that writes without a look: the library has looked, under the lock.
    for change in [&[][..], &[("strcmp(stored, shared->known) == 0", "shared != NULL")]] {
        let (answer, world) = late_client(change);
        assert_eq!(answer, FINE);
        assert_eq!((world.counted("token_requests"), world.counted("families_revoked")), (2, 0));
    }
}

#[test]
fn two_clients_of_a_process_exclude_each_other() {
    let world = World::new(InFile::new());
    for kind in ["#ifdef F_OFD_SETLK", "#ifdef SYSTEMS_THAT_HAVE_FLOCK_ALONE"] {
        let mut pair = world.launch(&two_clients(&[("#ifdef F_OFD_SETLK", kind)]));
        assert_eq!(pair.ask("1 lights"), FINE);
    }
    let pair = world.launch(&two_clients(&[("F_OFD_SETLK", "F_SETLK")]));
    assert_eq!(pair.answer(), "two clients hold the lock at once", "the fault is found");
}

#[test]
fn a_set_that_the_disk_refused_is_stored_later() {
    let mut world = World::new(InFile::new());
    let mut process = world.start(&program("shared_file", &[]));
    world.expire(Expiry::Known);
    let before = world.store.stored();
    let obstacle = world.store.path().with_extension("json.new");
    std::fs::create_dir(&obstacle).unwrap();
    let answer = process.ask("lights");
    assert!(answer.contains(r#""reason":"not_saved""#), "{answer}");
    assert_eq!(world.store.stored(), before);
    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(process.ask("lights"), FINE);
    assert_ne!(world.store.stored(), before);
    assert_eq!(world.counted("token_requests"), 1);
}

/// A host whose lease ends while it renews; `meanwhile` happens then.
fn ended_lease(faults: &[(&str, &str)], meanwhile: impl FnOnce(&World<InRedis>)) -> World<InRedis> {
    let mut world = World::new(InRedis::new());
    let mut host = world.start(&program("shared_redis", faults));
    world.expire(Expiry::Known);
    let hold = world.hold_renewals();
    host.send("lights");
    hold.await_held(1);
    meanwhile(&world);
    hold.release();
    assert_eq!(host.answer(), FINE);
    host.finish();
    world
}

#[test]
fn a_host_whose_lease_ended_undoes_nothing_of_the_next_holder() {
    let another_holds_and_stores = |world: &World<InRedis>| {
        world.store.ask(&["SET", LOCK_KEY, "another"]);
        world.store.put("newer");
    };
    let world = ended_lease(&[], another_holds_and_stores);
    assert_eq!(world.store.stored(), "newer");
    assert_eq!(world.store.ask(&["GET", LOCK_KEY]).as_deref(), Some("another"));

    let world = ended_lease(&[("stored == ARGV[1]", "true")], another_holds_and_stores);
    assert_ne!(world.store.stored(), "newer", "the fault is found");
    let fault = ("redis.call('GET', KEYS[1]) == ARGV[1]", "true");
    let world = ended_lease(&[fault], another_holds_and_stores);
    assert_eq!(world.store.ask(&["GET", LOCK_KEY]), None, "the fault is found");
}

#[test]
fn a_host_whose_lease_ended_stores_what_nobody_else_renewed() {
    let mut before = String::new();
    let world = ended_lease(&[], |world| {
        before = world.store.stored();
        world.store.ask(&["DEL", LOCK_KEY]);
    });
    assert_ne!(world.store.stored(), before);
    let mut next = world.start(&program("shared_redis", &[]));
    assert_eq!(next.ask("lights"), FINE);
    assert_eq!((world.counted("refreshes"), world.counted("families_revoked")), (1, 0));
}

#[test]
fn redis_may_be_down() {
    let mut world = World::new(InRedis::new());
    let mut host = world.start(&program("shared_redis", &[]));
    world.store.stop();
    assert_eq!(host.ask("lights"), FINE, "a token that lasts needs no lock");
    world.expire(Expiry::Known);
    let answer = host.ask("lights");
    assert!(answer.contains(r#""status":"unavailable","reason":"hook""#), "{answer}");

    // It goes in the middle of a renewal, and comes back without anything.
    world.store.start_again();
    let hold = world.hold_renewals();
    host.send("lights");
    hold.await_held(1);
    world.store.stop();
    hold.release();
    let answer = host.answer();
    assert!(answer.contains(r#""reason":"not_saved""#), "{answer}");
    world.store.start_again();
    assert_eq!(host.ask("lights"), FINE);
    assert!(world.store.ask(&["GET", TOKEN_KEY]).is_some(), "the set that was not saved is saved now");
    assert_eq!(world.counted("refreshes"), 1);
}
