//! The toy model of Elhage et al. (2022): tied weights, five features in a plane. Sparse features
//! make a pentagon.

use std::error::Error;

use toy_superposition::model::{Activation, Initialisation, Shape};
use toy_superposition::optim::Lbfgs;
use toy_superposition::theory::{ExactObjective, Geometry, Product};
use toy_superposition::train::{descend, initial_model};

fn main() -> Result<(), Box<dyn Error>> {
    let shape = Shape::tied(5, 2)?;
    for probability in [0.05, 0.9] {
        // The expected loss and its gradient are exact: there are no samples and no noise.
        let mut objective = ExactObjective::new(probability)?;
        let mut best = None;
        for seed in 0..5 {
            let mut model = initial_model::<f64>(shape, Initialisation::UnitNorm, Activation::Relu, seed)?;
            let minimum = descend(&mut model, &mut objective, &Lbfgs::default())?;
            if best.as_ref().is_none_or(|(loss, _)| minimum.loss < *loss) {
                best = Some((minimum.loss, model));
            }
        }
        let (loss, model) = best.ok_or("no seeds")?;
        let geometry =
            Geometry::of_product(&Product::of_model(&model)?, model.hidden(), Geometry::TOLERANCE)?;
        println!("p = {probability}: loss {loss:.6}");
        for cluster in &geometry.clusters {
            let shape =
                cluster.polytope.map_or("no regular shape".to_owned(), |polytope| polytope.to_string());
            println!("  features {:?}: {shape}", cluster.features);
        }
        for (column, dimension) in model.encoder().column_iter().zip(&geometry.dimensionality) {
            println!("  ({:6.3}, {:6.3})  D_i = {dimension:.3}", column[0], column[1]);
        }
    }
    Ok(())
}
