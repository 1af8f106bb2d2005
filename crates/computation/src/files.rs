//! Weight files: one safetensors file with a tensor per block.
//!
//! | part | where |
//! |---|---|
//! | parameters | a tensor per block of the [`Architecture`] |
//! | a fixed embedding | vector `fixed_embedding`, `W_E` by columns |
//! | which network it is | metadata `architecture`, as JSON |

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::DMatrix;
use toy_superposition_files::write_atomically;
use toy_superposition_model::{Attachments, Error as ModelError, Model, Scalar, Vector};

use crate::{Architecture, Error, Network, Result};

const ARCHITECTURE: &str = "architecture";
const EMBEDDING: &str = "fixed_embedding";

impl<T: Scalar> Network<T> {
    /// Writes the network with further metadata, atomically: whatever happens, the file is the old
    /// one or the new one.
    ///
    /// # Errors
    /// Of [`Error::Model`]: `Write` if it cannot be written, `Format` if it is too large for the
    /// format.
    pub fn save(&self, path: impl AsRef<Path>, metadata: &BTreeMap<String, String>) -> Result<()> {
        let bytes = self.to_file(metadata)?;
        Ok(write_atomically(path, &bytes).map_err(ModelError::Write)?)
    }

    /// The bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// As [`save`](Self::save), for the format.
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

    /// Reads a network, and the metadata beside it.
    ///
    /// # Errors
    /// Of [`Error::Model`] `File` if it cannot be read; and as [`from_file`](Self::from_file).
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, BTreeMap<String, String>)> {
        let path = path.as_ref();
        let bytes =
            std::fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
        Self::from_file(&bytes)
    }

    /// The network in the bytes of a file, and the metadata beside it.
    ///
    /// # Errors
    /// [`Error::NotANetwork`] without an architecture or a fixed embedding that can be read; of
    /// [`Error::Model`] `Format` for bytes that are no safetensors file, `Block`, `Type`,
    /// `Precision` and `NotFinite` for parameters that are no such network's; and as
    /// [`zeros`](Self::zeros).
    pub fn from_file(bytes: &[u8]) -> Result<(Self, BTreeMap<String, String>)> {
        let Attachments { mut metadata, mut vectors } = Attachments::from_bytes(bytes)?;
        let text = metadata.remove(ARCHITECTURE);
        let text = text.ok_or(Error::NotANetwork { key: ARCHITECTURE, present: false })?;
        let architecture: Architecture = serde_json::from_str(&text)
            .map_err(|_| Error::NotANetwork { key: ARCHITECTURE, present: true })?;
        architecture.check()?;
        let (features, hidden) = (architecture.features, architecture.hidden);
        // What a file claims is not believed before it is there.
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
