//! A fleet of clients through an outage of the token endpoint, by the library's own sessions and a virtual clock.
//!
//! `cargo bench --bench outage` runs a million clients, writes docs/outage.svg and prints the table of docs/outage.md.
//! `BEARER_CLIENTS` sets another number; then no picture is written.

mod fleet;
mod golang;
mod picture;
mod world;

use world::{Scenario, Told};

fn main() {
    // cargo passes --bench.
    let clients =
        std::env::var("BEARER_CLIENTS").ok().map(|text| text.parse().expect("BEARER_CLIENTS: a number"));
    let scenario = Scenario { clients: clients.unwrap_or(1_000_000), ..Scenario::default() };
    let told = [
        ("refresh.ahead", fleet::run(&scenario, true)),
        ("default", fleet::run(&scenario, false)),
        ("golang/oauth2", golang::run(&scenario)),
    ];
    print_table(&scenario, &told);
    if clients.is_none() {
        std::fs::write("docs/outage.svg", picture::draw(&scenario, &told))
            .expect("docs/outage.svg is written");
    }
}

fn print_table(scenario: &Scenario, told: &[(&str, Told)]) {
    print!("| |");
    told.iter().for_each(|(name, _)| print!(" {name} |"));
    print!("\n|---|");
    told.iter().for_each(|_| print!("---|"));
    println!();
    let row = |name: &str, value: &dyn Fn(&Told) -> String| {
        print!("| {name} |");
        told.iter().for_each(|(_, told)| print!(" {} |", value(told)));
        println!();
    };
    row("token requests per second, steady", &|told| format!("{:.0}", told.steady()));
    row("most per second in the outage", &|told| format!("{:.0}", told.most_in_outage(scenario)));
    row("tries per client in the outage", &|told| {
        format!("{:.1}", told.tries_in_outage(scenario) / scenario.clients as f64)
    });
    row("clients without a valid token at its end", &|told| percent(told.unserved(scenario, 0)));
    row("most per second afterwards", &|told| format!("{:.0}", told.most_after(scenario)));
    row("that is, times the steady rate", &|told| {
        format!("{:.2}", told.most_after(scenario) / told.steady())
    });
    for minutes in [1, 5, 10, 15] {
        let name = format!("clients with a valid token after {minutes} min");
        row(&name, &|told| percent(1.0 - told.unserved(scenario, minutes * 60)));
    }
    row("99 % of the clients have one after, in s", &|told| told.served_after(scenario, 0.99).to_string());
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
