//! Every cell of the access matrix, over the wire: what the embedded cloud answers must be what the matrix says.
//!
//! Nothing here is written for one schema. A schema gives a plan, the plan a matrix, the matrix the requests.

mod cases;
mod custom;
mod doorkeeper;
mod drive;
mod item;
mod search;
mod shapes;
mod signers;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use world::World;

/// How many cases are driven at the same time.
const WORKERS: usize = 4;

#[test]
fn the_cloud_answers_as_the_matrix_says() {
    let cases = cases::all();
    let world = World::deploy(&cases);
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let checked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = drive::case(&world, case);
                    checked.fetch_add(report.checked, Ordering::Relaxed);
                    wrong.lock().unwrap().extend(report.wrong);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let checked = checked.into_inner();
    #[expect(clippy::print_stderr, reason = "whoever reads the log learns how much was run")]
    {
        eprintln!("{checked} cells of {} cases", cases.len());
    }
    assert!(checked > 500, "only {checked} cells were checked");
    assert!(wrong.is_empty(), "{} of {checked} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
