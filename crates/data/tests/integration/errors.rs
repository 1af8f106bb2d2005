//! Everything that is refused, and the error that is returned.

use nalgebra::DMatrix;
use rand::Rng;
use toy_superposition_data::*;

const BAD_PROBABILITIES: [f64; 6] = [f64::NAN, 0.0, -0.0, -1e-300, 1.0 + f64::EPSILON, f64::INFINITY];

#[test]
fn probabilities() {
    for bad in BAD_PROBABILITIES {
        assert!(matches!(Independent::new(3, bad), Err(Error::Probability { feature: 0, .. })), "{bad}");
        assert!(matches!(Moments::uniform(bad), Err(Error::Probability { feature: 0, .. })), "{bad}");
        assert!(matches!(Pairs::new(3, bad, 0.0), Err(Error::Probability { .. })), "{bad}");
        let list = [0.5, bad];
        assert!(
            matches!(Independent::per_feature(&list), Err(Error::Probability { feature: 1, .. })),
            "{bad}"
        );
    }
    assert_eq!(
        Independent::new(3, 1.5).unwrap_err().to_string(),
        "probability 1.5 of feature 0 is outside (0, 1]"
    );
    assert!(Independent::new(3, 1.0).is_ok() && Independent::new(3, 5e-324).is_ok());
    assert!(Independent::per_feature(&[5e-324, 1.0]).is_ok());
}

#[test]
fn numbers_of_features() {
    assert_eq!(Independent::new(0, 0.5), Err(Error::Features { given: 0 }));
    assert_eq!(Independent::per_feature(&[]), Err(Error::Features { given: 0 }));
    assert_eq!(Exactly::new(0, 0), Err(Error::Features { given: 0 }));
    assert_eq!(Pairs::new(0, 0.5, 0.0), Err(Error::Features { given: 0 }));
    assert_eq!(Graph::new(&[], &[]), Err(Error::Features { given: 0 }));
    assert_eq!(SparseBatch::<f32>::new(0), Err(Error::Features { given: 0 }));
    let most = u32::MAX as usize;
    assert!(Independent::new(most, 0.5).is_ok());
    assert_eq!(Independent::new(most + 1, 0.5), Err(Error::Features { given: most + 1 }));
    assert_eq!(Pairs::new(most / 2 + 1, 0.5, 0.0), Err(Error::Features { given: most + 1 }));
    assert!(matches!(Pairs::new(usize::MAX, 0.5, 0.0), Err(Error::Features { .. })));
}

#[test]
fn counts() {
    assert_eq!(Exactly::new(4, 0), Err(Error::Count { given: 0, features: 4 }));
    assert_eq!(Exactly::new(4, 5), Err(Error::Count { given: 5, features: 4 }));
    assert!(Exactly::new(4, 4).is_ok());
}

#[test]
fn moments_of_magnitudes() {
    let unit = rand_distr::StandardUniform;
    let refused = |moments| {
        let error = WithMoments::new("mine", unit, moments).unwrap_err();
        assert!(matches!(error, Error::Moments { .. }), "{error}");
    };
    let uniform = [0.5, 1.0 / 3.0, 0.25, 0.2];
    assert!(WithMoments::new("mine", unit, uniform).is_ok());
    assert!(WithMoments::new("constant", unit, [0.5, 0.25, 0.125, 0.0625]).is_ok());
    refused([0.0; 4]);
    for k in 0..4 {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
            let mut moments = uniform;
            moments[k] = bad;
            // A huge fourth moment alone is possible.
            if (k, bad) != (3, 1e200) {
                refused(moments);
            }
        }
    }
    refused([0.0; 4]);
    refused([0.5, 0.2499, 0.125, 0.0625]);
    refused([0.5, -1.0, 0.25, 0.2]);
    refused([0.5, 1.0 / 3.0, 0.25, 0.111]);
    refused([0.5, 1.0 / 3.0, 0.26, 0.2]);
    for bad in [f64::NAN, f64::INFINITY, 0.0, 1e80, 1e-200] {
        assert!(matches!(Constant::new(bad), Err(Error::Moments { .. })), "{bad}");
    }
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(matches!(Interval::new(low, high), Err(Error::Interval { .. })), "{low}, {high}");
    }
    assert!(matches!(Interval::new(0.0, 1e80), Err(Error::Moments { .. })));
    for bad in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        assert!(matches!(Exponential::new(bad), Err(Error::Rate { .. })), "{bad}");
    }
    assert!(matches!(Exponential::new(1e-80), Err(Error::Moments { .. })));
    let length = |given, expected| Err(Error::Length { what: "weights of the points", given, expected });
    assert_eq!(Points::new(&[1.0], &[]), length(0, 1));
    assert_eq!(Points::new(&[], &[]), length(0, 1));
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(
            matches!(Points::new(&[1.0, 2.0], &[1.0, bad]), Err(Error::Weight { point: 1, .. })),
            "{bad}"
        );
    }
    for values in [[f64::NAN, 1.0], [0.0, 0.0], [1e80, 1.0]] {
        assert!(matches!(Points::new(&values, &[1.0, 2.0]), Err(Error::Moments { .. })), "{values:?}");
    }
    assert!(matches!(Points::new(&[1.0, 2.0], &[0.0, 0.0]), Err(Error::Moments { .. })));
}

#[test]
fn correlations() {
    for (p, bad) in
        [(0.2, -0.26), (0.2, 1.0001), (0.2, f64::NAN), (0.8, -0.26), (1.0, 0.1), (0.5, f64::NEG_INFINITY)]
    {
        assert!(matches!(Pairs::new(3, p, bad), Err(Error::Correlation { .. })), "{p}, {bad}");
    }
    let least = Error::Correlation { given: -2.0, least: -1.0, greatest: 1.0 };
    assert_eq!(Pairs::new(3, 0.5, -2.0), Err(least));
    assert!(Pairs::new(3, 0.2, -0.25).is_ok() && Pairs::new(3, 0.5, -1.0).is_ok());
}

#[test]
fn groupings() {
    let groups =
        |groups: &[Vec<u32>]| Groups::new(groups, Independent::new(groups.len().max(1), 0.5).unwrap());
    assert_eq!(groups(&[]), Err(Error::Features { given: 0 }));
    assert_eq!(groups(&[vec![0], vec![]]), Err(Error::EmptyGroup { group: 1 }));
    assert_eq!(groups(&[vec![0, 1], vec![3, 2, 1]]), Err(Error::Overlap { feature: 1, first: 0, second: 1 }));
    assert_eq!(groups(&[vec![0, 0]]), Err(Error::Overlap { feature: 0, first: 0, second: 0 }));
    // Feature 1 is in no group, so one member is out of range.
    assert_eq!(groups(&[vec![0], vec![2]]), Err(Error::Member { group: 1, feature: 2, features: 2 }));
    let switches = Independent::new(3, 0.5).unwrap();
    let length = Error::Length { what: "switches of the groups", given: 3, expected: 2 };
    assert_eq!(Groups::new(&[[0], [1]], switches), Err(length));
}

#[test]
fn graphs() {
    let edge = |from, to, transmission| Edge { from, to, transmission };
    for bad in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        assert!(matches!(Graph::new(&[0.5, bad], &[]), Err(Error::Source { feature: 1, .. })), "{bad}");
    }
    for bad in BAD_PROBABILITIES {
        let refused = Graph::new(&[0.5, 0.5], &[edge(1, 0, bad)]);
        assert!(matches!(refused, Err(Error::Transmission { from: 1, to: 0, .. })), "{bad}");
    }
    for (from, to) in [(0, 0), (2, 0), (0, 2)] {
        let refused = Graph::new(&[0.5, 0.5], &[edge(from, to, 0.5)]);
        assert_eq!(refused, Err(Error::Edge { from: from as usize, to: to as usize, features: 2 }));
    }
    let twice = Graph::new(&[0.5, 0.5], &[edge(1, 0, 0.5), edge(0, 1, 0.5), edge(1, 0, 0.6)]);
    assert_eq!(twice, Err(Error::DuplicateEdge { from: 1, to: 0 }));
    let never = Graph::new(&[0.5, 0.0, 0.0], &[edge(0, 1, 0.5)]);
    assert_eq!(never, Err(Error::Probability { feature: 2, given: 0.0 }));
}

#[test]
fn batches() {
    let law = Features::paper(5, 0.9).unwrap();
    let mut batch = SparseBatch::<f64>::new(4).unwrap();
    batch.push_sample(&[1, 3], &[0.5, 0.25]).unwrap();
    let length = Error::Length { what: "features of the batch", given: 4, expected: 5 };
    assert_eq!(sample_into(&law, Stream::Training.samples(1, 0..3), &mut batch), Err(length));
    assert_eq!((batch.samples(), batch.non_zeros()), (0, 0));

    batch.push_sample(&[1, 3], &[0.5, 0.25]).unwrap();
    let before = batch.clone();
    let index = |index| Err(Error::Index { sample: 1, index, features: 4 });
    assert_eq!(batch.push_sample(&[0, 4], &[1.0, 1.0]), index(4));
    assert_eq!(batch.push_sample(&[2, 2], &[1.0, 1.0]), index(2));
    assert_eq!(batch.push_sample(&[2, 1], &[1.0, 1.0]), index(1));
    let length = Error::Length { what: "values", given: 1, expected: 2 };
    assert_eq!(batch.push_sample(&[2, 1], &[1.0]), Err(length));
    let infinite = Error::NotFinite { sample: 1, feature: 2, given: f64::INFINITY };
    assert_eq!(batch.push_sample(&[2], &[f64::INFINITY]), Err(infinite));
    assert!(matches!(batch.push_sample(&[2], &[f64::NAN]), Err(Error::NotFinite { .. })));
    assert_eq!(batch, before);

    let dense = DMatrix::from_column_slice(2, 2, &[0.0, 1.0, f32::NEG_INFINITY, 0.0]);
    let infinite = Error::NotFinite { sample: 1, feature: 0, given: f64::NEG_INFINITY };
    assert_eq!(SparseBatch::from_dense(&dense), Err(infinite));
}

/// A distribution that violates the contract of [`Distribution::sample`], in one way per variant.
enum Careless {
    Disorder,
    OutOfRange,
    Uneven,
    Shortens,
    Overflows,
}

impl Law for Careless {
    fn features(&self) -> usize {
        3
    }
    fn moments(&self, _: usize) -> Moments {
        Moments::uniform(1.0).unwrap()
    }
    fn covariance(&self, _: usize, _: usize) -> f64 {
        0.0
    }
    fn cumulants(&self, _: usize) -> Cumulants {
        Cumulants::uniform(1.0).unwrap()
    }
    fn joint_probability(&self, _: &[usize]) -> Option<f64> {
        None
    }
    fn spec(&self) -> LawSpec {
        LawSpec::custom(3, "careless")
    }
}

impl Distribution for Careless {
    fn sample<T: Scalar, R: Rng + ?Sized>(&self, _: &mut R, indices: &mut Vec<u32>, values: &mut Vec<T>) {
        let one = T::round_from(1.0);
        match self {
            Self::Disorder => (indices.extend([2, 1]), values.extend([one, one])),
            Self::OutOfRange => (indices.extend([0, 3]), values.extend([one, one])),
            Self::Uneven => (indices.extend([0, 1]), values.extend([one])),
            Self::Shortens if indices.is_empty() => (indices.extend([0, 1]), values.extend([one, one])),
            Self::Shortens => (indices.truncate(1), values.clear()),
            Self::Overflows => (indices.extend([1]), values.extend([T::round_from(1e300)])),
        };
    }
}

#[test]
fn careless_distributions() {
    let mut batch = SparseBatch::<f32>::new(3).unwrap();
    let mut sample = |law: Careless| {
        let result = sample_into(&law, Stream::Training.samples(1, 0..1), &mut batch);
        assert_eq!(batch.samples(), usize::from(result.is_ok()));
        result
    };
    assert_eq!(sample(Careless::Disorder), Err(Error::Index { sample: 0, index: 1, features: 3 }));
    assert_eq!(sample(Careless::OutOfRange), Err(Error::Index { sample: 0, index: 3, features: 3 }));
    assert_eq!(sample(Careless::Uneven), Err(Error::Length { what: "values", given: 1, expected: 2 }));
    let infinite = Error::NotFinite { sample: 0, feature: 1, given: f64::INFINITY };
    assert_eq!(sample(Careless::Overflows), Err(infinite));
    // The same holds on many threads and for a batch that already holds samples.
    for samples in [2, 100] {
        assert!(
            sample_into(&Careless::Overflows, Stream::Training.samples(1, 0..samples as u64), &mut batch)
                .is_err()
        );
        assert_eq!((batch.samples(), batch.non_zeros()), (0, 0));
    }
    let result = sample_into(&Careless::Shortens, Stream::Training.samples(1, 0..100), &mut batch);
    assert_eq!(result, Err(Error::Length { what: "samples before", given: 0, expected: 2 }));
    assert_eq!(batch.samples(), 0);
}
