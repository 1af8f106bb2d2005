//! Compares any weights with the theory.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use command_line::{law, note, say};
use rand::seq::index;
use serde_json::{Value, json};
use toy_superposition::data::{LawSpec, Moments, Stream};
use toy_superposition::model::{Weights, sampled_loss};
use toy_superposition::theory::{
    self, Attribution, Cluster, Gaussianity, Geometry, Polytope, Representation,
};

/// Compares the weights of a safetensors file, trained here or elsewhere, with the theory: their
/// exact loss, the loss that Gaussian interference would give, the symmetric optimum, and the
/// contributions to the difference.
///
/// Accepted names are encoder, decoder, bias; those of the paper's released code
/// (initial_layer.weight, final_layer.weight, final_layer.bias); and those of Elhage et al. (W,
/// b_final). Weights may be F16, BF16, F32 or F64 and are not rounded; everything is computed in
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
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Product of n_s and the number of rows evaluated: each exact row loss takes a time that grows
/// like n_s.
const WORK: usize = 1 << 22;

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Weights { model, metadata, .. } = Weights::<f64>::load(&arguments.weights)?;
    let features = model.features();
    let law = arguments.law.spec(features, metadata.get(LawSpec::METADATA_KEY).map(String::as_str))?;
    let data = law.build()?;
    let fresh = Stream::Evaluation.samples(arguments.seed, 0..arguments.samples as u64);
    let sampled = sampled_loss(&model, &data, fresh)?;
    let count = arguments.rows.unwrap_or(WORK / features).clamp(1, features);
    if count * features > WORK / 4 {
        note!("exact loss of {count} rows of {features}: up to half a minute on two cores");
    }
    let rows = index::sample(&mut Stream::Rows.rng(arguments.seed, 0), features, count).into_vec();
    let Some(p) = law.paper_probability() else {
        let mut lines = vec![
            ("features", json!(features), "n_s"),
            ("hidden", json!(model.hidden()), "n_d"),
            ("law", json!(law), "of the features"),
            ("sampled_loss", json!(sampled.mean()), "measured on fresh samples"),
            ("sampled_standard_error", json!(sampled.standard_error()), "of that"),
        ];
        let check = theory::check_law(&model, &data, &rows)?;
        let (statistics, exact) = (&check.statistics, check.exact.as_ref().ok());
        let unknown = check.exact.as_ref().err().map(|error| command_line::chain(error));
        lines.extend([
            ("diagonal_mean", json!(statistics.diagonal.mean), "mean of W_ii"),
            (
                "effective_bias_mean",
                json!(statistics.effective_bias.mean),
                "mean of the bias beside x_i and the rest of y_i",
            ),
            ("dropped", json!(statistics.dropped), "features whose gain is at most 1 % of the largest"),
            (
                "exact_loss",
                json!(exact.map(|exact| exact.loss)),
                "expected loss, by integration: nothing is sampled",
            ),
            ("exact_error", json!(exact.map(|exact| exact.error)), "its numerical error"),
            ("exact_rows", json!(exact.map(|_| count)), "rows that it was found from"),
            (
                "exact_standard_error",
                json!(exact.map(|exact| exact.standard_error)),
                "for the rows left out; none from a single row",
            ),
            ("exact_unknown", json!(unknown), "why the exact loss is not known"),
            ("gaussian_loss", json!(check.gaussian_loss), "predicted from its own rows and the covariance"),
            ("edgeworth_loss", json!(check.edgeworth_loss), "the same with third and fourth cumulants"),
            ("gaussianity", check.gaussianity.as_ref().map_or(Value::Null, gaussianity), ""),
            ("sigma_mean", json!(statistics.sigma.mean), "mean of the std of y_i/g_i − x_i"),
            ("welch_sigma", json!(check.welch_sigma), "the least that the covariance allows"),
            ("welch_gap", json!(check.welch_gap), "mean of σ_i² above that, relative; none where it is 0"),
            (
                "optimum_loss",
                json!(check.optimum_loss),
                "optimum of equal shares of the dimensions, were it Gaussian",
            ),
            ("linear_loss", json!(check.linear_loss), "optimal linear model, from the eigenvalues"),
            dimensions_per_feature(&check.geometry),
            feature_dimensionality(&check.geometry),
            representation(&check.geometry),
            antipodes(&check.geometry, arguments.json),
            hubs(&check.geometry),
            clusters(&check.geometry, arguments.json),
            (
                "attribution",
                check.attribution.as_ref().map_or(Value::Null, attribution),
                "of exact_loss − optimum_loss",
            ),
        ]);
        print(arguments.json, &lines)?;
        if let (false, Some(found)) = (arguments.json, &check.attribution) {
            say!("\n{found}");
        }
        return Ok(());
    };
    let check = theory::check_rows(&model, p, &rows)?;
    let statistics = &check.statistics;
    let rows = [
        ("features", json!(features), "n_s"),
        ("hidden", json!(model.hidden()), "n_d"),
        ("probability", json!(p), "p"),
        ("diagonal_mean", json!(statistics.diagonal.mean), "mean of W_ii"),
        ("diagonal_variance", json!(statistics.diagonal.variance), "their variance (Fig. 4)"),
        ("bias_mean", json!(statistics.bias.mean), "mean of b_i, raw"),
        ("bias_variance", json!(statistics.bias.variance), "their variance (Fig. 5)"),
        ("effective_bias_mean", json!(statistics.effective_bias.mean), "mean of b_i + Σ_j≠i W_ij E x_j"),
        ("sigma_mean", json!(statistics.sigma.mean), "mean of the std of ν_i"),
        (
            "welch_gap",
            json!(check.welch_gap),
            "mean of σ_i² above its bound, relative (eq. 6); none where that is 0",
        ),
        ("dropped", json!(statistics.dropped), "features with |W_ii| ≤ 1 % of the largest; they have no σ"),
        ("lyapunov", json!(statistics.lyapunov_max), "Λ, worst row (eq. 3, Fig. 7)"),
        ("delta_variance", json!(statistics.sigma_squared.variance), "Δvar(ν) (Fig. 6)"),
        ("gaussianity", gaussianity(&check.gaussianity), ""),
        ("sampled_loss", json!(sampled.mean()), "measured on fresh samples"),
        ("sampled_standard_error", json!(sampled.standard_error()), "of that"),
        ("exact_loss", json!(check.exact_loss), "expected loss, by integration: nothing is sampled"),
        ("exact_error", json!(check.exact_error), "its numerical error"),
        ("exact_rows", json!(count), "rows that it was found from"),
        (
            "exact_standard_error",
            json!(check.exact_standard_error),
            "for the rows left out; none from a single row",
        ),
        ("gaussian_loss", json!(check.gaussian_loss), "predicted from its own rows, Gaussian interference"),
        ("edgeworth_loss", json!(check.edgeworth_loss), "the same with third and fourth cumulants"),
        (
            "optimum_loss",
            json!(check.optimum.loss),
            "symmetric optimum for Gaussian interference at this n_d/n_s",
        ),
        ("linear_loss", json!(check.linear_loss), "optimal linear model"),
        dimensions_per_feature(&check.geometry),
        feature_dimensionality(&check.geometry),
        representation(&check.geometry),
        antipodes(&check.geometry, arguments.json),
        hubs(&check.geometry),
        clusters(&check.geometry, arguments.json),
        ("attribution", attribution(&check.attribution), "of exact_loss − optimum_loss"),
    ];
    print(arguments.json, &rows)?;
    if !arguments.json {
        // A constant for each feature, its mean, loses the variance.
        let constant = Moments::uniform(p)?.variance();
        let (side, other, what) = match check.exact_loss {
            loss if loss > constant => ("worse", constant, "a constant for each feature"),
            loss if loss > check.linear_loss => ("worse", check.linear_loss, "the best linear model"),
            _ => ("better", check.linear_loss, "the best linear model"),
        };
        say!("\nThe loss is {:.4} p, {side} than {what} ({:.4} p).", check.exact_loss / p, other / p);
        say!("{}", check.attribution);
    }
    Ok(())
}

/// Prints (key, value, meaning) as one JSON object or as a table.
fn print(json: bool, rows: &[(&str, Value, &str)]) -> Result<(), Box<dyn Error>> {
    // Absent values are omitted, except an exact loss that is not known, which JSON has as null
    // with the reason in `exact_unknown`.
    let rows = rows.iter().filter(|(key, value, _)| !value.is_null() || json && *key == "exact_loss");
    if json {
        let object: serde_json::Map<_, _> =
            rows.map(|(key, value, _)| ((*key).to_owned(), value.clone())).collect();
        say!("{}", Value::Object(object));
        return Ok(());
    }
    for (key, value, meaning) in rows {
        match value {
            Value::Object(parts) => {
                say!("{key:<48}  {meaning}");
                for (key, value) in parts {
                    say!("  {key:<22}{:>24}", value.to_string());
                }
            }
            value => say!("{key:<24}{:>24}  {meaning}", value.to_string()),
        }
    }
    Ok(())
}

fn gaussianity(found: &Gaussianity) -> Value {
    json!({
        "lyapunov_ratio": found.lyapunov_ratio,
        "excess_kurtosis_mean": found.excess_kurtosis_mean,
        "excess_kurtosis_max": found.excess_kurtosis_max,
        "ks_statistic": found.normality.map(|test| test.statistic),
        "ks_p_value": found.normality.map(|test| test.p_value),
    })
}

type Line = (&'static str, Value, &'static str);

fn dimensions_per_feature(found: &Geometry) -> Line {
    ("dimensions_per_feature", json!(found.dimensions_per_feature), "D* = n_d/tr W (Elhage et al.)")
}

fn feature_dimensionality(found: &Geometry) -> Line {
    let all = &found.dimensionality;
    let value = json!({
        "mean": all.iter().sum::<f64>() / all.len() as f64,
        "min": all.iter().copied().fold(f64::INFINITY, f64::min),
        "max": all.iter().copied().fold(0.0, f64::max),
    });
    ("feature_dimensionality", value, "D_i = W_ii²/Σ_j |W_ij W_ji|")
}

/// As JSON alone; the table has their number, with the representation.
fn antipodes(found: &Geometry, json: bool) -> Line {
    let value = if json { json!(found.antipodes) } else { Value::Null };
    ("antipodes", value, "pairs with cos < −0.9")
}

fn hubs(found: &Geometry) -> Line {
    let hub = |feature: usize| json!({ "feature": feature, "neighbours": found.neighbours[feature] });
    let value = found.hubs(HUBS).into_iter().map(hub).collect();
    ("hubs", value, "the features with the most neighbours (|cos| > 0.1)")
}

fn representation(found: &Geometry) -> Line {
    let count = |what| found.representation.iter().filter(|&&it| it == what).count();
    let value = json!({
        "absent": count(Representation::Absent),
        "dedicated": count(Representation::Dedicated),
        "superposed": count(Representation::Superposed),
        "antipodal_pairs": found.antipodes.len(),
    });
    (
        "representation",
        value,
        "absent: W_ii < 1/4; superposed: |cos| > 0.1 with another; dedicated: the others",
    )
}

/// Number of features listed that have the most neighbours.
const HUBS: usize = 5;

/// In JSON with the features of each cluster; in the table, the number of clusters of each kind.
fn clusters(found: &Geometry, json: bool) -> Line {
    let name = |cluster: &Cluster| cluster.polytope.as_ref().map(Polytope::to_string);
    let value = if json {
        let cluster = |cluster: &Cluster| json!({ "features": cluster.features, "dimensions": cluster.dimensions, "polytope": name(cluster) });
        found.clusters.iter().map(cluster).collect()
    } else {
        let mut counts = std::collections::BTreeMap::<_, usize>::new();
        for cluster in &found.clusters {
            let kind = || format!("cluster of {}", cluster.features.len());
            *counts.entry(name(cluster).unwrap_or_else(kind)).or_default() += 1;
        }
        json!(counts)
    };
    ("clusters", value, "features that share a subspace (|cos| > 0.1), by polytope")
}

fn attribution(found: &Attribution) -> Value {
    json!({
        "distance": found.distance(),
        "sigma": found.sigma,
        "rows": found.rows(),
        "dropped": found.dropped,
        "sigma_spread": found.sigma_spread,
        "diagonal_spread": found.diagonal_spread,
        "bias_spread": found.bias_spread,
        "gain_and_bias": found.gain_and_bias,
        "own_switch": found.own_switch,
        "not_gaussian": found.not_gaussian,
        "activation": found.activation,
        "largest": found.dominant().0,
    })
}

fn main() -> ExitCode {
    command_line::start(run)
}
