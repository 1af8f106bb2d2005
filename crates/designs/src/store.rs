//! A file of blocks that were found by search or by descent.

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::{DMatrix, DVector};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use toy_superposition_files::write_atomically;
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_theory as theory;

use crate::{Error, Result};

/// Blocks that were found by search or by descent: sets S of rugs, and weights of ReLU models.
///
/// A store is kept in one safetensors file. The tensor `rug/256/0` (u32) is a set S of a rug of 256
/// features. The tensors `weights/0.05/NAME/encoder` (f32, n_d × n_s), `…/decoder` (n_s × n_d) and
/// `…/bias` (n_s) are weights for p = 0.05. The metadata `notes` have one line per block of
/// weights: its key `weights/0.05/NAME`, a tab, and how it was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Store {
    /// Each rug as n_s and S.
    sets: Vec<(usize, Vec<usize>)>,
    /// The weights by p, as text, and name.
    weights: BTreeMap<(String, String), Autoencoder<f32>>,
    /// How each block of weights was made.
    notes: BTreeMap<(String, String), String>,
}

impl Store {
    /// The blocks that come with this crate.
    ///
    /// # Errors
    /// [`Error::Store`], which does not occur for the file that comes with this crate.
    pub fn builtin() -> Result<Self> {
        Self::from_bytes(include_bytes!("../atlas/blocks.safetensors"))
    }

    /// Reads a store from a file.
    ///
    /// # Errors
    /// [`Error::Read`] for a file that cannot be read; [`Error::Store`] for a file that is not a
    /// store.
    pub fn load(path: &Path) -> Result<Self> {
        let read = |source| Error::Read { path: path.to_owned(), source };
        Self::from_bytes(&std::fs::read(path).map_err(read)?)
    }

    /// Writes the store to a file, under a temporary name first, so that the file is never half
    /// written.
    ///
    /// # Errors
    /// [`Error::Write`] for a file that cannot be written; [`Error::Store`] if the format refuses a
    /// tensor.
    pub fn save(&self, path: &Path) -> Result<()> {
        Ok(write_atomically(path, &self.to_bytes()?)?)
    }

    /// The number of features n_s and the set S of each rug.
    pub fn sets(&self) -> impl Iterator<Item = (usize, &[usize])> {
        self.sets.iter().map(|(features, rows)| (*features, rows.as_slice()))
    }

    /// The weights that were made for this p, each with its name.
    ///
    /// # Errors
    /// [`Error::Model`], which does not occur, since the weights were checked when they were added.
    pub fn weights(&self, probability: f64) -> Result<Vec<(String, Autoencoder<f64>)>> {
        let own = probability.to_string();
        let of = self.weights.iter().filter(|((p, _), _)| *p == own);
        of.map(|((_, name), model)| Ok((name.clone(), model.cast::<f64>()?))).collect()
    }

    /// The note on how the weights of this p and name were made; `None` if there are no such
    /// weights.
    pub fn note(&self, probability: f64, name: &str) -> Option<&str> {
        self.notes.get(&(probability.to_string(), name.to_owned())).map(String::as_str)
    }

    /// Adds a set S of a rug with this number of features, unless the store has it.
    pub fn add_set(&mut self, features: usize, mut rows: Vec<usize>) {
        rows.sort_unstable();
        if !self.sets.contains(&(features, rows.clone())) {
            self.sets.push((features, rows));
        }
    }

    /// Adds weights for a p with a note on how they were made, and replaces weights of the same p
    /// and name. Control characters in the name and the note become spaces.
    ///
    /// # Errors
    /// [`Error::Theory`] for an output that is not ReLU.
    pub fn add_weights(
        &mut self,
        probability: f64,
        name: &str,
        model: &Autoencoder<f32>,
        note: &str,
    ) -> Result<()> {
        if model.activation().simplified(model.features()) != Activation::Relu {
            return Err(theory::Error::Activation { given: model.activation().name() }.into());
        }
        let line = |text: &str| text.replace(char::is_control, " ");
        let key = (probability.to_string(), line(name));
        self.weights.insert(key.clone(), model.clone());
        self.notes.insert(key, line(note));
        Ok(())
    }

    /// Removes the weights for this p for whose names `keep` returns false.
    pub fn retain_weights(&mut self, probability: f64, keep: impl Fn(&str) -> bool) {
        let own = probability.to_string();
        let keep = |(p, name): &(String, String)| *p != own || keep(name);
        self.weights.retain(|key, _| keep(key));
        self.notes.retain(|key, _| keep(key));
    }

    /// Reads a store from the bytes that [`to_bytes`](Self::to_bytes) returns.
    ///
    /// # Errors
    /// [`Error::Store`] for bytes that are not a store.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let strange = |what: &str| Error::Store { what: what.to_owned() };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| strange(&error.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| strange(&error.to_string()))?;
        let notes = header.metadata().as_ref().and_then(|metadata| metadata.get("notes"));
        let notes = notes.map_or("", String::as_str);
        let mut store = Self::default();
        let floats = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
            let tensor = tensors.tensor(name).map_err(|_| strange(name))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
                return Err(strange(name));
            }
            let (numbers, _) = tensor.data().as_chunks::<4>();
            Ok(numbers.iter().map(|&number| f32::from_le_bytes(number)).collect())
        };
        let mut names: Vec<&str> = tensors.names().into_iter().collect();
        names.sort_unstable();
        for name in names {
            let tensor = tensors.tensor(name).map_err(|_| strange(name))?;
            if let Some(rest) = name.strip_prefix("rug/") {
                let features = rest.split('/').next().and_then(|text| text.parse().ok());
                if tensor.dtype() != Dtype::U32 {
                    return Err(strange(name));
                }
                let (rows, _) = tensor.data().as_chunks::<4>();
                let rows = rows.iter().map(|&row| u32::from_le_bytes(row) as usize).collect();
                store.add_set(features.ok_or_else(|| strange(name))?, rows);
            } else if let Some(key) = name.strip_suffix("/encoder") {
                let (p, title) = key
                    .strip_prefix("weights/")
                    .and_then(|rest| rest.split_once('/'))
                    .ok_or_else(|| strange(name))?;
                let &[hidden, features] = tensor.shape() else { return Err(strange(name)) };
                let encoder = DMatrix::from_row_slice(hidden, features, &floats(name, &[hidden, features])?);
                let decoder = floats(&format!("{key}/decoder"), &[features, hidden])?;
                let decoder = DMatrix::from_row_slice(features, hidden, &decoder);
                let bias = DVector::from_vec(floats(&format!("{key}/bias"), &[features])?);
                let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu)
                    .map_err(|error| strange(&error.to_string()))?;
                let note = notes.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('\t'));
                let key = (p.to_owned(), title.to_owned());
                store.notes.insert(key.clone(), note.unwrap_or_default().to_owned());
                store.weights.insert(key, model);
            } else {
                // The other parts of weights belong to an encoder.
                let key = name.strip_suffix("/decoder").or(name.strip_suffix("/bias"));
                let encoder = key.map(|key| tensors.tensor(&format!("{key}/encoder")).is_ok());
                if encoder != Some(true) {
                    return Err(strange(name));
                }
            }
        }
        Ok(store)
    }

    /// The bytes of the file. The same store always gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Store`] if the format refuses a tensor.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> = BTreeMap::new();
        for (number, (features, rows)) in self.sets.iter().enumerate() {
            let too_large =
                |_| Error::Store { what: format!("a rug of {features} features has a row beyond 2³²") };
            let rows: Vec<u32> =
                rows.iter().map(|&row| u32::try_from(row).map_err(too_large)).collect::<Result<_>>()?;
            let bytes = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
            tensors.insert(format!("rug/{features}/{number}"), (Dtype::U32, vec![rows.len()], bytes));
        }
        let bytes = |matrix: DMatrix<f32>| {
            let shape = vec![matrix.nrows(), matrix.ncols()];
            let row_by_row = matrix.transpose();
            (Dtype::F32, shape, row_by_row.iter().flat_map(|entry| entry.to_le_bytes()).collect())
        };
        for ((p, name), model) in &self.weights {
            let key = format!("weights/{p}/{name}");
            tensors.insert(format!("{key}/encoder"), bytes(model.encoder().into_owned()));
            tensors.insert(format!("{key}/decoder"), bytes(model.decoder()));
            let bias = model.bias().iter().flat_map(|b| b.to_le_bytes()).collect();
            tensors.insert(format!("{key}/bias"), (Dtype::F32, vec![model.features()], bias));
        }
        let strange = |error: safetensors::SafeTensorError| Error::Store { what: error.to_string() };
        let views = tensors.iter().map(|(name, (dtype, shape, data))| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), data).map_err(strange)?))
        });
        let views: Vec<(&str, TensorView<'_>)> = views.collect::<Result<_>>()?;
        // All notes are one entry of the metadata, since the format does not order several.
        let notes: String =
            self.notes.iter().map(|((p, name), note)| format!("weights/{p}/{name}\t{note}\n")).collect();
        safetensors::serialize(views, Some([("notes".to_owned(), notes)].into())).map_err(strange)
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};

    use super::*;

    fn model(scale: f32) -> Autoencoder<f32> {
        let encoder = DMatrix::from_fn(2, 3, |i, j| scale * (1.0 + i as f32 + 10.0 * j as f32));
        let decoder = DMatrix::from_fn(3, 2, |i, j| 0.5 + i as f32 - 3.0 * j as f32);
        let bias = DVector::from_vec(vec![-0.1, 0.2, -0.3]);
        Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap()
    }

    fn store() -> Store {
        let mut store = Store::default();
        store.add_set(16, vec![7, 3, 12]);
        store.add_set(16, vec![3, 7, 12]);
        store.add_weights(0.05, "one (3, 2)", &model(1.0), "by hand").unwrap();
        store.add_weights(0.2, "two\n(3, 2)", &model(2.0), "by hand,\ttwice").unwrap();
        let encoder = model(1.0).encoder().into_owned();
        let linear = Autoencoder::tied(&encoder, &DVector::zeros(3), Activation::Identity).unwrap();
        assert!(matches!(store.add_weights(0.2, "linear", &linear, ""), Err(Error::Theory(_))));
        store
    }

    #[test]
    fn a_store_is_read_as_it_was_written() {
        let store = store();
        let bytes = store.to_bytes().unwrap();
        let again = Store::from_bytes(&bytes).unwrap();
        assert_eq!(again, store);
        assert_eq!(again.to_bytes().unwrap(), bytes);
        assert_eq!(again.sets().collect::<Vec<_>>(), [(16, &[3, 7, 12][..])]);
        let [(name, found)] = &again.weights(0.05).unwrap()[..] else { panic!("{again:?}") };
        assert_eq!((name.as_str(), found), ("one (3, 2)", &model(1.0).cast::<f64>().unwrap()));
        assert_eq!(again.note(0.2, "two (3, 2)"), Some("by hand, twice"));
        assert!(again.weights(0.1).unwrap().is_empty());
        let mut fewer = again.clone();
        fewer.retain_weights(0.05, |_| false);
        assert!(fewer.weights(0.05).unwrap().is_empty() && fewer.weights(0.2).unwrap().len() == 1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.safetensors");
        store.save(&path).unwrap();
        assert_eq!(Store::load(&path).unwrap(), store);
        assert!(matches!(Store::load(&folder.path().join("none")), Err(Error::Read { .. })));
    }

    /// A store that is cut anywhere or has any byte of its header changed is refused or read as
    /// something else, without a panic.
    #[test]
    fn a_hostile_store_is_refused() {
        let bytes = store().to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(matches!(Store::from_bytes(&bytes[..length]), Err(Error::Store { .. })), "{length}");
        }
        for place in 8..bytes.len().min(700) {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let _ = Store::from_bytes(&changed);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("weights/0.05/one"), "{text}");
        for (old, new) in
            [("one (3, 2)/bias", "one (3, 2)/bios"), ("rug/16/0", "rag/16/0"), ("rug/16/0", "rug/1x/0")]
        {
            let changed = replaced(&bytes, old, new);
            assert!(matches!(Store::from_bytes(&changed), Err(Error::Store { .. })), "{new}");
        }
    }

    fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
        assert_eq!(old.len(), new.len());
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
        let mut changed = bytes.to_vec();
        changed[at..at + new.len()].copy_from_slice(new.as_bytes());
        changed
    }
}
