#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use toy_superposition_figures::*;
fn hash(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D049BB133111EB);
    z ^ (z >> 31)
}
fn unit(k: u64) -> f64 {
    (hash(k) >> 11) as f64 / (1u64 << 53) as f64
}
fn normal(k: u64) -> f64 {
    (0..12).map(|j| unit(k * 131 + j)).sum::<f64>() - 6.0
}
fn rug_values(n: usize, m: usize) -> Vec<f64> {
    let mut rows: Vec<usize> = (0..n).collect();
    rows.sort_by_key(|&k| hash(k as u64 + 77));
    rows.truncate(m);
    let mut v = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let s: i64 = rows
                .iter()
                .map(|&k| if ((i & k).count_ones() + (j & k).count_ones()) % 2 == 0 { 1 } else { -1 })
                .sum();
            v[i * n + j] = s as f64 / m as f64;
        }
    }
    v
}
fn main() {
    let out = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    std::fs::create_dir_all(&out).unwrap();
    for (n, m) in [(32, 12), (256, 40), (1024, 240)] {
        let w = rug(&Rug { features: n, values: rug_values(n, m), limit: None, caption: format!("Persian rug $R = (n_d/n_s)^{{-1}} P$ of $n_s = {n}$ features and $n_d = {m}$ dimensions; Hadamard rows drawn with seed 7. The diagonal is 1 and saturates the scale.") }, out.join(format!("rug{n}"))).unwrap();
        println!("{w:?}");
    }
    let th = |p: f64, r: f64| (1.0 - r) * (p / 3.0 - p * p / 4.0);
    let loss = |p: f64, r: f64| th(p, r) * (-(r / (2.5 * p.sqrt() + 0.03)).powf(0.9) * 1.4).exp();
    let ps = [0.01, 0.05, 0.2, 0.8];
    let series = |zoom: bool| {
        ps.iter()
            .enumerate()
            .map(|(s, &p)| LossSeries {
                probability: p,
                trained: (1..=10)
                    .map(|k| {
                        let r = k as f64 * if zoom { 0.02 } else { 0.08 };
                        LossPoint {
                            ratio: r,
                            loss: loss(p, r) * (0.93 + 0.06 * normal(k + 100 * s as u64)),
                            error: 0.05 * loss(p, r),
                        }
                    })
                    .collect(),
                rug: (1..=10)
                    .map(|k| {
                        let r = k as f64 * if zoom { 0.02 } else { 0.08 };
                        LossPoint {
                            ratio: r,
                            loss: loss(p, r) * (1.0 + 0.01 * normal(k + 999)),
                            error: 0.01 * loss(p, r),
                        }
                    })
                    .collect(),
                linear: (0..=40)
                    .map(|k| {
                        let r = k as f64 / 40.0 * 0.85;
                        LossPoint { ratio: r, loss: th(p, r), error: 0.0 }
                    })
                    .collect(),
                theory: (1..=170)
                    .map(|k| {
                        let r = k as f64 / 200.0;
                        LossPoint { ratio: r, loss: loss(p, r), error: 0.0 }
                    })
                    .collect(),
            })
            .collect::<Vec<_>>()
    };
    let cap = "Loss per feature divided by $p$. Trained: Adam, $n_s = 512$, three seeds (1–3), bars are one standard error on 65,536 fresh samples; rugs at $n_s = 8192$, seed 11; theory at $n_s → ∞$.";
    loss_curves(
        &LossCurves { series: series(false), loss_scale: Scale::Linear, ratios: None, caption: cap.into() },
        out.join("figure2a"),
    )
    .unwrap();
    loss_curves(
        &LossCurves {
            series: series(true)[..3].to_vec(),
            loss_scale: Scale::Log,
            ratios: Some((0.0, 0.21)),
            caption: cap.into(),
        },
        out.join("figure2b.png"),
    )
    .unwrap();
    let n = 30;
    weight_block(&WeightBlock { features: n, values: (0..n * n).map(|k| if k / n == k % n { 1.29 + 0.01 * normal(k as u64) } else { 0.2 * normal(k as u64) }).collect(), bias: (0..n).map(|k| -0.18 + 0.01 * normal(k as u64 + 5000)).collect(), caption: "First 30 × 30 elements of $W = W_{out}W_{in}$ and the bias $b$ of a model trained at $n_s = 512$, $n_d = 130$, $p = 0.044$, seed 1.".into() }, out.join("figure3")).unwrap();
    let grid: Vec<f64> = (0..20).map(|k| 0.002 + k as f64 * 0.042).collect();
    let map = |ns: f64| HeatMap {
        title: format!("$n_s = {ns}$"),
        probabilities: grid.clone(),
        ratios: grid.clone(),
        values: grid
            .iter()
            .enumerate()
            .flat_map(|(i, &p)| {
                let grid = grid.clone();
                grid.into_iter()
                    .enumerate()
                    .map(move |(j, r)| {
                        if hash((i * 20 + j) as u64 + ns as u64) % 23 == 0 || (i > 15 && j < 3) {
                            None
                        } else {
                            Some(
                                3e-1 / ns
                                    * (-6.0 * (p + r)).exp()
                                    * (0.5 * normal((i * 20 + j) as u64)).exp(),
                            )
                        }
                    })
                    .collect::<Vec<_>>()
            })
            .collect(),
    };
    for (k, sizes) in [
        vec![512.0],
        vec![128.0, 1024.0],
        vec![128.0, 512.0, 2048.0],
        vec![128.0, 256.0, 512.0, 1024.0, 2048.0],
    ]
    .into_iter()
    .enumerate()
    {
        heat_maps(&HeatMaps { quantity: "variance of the diagonal of $W$".into(), panels: sizes.iter().map(|&s| map(s)).collect(), colours: Colours::Log, caption: "Mean-square fluctuation of the diagonal, one model a cell (Adam, seed 1). Hatched cells were not trained.".into(), ..Default::default() }, out.join(format!("figure4_{k}"))).unwrap();
    }
    let lp: Vec<f64> = (0..24).map(|k| 10f64.powf(-4.0 + k as f64 * 0.17)).collect();
    let lr: Vec<f64> = (0..19).map(|k| 0.05 + 0.05 * k as f64).collect();
    heat_maps(
        &HeatMaps {
            quantity: "ReLU loss / Bayes loss".into(),
            panels: vec![HeatMap {
                title: String::new(),
                probabilities: lp.clone(),
                ratios: lr.clone(),
                values: lp
                    .iter()
                    .flat_map(|&p| {
                        lr.iter()
                            .map(move |&r| Some(1.0 + 0.5 * (1.0 / p).ln() * (0.3 - (r - 0.3).abs())))
                            .collect::<Vec<_>>()
                    })
                    .collect(),
            }],
            colours: Colours::Diverging { centre: 1.0 },
            probability_scale: Scale::Log,
            caption: "Ratio of the optimal ReLU loss to the Bayes loss at the same interference.".into(),
            ..Default::default()
        },
        out.join("ratio"),
    )
    .unwrap();
    finite_size(&FiniteSize { series: [(0.05, 0.25), (0.044, 0.46), (0.2, 0.25), (0.01, 0.1), (0.8, 0.5)].iter().enumerate().map(|(s, &(p, r))| FiniteSizeSeries { probability: p, ratio: r, points: [128, 256, 512, 1024, 2048].into_iter().map(|n| FiniteSizePoint { features: n, relative: -(0.6 - 0.12 * s as f64) * (128.0 / n as f64).sqrt() + 0.02 * normal(n as u64 + s as u64), error: 0.03 + 0.02 * unit(n as u64 + 3 * s as u64) }).collect() }).collect(), caption: "Trained loss relative to the symmetric optimum, mean of three seeds (1–3); bars are one standard error over seeds.".into() }, out.join("finite_size")).unwrap();
    predictions(&Predictions { models: (0..24).map(|k| { let p = ps[k % 4]; let s = p * 10f64.powf(-2.6 + 0.08 * k as f64); let e = 0.006 * s; PredictedLoss { probability: p, sampled: s, error: e, exact: Some(s + e * normal(k as u64)), edgeworth: Some(s * (1.0 + 0.03 * normal(40 + k as u64))), gaussian: (k % 5 != 0).then_some(s * (1.10 + 0.08 * normal(80 + k as u64))) } }).collect(), caption: "Predicted against sampled loss of 24 trained models ($n_s$ = 128–512, seeds 1–3). Grey bars: one standard error of the sampled loss.".into() }, out.join("predictions")).unwrap();
    let fine: Vec<f64> = (0..80).map(|k| 10f64.powf(-3.0 + k as f64 * 0.037)).collect();
    let fr: Vec<f64> = (0..80).map(|k| 0.01 + 0.012 * k as f64).collect();
    phase_map(&PhaseMap { names: ["symmetric ReLU", "features dropped", "linear", "antipodal pairs"].map(String::from).to_vec(), probabilities: fine.clone(), ratios: fr.clone(), regimes: fine.iter().flat_map(|&p| fr.iter().map(move |&r| if p < 0.002 && r > 0.9 { None } else if p > 0.5 && r < 0.4 { Some(2) } else if r < 0.3 * p.sqrt() { Some(1) } else if r > 0.45 && r < 0.55 { Some(3) } else { Some(0) }).collect::<Vec<_>>()).collect(), boundaries: vec![Boundary { name: "convex envelope".into(), points: fine.iter().map(|&p| (p, 0.3 * p.sqrt())).collect() }, Boundary { name: "$r = p$".into(), points: fine.iter().map(|&p| (p, p)).collect() }], probability_scale: Scale::Log, ratio_scale: Scale::Linear, caption: "Strategy of least loss in the limit $n_s → ∞$. Below the convex envelope a mixture that drops features is better.".into() }, out.join("phase")).unwrap();
}
