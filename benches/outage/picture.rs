//! The curves as SVG: token requests per second over the minutes around the outage, on a logarithmic axis.

use std::fmt::Write;

use crate::world::{BUCKET_S, Scenario, Told};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 50.0;
/// Before the outage, and from its begin to the end of the picture.
const FROM_MIN: f64 = -15.0;
const TO_MIN: f64 = 75.0;

/// Readable on light and dark pages.
const STYLE: &str = "text{font:13px sans-serif;fill:#333}.grid{stroke:#8884}.out{fill:#d333}\
    .line{fill:none;stroke-width:2}.c0{stroke:#0a7d3c}.c1{stroke:#1f6fd6}.c2{stroke:#d2452d}\
    .t0{fill:#0a7d3c}.t1{fill:#1f6fd6}.t2{fill:#d2452d}\
    @media(prefers-color-scheme:dark){text{fill:#ccc}.c0{stroke:#3fbf74}.t0{fill:#3fbf74}\
    .c1{stroke:#6aa9ff}.t1{fill:#6aa9ff}.c2{stroke:#ff7d66}.t2{fill:#ff7d66}}";

pub fn draw(scenario: &Scenario, told: &[(&str, Told)]) -> String {
    let (lowest, highest) = (100.0f64, 20_000.0f64);
    let x = |minutes: f64| LEFT + (minutes - FROM_MIN) / (TO_MIN - FROM_MIN) * (WIDTH - LEFT - RIGHT);
    let y = |rate: f64| {
        let part = (rate.max(lowest) / lowest).ln() / (highest / lowest).ln();
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
         <title>Token requests per second of {} clients before, during and after an outage of {} minutes</title>\n\
         <style>{STYLE}</style>\n",
        scenario.clients,
        scenario.outage_s / 60
    );
    let outage_min = scenario.outage_s as f64 / 60.0;
    let (begin, end) = (x(0.0), x(outage_min));
    let bottom = HEIGHT - BOTTOM;
    let _ = writeln!(
        svg,
        "<rect class=\"out\" x=\"{begin:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">token endpoint down</text>",
        end - begin,
        bottom - TOP,
        (begin + end) / 2.0,
        TOP + 18.0
    );
    for rate in [100, 300, 1000, 3000, 10_000] {
        let at = y(f64::from(rate));
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{rate}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0
        );
    }
    for minutes in [-15, 0, 15, 30, 45, 60, 75] {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{minutes} min</text>",
            x(f64::from(minutes)),
            bottom + 20.0
        );
    }
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{:.1}\">token requests per second</text>", HEIGHT - 8.0);
    for (index, (name, told)) in told.iter().enumerate() {
        let mut path = String::new();
        for (bucket, rate) in told.rates().iter().enumerate() {
            let at_s = (bucket as u64 * BUCKET_S) as f64 - scenario.outage_starts_s as f64;
            let minutes = at_s / 60.0;
            if (FROM_MIN..=TO_MIN).contains(&minutes) {
                let command = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{command}{:.1} {:.1}", x(minutes), y(*rate));
            }
        }
        let _ = writeln!(
            svg,
            "<path class=\"line c{index}\" d=\"{path}\"/>\
             <text class=\"t{index}\" x=\"{:.1}\" y=\"30\">{name}</text>",
            LEFT + index as f64 * 250.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}
