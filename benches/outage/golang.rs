//! What a fleet on golang/oauth2 does: `ReuseTokenSource` renews at the first request after 10 s before the expiry, and
//! after a failure again at each request (oauth2.go, `Token.Valid` and `reuseTokenSource.Token`).

use crate::world::{Scenario, Told};

const EXPIRY_DELTA_S: u64 = 10;

pub fn run(scenario: &Scenario) -> Told {
    let mut told = Told::new(scenario);
    let scatter = |index: usize| (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    let mut expires_s: Vec<u64> =
        (0..scenario.clients).map(|index| 1 + scatter(index) % scenario.token_s).collect();
    for round in 0..scenario.ends_s / 60 {
        for (index, expires_s) in expires_s.iter_mut().enumerate() {
            let now_s = round * 60 + (index as u64 * 60) / scenario.clients as u64;
            if now_s + EXPIRY_DELTA_S < *expires_s {
                continue;
            }
            told.tries[now_s as usize] += 1;
            if !scenario.is_down(now_s) {
                told.was_unserved(*expires_s, now_s);
                *expires_s = now_s + scenario.token_s;
            }
        }
    }
    for expires_s in expires_s {
        told.was_unserved(expires_s, scenario.ends_s);
    }
    told
}
