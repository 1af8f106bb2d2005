//! Weight files in the safetensors format.
//!
//! | tensor | shape | in the paper's released code |
//! |---|---|---|
//! | `encoder` | n_d × n_s | `initial_layer.weight` |
//! | `decoder` (absent if tied) | n_s × n_d | `final_layer.weight` |
//! | `bias` | n_s | `final_layer.bias` |
//!
//! Both sets of names are read, as F32 or F64; values are rounded to the wanted type. Matrices lie by rows, as
//! PyTorch, JAX and NumPy write them. Metadata is kept as it is, except for the keys `activation` (`relu` if
//! absent; other names in [`Activation`]) and `tied` (`true` or `false`), which are written and checked here. So is every
//! other vector (a tensor of one dimension, F32 or F64): a checkpoint keeps its optimizer's moments there, and is a
//! weight file all the same.

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::{DMatrix, DVector};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use toy_superposition_files::write_atomically;

use crate::{Activation, Autoencoder, Error, Result, Scalar};

/// The names that tensors are written under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Names {
    /// `encoder`, `decoder`, `bias`.
    #[default]
    Own,
    /// `initial_layer.weight`, `final_layer.weight`, `final_layer.bias`: what the paper's released code reads.
    ReleasedCode,
}

impl Names {
    const ALL: [Self; 2] = [Self::Own, Self::ReleasedCode];

    fn of(self) -> [&'static str; 3] {
        match self {
            Self::Own => ["encoder", "decoder", "bias"],
            Self::ReleasedCode => ["initial_layer.weight", "final_layer.weight", "final_layer.bias"],
        }
    }
}

/// A model with the metadata of its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<T> {
    /// The model.
    pub model: Autoencoder<T>,
    /// What else the file says (p, seed, recipe, …), without the keys `activation` and `tied`.
    pub metadata: BTreeMap<String, String>,
    /// The other vectors in the file, by name.
    pub vectors: BTreeMap<String, Vector>,
}

/// A vector of either type.
#[derive(Debug, Clone, PartialEq)]
pub enum Vector {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Vector {
    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::F32(values) => bytes_of(values),
            Self::F64(values) => bytes_of(values),
        }
    }
}

impl<T: Scalar> Weights<T> {
    /// A model without metadata.
    pub fn new(model: Autoencoder<T>) -> Self {
        Self { model, metadata: BTreeMap::new(), vectors: BTreeMap::new() }
    }

    /// Reads a weight file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Contents`] for what [`from_bytes`](Self::from_bytes) refuses.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
            .map_err(|source| Error::Contents { path: path.to_owned(), source: Box::new(source) })
    }

    /// Writes a weight file, [atomically](write_atomically).
    ///
    /// # Errors
    /// [`Error::Write`] if it cannot be written; an older file is then untouched.
    pub fn save(&self, path: impl AsRef<Path>, names: Names) -> Result<()> {
        Ok(write_atomically(path, &self.to_bytes(names)?)?)
    }

    /// Parses the bytes of a weight file.
    ///
    /// # Errors
    /// [`Error::Format`] for bytes that are not safetensors (truncated, overlong, hostile header);
    /// [`Error::Names`], [`Error::Type`], [`Error::Dimensions`], [`Error::Mismatch`], [`Error::Shape`],
    /// [`Error::NotFinite`], [`Error::TopK`] and [`Error::Metadata`] for a file whose content is no autoencoder.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let mut metadata: BTreeMap<_, _> =
            header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        let file = SafeTensors::deserialize(bytes)?;
        let activation = match metadata.remove("activation") {
            None => Activation::Relu,
            Some(given) => Activation::from_name(&given).ok_or(Error::Metadata {
                key: "activation",
                given,
                allowed: &Activation::NAMES,
            })?,
        };
        let tied = match metadata.remove("tied") {
            None => None,
            Some(given) => match given.parse() {
                Ok(tied) => Some(tied),
                Err(_) => {
                    return Err(Error::Metadata { key: "tied", given, allowed: &["true", "false"] });
                }
            },
        };
        for names in Names::ALL {
            let [encoder, decoder, bias] = names.of();
            let (Ok(encoder_view), Ok(bias_view)) = (file.tensor(encoder), file.tensor(bias)) else {
                continue;
            };
            let encoder = matrix(encoder, &encoder_view)?;
            let bias = DVector::from_vec(numbers(bias, &bias_view, 1)?);
            let model = match (file.tensor(decoder), tied) {
                (Ok(view), None | Some(false)) => {
                    Autoencoder::new(&encoder, &matrix(decoder, &view)?, &bias, activation)?
                }
                (Err(_), Some(true)) => Autoencoder::tied(&encoder, &bias, activation)?,
                _ => continue,
            };
            let mut vectors = BTreeMap::new();
            for (name, view) in file.iter().filter(|(name, _)| !names.of().contains(name)) {
                let vector = match (view.shape().len(), view.dtype()) {
                    (1, Dtype::F32) => Vector::F32(read_f32(&view).collect()),
                    (1, Dtype::F64) => Vector::F64(read_f64(&view).collect()),
                    _ => continue,
                };
                vectors.insert(name.to_owned(), vector);
            }
            return Ok(Self { model, metadata, vectors });
        }
        let mut found: Vec<_> = file.names().into_iter().map(str::to_owned).collect();
        found.sort();
        found.truncate(16);
        Err(Error::Names { found })
    }

    /// The bytes of a weight file.
    ///
    /// # Errors
    /// [`Error::Name`] if a further vector has the name of one of the weights, [`Error::Format`] if the tensors are too large
    /// for the format.
    pub fn to_bytes(&self, names: Names) -> Result<Vec<u8>> {
        let model = &self.model;
        let (features, hidden, tied) = (model.features(), model.hidden(), model.shape().tied());
        let [encoder, decoder, bias] = names.of();
        if let Some(name) = self.vectors.keys().find(|name| names.of().contains(&name.as_str())) {
            return Err(Error::Name { name: name.clone() });
        }
        let mut tensors = vec![
            (encoder, vec![hidden, features], bytes_of(model.encoder().transpose().as_slice())),
            (bias, vec![features], bytes_of(model.parameters().bias_slice())),
        ];
        if !tied {
            tensors.push((decoder, vec![features, hidden], bytes_of(model.parameters().decoder_slice())));
        }
        let mut tensors: Vec<_> =
            tensors.into_iter().map(|(name, shape, bytes)| (name, T::DTYPE, shape, bytes)).collect();
        for (name, vector) in &self.vectors {
            tensors.push((name, vector.dtype(), vec![vector.len()], vector.bytes()));
        }
        let views: Vec<_> = tensors
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<_>>()?;
        let mut metadata = self.metadata.clone();
        metadata.insert("activation".into(), model.activation().to_string());
        metadata.insert("tied".into(), tied.to_string());
        Ok(with_metadata(&safetensors::serialize(views, None)?, &metadata))
    }
}

/// The same file with metadata. (The library writes metadata in random order; here equal models give equal files.)
fn with_metadata(file: &[u8], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    const LENGTH: usize = 8;
    let length = file.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)) as usize;
    let (header, data) = file[LENGTH..].split_at(length);
    let metadata: String = metadata
        .iter()
        .map(|(key, value)| {
            format!("{}:{}", serde_json::Value::from(&key[..]), serde_json::Value::from(&value[..]))
        })
        .collect::<Vec<_>>()
        .join(",");
    // The header is a JSON object of at least two tensors: the metadata goes first.
    let mut out = vec![0; LENGTH];
    out.extend_from_slice(b"{\"__metadata__\":{");
    out.extend_from_slice(metadata.as_bytes());
    out.extend_from_slice(b"},");
    out.extend_from_slice(header[1..].trim_ascii_end());
    out.resize(out.len().next_multiple_of(LENGTH), b' ');
    let length = (out.len() - LENGTH) as u64;
    out[..LENGTH].copy_from_slice(&length.to_le_bytes());
    out.extend_from_slice(data);
    out
}

fn bytes_of<T: Scalar>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(std::mem::size_of_val(values));
    values.iter().for_each(|value| value.write_bytes(&mut bytes));
    bytes
}

/// A matrix from a tensor stored by rows.
fn matrix<T: Scalar>(tensor: &'static str, view: &TensorView<'_>) -> Result<DMatrix<T>> {
    let values = numbers(tensor, view, 2)?;
    Ok(DMatrix::from_row_slice(view.shape()[0], view.shape()[1], &values))
}

/// The values of a tensor of the given number of dimensions.
fn numbers<T: Scalar>(tensor: &'static str, view: &TensorView<'_>, dimensions: usize) -> Result<Vec<T>> {
    if view.shape().len() != dimensions {
        return Err(Error::Dimensions { tensor, given: view.shape().to_vec(), expected: dimensions });
    }
    match view.dtype() {
        Dtype::F32 => Ok(read_f32(view).map(|value| T::round_from(value.into())).collect()),
        Dtype::F64 => Ok(read_f64(view).map(T::round_from).collect()),
        given => Err(Error::Type { tensor, given }),
    }
}

// The format has checked that the data has as many bytes as shape and type ask for.
fn read_f32(view: &TensorView<'_>) -> impl Iterator<Item = f32> {
    view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
}

fn read_f64(view: &TensorView<'_>) -> impl Iterator<Item = f64> {
    view.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes))
}
