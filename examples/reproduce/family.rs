//! Which models are trained.

use clap::ValueEnum;

use crate::Cell;

/// How large a family.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// Four models in seconds, to see that everything runs.
    Smoke,
    /// n_s = 128 and 256, three probabilities, six ratios: about three minutes on two cores.
    Quick,
    /// The paper's grid, 20 probabilities × 20 ratios at n_s = 128 … 2048: days.
    Paper,
}

/// The grid of a preset and how it is measured.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) features: Vec<usize>,
    pub(crate) probabilities: Vec<f64>,
    pub(crate) ratios: Vec<f64>,
    /// Fresh samples that each loss is measured on.
    pub(crate) samples: usize,
    /// The most epochs of 30 steps a model is trained for; the released code's rule stops before 1500.
    pub(crate) max_epochs: u64,
    /// The (n_s, p, r) nearest to which a model is shown in Fig. 3.
    pub(crate) shown: (usize, f64, f64),
}

impl Preset {
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Smoke => Family {
                name: "smoke",
                features: vec![32, 64],
                probabilities: vec![0.1],
                ratios: vec![0.25, 0.5],
                samples: 8 * 1024,
                max_epochs: 10,
                shown: (64, 0.1, 0.25),
            },
            Self::Quick => Family {
                name: "quick",
                features: vec![128, 256],
                probabilities: vec![0.02, 0.05, 0.2],
                ratios: vec![0.025, 0.05, 0.1, 0.2, 0.35, 0.5],
                samples: 40 * 1024,
                max_epochs: 1500,
                shown: (256, 0.05, 0.2),
            },
            Self::Paper => {
                let grid: Vec<f64> =
                    (0..20).map(|k| 0.002001 + (0.8 - 0.002001) * f64::from(k) / 19.0).collect();
                Family {
                    name: "paper",
                    features: vec![128, 256, 512, 1024, 2048],
                    probabilities: grid.clone(),
                    ratios: grid,
                    samples: 100 * 1024,
                    max_epochs: 1500,
                    shown: (512, 0.0440, 0.254),
                }
            }
        }
    }
}

impl Family {
    /// One cell a model, the most work first. `hidden = max(1, ⌊n_s r⌋)`, as in the released code.
    pub(crate) fn cells(&self, seed: u64) -> Vec<Cell> {
        let mut cells = Vec::new();
        for &features in self.features.iter().rev() {
            for &ratio in self.ratios.iter().rev() {
                for &probability in &self.probabilities {
                    let hidden = ((features as f64 * ratio) as usize).max(1);
                    cells.push(Cell { features, hidden, probability, seed });
                }
            }
        }
        cells
    }
}
