//! The network, the law and the target given by the arguments.

use std::error::Error;
use std::sync::Arc;

use toy_superposition::computation::{
    Architecture, Elementwise, EmbeddingKind, Function, Joint, Network, Readout, Rule, Stack, Target,
    Training,
};
use toy_superposition::data::{LawSpec, MagnitudeSpec, Stream};

use crate::{Arguments, StackName};

pub(crate) struct Setting {
    pub(crate) law: LawSpec,
    pub(crate) target: Arc<dyn Target>,
    /// The target, if it is a function of each feature.
    pub(crate) elementwise: Option<Elementwise>,
    pub(crate) network: Network<f32>,
    pub(crate) training: Training,
}

/// Magnitudes `U[−1, 1]`.
pub(crate) const SIGNED: MagnitudeSpec = MagnitudeSpec::Interval { low: -1.0, high: 1.0 };

/// Returns the law of independent features with magnitudes U[−1, 1].
pub(crate) fn signed(features: usize, probability: f64) -> LawSpec {
    LawSpec { magnitude: SIGNED, ..LawSpec::paper(features, probability) }
}

impl Setting {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let (features, seed) = (arguments.features, arguments.seed);
        let hidden = arguments.hidden.unwrap_or(features);
        let mut law = arguments.law.spec(features, None)?;
        if arguments.signed {
            law.magnitude = SIGNED;
        }
        let (target, elementwise) = target(arguments)?;
        let outputs = target.outputs();
        let residual = arguments.stack == StackName::Residual;
        let mut architecture = Architecture::plain(features, hidden, outputs)
            .with_layers(arguments.layers)
            .with_width(arguments.width);
        if residual {
            architecture.stack = Stack::Residual;
            if outputs == features {
                architecture.readout = Readout::Transpose;
            }
        }
        (architecture.bias, architecture.output_bias) = (!arguments.no_bias, !arguments.no_bias);
        architecture.output_relu = arguments.output_relu;
        architecture.learned_embedding = arguments.learn_embedding;
        let kind = EmbeddingKind::from_name(&arguments.embedding).ok_or_else(|| {
            let names = EmbeddingKind::NAMES.join(", ");
            format!("{:?} is not an embedding; these are: {names}", arguments.embedding)
        })?;
        let embedding = kind.matrix(features, hidden, &mut Stream::Draws.rng(seed, 0))?;
        let network = Network::random(architecture, &embedding, &mut Stream::Weights.rng(seed, 0))?;
        let mut training = Training::default();
        training.steps = arguments.steps.unwrap_or(training.steps);
        (training.batch, training.rate) = (arguments.batch, arguments.rate);
        training.weight_decay = arguments.weight_decay;
        training.importance = arguments.importance.list(outputs)?;
        Ok(Self { law, target, elementwise, network, training })
    }
}

/// A target, and once more if it is a function of each feature.
type Targets = (Arc<dyn Target>, Option<Elementwise>);

fn target(arguments: &Arguments) -> Result<Targets, Box<dyn Error>> {
    let features = arguments.features;
    let (name, times) = match arguments.target.split_once('^') {
        Some((name, times)) => {
            (name, times.parse().map_err(|_| format!("{times:?} is not a number of applications"))?)
        }
        None => (&arguments.target[..], 1),
    };
    let rule = match name {
        "and" => Rule::And,
        "product" => Rule::Product,
        "parity" => Rule::Parity,
        name => {
            let function = Function::from_name(name).ok_or_else(|| {
                let names = Function::NAMES.join(", ");
                format!("{name:?} is not a target; these are: {names}, and, product, parity")
            })?;
            let target = Elementwise::iterated(features, function, times)?;
            return Ok((Arc::new(target), Some(target)));
        }
    };
    if times != 1 {
        return Err(format!(
            "{name} cannot be applied {times} times: its outputs are not as many as the features"
        )
        .into());
    }
    let joint = match (arguments.groups, arguments.group) {
        (None, 2) => Joint::all_pairs(features, rule)?,
        (None, size) => return Err(format!("give --groups, the number of groups of {size} features").into()),
        (Some(groups), size) => {
            Joint::random(features, rule, size, groups, &mut Stream::Draws.rng(arguments.seed, 1))?
        }
    };
    Ok((Arc::new(joint), None))
}
