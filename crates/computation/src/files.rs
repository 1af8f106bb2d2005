//! Weight files: one safetensors file with a tensor per block.

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::DMatrix;
use toy_superposition_files::write_atomically;
use toy_superposition_model::{Attachments, Error as ModelError, Model, Scalar, Vector};

use crate::{Architecture, Error, Network, Result};

const ARCHITECTURE: &str = "architecture";
const EMBEDDING: &str = "fixed_embedding";

impl<T: Scalar> Network<T> {
    /// Writes the network and further metadata to a safetensors file, atomically: after a crash the
    /// file is either the old or the new one.
    ///
    /// | Content | Place in the file |
    /// |---|---|
    /// | parameters | one tensor per block of the [`Architecture`] |
    /// | a fixed embedding | vector `fixed_embedding`, `W_E` by columns |
    /// | the architecture | metadata `architecture`, as JSON |
    ///
    /// # Errors
    /// [`Error::Model`], with `Write` if the file cannot be written and `Format` if it is too large
    /// for the format.
    pub fn save(&self, path: impl AsRef<Path>, metadata: &BTreeMap<String, String>) -> Result<()> {
        let bytes = self.to_file(metadata)?;
        Ok(write_atomically(path, &bytes).map_err(ModelError::Write)?)
    }

    /// Returns the bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// [`Error::Model`] with `Format` if the file is too large for the format.
    pub fn to_file(&self, metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
        let mut attachments = Attachments { metadata: metadata.clone(), ..Attachments::default() };
        let architecture = serde_json::to_string(self.architecture())
            .map_err(|_| Error::NotANetwork { key: ARCHITECTURE, present: true })?;
        attachments.metadata.insert(ARCHITECTURE.to_owned(), architecture);
        if !self.architecture().learned_embedding {
            let embedding = T::to_vector(self.embedding_slice());
            attachments.vectors.insert(EMBEDDING.to_owned(), embedding);
        }
        Ok(self.to_bytes(attachments)?)
    }

    /// Reads a network and its metadata from a file.
    ///
    /// # Errors
    /// [`Error::Model`] with `File` if the file cannot be read, and the errors of
    /// [`from_file`](Self::from_file).
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, BTreeMap<String, String>)> {
        let path = path.as_ref();
        let bytes =
            std::fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
        Self::from_file(&bytes)
    }

    /// Reads a network and its metadata from the bytes of a file.
    ///
    /// # Errors
    /// [`Error::NotANetwork`] without a readable architecture or fixed embedding; [`Error::Model`]
    /// with `Format` for bytes that are not a safetensors file, or with `Block`, `Type`,
    /// `Precision` or `NotFinite` for parameters that do not match the architecture; and the errors
    /// of [`zeros`](Self::zeros).
    pub fn from_file(bytes: &[u8]) -> Result<(Self, BTreeMap<String, String>)> {
        let Attachments { mut metadata, mut vectors } = Attachments::from_bytes(bytes)?;
        let text = metadata.remove(ARCHITECTURE);
        let text = text.ok_or(Error::NotANetwork { key: ARCHITECTURE, present: false })?;
        let architecture: Architecture = serde_json::from_str(&text)
            .map_err(|_| Error::NotANetwork { key: ARCHITECTURE, present: true })?;
        architecture.check()?;
        let (features, hidden) = (architecture.features, architecture.hidden);
        // The size is checked against the file before memory is allocated for it.
        if architecture.parameters() > bytes.len() as u128 {
            return Err(Error::NotANetwork { key: ARCHITECTURE, present: true });
        }
        let embedding = if architecture.learned_embedding {
            DMatrix::zeros(hidden, features)
        } else {
            let vector = vectors.remove(EMBEDDING);
            let present = vector.is_some();
            let values: Option<Vec<f64>> = match vector {
                Some(Vector::F32(values)) => Some(values.into_iter().map(f64::from).collect()),
                Some(Vector::F64(values)) => Some(values),
                None => None,
            };
            let values = values.filter(|values| values.len() as u128 == features as u128 * hidden as u128);
            let values = values.ok_or(Error::NotANetwork { key: EMBEDDING, present })?;
            DMatrix::from_vec(hidden, features, values)
        };
        let mut network = Self::zeros(architecture, &embedding)?;
        network.read(bytes)?;
        Ok((network, metadata))
    }
}
