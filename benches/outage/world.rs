//! What happens, and what is counted.

/// All times in seconds. Every client makes a request each minute, at a second of its own.
pub struct Scenario {
    pub clients: usize,
    pub token_s: u64,
    pub outage_starts_s: u64,
    pub outage_s: u64,
    pub ends_s: u64,
}

impl Default for Scenario {
    fn default() -> Scenario {
        // Long enough before the outage for the renewals to have spread.
        let outage_starts_s = 5 * 3600;
        let outage_s = 1800;
        Scenario {
            clients: 0,
            token_s: 3600,
            outage_starts_s,
            outage_s,
            ends_s: outage_starts_s + outage_s + 5400,
        }
    }
}

impl Scenario {
    pub fn recovers_s(&self) -> u64 {
        self.outage_starts_s + self.outage_s
    }

    pub fn is_down(&self, now_s: u64) -> bool {
        (self.outage_starts_s..self.recovers_s()).contains(&now_s)
    }
}

/// Rates are means over this long.
pub const BUCKET_S: u64 = 10;

/// What came of it, second by second.
pub struct Told {
    /// Requests to the token endpoint.
    pub tries: Vec<u32>,
    /// Clients whose token has expired.
    pub unserved: Vec<u32>,
    pub clients: usize,
}

impl Told {
    pub fn new(scenario: &Scenario) -> Told {
        let seconds = scenario.ends_s as usize;
        Told { tries: vec![0; seconds], unserved: vec![0; seconds], clients: scenario.clients }
    }

    /// A client had no valid token from one second to another.
    pub fn was_unserved(&mut self, from_s: u64, to_s: u64) {
        let end = (to_s as usize).min(self.unserved.len());
        self.unserved[(from_s as usize).min(end)..end].iter_mut().for_each(|count| *count += 1);
    }

    /// Tries per second, a value for each bucket.
    pub fn rates(&self) -> Vec<f64> {
        let mean = |bucket: &[u32]| bucket.iter().map(|n| f64::from(*n)).sum::<f64>() / bucket.len() as f64;
        self.tries.chunks(BUCKET_S as usize).map(mean).collect()
    }

    fn most(&self, from_s: u64, to_s: u64) -> f64 {
        let range = (from_s / BUCKET_S) as usize..(to_s / BUCKET_S) as usize;
        self.rates()[range].iter().copied().fold(0.0, f64::max)
    }

    /// The mean of the two hours before the outage.
    pub fn steady(&self) -> f64 {
        let end = Scenario::default().outage_starts_s as usize;
        self.tries[end - 7200..end].iter().map(|n| f64::from(*n)).sum::<f64>() / 7200.0
    }

    pub fn most_in_outage(&self, scenario: &Scenario) -> f64 {
        self.most(scenario.outage_starts_s, scenario.recovers_s())
    }

    pub fn most_after(&self, scenario: &Scenario) -> f64 {
        self.most(scenario.recovers_s(), scenario.ends_s)
    }

    pub fn tries_in_outage(&self, scenario: &Scenario) -> f64 {
        let outage = scenario.outage_starts_s as usize..scenario.recovers_s() as usize;
        self.tries[outage].iter().map(|n| f64::from(*n)).sum()
    }

    /// The share of clients without a valid token that long after the recovery.
    pub fn unserved(&self, scenario: &Scenario, after_s: u64) -> f64 {
        f64::from(self.unserved[(scenario.recovers_s() + after_s) as usize]) / self.clients as f64
    }

    /// After how many seconds from the recovery that share is served.
    pub fn served_after(&self, scenario: &Scenario, share: f64) -> u64 {
        let most = ((1.0 - share) * self.clients as f64) as u32;
        let after = &self.unserved[scenario.recovers_s() as usize..];
        after.iter().rposition(|unserved| *unserved > most).map_or(0, |last| last as u64 + 1)
    }
}
