//! What a client has done since it was made.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($name:ident $doc:literal;)+) => {
        /// Counters; each counts up and never back.
        #[derive(Default)]
        pub struct Stats { $(#[doc = $doc] pub $name: Counter),+ }

        impl Stats {
            /// The counters as a JSON object.
            pub fn to_json(&self) -> String {
                let members: Vec<String> = vec![$(format!("\"{}\":{}", stringify!($name), self.$name.get())),+];
                format!("{{{}}}", members.join(","))
            }
        }
    };
}

counters! {
    requests "Requests asked for through send.";
    sent "Requests sent to the API, resent ones included.";
    unauthorized_retries "Requests sent once more with another token after the API refused the first.";
    renewals "Renewals that brought a new token set.";
    renewal_failures "Renewals that failed.";
    renewals_joined "Calls that waited for a renewal that another call made.";
    renewals_held_back "Calls that asked nobody, because it was too early to try a failed renewal again.";
    renewals_parked "Renewals that went on after the call that made them had left.";
    renewals_resumed "Renewals that a later call or the last free brought to their end.";
    tokens_saved "Token sets that on_token accepted.";
    tokens_not_saved "Token sets that on_token failed to save.";
    connections "Connections made.";
}

/// One counter.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_json() {
        let stats = Stats::default();
        stats.renewals.add();
        let json = stats.to_json();
        assert!(json.starts_with("{\"requests\":0,") && json.contains("\"renewals\":1,"), "{json}");
        assert!(crate::json::Object::parse(&json).is_ok());
    }
}
