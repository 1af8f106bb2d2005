//! Compares any weights with the theory.

mod features;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use command_line::table::{Line, group, line, print};
use command_line::{law, note, say};
use rand::seq::index;
use serde_json::json;
use toy_superposition::data::{LawSpec, Moments, Stream};
use toy_superposition::files::check_writable;
use toy_superposition::model::{Estimate, Weights, sampled_loss};
use toy_superposition::theory::{
    self, Attribution, Check, Cluster, Gaussianity, Geometry, LawCheck, Polytope, Representation,
    SampledLoss, Statistics,
};

/// Compares the weights of a safetensors file, trained here or elsewhere, with the theory: their
/// exact loss, the loss that Gaussian interference would give, the symmetric optimum, and the
/// contributions to the difference.
///
/// Accepted names are encoder, decoder, bias; those of the paper's released code
/// (initial_layer.weight, final_layer.weight, final_layer.bias); those of two linear layers
/// (encoder.weight, decoder.weight, decoder.bias); and those of Elhage et al. (W, b_final). Weights may be F16, BF16, F32 or F64 and are not rounded; everything is computed in
/// double precision. Losses are per feature.
#[derive(Parser)]
struct Arguments {
    /// The weight file.
    weights: PathBuf,
    /// The law of the features; if left out, that of the weight file.
    #[command(flatten)]
    law: law::LawArguments,
    /// Seed of the fresh samples; training draws none of them, with this or any other seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of fresh samples that the loss is measured on.
    #[arg(long, default_value_t = 102_400, value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000_000))]
    samples: usize,
    /// Number of rows, drawn at random, whose exact loss is evaluated [default: 2^22/n_s, which is
    /// all rows for n_s up to 2048].
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=4_294_967_295))]
    rows: Option<usize>,
    /// Write a CSV file with one line per feature: its diagonal W_ii, gain (W_ii if features are
    /// independent), bias b_i, effective_bias b_i + Σ_j≠i W_ij E x_j, row_sum Σ_j≠i W_ij, sigma σ_i,
    /// lyapunov Λ_i, whether it is dropped, its dimensionality and representation, and its number
    /// of neighbours (features with |cos| > 0.1).
    #[arg(long, value_name = "FILE.csv")]
    per_feature: Option<PathBuf>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Product of n_s and the number of rows evaluated: each exact row loss takes a time that grows
/// like n_s.
const WORK: usize = 1 << 22;

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(path) = &arguments.per_feature {
        check_writable(path)?;
        if path
            .canonicalize()
            .is_ok_and(|path| arguments.weights.canonicalize().is_ok_and(|read| read == path))
        {
            return Err(format!("--per-feature {}: that is the weight file itself", path.display()).into());
        }
    }
    let Weights { model, metadata, .. } = Weights::<f64>::load(&arguments.weights)?;
    let features = model.features();
    command_line::ratio(features, model.hidden())?;
    let law = arguments.law.spec(features, metadata.get(LawSpec::METADATA_KEY).map(String::as_str))?;
    let data = law.build()?;
    let fresh = Stream::Evaluation.samples(arguments.seed, 0..arguments.samples as u64);
    let sampled = sampled_loss(&model, &data, fresh)?;
    let count = arguments.rows.unwrap_or(WORK / features).clamp(1, features);
    if count * features > WORK / 4 {
        note!("exact loss of {count} rows of {features}: up to half a minute on two cores");
    }
    let rows = index::sample(&mut Stream::Rows.rng(arguments.seed, 0), features, count).into_vec();
    let measured = Measured { sampled, rows: count };
    let model_lines = vec![line("features", features, "n_s"), line("hidden", model.hidden(), "n_d")];
    let (statistics, geometry, lines, sentences);
    match law.paper_probability() {
        Some(p) => {
            let check = theory::check_rows(&model, p, &rows)?;
            lines = of_paper(&check, p, &measured);
            let nearly = beware(&check.statistics);
            sentences = vec![beside_linear(&check, p)?, check.attribution.to_string(), nearly];
            (statistics, geometry) = (check.statistics, check.geometry);
        }
        None => {
            let check = theory::check_law(&model, &data, &rows)?;
            lines = of_law(&check, json!(law), &measured);
            let attribution = check.attribution.map_or(String::new(), |found| found.to_string());
            sentences = vec![attribution, beware(&check.statistics)];
            (statistics, geometry) = (check.statistics, check.geometry);
        }
    }
    print(arguments.json, &model_lines.into_iter().chain(lines).collect::<Vec<_>>());
    if !arguments.json {
        say!("");
        sentences.iter().filter(|sentence| !sentence.is_empty()).for_each(|sentence| say!("{sentence}"));
    }
    match &arguments.per_feature {
        Some(path) => features::write(&statistics, &geometry, path),
        None => Ok(()),
    }
}

/// What was measured on samples, and the number of rows of the exact loss.
struct Measured {
    sampled: Estimate,
    rows: usize,
}

fn of_paper(check: &Check, p: f64, measured: &Measured) -> Vec<Line> {
    let found = &check.statistics;
    let mut lines = vec![
        line("probability", p, "p"),
        line("diagonal_mean", found.diagonal.mean, "mean of W_ii"),
        line("diagonal_variance", found.diagonal.variance, "their variance (Fig. 4)"),
        line("bias_mean", found.bias.mean, "mean of b_i, raw"),
        line("bias_variance", found.bias.variance, "their variance (Fig. 5)"),
        line("effective_bias_mean", found.effective_bias.mean, "mean of b_i + Σ_j≠i W_ij E x_j"),
        line("sigma_mean", found.sigma.mean, "mean of the standard deviations σ_i of ν_i"),
        line(
            "welch_gap",
            check.welch_gap,
            "mean σ_i² of the kept features above the Welch bound for their number, relative (eq. 6)",
        ),
        line(
            "dropped",
            found.dropped,
            "features with |W_ii| ≤ 1 % of the largest, which are left out of means of σ",
        ),
        line("nearly_dropped", nearly_dropped(found), "features with more, but below 10 % of the largest"),
        line(
            "lyapunov",
            found.lyapunov_max,
            "largest Λ_i = Σ|W_ij|³/(Σ W_ij²)^(3/2) of a row (eq. 3, Fig. 7)",
        ),
        line("delta_variance", found.sigma_squared.variance, "Δvar(ν), the variance of σ_i² (Fig. 6)"),
        gaussianity(Some(&check.gaussianity)),
    ];
    lines.extend(measured.sampled());
    lines.extend([
        line("exact_loss", check.exact_loss, EXACT_LOSS),
        line("exact_error", check.exact_error, EXACT_ERROR),
        line("exact_rows", measured.rows, EXACT_ROWS),
        line("exact_standard_error", check.exact_standard_error, EXACT_STANDARD_ERROR),
        line("gaussian_loss", check.gaussian_loss, "loss if the interference of each row were Gaussian"),
        line("edgeworth_loss", check.edgeworth_loss, EDGEWORTH_LOSS),
        line(
            "optimum_loss",
            check.optimum.loss,
            "symmetric optimum for Gaussian interference at this n_d/n_s",
        ),
        line("linear_loss", check.linear_loss, "optimal linear model"),
    ]);
    lines.extend(geometry_lines(&check.geometry));
    lines.push(attribution(Some(&check.attribution)));
    lines
}

fn of_law(check: &LawCheck, law: serde_json::Value, measured: &Measured) -> Vec<Line> {
    let (found, exact) = (&check.statistics, check.exact.as_ref().ok());
    let unknown = check.exact.as_ref().err().map(|error| command_line::chain(error));
    let exact = |of: fn(&SampledLoss) -> f64| exact.map(of);
    let mut lines = vec![line("law", law, "of the features")];
    lines.extend(measured.sampled());
    lines.extend([
        line("diagonal_mean", found.diagonal.mean, "mean of W_ii"),
        line(
            "effective_bias_mean",
            found.effective_bias.mean,
            "mean of the bias beside x_i and the rest of y_i",
        ),
        line(
            "dropped",
            found.dropped,
            "features whose gain is at most 1 % of the largest, left out of means of σ",
        ),
        line("nearly_dropped", nearly_dropped(found), "features with more, but below 10 % of the largest"),
        line("exact_loss", exact(|exact| exact.loss), EXACT_LOSS),
        line("exact_error", exact(|exact| exact.error), EXACT_ERROR),
        line("exact_rows", check.exact.is_ok().then_some(measured.rows), EXACT_ROWS),
        line("exact_standard_error", exact(|exact| exact.standard_error), EXACT_STANDARD_ERROR),
        line("exact_unknown", unknown, "why the exact loss is not known"),
        line("gaussian_loss", check.gaussian_loss, "loss if the interference of each row were Gaussian"),
        line("edgeworth_loss", check.edgeworth_loss, EDGEWORTH_LOSS),
        gaussianity(check.gaussianity.as_ref()),
        line("sigma_mean", found.sigma.mean, "mean of the standard deviations σ_i of y_i/g_i − x_i"),
        line("welch_sigma", check.welch_sigma, "the least that the covariance allows"),
        line("welch_gap", check.welch_gap, "mean of σ_i² above that, relative; none where it is 0"),
        line(
            "optimum_loss",
            check.optimum_loss,
            "optimum of equal shares of the dimensions, were it Gaussian",
        ),
        line("linear_loss", check.linear_loss, "optimal linear model, from the eigenvalues"),
    ]);
    lines.extend(geometry_lines(&check.geometry));
    lines.push(attribution(check.attribution.as_ref()));
    lines
}

const EXACT_LOSS: &str = "expected loss, by integration: nothing is sampled";
const EXACT_ERROR: &str = "its numerical error";
const EXACT_ROWS: &str = "number of rows that it was found from";
const EXACT_STANDARD_ERROR: &str = "for the rows left out; none from a single row";
const EDGEWORTH_LOSS: &str = "the same, corrected for third and fourth cumulants";

impl Measured {
    fn sampled(&self) -> [Line; 2] {
        [
            line("sampled_loss", self.sampled.mean(), "measured on fresh samples"),
            line("sampled_standard_error", self.sampled.standard_error(), "of that"),
        ]
    }
}

/// Says which simple model the weights are better or worse than.
fn beside_linear(check: &Check, p: f64) -> Result<String, Box<dyn Error>> {
    // A constant for each feature, its mean, loses the variance.
    let constant = Moments::uniform(p)?.variance();
    let equal = |other: f64| (check.exact_loss - other).abs() <= 1e-9 * constant;
    let (side, other, what) = match check.exact_loss {
        _ if equal(check.linear_loss) => ("no better", check.linear_loss, "the best linear model"),
        loss if loss > constant => ("worse", constant, "a constant for each feature"),
        loss if loss > check.linear_loss => ("worse", check.linear_loss, "the best linear model"),
        _ => ("better", check.linear_loss, "the best linear model"),
    };
    Ok(format!("The loss is {:.4} p, {side} than {what} ({:.4} p).", check.exact_loss / p, other / p))
}

/// Returns the number of features that count as kept and have less than a tenth of the largest gain.
fn nearly_dropped(found: &Statistics) -> usize {
    let most = found.rows.iter().fold(0.0_f64, |most, row| most.max(row.gain.abs()));
    found.kept().filter(|(_, row)| row.gain.abs() < 0.1 * most).count()
}

/// Says what features that are nearly dropped do to the other numbers, if there are any.
fn beware(found: &Statistics) -> String {
    match nearly_dropped(found) {
        0 => String::new(),
        count => format!(
            "Among the features that count as kept, {count} nearly dropped: their gain is below a tenth of the largest. Their σ_i, up \
             to a hundred times larger, weigh on sigma_mean, welch_gap and every part of the distance."
        ),
    }
}

fn gaussianity(found: Option<&Gaussianity>) -> Line {
    let Some(found) = found else { return line("gaussianity", (), "") };
    let test = found.normality;
    let parts = vec![
        line(
            "lyapunov_ratio",
            found.lyapunov_ratio,
            "largest Λ_i times E|x − Ex|³/(Var x)^(3/2) of the features",
        ),
        line(
            "excess_kurtosis_mean",
            found.excess_kurtosis_mean,
            "mean over rows of that of the interference",
        ),
        line("excess_kurtosis_max", found.excess_kurtosis_max, "the largest of a row"),
        line(
            "ks_statistic",
            test.map(|test| test.statistic),
            "Lilliefors' distance of the weights W_ij from normal ones",
        ),
        line(
            "ks_p_value",
            test.map(|test| test.p_value),
            "its p-value, were the weights independent, which they are not",
        ),
    ];
    group("gaussianity", parts, "of the interference; all but the p-value are small if it is Gaussian")
}

fn geometry_lines(found: &Geometry) -> [Line; 6] {
    let all = &found.dimensionality;
    let dimensionality = vec![
        line("mean", all.iter().sum::<f64>() / all.len() as f64, "over the features"),
        line("min", all.iter().copied().fold(f64::INFINITY, f64::min), "the smallest"),
        line("max", all.iter().copied().fold(0.0, f64::max), "the largest"),
    ];
    let count = |what| found.representation.iter().filter(|&&it| it == what).count();
    let representation = vec![
        line("absent", count(Representation::Absent), "features with W_ii < 1/4"),
        line("dedicated", count(Representation::Dedicated), "features with |cos| ≤ 0.1 with all others"),
        line("superposed", count(Representation::Superposed), "the other features"),
        line("antipodal_pairs", found.antipodes.len(), "pairs of features with cos < −0.9"),
    ];
    [
        line("dimensions_per_feature", found.dimensions_per_feature, "D* = n_d/tr W (Elhage et al.)"),
        group("feature_dimensionality", dimensionality, "D_i = W_ii²/Σ_j |W_ij W_ji|"),
        group("representation", representation, "how many features have directions of their own"),
        line("antipodes", json!(found.antipodes), "pairs with cos < −0.9").hidden(),
        hubs(found),
        clusters(found),
    ]
}

fn hubs(found: &Geometry) -> Line {
    let hubs = found.hubs(HUBS).into_iter().map(|feature| (feature, found.neighbours[feature]));
    let value =
        hubs.clone().map(|(feature, neighbours)| json!({"feature": feature, "neighbours": neighbours}));
    let text = hubs.clone().map(|(feature, neighbours)| format!("feature {feature}: {neighbours}"));
    let text = text.collect::<Vec<_>>().join(", ");
    line(
        "hubs",
        value.collect::<Vec<_>>(),
        "the features with the most neighbours (|cos| > 0.1), and their number",
    )
    .shown(text)
}

/// Number of features listed that have the most neighbours.
const HUBS: usize = 5;

/// In JSON with the features of each cluster; in the table, the number of clusters of each kind.
fn clusters(found: &Geometry) -> Line {
    let name = |cluster: &Cluster| cluster.polytope.as_ref().map(Polytope::to_string);
    let value = found.clusters.iter().map(|cluster| {
        let mut value = json!({ "features": cluster.features, "dimensions": cluster.dimensions });
        if let Some(name) = name(cluster) {
            value["polytope"] = json!(name);
        }
        value
    });
    let mut counts = std::collections::BTreeMap::<_, usize>::new();
    for cluster in &found.clusters {
        let kind = || format!("cluster of {}", cluster.features.len());
        *counts.entry(name(cluster).unwrap_or_else(kind)).or_default() += 1;
    }
    let text = counts.iter().map(|(kind, count)| format!("{count} × {kind}"));
    let text = text.collect::<Vec<_>>().join(", ");
    line("clusters", value.collect::<Vec<_>>(), "features that share a subspace (|cos| > 0.1), by polytope")
        .shown(text)
}

fn attribution(found: Option<&Attribution>) -> Line {
    let Some(found) = found else { return line("attribution", (), "") };
    let parts = vec![
        line("distance", found.distance(), "exact_loss − optimum_loss"),
        line("sigma", found.sigma, "mean σ_i² above the Welch bound"),
        line("gain_and_bias", found.gain_and_bias, "gains and biases off their best, on average"),
        line("rows", found.rows(), "rows that differ, the sum of the next four"),
        line("dropped", found.dropped, "dropped features, and the dimensions that the others gain"),
        line("sigma_spread", found.sigma_spread, "differences between the σ_i"),
        line("diagonal_spread", found.diagonal_spread, "differences between the gains"),
        line("bias_spread", found.bias_spread, "differences between the biases"),
        line(
            "not_gaussian",
            found.not_gaussian,
            "interference that is not Gaussian: exact_loss − gaussian_loss",
        ),
        line(
            "own_switch",
            found.own_switch,
            "interference that depends on the own switch; 0 for independent features",
        ),
        line("activation", found.activation, "an identity in place of the ReLU; 0 for a ReLU"),
        line("largest", found.dominant().0, "the largest part"),
    ];
    group(
        "attribution",
        parts,
        "of exact_loss − optimum_loss: sigma, gain_and_bias, rows, not_gaussian, own_switch and activation add up to it",
    )
}

fn main() -> ExitCode {
    command_line::start(run)
}
