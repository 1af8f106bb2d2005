//! Which cells a grid has, and which grids are refused.

use toy_superposition_sweep::{Block, Error, Grid, Shard, Values, Values::List};

use crate::engine::{Toy, What, folder};

/// Spaced ratios have rounding errors, and n_d = ⌊n_s r⌋ must not lose a dimension by them.
#[test]
fn spaced_ratios_have_the_dimensions_that_their_numbers_say() {
    let (_folder, mut grid) = folder();
    grid.blocks.truncate(1);
    let mut hidden = |features: usize, ratios: Values| -> Vec<usize> {
        let block = &mut grid.blocks[0];
        (block.features, block.ratios) = (vec![features], ratios);
        (block.kinds, block.probabilities) = (vec![What::Formula], List(vec![0.1]));
        grid.cells().unwrap().iter().map(|cell| cell.hidden).collect()
    };
    let ratios = Values::EvenRatios { logspace: (0.001, 1.0, 4) };
    assert_eq!(hidden(1000, ratios), [1, 10, 100, 1000]);
    // By its formula, the last of these is 0.9999999999999999.
    let ratios = Values::EvenRatios { logspace: (0.765625, 1.0, 3) };
    assert_eq!(ratios.numbers().last(), Some(1.0));
    assert_eq!(hidden(64, ratios), [49, 56, 64]);
    assert_eq!(hidden(10, Values::Even { linspace: (0.1, 0.7, 7) }), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(hidden(10, List(vec![0.1999, 0.2])), [1, 2]);
}

#[test]
fn bad_grids_are_refused_by_name() {
    let (_folder, good) = folder();
    let refused = |change: fn(&mut Grid<Toy>)| {
        let mut grid = good.clone();
        change(&mut grid);
        grid.cells().unwrap_err()
    };
    fn many(grid: &Grid<Toy>) -> Block<What> {
        let probabilities = Values::Even { linspace: (0.1, 0.9, 50_001) };
        Block { probabilities, ..grid.blocks[0].clone() }
    }
    // An empty list does not hide an axis of 10¹⁸ numbers.
    let endless = Values::Even { linspace: (0.1, 0.9, 1 << 60) };
    let mut grid = good.clone();
    grid.blocks[0].probabilities = endless;
    grid.blocks[0].seeds.clear();
    assert!(matches!(grid.cells(), Err(Error::GridEmpty { what: "seeds", .. })));
    grid.blocks[0].ratios = List(vec![]);
    assert!(grid.cells().is_err());
    assert!(matches!(refused(|g| g.blocks.clear()), Error::NoBlocks));
    for (error, expected) in [
        (refused(|g| g.blocks[0].kinds.clear()), "kinds"),
        (refused(|g| g.blocks[1].features.clear()), "features"),
        (refused(|g| g.blocks[0].probabilities = List(vec![])), "probabilities"),
        (refused(|g| g.blocks[0].seeds.clear()), "seeds"),
    ] {
        assert!(matches!(error, Error::GridEmpty { what, .. } if what == expected), "{error}");
    }
    for (error, expected) in [
        (refused(|g| g.blocks[0].probabilities = List(vec![0.1, 0.0])), "probabilities"),
        (refused(|g| g.blocks[0].probabilities = List(vec![f64::NAN])), "probabilities"),
        (refused(|g| g.blocks[0].ratios = List(vec![1.5])), "ratios"),
        (refused(|g| g.blocks[1].hidden = vec![17]), "hidden"),
        (refused(|g| g.blocks[1].features = vec![0]), "features"),
        (refused(|g| g.blocks[0].ratios = Values::Even { linspace: (0.1, 0.9, usize::MAX) }), "cells"),
        (refused(|g| g.blocks[0].probabilities = Values::Even { linspace: (0.1, 0.9, 1_000_001) }), "cells"),
        // Two blocks, each within the limit on cells.
        (refused(|g| g.blocks = vec![many(g), many(g)]), "cells"),
    ] {
        assert!(matches!(error, Error::GridValue { what, .. } if what == expected), "{error}");
    }
    assert!(matches!(refused(|g| g.blocks[0].hidden = vec![2]), Error::GridWidths { .. }));
    assert!(matches!(refused(|g| g.blocks[1].hidden.clear()), Error::GridWidths { .. }));
    assert!(matches!(refused(|g| g.experiment.failing = f64::NAN), Error::Settings { .. }));
    for (error, expected) in [
        (refused(|g| g.blocks[1].kinds.push(What::Path)), "../formula"),
        (refused(|g| g.blocks[1].kinds.push(What::Level(1))), ""),
        (refused(|g| g.blocks[1].kinds.push(What::Twin)), "drawn"),
    ] {
        assert!(matches!(&error, Error::GridKind { given, .. } if given == expected), "{error}");
    }
    for shard in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"] {
        assert!(matches!(shard.parse::<Shard>(), Err(Error::Shard { .. })), "{shard}");
    }
}
