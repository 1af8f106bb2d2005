//! Stop rules are compared with an independent implementation (goldens from
//! `tools/golden/optim_pytorch.py`).

use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use toy_superposition_optim::{Error, StopReason, StopRule, Stopper};

const GOLDEN: &str = include_str!("../golden/pytorch.csv");
const SHORT: StopRule = StopRule::EpochWindows { window: 10, epoch_steps: 7, max_epochs: 40 };

/// The generator's `curve(seed)`.
fn curve(seed: u64) -> impl Iterator<Item = f64> {
    let mut x = seed;
    (0..).map(move |k| {
        x = (1_103_515_245 * x + 12_345) % (1 << 31);
        let noise = 1.0 + 0.05 * (seed % 4) as f64 * (x as f64 / 2f64.powi(31));
        noise / (1.0 + f64::from(k) / (40 + 25 * seed) as f64) + 0.001
    })
}

/// Reads losses until the rule stops, and returns the number of losses read.
fn run(stopper: &mut Stopper, losses: impl Iterator<Item = f64>) -> u64 {
    for loss in losses {
        if stopper.observe(loss).unwrap() {
            break;
        }
    }
    stopper.steps()
}

#[test]
fn the_twin_stops_at_the_same_step() {
    let mut compared = 0;
    for line in GOLDEN.lines().filter(|line| line.starts_with("stop,")) {
        let fields: Vec<_> = line.split(',').collect();
        let rule = match fields[1] {
            "text" => StopRule::PAPER_TEXT,
            "code" => StopRule::RELEASED_CODE,
            _ => SHORT,
        };
        let (seed, steps): (u64, u64) = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        assert_eq!(run(&mut Stopper::new(rule).unwrap(), curve(seed)), steps, "{line}");
        compared += 1;
    }
    assert_eq!(compared, 17);
}

#[test]
fn a_flat_curve_stops_as_early_as_it_can() {
    let flat = || std::iter::repeat_n(0.25, 1000);
    // The rule needs two full windows.
    assert_eq!(run(&mut Stopper::new(StopRule::PAPER_TEXT).unwrap(), flat()), 200);
    // 420 is the start of the first epoch after more than 400 losses; the run stops at its end.
    assert_eq!(run(&mut Stopper::new(StopRule::RELEASED_CODE).unwrap(), flat()), 450);
    // Exactly 2w losses at the start of an epoch are not enough, so the next epoch is the first to
    // be tested.
    let rule = StopRule::EpochWindows { window: 10, epoch_steps: 20, max_epochs: 9 };
    assert_eq!(run(&mut Stopper::new(rule).unwrap(), flat()), 60);
    // The released code takes logarithms: log10(0) − log10(0) is NaN, which is not > 0.
    assert_eq!(run(&mut Stopper::new(StopRule::RELEASED_CODE).unwrap(), std::iter::repeat_n(0.0, 1000)), 450);
    assert_eq!(run(&mut Stopper::new(StopRule::Steps { steps: 7 }).unwrap(), flat()), 7);
}

#[test]
fn a_falling_curve_stops_at_the_last_epoch() {
    let falling = (0..).map(|k| (-1e-3 * f64::from(k)).exp());
    assert_eq!(run(&mut Stopper::new(StopRule::RELEASED_CODE).unwrap(), falling), 45_000);
}

#[test]
fn a_stopper_says_why() {
    let falling = || (0..).map(|k| (-1e-3 * f64::from(k)).exp());
    let flat = || std::iter::repeat(0.25);
    let reason = |rule, losses: &mut dyn Iterator<Item = f64>| {
        let mut stopper = Stopper::new(rule).unwrap();
        assert_eq!(stopper.stopped(), None);
        run(&mut stopper, losses);
        stopper.stopped()
    };
    assert_eq!(reason(StopRule::Steps { steps: 7 }, &mut flat()), Some(StopReason::Steps));
    assert_eq!(reason(StopRule::PAPER_TEXT, &mut flat()), Some(StopReason::Plateau));
    assert_eq!(reason(StopRule::RELEASED_CODE, &mut flat()), Some(StopReason::Plateau));
    assert_eq!(reason(StopRule::RELEASED_CODE, &mut falling()), Some(StopReason::MaxEpochs));
}

/// A log-likelihood may be negative: it falls where its mean falls.
#[test]
fn negative_losses_that_fall_go_on() {
    let falling = (0..).map(|step| -1.0 - 1e-3 * f64::from(step));
    assert_eq!(run(&mut Stopper::new(StopRule::RELEASED_CODE).unwrap(), falling), 45_000);
    let rising = || (0..).map(|step| -1.0 + 1e-6 * f64::from(step));
    assert_eq!(run(&mut Stopper::new(StopRule::RELEASED_CODE).unwrap(), rising()), 450);
    let falling = (0..1000).map(|step| -1.0 - 1e-3 * f64::from(step));
    assert_eq!(run(&mut Stopper::new(StopRule::PAPER_TEXT).unwrap(), falling), 1000);
    assert_eq!(run(&mut Stopper::new(StopRule::PAPER_TEXT).unwrap(), rising()), 200);
}

#[test]
fn a_loss_that_is_not_finite_is_not_read() {
    let mut stopper = Stopper::new(StopRule::PAPER_TEXT).unwrap();
    stopper.observe(1.0).unwrap();
    let before = stopper.clone();
    let error = stopper.observe(f64::INFINITY);
    assert_eq!(error, Err(Error::NotFinite { what: "loss", index: 1, given: f64::INFINITY }));
    assert!(stopper.observe(f64::NAN).is_err());
    assert_eq!(stopper, before);
}

#[test]
fn counts_are_checked() {
    for rule in [
        StopRule::Steps { steps: 0 },
        StopRule::Windows { window: 0 },
        StopRule::Windows { window: 1_000_001 },
        StopRule::EpochWindows { window: 1, epoch_steps: 0, max_epochs: 1 },
        StopRule::EpochWindows { window: 1, epoch_steps: 1, max_epochs: 0 },
        StopRule::Descent { window: 19, fall: 0.1, false_stop: 0.1 },
        StopRule::Descent { window: 1_000_001, fall: 0.1, false_stop: 0.1 },
    ] {
        assert!(matches!(Stopper::new(rule), Err(Error::Count { .. })), "{rule:?}");
    }
    for (fall, false_stop) in
        [(0.0, 0.1), (1.0, 0.1), (f64::NAN, 0.1), (0.1, 0.0), (0.1, 1.0), (0.1, f64::NAN)]
    {
        let rule = StopRule::Descent { window: 20, fall, false_stop };
        assert!(matches!(Stopper::new(rule), Err(Error::Setting { .. })), "{rule:?}");
    }
}

/// Draws a normal number by the Box–Muller transform.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// Returns the number of series, out of `runs` series of at most `looks` windows, that the rule
/// stops, and the mean number of tests until then. A series falls from 1 by `slope` per step, with
/// autoregressive noise of 0.05 whose coefficient is `kept`.
fn stops(rule: StopRule, slope: f64, kept: f64, looks: u64, runs: u64) -> (u64, f64) {
    let StopRule::Descent { window, .. } = rule else { panic!("not a test of descent") };
    let (mut stopped, mut looked) = (0, 0);
    for seed in 0..runs {
        let (mut rng, mut noise) = (ChaCha8Rng::seed_from_u64(seed), 0.0);
        let mut stopper = Stopper::new(rule).unwrap();
        while stopper.stopped().is_none() && stopper.steps() < looks * window as u64 {
            noise = kept * noise + (1.0 - kept * kept).sqrt() * normal(&mut rng);
            stopper.observe(1.0 - slope * stopper.steps() as f64 + 0.05 * noise).unwrap();
        }
        stopped += u64::from(stopper.stopped().is_some());
        looked += stopper.steps() / window as u64;
    }
    (stopped, looked as f64 / runs as f64)
}

/// The losses fall exactly as fast as the rule requires at its first test. The number of 4000
/// series that are stopped there is binomial with probability α/2, and later tests add at most α/2.
/// The bounds are 4.9 standard deviations (1e-6).
#[test]
fn a_descent_is_stopped_as_rarely_as_stated() {
    const RUNS: u64 = 4000;
    let (window, fall, false_stop) = (100, 0.005, 0.2);
    let rule = StopRule::Descent { window, fall, false_stop };
    // The loss falls by 99 slopes from the first loss to the last and has the mean 1 − 49.5 slopes,
    // so that it falls by `fall` of its mean per window of 100.
    let slope = fall / (window as f64 + 49.5 * fall);
    let bound = |probability: f64| 4.9 * (RUNS as f64 * probability * (1.0 - probability)).sqrt();
    let first = stops(rule, slope, 0.0, 1, RUNS).0 as f64 - RUNS as f64 * false_stop / 2.0;
    assert!(first.abs() < bound(false_stop / 2.0), "{first}");
    // A loss that falls in a straight line falls by a growing fraction of its mean.
    let all = stops(rule, slope, 0.0, 12, RUNS).0 as f64 - RUNS as f64 * false_stop;
    assert!(all < bound(false_stop), "{all}");
    // The rule of the paper's text stops nearly all of the same series.
    let mut paper = 0;
    for seed in 0..100 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut stopper = Stopper::new(StopRule::PAPER_TEXT).unwrap();
        let losses = (0..1200).map(|k| 1.0 - slope * f64::from(k) + 0.05 * normal(&mut rng));
        paper += u64::from(run(&mut stopper, losses.collect::<Vec<_>>().into_iter()) < 1200);
    }
    assert!(paper > 90, "{paper}");
}

/// Correlations between losses within a block do not invalidate the test. With a correlation of 0.5
/// from one loss to the next, blocks of 50 are nearly independent, and the variance of their means
/// is three times that for independent losses. An estimate from single losses would miss this.
#[test]
fn correlated_noise_is_counted() {
    const RUNS: u64 = 1000;
    let (window, fall, false_stop) = (1000, 0.05, 0.2);
    let rule = StopRule::Descent { window, fall, false_stop };
    let slope = fall / (window as f64 + 499.5 * fall);
    let first = stops(rule, slope, 0.5, 1, RUNS).0 as f64;
    // The correlation of neighbouring blocks, about 1/50, may raise the 10 % to 12 %.
    assert!(first < RUNS as f64 * 0.12 + 4.9 * (RUNS as f64 * 0.12 * 0.88).sqrt(), "{first}");
    assert!(first > RUNS as f64 * 0.06, "{first}");
}

/// Noise that hides a fall of 2 % in one window does not hide it in eight: with windows that do not
/// grow, the standard error of the fall, 2.5 % of the loss, would let most of these runs go on for
/// good, since later tests ask for smaller p-values.
#[test]
fn a_flat_loss_is_stopped_however_noisy() {
    let rule = StopRule::Descent { window: 50, fall: 0.02, false_stop: 0.01 };
    let (stopped, looks) = stops(rule, 0.0, 0.0, 40, 200);
    assert!(stopped == 200 && looks < 12.0, "{stopped} {looks}");
    // A loss that falls as fast as the rule asks of its first test goes on nearly always.
    let slope = 0.02 / (50.0 + 24.5 * 0.02);
    let (stopped, _) = stops(rule, slope, 0.0, 20, 2000);
    assert!(stopped < 20 + 22, "{stopped}");
}

#[test]
fn a_flat_loss_is_stopped_soon() {
    let rule = StopRule::Descent { window: 500, fall: 0.05, false_stop: 0.01 };
    let (stopped, looks) = stops(rule, 0.0, 0.0, 10, 400);
    assert!(stopped == 400 && looks < 1.5, "{stopped} {looks}");
}
