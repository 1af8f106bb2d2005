//! Weight files in the safetensors format.

use std::collections::BTreeMap;
use std::path::Path;

use toy_superposition_files::write_atomically;

use crate::attachments::{bytes_of, write};
use crate::tensors::{Tensor, Tensors, tensors};
use crate::{Activation, Attachments, Autoencoder, Error, Names, Result, Scalar, Vector};

/// A model with the metadata and the vectors of its weight file.
///
/// | tensor | shape | in the paper's released code | of two linear layers | in Elhage et al. (2022) |
/// |---|---|---|---|---|
/// | `encoder` | n_d × n_s | `initial_layer.weight` | `encoder.weight` | `W`, n_s × n_d |
/// | `decoder` | n_s × n_d | `final_layer.weight` | `decoder.weight` | |
/// | `bias` | n_s | `final_layer.bias` | `decoder.bias` | `b_final` |
///
/// Every set of names in [`Names`] is read. Each name may stand behind the prefixes `_orig_mod.`
/// (`torch.compile`) and `module.` (`DistributedDataParallel`). Matrices are stored row by row, as
/// PyTorch, JAX and NumPy write them. `W` is read as n_d × n_s only if its shape and the length of
/// the bias rule out n_s × n_d.
///
/// A file without a decoder holds tied weights, `W_out = W_inᵀ`. Such a file is refused if its
/// metadata says `tied = false`, or if it holds other matrices and its metadata does not say
/// `tied = true`. A file is also refused if it holds several models that differ.
///
/// Numbers are F16, BF16, F32 or F64, and reading never rounds them. `f64` holds all of them; a
/// file is refused for `f32` if one of its numbers would be rounded. To round, read `f64` and
/// [cast](Autoencoder::cast).
///
/// Metadata is kept unchanged except for the keys `activation` (`relu` if absent; see
/// [`Activation`] for the other names) and `tied` (`true` or `false`). These two are checked when a
/// file is read, and are always written. Every other vector (a tensor of one dimension, F32 or F64)
/// is kept too. A checkpoint stores its optimizer's moments as such vectors, so it is also a weight
/// file.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<T> {
    /// The model.
    pub model: Autoencoder<T>,
    /// The other metadata of the file (p, seed, recipe, …), without the keys `activation` and
    /// `tied`.
    pub metadata: BTreeMap<String, String>,
    /// The other vectors in the file, by name.
    pub vectors: BTreeMap<String, Vector>,
}

impl<T: Scalar> Weights<T> {
    /// Returns a model without metadata.
    pub fn new(model: Autoencoder<T>) -> Self {
        Self { model, metadata: BTreeMap::new(), vectors: BTreeMap::new() }
    }

    /// Reads a weight file whose tensors have any of the known [`Names`].
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Contents`] if
    /// [`from_bytes`](Self::from_bytes) refuses its contents.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_any(path.as_ref(), &Names::KNOWN)
    }

    /// Reads the model whose tensors have the given names.
    ///
    /// # Errors
    /// Returns the errors of [`load`](Self::load).
    pub fn load_named(path: impl AsRef<Path>, names: Names<'_>) -> Result<Self> {
        Self::load_any(path.as_ref(), &[names])
    }

    fn load_any(path: &Path, names: &[Names<'_>]) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::parse(&bytes, names)
            .map_err(|source| Error::Contents { path: path.to_owned(), source: Box::new(source) })
    }

    /// Writes a weight file [atomically](write_atomically).
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be written, and the errors of
    /// [`to_bytes`](Self::to_bytes). An older file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>, names: Names<'_>) -> Result<()> {
        Ok(write_atomically(path, &self.to_bytes(names)?)?)
    }

    /// Parses the bytes of a weight file.
    ///
    /// # Errors
    /// - [`Error::Format`] for bytes that are not a valid safetensors file: truncated, overlong, or
    ///   with a hostile header.
    /// - [`Error::TorchFile`] for a zip archive or a pickle, such as `torch.save` writes.
    /// - [`Error::Names`] if there is no encoder of a known name, [`Error::NoBias`] if there is no
    ///   bias beside it, [`Error::OtherBias`] for a second bias that is not 0: one of the layer of
    ///   the encoder, or a vector of n_s or n_d numbers that is named like a bias, [`Error::OtherMatrices`] for matrices beside encoder and decoder, unless the
    ///   metadata says whether the weights are tied.
    /// - [`Error::Ambiguous`] for several models that differ, [`Error::TiedDecoder`] and
    ///   [`Error::NoDecoder`] if it is not certain whether the weights are tied.
    /// - [`Error::Type`], [`Error::Dimensions`], [`Error::Precision`] for a tensor that `T` cannot
    ///   hold.
    /// - [`Error::Mismatch`], [`Error::Shape`], [`Error::NotFinite`], [`Error::TopK`] and
    ///   [`Error::Metadata`] for tensors or metadata that do not form an autoencoder. The first and
    ///   the third are the cause of an [`Error::Tensor`] if the tensor has another name in the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes, &Names::KNOWN)
    }

    fn parse(bytes: &[u8], names: &[Names<'_>]) -> Result<Self> {
        let Attachments { mut metadata, mut vectors } = Attachments::from_bytes(bytes)?;
        let file = tensors(bytes)?;
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

        let mut models = Vec::new();
        for &names in names {
            models.extend(Tensors::find(&file, names)?);
        }
        let [first, rest @ ..] = &models[..] else {
            for &names in names {
                if let Some(encoder) = Tensor::find(&file, names.encoder())? {
                    let vectors = file.iter().filter(|(_, view)| view.shape().len() == 1);
                    return Err(Error::NoBias {
                        encoder: encoder.name.to_owned(),
                        bias: names.bias().to_owned(),
                        vectors: first_names(vectors.map(|(name, _)| name)),
                    });
                }
            }
            let expected = names.iter().map(Names::to_string).collect();
            return Err(Error::Names { found: first_names(file.names()), expected });
        };
        let others = || file.iter().filter(|(name, _)| !models.iter().any(|tensors| tensors.contain(name)));
        let by_default = names.len() > 1;
        let matrices = others().filter(|(_, view)| view.shape().len() > 1);
        let matrices = first_names(matrices.map(|(name, _)| name));
        if by_default && tied.is_none() && first.has_decoder() && !matrices.is_empty() {
            return Err(Error::OtherMatrices { names: matrices });
        }
        let second = others().find(|(name, view)| {
            let sizes = first.sizes();
            let named =
                by_default && named_like_a_bias(name) && sizes.contains(&view.shape().iter().product());
            (first.is_hidden_bias(name) || named) && !Tensor::is_zero(view)
        });
        if let Some((name, _)) = second {
            return Err(Error::OtherBias { name: name.to_owned() });
        }
        let model = first.model(tied, &matrices, activation)?;
        for other in rest {
            if other.model(tied, &matrices, activation)? != model {
                return Err(Error::Ambiguous {
                    names: first_names(models.iter().map(Tensors::encoder_name)),
                });
            }
        }
        vectors.retain(|name, _| !models.iter().any(|tensors| tensors.contain(name)));
        Ok(Self { model, metadata, vectors })
    }

    /// Returns the bytes of a weight file.
    ///
    /// # Errors
    /// [`Error::Untied`] if the model has its own decoder and the names are for tied weights only,
    /// [`Error::Name`] if another vector has the name of one of the weights, [`Error::Format`] if
    /// the tensors are too large for the format.
    pub fn to_bytes(&self, names: Names<'_>) -> Result<Vec<u8>> {
        let model = &self.model;
        let (features, hidden, tied) = (model.features(), model.hidden(), model.shape().is_tied());
        if let Some(name) = self.vectors.keys().find(|name| names.all().any(|taken| taken == *name)) {
            return Err(Error::Name { name: name.clone() });
        }
        let encoder = if names == Names::Elhage {
            (names.encoder(), vec![features, hidden], bytes_of(model.parameters().encoder_slice()))
        } else {
            (names.encoder(), vec![hidden, features], bytes_of(model.encoder().transpose().as_slice()))
        };
        let mut tensors =
            vec![encoder, (names.bias(), vec![features], bytes_of(model.parameters().bias_slice()))];
        if !tied {
            let decoder = names.decoder().ok_or(Error::Untied { encoder: names.encoder().to_owned() })?;
            tensors.push((decoder, vec![features, hidden], bytes_of(model.parameters().decoder_slice())));
        }
        let mut metadata = self.metadata.clone();
        metadata.insert("activation".into(), model.activation().to_string());
        metadata.insert("tied".into(), tied.to_string());
        write::<T>(&tensors, &metadata, &self.vectors)
    }
}

/// Returns whether a tensor's name is that of a bias: its last part has `bias` in it, or is `b` with
/// at most two more letters or digits, or begins with `b_`.
fn named_like_a_bias(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.contains("bias") || last.starts_with("b_") || last.starts_with('b') && last.len() <= 3
}

/// Returns the first sixteen of these names in alphabetical order, for an error text.
fn first_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    names.truncate(16);
    names
}
