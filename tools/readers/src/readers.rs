//! The readers, each with files that it takes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use toy_superposition::computation::{Architecture, EmbeddingKind, Network};
use toy_superposition::data::{Features, Independent, LawSpec, Stream};
use toy_superposition::designs::{Store, Trained};
use toy_superposition::model::{Activation, Autoencoder, Initialisation, Names, Shape, Weights};
use toy_superposition::sweep::{Grid, Options, Superposition, Sweep};
use toy_superposition::train::{self, FreshBatches, Recipe, Trainer, initial_model};

/// What reads files of one kind.
pub(crate) trait Reader {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Files that it takes.
    fn examples(&self) -> Vec<Vec<u8>>;

    /// Whether it takes a file.
    fn read(&self, file: &[u8]) -> bool;
}

/// A reader that is a function.
struct Of<F> {
    name: &'static str,
    examples: Vec<Vec<u8>>,
    read: F,
}

impl<F: Fn(&[u8]) -> bool> Reader for Of<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn examples(&self) -> Vec<Vec<u8>> {
        self.examples.clone()
    }

    fn read(&self, file: &[u8]) -> bool {
        (self.read)(file)
    }
}

const LAWS: [&str; 5] = [
    "features = 6\n[switches]\nkind = \"groups\"\nprobability = 0.3\nsize = 3\n[magnitude]\nkind = \"uniform\"\n",
    "features = 4\n[switches]\nkind = \"independent\"\nprobability = [0.1, 0.2, 0.3, 0.4]\n",
    "features = 8\n[switches]\nkind = \"exactly\"\non = 2\n[magnitude]\nkind = \"interval\"\nlow = 0.5\nhigh = 2.0\n",
    "features = 6\n[switches]\nkind = \"pairs\"\nprobability = 0.2\ncorrelation = -0.1\n",
    "features = 3\n[switches]\nkind = \"graph\"\nsources = [0.1, 0.02, 0.1]\nedges = [{ from = 0, to = 1, transmission = 0.5 }]\n",
];

const GRID: &str = r#"
[experiment]
max_epochs = 3
mean_field_steps = 50
samples = 2048

[[block]]
name = "every kind"
kinds = ["rug", "linear", "theory"]
features = [32]
probabilities = { linspace = [0.1, 0.3, 2] }
ratios = [0.25, 0.5]
seeds = [0, 1]

[[block]]
kinds = ["trained"]
ratios = [0.25]
[[block.laws]]
features = 16
switches = { kind = "pairs", probability = 0.1, correlation = 0.5 }
"#;

const TRAINED: &str = "kind,features,hidden,probability,law,exact_loss\ntrained,512,128,0.05,,0.0046\ntrained,512,128,0.05,,0.0047\n";

fn text(file: &[u8]) -> Option<&str> {
    std::str::from_utf8(file).ok()
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Box<dyn Reader>>, Box<dyn Error>> {
    let shape = Shape::new(6, 3)?;
    let model = initial_model::<f32>(shape, Initialisation::PyTorch, Activation::Relu, 1)?;
    let tied = initial_model::<f64>(Shape::tied(5, 2)?, Initialisation::UnitNorm, Activation::Relu, 1)?;
    let mut store = Store::default();
    store.add_set(16, vec![1, 2, 4, 8, 15]);
    store.add_weights(0.05, "six in three", &model, "an example")?;
    let weights = vec![
        Weights::new(model.clone()).to_bytes(Names::Own)?,
        Weights::new(model).to_bytes(Names::ReleasedCode)?,
        Weights::new(tied).to_bytes(Names::Elhage)?,
    ];
    Ok(vec![
        Box::new(Of {
            name: "weights",
            examples: weights,
            read: |file: &[u8]| {
                Weights::<f32>::from_bytes(file).is_ok() | Weights::<f64>::from_bytes(file).is_ok()
            },
        }),
        Box::new(Of {
            name: "store",
            examples: vec![store.to_bytes()?],
            read: |file: &[u8]| Store::from_bytes(file).is_ok(),
        }),
        Box::new(Of {
            name: "network",
            examples: networks()?,
            read: |file: &[u8]| Network::<f32>::from_file(file).is_ok(),
        }),
        Box::new(Of {
            name: "law",
            examples: LAWS.map(|law| law.as_bytes().to_vec()).to_vec(),
            read: |file: &[u8]| {
                let law = text(file).and_then(|text| toml::from_str::<LawSpec>(text).ok());
                law.is_some_and(|law| law.build().is_ok())
            },
        }),
        Box::new(Of {
            name: "grid",
            examples: vec![GRID.as_bytes().to_vec()],
            read: |file: &[u8]| {
                let grid = text(file).and_then(|text| Grid::<Superposition>::parse(text).ok());
                grid.is_some_and(|grid| grid.cells().is_ok())
            },
        }),
        Box::new(Of {
            name: "trained",
            examples: vec![TRAINED.as_bytes().to_vec()],
            read: |file: &[u8]| text(file).is_some_and(|text| Trained::from_csv(text).is_ok()),
        }),
        Box::new(Folder::new("journal", "journal.jsonl")?),
        Box::new(Folder::new("manifest", "manifest.json")?),
        Box::new(Checkpoint::new()?),
    ])
}

/// A residual network with a fixed embedding, and a plain one with a learned one.
fn networks() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let embedding = EmbeddingKind::Random.matrix(6, 3, &mut Stream::Draws.rng(1, 0))?;
    let residual = Architecture::residual(6, 3).with_layers(2).with_width(4);
    let mut plain = Architecture::plain(6, 3, 6).with_layers(1).with_width(4);
    plain.learned_embedding = true;
    let metadata = BTreeMap::from([("seed".to_owned(), "1".to_owned())]);
    let file = |architecture| {
        let network = Network::<f32>::random(architecture, &embedding, &mut Stream::Weights.rng(1, 0))?;
        Ok(network.to_file(&metadata)?)
    };
    [residual, plain].into_iter().map(file).collect()
}

/// One file of a sweep's folder.
struct Folder {
    name: &'static str,
    folder: TempDir,
    path: PathBuf,
    file: Vec<u8>,
}

impl Folder {
    fn new(name: &'static str, file: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let sweep = Sweep::create(folder.path(), Grid::<Superposition>::parse(GRID)?)?;
        sweep.run(&Options::default(), |_| {})?;
        let path = folder.path().join(file);
        let file = fs::read(&path)?;
        Ok(Self { name, folder, path, file })
    }
}

/// Whether the folder holds a sweep whose records can be read.
fn opens(folder: &Path) -> bool {
    Sweep::<Superposition>::open(folder).and_then(|sweep| sweep.records()).is_ok()
}

impl Reader for Folder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn examples(&self) -> Vec<Vec<u8>> {
        vec![self.file.clone()]
    }

    fn read(&self, file: &[u8]) -> bool {
        fs::write(&self.path, file).is_ok_and(|()| opens(self.folder.path()))
    }
}

/// A checkpoint of a run.
struct Checkpoint {
    folder: TempDir,
    file: Vec<u8>,
}

const FEATURES: usize = 6;

type Training = Trainer<Autoencoder<f32>, FreshBatches<f32, Features<Independent>>>;

/// The run, at its start.
fn trainer() -> train::Result<Training> {
    let shape = Shape::new(FEATURES, 3)?;
    let recipe = Recipe::fast(shape, Some(3))?;
    let law = Features::paper(FEATURES, 0.2)?;
    Trainer::on_fresh_batches(recipe.initial_model(shape, 1)?, law, &recipe, 1)
}

impl Checkpoint {
    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("checkpoint");
        let mut trainer = trainer()?;
        trainer.step()?;
        trainer.save(&path)?;
        Ok(Self { file: fs::read(&path)?, folder })
    }
}

impl Reader for Checkpoint {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn examples(&self) -> Vec<Vec<u8>> {
        vec![self.file.clone()]
    }

    fn read(&self, file: &[u8]) -> bool {
        let path = self.folder.path().join("mutated");
        let resumes = || trainer()?.resume(&path);
        fs::write(&path, file).is_ok() && resumes().unwrap_or(false)
    }
}
