//! The canonical description of a run, by which a checkpoint is recognised, and its hash.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};
use toy_superposition_data::LawSpec;
use toy_superposition_files::fingerprint;
use toy_superposition_model::Model;

use crate::{Error, Recipe, Result};

/// The version of the description that this crate writes and reads.
pub(crate) const VERSION: u64 = 2;

/// The task of a run: its objective, the law of its data and the seed of its random numbers.
///
/// ```
/// use toy_superposition_data::LawSpec;
/// use toy_superposition_model::{Activation, Initialisation, Shape};
/// use toy_superposition_theory::{Feature, MeanField, optimum_at_ratio};
/// use toy_superposition_train::{Recipe, Run, Task, Trainer, initial_model};
///
/// // Minimise the loss for Gaussian interference, from weights of seed 1.
/// let (shape, p) = (Shape::new(32, 16)?, 0.1);
/// let model = initial_model::<f64>(shape, Initialisation::PyTorch, Activation::Relu, 1)?;
/// let task = Task::new("mean field", LawSpec::paper(32, p));
/// let recipe = Recipe::without_samples(0.004, 400)?;
/// let mut trainer = Trainer::new(model, MeanField::new(Feature::uniform(p)?), &recipe, task)?;
/// trainer.run(&Run::default(), |_, _| {})?;
/// let least = optimum_at_ratio(p, 0.5)?.loss;
/// assert!((trainer.losses()[399] / least - 1.0).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Name of the objective, such as `mean field`. Different objectives must have different names.
    pub objective: String,
    /// Law of the features, if the objective has one.
    pub law: Option<LawSpec>,
    /// Seed of the random numbers that the run draws, if any.
    pub seed: Option<u64>,
}

impl Task {
    /// Returns the task of an objective that draws no random numbers.
    pub fn new(objective: impl Into<String>, law: LawSpec) -> Self {
        Self { objective: objective.into(), law: Some(law), seed: None }
    }
}

/// The canonical description of a run. Two runs with equal descriptions compute the same bits on
/// the same machine.
///
/// | field | meaning |
/// |---|---|
/// | `version` | the version of this table |
/// | `objective`, `law`, `seed` | the [`Task`], with the law in the form of [`LawSpec`] |
/// | `model.blocks`, `model.…` | the blocks of the model, and its [description](Model::describe) |
/// | `initial_weights` | the [fingerprint] of the model's parameters before the first step |
/// | `precision` | `f32` or `f64` |
/// | `recipe.batches`, `.importance`, `.optimizer`, `.schedule`, `.stop` | the [`Recipe`] |
/// | `recipe.cooling` | the same, unless it is 0 |
///
/// The keys are literal text, here and in the serde forms of `data` and `optim`, and do not follow
/// the names of Rust fields, so that renaming a field invalidates no checkpoint. A change of a key,
/// or of the meaning of a value, must raise the `version`.
///
/// Two runs are the same if all fields are equal. The hash shows that a description is complete and
/// serves as a short name of a run; it need not withstand an attack. It is a [fingerprint].
///
/// ```
/// use toy_superposition_data::Features;
/// use toy_superposition_model::Shape;
/// use toy_superposition_train::{Recipe, Trainer};
///
/// let identity = |probability: f64, seed: u64| {
///     let recipe = Recipe::code(16)?;
///     let model = recipe.initial_model::<f32>(Shape::new(16, 4)?, seed)?;
///     let law = Features::paper(16, probability)?;
///     let trainer = Trainer::on_fresh_batches(model, law, &recipe, seed)?;
///     Ok::<_, Box<dyn std::error::Error>>(trainer.identity().clone())
/// };
/// let run = identity(0.1, 1)?;
/// assert_eq!(run.hash(), identity(0.1, 1)?.hash());
/// let differences = run.differences(&identity(0.2, 1)?);
/// assert_eq!(differences.len(), 1);
/// assert_eq!(differences[0].to_string(), "law.switches.probability is 0.2, here 0.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    description: Value,
}

/// A field in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field, such as `law.switches.correlation`.
    pub field: String,
    /// Value in the checkpoint, as JSON; `None` if the field is absent there.
    pub checkpoint: Option<String>,
    /// Value in this run, as JSON; `None` if the field is absent here.
    pub run: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The length of the longest value that is written in full.
        const LONGEST: usize = 60;
        let short = |value: &Option<String>| match value.as_deref() {
            None => "absent".to_owned(),
            Some(value) if value.chars().count() <= LONGEST => value.to_owned(),
            Some(value) => value.chars().take(LONGEST).chain(['…']).collect(),
        };
        write!(f, "{} is {}, here {}", self.field, short(&self.checkpoint), short(&self.run))
    }
}

impl Identity {
    /// Returns the identity of a run before its first step.
    ///
    /// # Errors
    /// [`Error::Undescribed`] for a stop rule that this crate does not know.
    pub(crate) fn new<M: Model>(model: &M, task: &Task, recipe: &Recipe) -> Result<Self> {
        let bits = |&weight: &M::Scalar| Into::<f64>::into(weight).to_bits().to_le_bytes();
        let description = json!({
            "version": VERSION,
            "objective": task.objective,
            "law": task.law,
            "seed": task.seed,
            "model": model_value(model),
            "initial_weights": format!("{:016x}", fingerprint(model.as_slice().iter().flat_map(bits))),
            "precision": if size_of::<M::Scalar>() == 4 { "f32" } else { "f64" },
            "recipe": recipe_value(recipe)?,
        });
        Ok(Self { description })
    }

    /// Parses a description. `Err` holds the version that the text states, if it states one that is
    /// not [`VERSION`].
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, Option<u64>> {
        let description: Value = serde_json::from_str(text).map_err(|_| None)?;
        match description.get("version").and_then(Value::as_u64) {
            Some(VERSION) => Ok(Self { description }),
            other => Err(other),
        }
    }

    /// Returns the identity of the same run with the given model.
    pub(crate) fn with_model<M: Model>(mut self, model: &M) -> Self {
        if let Value::Object(fields) = &mut self.description {
            fields.insert("model".to_owned(), model_value(model));
        }
        self
    }

    /// Returns each field with its value as JSON. A list is one value.
    fn fields(&self) -> BTreeMap<String, String> {
        fn collect(name: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
            match value {
                Value::Object(parts) => {
                    for (key, part) in parts {
                        let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                        collect(&name, part, fields);
                    }
                }
                value => {
                    fields.insert(name.to_owned(), value.to_string());
                }
            }
        }
        let mut fields = BTreeMap::new();
        collect("", &self.description, &mut fields);
        fields
    }

    /// Returns the hash of the description, after its version: `2-` and 16 hexadecimal digits.
    pub fn hash(&self) -> String {
        let lines = self.fields().into_iter().map(|(field, value)| format!("{field}={value}\n"));
        format!("{VERSION}-{:016x}", fingerprint(lines.collect::<String>().bytes()))
    }

    /// Returns the fields in which `checkpoint` differs from this run, ordered by name.
    pub fn differences(&self, checkpoint: &Self) -> Vec<Difference> {
        let (run, checkpoint) = (self.fields(), checkpoint.fields());
        let mut names: Vec<_> = run.keys().chain(checkpoint.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let of = |name: &String| Difference {
            field: name.clone(),
            checkpoint: checkpoint.get(name).cloned(),
            run: run.get(name).cloned(),
        };
        names.into_iter().filter(|name| run.get(*name) != checkpoint.get(*name)).map(of).collect()
    }
}

/// Writes the description as one line of JSON.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.description)
    }
}

fn model_value<M: Model>(model: &M) -> Value {
    let mut value = serde_json::Map::new();
    let blocks = model.blocks().into_iter();
    let blocks: Vec<_> = blocks.map(|(name, shape)| (name, shape.iter().product::<usize>())).collect();
    value.insert("blocks".to_owned(), blocks.into_iter().collect());
    value.extend(model.describe().into_iter().map(|(name, what)| (name.to_owned(), what.into())));
    Value::Object(value)
}

fn recipe_value(recipe: &Recipe) -> Result<Value> {
    let undescribed =
        |what| move |error: serde_json::Error| Error::Undescribed { what, source: error.into() };
    let mut value = json!({
        "batches": recipe.batches.map(|batches| json!({ "samples": batches.batch, "epoch": batches.epoch })),
        "importance": recipe.importance,
        "optimizer": serde_json::to_value(recipe.optimizer).map_err(undescribed("optimizer"))?,
        "schedule": serde_json::to_value(&recipe.schedule).map_err(undescribed("schedule"))?,
        "stop": serde_json::to_value(recipe.stop).map_err(undescribed("stop rule"))?,
    });
    if recipe.cooling != 0.0 {
        value["cooling"] = json!(recipe.cooling);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use toy_superposition_data::{Features, Law, Pairs, UnitUniform};
    use toy_superposition_model::{Activation, Initialisation, Shape};
    use toy_superposition_optim::{AdamConfig, OptimizerConfig, Schedule, StopRule, WeightDecay};

    use super::*;
    use crate::{Batches, initial_model};

    /// The text and the hash are part of the file format. If this test fails, existing checkpoints
    /// become unusable, and [`VERSION`] must be raised.
    #[test]
    fn the_description_of_a_run_stays_as_it_is() {
        let law = Features::new(Pairs::new(3, 0.25, -0.1).unwrap(), UnitUniform).spec();
        let recipe = Recipe {
            batches: Some(Batches::new(70, Some(250)).unwrap()),
            optimizer: OptimizerConfig::Adam(AdamConfig {
                beta1: 0.8,
                beta2: 0.97,
                epsilon: 1e-6,
                weight_decay: WeightDecay::Decoupled(0.01),
            }),
            schedule: Schedule::warm_up_cosine(0.01, 5, 0.001, 30).unwrap(),
            stop: StopRule::EpochWindows { window: 3, epoch_steps: 4, max_epochs: 9 },
            weights: Initialisation::PyTorch,
            cooling: 0.0,
            importance: Some(vec![1.0, 0.5, 1.0, 0.0, 2.0, 1e-7]),
        };
        let task = Task { objective: "fresh batches".into(), law: Some(law), seed: Some(u64::MAX) };
        let model =
            initial_model::<f32>(Shape::tied(6, 2).unwrap(), Initialisation::PyTorch, Activation::Relu, 1)
                .unwrap();
        let identity = Identity::new(&model, &task, &recipe).unwrap();
        let text = r#"{
            "version": 2, "objective": "fresh batches", "seed": 18446744073709551615, "precision": "f32",
            "initial_weights": "341db9bf3bad0a6d",
            "law": {
                "features": 6, "switches": { "kind": "pairs", "probability": 0.25, "correlation": -0.1 },
                "magnitude": { "kind": "uniform" }
            },
            "model": {
                "blocks": { "encoder": 12, "bias": 6 },
                "features": "6", "hidden": "2", "tied": "true", "activation": "relu"
            },
            "recipe": {
                "batches": { "samples": 70, "epoch": 250 }, "importance": [1.0, 0.5, 1.0, 0.0, 2.0, 1e-7],
                "optimizer": {
                    "kind": "adam", "beta1": 0.8, "beta2": 0.97, "epsilon": 1e-6,
                    "weight_decay": { "decoupled": 0.01 }
                },
                "schedule": { "kind": "pieces", "rate": 0.01, "floor": 0.001, "warm_up": 5, "cosine": 30 },
                "stop": { "kind": "epoch_windows", "window": 3, "epoch_steps": 4, "max_epochs": 9 }
            }
        }"#;
        let written = Identity::parse(text).unwrap();
        assert_eq!(identity.differences(&written), []);
        assert_eq!(identity.hash(), "2-7936bf4b79ca4268");
        assert_eq!(Identity::parse(&identity.to_string()).unwrap(), identity);
        let cooled = Identity::new(&model, &task, &Recipe { cooling: 0.25, ..recipe }).unwrap();
        let differences = cooled.differences(&identity);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].to_string(), "recipe.cooling is absent, here 0.25");
    }

    #[test]
    fn other_versions_and_other_texts_are_no_descriptions() {
        assert_eq!(Identity::parse(r#"{ "version": 3 }"#), Err(Some(3)));
        assert_eq!(Identity::parse("{}"), Err(None));
        assert_eq!(Identity::parse("Shape { features: 90 }, AdamConfig {"), Err(None));
    }
}
