//! Which schedules a model is run under.

use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, Runner};

/// How many schedules of each kind are tried by chance, beside the systematic ones.
const BY_CHANCE: usize = 2_000;
/// Bugs that need up to that many things to happen in one order are found with a known probability (PCT).
const DEPTH: usize = 3;
/// The same schedules each time; `BEARER_MODEL_SEED` gives others.
const SEED: u64 = 4;

/// How far the systematic part goes: every schedule in which at most that many threads are interrupted although they
/// could go on.
pub struct Effort {
    pub interruptions: usize,
}

/// For models that are small enough.
pub const EVERY: Effort = Effort { interruptions: usize::MAX };

/// Runs a model under all schedules of the effort, and more by chance. It says how many they were.
pub fn explore(name: &str, effort: Effort, model: impl Fn() + Clone + Send + Sync + 'static) {
    let run = |scheduler: Box<dyn Scheduler + Send>| Runner::new(scheduler, config()).run(model.clone());
    let systematic = run(Box::new(Systematic::new(effort.interruptions)));
    if effort.interruptions == usize::MAX {
        println!("model {name}: {systematic} schedules, all there are");
        return;
    }
    let times = number(option_env!("BEARER_MODEL_TIMES")).unwrap_or(1);
    let seed = number(option_env!("BEARER_MODEL_SEED")).unwrap_or(SEED);
    let chance = BY_CHANCE * times as usize;
    let pct = run(Box::new(PctScheduler::new_from_seed(seed, DEPTH, chance)));
    let random = run(Box::new(RandomScheduler::new_from_seed(seed, chance)));
    println!(
        "model {name}: {} schedules: {systematic} with at most {} interruptions, which are all, {pct} by PCT of depth \
         {DEPTH}, {random} at random",
        systematic + pct + random,
        effort.interruptions,
    );
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 0x40000;
    config.silence_warnings = true;
    config
}

fn number(text: Option<&str>) -> Option<u64> {
    text.map(|text| text.parse().expect("a number"))
}

/// Depth first through every schedule with a limited number of interruptions.
struct Systematic {
    limit: usize,
    left: usize,
    /// What was chosen where there was a choice, and what is still to be tried there.
    choices: Vec<(TaskId, Vec<TaskId>)>,
    at: usize,
    has_begun: bool,
}

impl Systematic {
    fn new(limit: usize) -> Systematic {
        Systematic { limit, left: limit, choices: Vec::new(), at: 0, has_begun: false }
    }
}

impl Scheduler for Systematic {
    fn new_execution(&mut self) -> Option<Schedule> {
        if std::mem::replace(&mut self.has_begun, true) {
            loop {
                let (chosen, others) = self.choices.last_mut()?;
                if let Some(other) = others.pop() {
                    *chosen = other;
                    break;
                }
                self.choices.pop();
            }
        }
        (self.at, self.left) = (0, self.limit);
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _: bool) -> Option<TaskId> {
        let going_on = runnable.iter().map(|task| task.id()).find(|task| Some(*task) == current);
        let first = going_on.unwrap_or(runnable[0].id());
        if runnable.len() == 1 || going_on.is_some() && self.left == 0 {
            return Some(first);
        }
        if self.at == self.choices.len() {
            let others = runnable.iter().map(|task| task.id()).filter(|task| *task != first);
            self.choices.push((first, others.collect()));
        }
        let chosen = self.choices[self.at].0;
        self.at += 1;
        self.left -= usize::from(going_on.is_some_and(|going_on| going_on != chosen));
        Some(chosen)
    }

    fn next_u64(&mut self) -> u64 {
        unreachable!("the models leave nothing to chance")
    }
}
