//! Tests that a step allocates no memory once its buffers have grown. (`allocation_counter` counts
//! the allocations of one thread.)

use toy_superposition_data::Features;
use toy_superposition_model::Shape;
use toy_superposition_optim::StopRule;
use toy_superposition_train::{Recipe, Trainer};

/// Returns the allocations of each of the first `steps` steps of a model, on a pool of one thread.
fn allocations(shape: Shape, probability: f64, recipe: &Recipe, steps: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let data = Features::paper(shape.features(), probability).unwrap();
        let model = recipe.initial_model::<f32>(shape, 3).unwrap();
        let mut trainer = Trainer::on_fresh_batches(model, data, recipe, 3).unwrap();
        let step = |_| {
            let counted = allocation_counter::measure(|| {
                trainer.step().unwrap();
            });
            counted.count_total
        };
        (0..steps).map(step).collect()
    })
}

/// Buffers grow with the largest batch so far and with the largest number of non-zeros of a
/// residual. New maxima become ever rarer.
#[test]
fn steps_ask_for_no_memory_after_the_first() {
    // The steps go through W and through the hidden vectors. They are bounded by a fixed number,
    // and by the descent rule, whose window ends within the test.
    for (shape, probability) in [((96, 24), 0.05), ((400, 100), 0.3)] {
        let shape = Shape::new(shape.0, shape.1).unwrap();
        for open in [false, true] {
            let mut recipe = Recipe::fast(shape, (!open).then_some(60)).unwrap();
            if open {
                recipe.stop = StopRule::Descent { window: 25, fall: 1e-6, false_stop: 1e-6 };
            }
            let found = allocations(shape, probability, &recipe, 60);
            assert!(found[0] > 0, "nothing is counted");
            assert_eq!(found[20..].iter().sum::<u64>(), 0, "{shape:?}, {open}: {found:?}");
        }
    }
}
