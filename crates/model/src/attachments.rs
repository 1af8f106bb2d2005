//! The metadata and the vectors that a safetensors file holds beside a model's own tensors.

use std::collections::BTreeMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::tensors::{read_f32, read_f64, tensors};
use crate::{Error, Result, Scalar};

/// The metadata of a safetensors file and its vectors: tensors of one dimension in F32 or F64.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attachments {
    /// Values by key.
    pub metadata: BTreeMap<String, String>,
    /// Vectors by name.
    pub vectors: BTreeMap<String, Vector>,
}

/// A vector in single or double precision.
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

impl Attachments {
    /// Reads the metadata and the vectors of a file, including the vectors of its model.
    ///
    /// # Errors
    /// [`Error::Format`] for bytes that are not a valid safetensors file: truncated, overlong, or
    /// with a hostile header; [`Error::TorchFile`] for a file of `torch.save`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let file = tensors(bytes)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(Error::format)?;
        let metadata = header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        let vectors = file.iter().filter_map(|(name, view)| {
            let vector = match (view.shape().len(), view.dtype()) {
                (1, Dtype::F32) => Vector::F32(read_f32(&view).collect()),
                (1, Dtype::F64) => Vector::F64(read_f64(&view).collect()),
                _ => return None,
            };
            Some((name.to_owned(), vector))
        });
        Ok(Self { metadata, vectors: vectors.collect() })
    }
}

/// Returns the bytes of a file with a model's tensors (name, shape, bytes of the values row by
/// row), metadata and vectors.
///
/// # Errors
/// [`Error::Name`] if a vector has the name of a tensor, [`Error::Format`] if the tensors are too
/// large for the format.
pub(crate) fn write<T: Scalar>(
    tensors: &[(&str, Vec<usize>, Vec<u8>)],
    metadata: &BTreeMap<String, String>,
    vectors: &BTreeMap<String, Vector>,
) -> Result<Vec<u8>> {
    if let Some((name, ..)) = tensors.iter().find(|(name, ..)| vectors.contains_key(*name)) {
        return Err(Error::Name { name: (*name).to_owned() });
    }
    let vectors: Vec<_> = vectors
        .iter()
        .map(|(name, vector)| (name, vector.dtype(), vec![vector.len()], vector.bytes()))
        .collect();
    let tensors = tensors.iter().map(|(name, shape, bytes)| (*name, T::DTYPE, shape, bytes));
    let views: Vec<_> = tensors
        .chain(vectors.iter().map(|(name, dtype, shape, bytes)| (name.as_str(), *dtype, shape, bytes)))
        .map(|(name, dtype, shape, bytes)| {
            Ok((name, TensorView::new(dtype, shape.clone(), bytes).map_err(Error::format)?))
        })
        .collect::<Result<_>>()?;
    Ok(with_metadata(&safetensors::serialize(views, None).map_err(Error::format)?, metadata))
}

/// Returns the same file with metadata. The library writes metadata in random order, whereas here
/// equal models give equal files.
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
    // The header is a JSON object of at least one tensor, so the metadata can be inserted first.
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

/// Returns the little-endian bytes of the values.
pub(crate) fn bytes_of<T: Scalar>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(std::mem::size_of_val(values));
    values.iter().for_each(|value| value.write_bytes(&mut bytes));
    bytes
}
