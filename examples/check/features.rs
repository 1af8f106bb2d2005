//! The numbers of each feature, as a CSV file.

use std::error::Error;
use std::path::Path;

use toy_superposition::files::write_atomically;
use toy_superposition::theory::{Geometry, Representation, Statistics};

/// Writes one line per feature.
///
/// `gain` is `W_ii` for independent features; `sigma` is left out where it is 0.
pub(crate) fn write(statistics: &Statistics, geometry: &Geometry, path: &Path) -> Result<(), Box<dyn Error>> {
    let kept: std::collections::BTreeSet<usize> = statistics.kept().map(|(feature, _)| feature).collect();
    let mut text = "feature,diagonal,gain,bias,effective_bias,row_sum,sigma,lyapunov,dropped,dimensionality,\
                    representation,neighbours\n"
        .to_owned();
    for (i, row) in statistics.rows.iter().enumerate() {
        let representation = match geometry.representation[i] {
            Representation::Absent => "absent",
            Representation::Dedicated => "dedicated",
            Representation::Superposed => "superposed",
        };
        text += &format!(
            "{i},{},{},{},{},{},{},{},{},{},{representation},{}\n",
            row.diagonal,
            row.gain,
            row.bias,
            row.effective_bias,
            row.row_sum,
            Some(row.sigma())
                .filter(|sigma| sigma.is_finite())
                .map_or(String::new(), |sigma| sigma.to_string()),
            row.lyapunov,
            !kept.contains(&i),
            geometry.dimensionality[i],
            geometry.neighbours[i]
        );
    }
    Ok(write_atomically(path, text.as_bytes())?)
}
