use super::*;
use crate::ffi::error::{ErrorObject, bearer_error};
use crate::ffi::reply::bearer_reply;

fn made() -> *mut bearer_error {
    insert(ErrorObject::new(&Error::new(Reason::Value, "test"))).unwrap()
}

fn reason<T>(outcome: Result<T>) -> Reason {
    outcome.err().map(|error| error.reason).unwrap()
}

#[test]
fn a_handle_finds_its_object_until_it_is_freed() {
    let handle = made();
    assert!(get(handle).is_ok());
    free(handle).unwrap();
    assert_eq!(reason(get(handle)), Reason::Handle);
    assert_eq!(reason(free(handle)), Reason::Handle);
}

#[test]
fn a_slot_that_is_used_again_does_not_revive_old_handles() {
    let first = made();
    free(first).unwrap();
    // Other tests use the table as well, so it may take a while until the slot comes round.
    let others: Vec<_> = (0..10_000).map(|_| made()).collect();
    assert!(others.iter().all(|&other| other != first));
    assert_eq!(reason(get(first)), Reason::Handle);
    others.into_iter().for_each(|other| free(other).unwrap());
}

#[test]
fn other_kinds_and_made_up_handles_are_found_out() {
    let handle = made();
    assert_eq!(reason(get(handle.cast::<bearer_reply>())), Reason::Handle);
    assert_eq!(reason(get(std::ptr::null::<bearer_error>())), Reason::Null);
    let id = handle.addr();
    for made_up in [1, 8, 4096, id ^ 1, id ^ 1 << 33, id ^ 1 << 62, usize::MAX, &raw const id as usize] {
        assert_eq!(
            reason(get(std::ptr::without_provenance::<bearer_error>(made_up))),
            Reason::Handle,
            "{made_up:#x}"
        );
    }
    assert!(get(handle).is_ok());
    free(handle).unwrap();
}

#[test]
fn a_guessed_id_does_not_reach_an_object_of_another_kind() {
    let handle = made();
    let as_reply = handle.addr() as u64 ^ (bearer_error::KIND ^ bearer_reply::KIND) << layout::KIND_SHIFT;
    let guessed = std::ptr::without_provenance_mut::<bearer_reply>(as_reply as usize);
    assert_eq!(reason(get(guessed)), Reason::Handle);
    assert_eq!(reason(free(guessed)), Reason::Handle);
    assert!(get(handle).is_ok());
    free(handle).unwrap();
}

#[test]
fn an_object_lives_until_the_last_call_on_it_ends() {
    let handle = made();
    let guard = get(handle).unwrap();
    free(handle).unwrap();
    let _ = &*guard;
    drop(guard);
    assert_eq!(reason(get(handle)), Reason::Handle);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn ids_are_addresses_that_no_program_can_have() {
    let handle = made();
    let id = handle.addr() as u64;
    assert_eq!(id >> 62, 0b01, "not canonical on x86-64, with 4 or 5 levels");
    assert_eq!(
        id >> 55 & 0b11,
        0b11,
        "not with masked address bits either, nor on AArch64 with its top byte ignored"
    );
    free(handle).unwrap();
}

#[test]
fn many_threads_make_use_and_free() {
    // Numbers, which unlike pointers may go to other threads.
    let shared = made().addr();
    let as_handle = std::ptr::without_provenance_mut::<bearer_error>;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let own = made();
                    assert!(get(own).is_ok());
                    let _ = get(as_handle(shared))
                        .map(|guard| std::hint::black_box(&*guard as *const ErrorObject));
                    free(own).unwrap();
                    assert!(get(own).is_err());
                }
            });
        }
        scope.spawn(|| free(as_handle(shared)).unwrap());
    });
    assert!(get(as_handle(shared)).is_err());
}
