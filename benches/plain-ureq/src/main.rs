//! N requests on one kept connection, for whoever counts system calls. A third argument sets a timeout, for which
//! ureq looks the name up on a thread of its own at every request.

fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("a URL") + "/fixed/bytes/100";
    let count: u32 = arguments.next().and_then(|count| count.parse().ok()).expect("how many");
    let timeout = arguments.next().map(|_| std::time::Duration::from_secs(30));
    let config = ureq::Agent::config_builder().timeout_global(timeout).build();
    let agent = ureq::Agent::new_with_config(config);
    // The first one connects.
    for _ in 0..=count {
        let mut response = agent.get(&url).header("authorization", "secret").call().expect("an answer");
        assert_eq!(response.body_mut().read_to_vec().expect("a body").len(), 100);
    }
}
