//! kill -9 at every byte of a renewal (`hostile.md` F-3, F-5): a program that stores its token in a file is killed, and
//! started again with what the file holds. Against a server with a grace window it goes on unattended, wherever that
//! was; against a strict one unless the server had spent the old token and the file did not hold the new one yet.

#[path = "support/product.rs"]
mod product;
#[path = "kill/relay.rs"]
mod relay;
#[path = "kill/world.rs"]
mod world;

use std::fmt::Write as _;
use std::path::Path;

use product::{program, read, root};
use world::{End, Held, Measures, Outcome, World};

/// When the program is killed.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    /// When the server has so many bytes of its request, and will have no more.
    Request(usize),
    /// When the server has the whole request, of that length, and has not begun with it.
    Unanswered(usize),
    /// When the server has answered, and the program has so many bytes of it.
    Answer(usize),
    /// When it has the whole answer and is in `on_token`, before the system call of this number.
    Store(usize),
    /// When it asks the API, of whose request nothing is passed on.
    Use,
}

impl Measures {
    fn points(&self) -> Vec<Point> {
        let Measures { request_bytes, answer_bytes, calls } = self;
        let mut points: Vec<_> = (0..*request_bytes).map(Point::Request).collect();
        points.push(Point::Unanswered(*request_bytes));
        // The whole answer is what the program has at the first call of its store.
        points.extend((0..*answer_bytes).map(Point::Answer));
        points.extend((1..=calls.len()).map(Point::Store));
        points.push(Point::Use);
        points
    }

    /// Which row of the table a point belongs to.
    fn row(&self, point: Point) -> usize {
        match point {
            Point::Request(_) => 0,
            Point::Unanswered(_) | Point::Answer(_) => 1,
            Point::Store(number) if number <= self.rename() => 2,
            Point::Store(_) | Point::Use => 3,
        }
    }

    /// The number of the system call that puts the new set in the old one's place.
    fn rename(&self) -> usize {
        self.calls.iter().position(|call| call == "rename").expect("the store renames") + 1
    }

    /// What a kill there must come to.
    fn expected(&self, point: Point, has_grace: bool) -> Outcome {
        let (is_committed, is_saved) = (self.row(point) > 0, self.row(point) == 3);
        Outcome {
            is_committed,
            is_used: false,
            file: if is_saved { Held::New } else { Held::Old },
            renewals: usize::from(!is_saved),
            end: if is_committed && !is_saved && !has_grace { End::Lost } else { End::Recovered },
        }
    }
}

const ROWS: [&str; 4] = [
    "while the server does not have the whole request",
    "from then on, until the program has the whole answer",
    "in `on_token`, before the new file is renamed over the old one",
    "after that",
];

/// How many points of each row there are, and how many of them were survived.
#[derive(Default)]
struct Counts {
    points: [usize; ROWS.len()],
    survived: [usize; ROWS.len()],
}

/// Kills at each of the points; what came out otherwise than it must is listed.
fn kill_at(world: &World, measures: &Measures, points: &[Point], has_grace: bool) -> (Counts, Vec<String>) {
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for &point in points {
        let (outcome, expected) = (world.kill_at(point), measures.expected(point, has_grace));
        let row = measures.row(point);
        counts.points[row] += 1;
        counts.survived[row] += usize::from(outcome.end == End::Recovered);
        if outcome != expected {
            wrong.push(format!("{point:?}\n  is        {outcome:?}\n  should be {expected:?}"));
        }
    }
    (counts, wrong)
}

fn renewing() -> std::path::PathBuf {
    program("renewing", Path::new(root()).join("tests/kill/renewing.c").as_path())
}

fn every_point(program: &Path, has_grace: bool) -> Counts {
    let (name, grace_s) = if has_grace { ("grace", 60) } else { ("strict", 0) };
    let world = World::start(name, program.to_owned(), grace_s, "");
    let measures = world.measure();
    let (counts, wrong) = kill_at(&world, &measures, &measures.points(), has_grace);
    let some: String = wrong.iter().take(5).map(|wrong| format!("{wrong}\n")).collect();
    assert!(wrong.is_empty(), "{name}: {} points are not as they must be:\n{some}", wrong.len());
    counts
}

#[test]
fn a_kill_at_any_byte_costs_no_more_than_it_must() {
    let program = renewing();
    let (grace, strict) = std::thread::scope(|scope| {
        let grace = scope.spawn(|| every_point(&program, true));
        let strict = every_point(&program, false);
        (grace.join().unwrap(), strict)
    });
    assert_eq!(grace.points, strict.points);
    let mut table = String::from(
        "| killed | points | survived with a grace window | survived without |\n|---|---|---|---|\n",
    );
    for (row, words) in ROWS.iter().enumerate() {
        let [points, grace, strict] = [grace.points[row], grace.survived[row], strict.survived[row]];
        let _ = writeln!(table, "| {words} | {points} | {grace} | {strict} |");
    }
    let sum = |counts: &[usize]| counts.iter().sum::<usize>();
    let [points, grace, strict] = [sum(&grace.points), sum(&grace.survived), sum(&strict.survived)];
    let _ = writeln!(table, "| in all | {points} | {grace} | {strict} |");
    print!("{table}");
    assert_eq!(grace, points, "with a grace window nothing is lost");
    assert!(read("docs/guarantees.md").contains(&table), "docs/guarantees.md should have:\n{table}");
}

/// What is found wrong with a program that has this fault, in its store and after it.
fn found(fault: &'static str, has_grace: bool) -> Vec<String> {
    let world = World::start(fault, renewing(), if has_grace { 60 } else { 0 }, fault);
    let measures = world.measure();
    let points: Vec<_> = measures.points().into_iter().filter(|&point| measures.row(point) >= 2).collect();
    kill_at(&world, &measures, &points, has_grace).1
}

/// A file that is written over holds half a set for a moment, which no server can make up for.
#[test]
fn a_store_in_place_is_caught() {
    let wrong = found("in_place", true);
    println!("{} points: {wrong:#?}", wrong.len());
    assert!(wrong.iter().any(|wrong| wrong.contains("file: Else(\"{") && wrong.contains("end: Else(")));
}

/// A set that is used before it is saved makes the window longer than it must be.
#[test]
fn a_store_after_the_use_is_caught() {
    let wrong = found("late", false);
    println!("{} points: {wrong:#?}", wrong.len());
    assert!(wrong.iter().any(|wrong| wrong.starts_with("Use") && wrong.contains("end: Lost")));
    assert!(wrong.iter().any(|wrong| wrong.starts_with("Store(1)") && wrong.contains("is_used: true")));
}
