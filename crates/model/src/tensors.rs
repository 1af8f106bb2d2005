//! The tensors of one model in a weight file, which are found by name and read without rounding.

use nalgebra::{DMatrix, DVector};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::{Activation, Autoencoder, Error, Names, Result, Scalar};

/// Prefixes that PyTorch's wrappers `torch.compile` and `DistributedDataParallel` add to each name.
const PREFIXES: [&str; 2] = ["_orig_mod.", "module."];

/// Returns the tensors of a safetensors file.
///
/// # Errors
/// [`Error::TorchFile`] for a zip archive or a pickle; [`Error::Format`] for other bytes that are not
/// a safetensors file.
pub(crate) fn tensors(bytes: &[u8]) -> Result<SafeTensors<'_>> {
    // A pickle begins with the number of its protocol and an operation, which is not 0. A header of
    // safetensors begins with its length, the third byte of which is 0 up to 64 kB.
    let pickle = || matches!(bytes, [0x80, 2..=5, operation, ..] if *operation != 0);
    let of_torch = || bytes.starts_with(b"PK\x03\x04") || pickle();
    SafeTensors::deserialize(bytes)
        .map_err(|error| if of_torch() { Error::TorchFile } else { Error::format(error) })
}

/// A tensor with its name in the file.
pub(crate) struct Tensor<'a> {
    pub(crate) name: &'a str,
    view: TensorView<'a>,
}

/// The tensors that have one set of names.
pub(crate) struct Tensors<'a> {
    names: Names<'a>,
    encoder: Tensor<'a>,
    decoder: Option<Tensor<'a>>,
    bias: Tensor<'a>,
}

impl<'a> Tensors<'a> {
    /// Returns the tensors of these names, with or without prefixes, or `None` unless there are an
    /// encoder and a bias.
    pub(crate) fn find(file: &'a SafeTensors<'a>, names: Names<'a>) -> Result<Option<Self>> {
        let (encoder, bias) = (Tensor::find(file, names.encoder())?, Tensor::find(file, names.bias())?);
        let decoder = names.decoder().map(|name| Tensor::find(file, name)).transpose()?.flatten();
        Ok(encoder.zip(bias).map(|(encoder, bias)| Self { names, encoder, decoder, bias }))
    }

    /// Returns whether a tensor, which is none of these, is a bias beside the encoder, such as
    /// `initial_layer.bias` beside `initial_layer.weight`.
    pub(crate) fn is_hidden_bias(&self, name: &str) -> bool {
        self.encoder.name.strip_suffix("weight").is_some_and(|layer| name.strip_prefix(layer) == Some("bias"))
    }

    /// Returns n_s and n_d, in either order.
    pub(crate) fn sizes(&self) -> &[usize] {
        self.encoder.view.shape()
    }

    /// Returns whether there is a decoder.
    pub(crate) fn has_decoder(&self) -> bool {
        self.decoder.is_some()
    }

    /// Returns the name of the encoder in the file.
    pub(crate) fn encoder_name(&self) -> &'a str {
        self.encoder.name
    }

    /// Returns whether the tensor that is called `name` in the file is one of these, or has the same
    /// name behind another prefix.
    pub(crate) fn contain(&self, name: &str) -> bool {
        [Some(&self.encoder), self.decoder.as_ref(), Some(&self.bias)]
            .into_iter()
            .flatten()
            .any(|tensor| without_prefixes(tensor.name) == without_prefixes(name))
    }

    /// Returns the model. A model without a decoder is tied. It is refused if `tied` is false, or
    /// if `tied` is unknown and the file holds `others`, matrices of which one may be the decoder.
    pub(crate) fn model<T: Scalar>(
        &self,
        tied: Option<bool>,
        others: &[String],
        activation: Activation,
    ) -> Result<Autoencoder<T>> {
        let bias = DVector::from_vec(self.bias.numbers(1)?);
        let encoder = self.encoder.matrix()?;
        let (rows, columns) = encoder.shape();
        let transposed = self.names == Names::Elhage && (rows == bias.len() || columns != bias.len());
        let encoder = if transposed { encoder.transpose() } else { encoder };
        self.form(encoder, bias, tied, others, activation).map_err(|error| self.named(error, transposed))
    }

    /// Adds the name that a tensor has in the file to an error that calls it something else.
    fn named(&self, error: Error, transposed: bool) -> Error {
        let what = match error {
            Error::Mismatch { what, .. } | Error::NotFinite { what, .. } => what,
            other => return other,
        };
        let (tensor, role) = match what {
            "encoder" if transposed => (Some(&self.encoder), "transpose of the encoder"),
            "encoder" => (Some(&self.encoder), "encoder"),
            "decoder" => (self.decoder.as_ref(), "decoder"),
            _ => (Some(&self.bias), "bias"),
        };
        match tensor {
            Some(tensor) if tensor.name != what => {
                Error::Tensor { tensor: tensor.name.to_owned(), role, source: Box::new(error) }
            }
            _ => error,
        }
    }

    fn form<T: Scalar>(
        &self,
        encoder: DMatrix<T>,
        bias: DVector<T>,
        tied: Option<bool>,
        others: &[String],
        activation: Activation,
    ) -> Result<Autoencoder<T>> {
        match (&self.decoder, tied) {
            (Some(decoder), None | Some(false)) => {
                Autoencoder::new(&encoder, &decoder.matrix()?, &bias, activation)
            }
            (Some(decoder), Some(true)) => Err(Error::TiedDecoder { decoder: decoder.name.to_owned() }),
            (None, Some(true)) => Autoencoder::tied(&encoder, &bias, activation),
            (None, None) if others.is_empty() => Autoencoder::tied(&encoder, &bias, activation),
            (None, _) => Err(Error::NoDecoder {
                encoder: self.encoder.name.to_owned(),
                decoder: self.names.decoder().map(str::to_owned),
                declared: tied == Some(false),
                others: others.to_vec(),
            }),
        }
    }
}

impl<'a> Tensor<'a> {
    pub(crate) fn find(file: &'a SafeTensors<'a>, name: &str) -> Result<Option<Self>> {
        let mut found = file.iter().filter(|(full, _)| *full == name || without_prefixes(full) == name);
        let Some((name, view)) = found.next() else { return Ok(None) };
        let same = |other: &TensorView<'_>| {
            (other.dtype(), other.shape(), other.data()) == (view.dtype(), view.shape(), view.data())
        };
        match found.find(|(_, other)| !same(other)) {
            None => Ok(Some(Self { name, view })),
            Some((other, _)) => {
                let mut names = vec![name.to_owned(), other.to_owned()];
                names.sort();
                Err(Error::Ambiguous { names })
            }
        }
    }

    /// Returns the values of the block `name` of a model, which must have the given shape.
    pub(crate) fn block<T: Scalar>(file: &'a SafeTensors<'a>, name: &str, shape: &[usize]) -> Result<Vec<T>> {
        let found = Self::find(file, name)?.filter(|tensor| tensor.view.shape() == shape);
        let missing = || Error::Block { name: name.to_owned(), expected: shape.to_vec() };
        found.ok_or_else(missing)?.numbers(shape.len())
    }

    /// Returns whether all values are 0 or −0.
    pub(crate) fn is_zero(view: &TensorView<'_>) -> bool {
        let size = view.dtype().bitsize() / 8;
        let zero = |value: &[u8]| matches!(value, [rest @ .., last] if last & 0x7f == 0 && rest.iter().all(|&byte| byte == 0));
        view.data().chunks(size.max(1)).all(zero)
    }

    /// Returns the matrix of a tensor that is stored row by row.
    fn matrix<T: Scalar>(&self) -> Result<DMatrix<T>> {
        let values = self.numbers(2)?;
        Ok(DMatrix::from_row_slice(self.view.shape()[0], self.view.shape()[1], &values))
    }

    /// Returns the values of a tensor that must have the given number of dimensions.
    fn numbers<T: Scalar>(&self, dimensions: usize) -> Result<Vec<T>> {
        let Self { name, view } = self;
        if view.shape().len() != dimensions {
            let given = view.shape().to_vec();
            return Err(Error::Dimensions { tensor: (*name).to_owned(), given, expected: dimensions });
        }
        match view.dtype() {
            Dtype::F16 => self.exactly(words(view).map(half)),
            Dtype::BF16 => self.exactly(words(view).map(|word| single(u32::from(word) << 16))),
            Dtype::F32 => self.exactly(read_f32(view).map(f64::from)),
            Dtype::F64 => self.exactly(read_f64(view)),
            given => Err(Error::Type { tensor: (*name).to_owned(), given: given.to_string() }),
        }
    }

    fn exactly<T: Scalar>(&self, values: impl Iterator<Item = f64>) -> Result<Vec<T>> {
        let exactly = |(position, given): (usize, f64)| {
            let value = T::round_from(given);
            if value.to_f64() == given || !given.is_finite() {
                return Ok(value);
            }
            let index = match *self.view.shape() {
                [_, columns] => vec![position / columns, position % columns],
                _ => vec![position],
            };
            Err(Error::Precision { tensor: self.name.to_owned(), index, given, wanted: T::NAME })
        };
        values.enumerate().map(exactly).collect()
    }
}

fn without_prefixes(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}

// The library has checked that the data has the number of bytes that its shape and type require.
pub(crate) fn read_f32(view: &TensorView<'_>) -> impl Iterator<Item = f32> {
    view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
}

pub(crate) fn read_f64(view: &TensorView<'_>) -> impl Iterator<Item = f64> {
    view.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes))
}

fn words(view: &TensorView<'_>) -> impl Iterator<Item = u16> {
    view.data().as_chunks().0.iter().map(|&bytes| u16::from_le_bytes(bytes))
}

/// Returns the value of the single-precision number with these bits.
fn single(bits: u32) -> f64 {
    f32::from_bits(bits).into()
}

/// Returns the value of an IEEE half-precision number: sign, 5 bits of exponent (bias 15), 10 bits
/// of fraction.
fn half(bits: u16) -> f64 {
    /// `2⁻²⁴`, the smallest positive number.
    const LEAST: f64 = 1.0 / (1 << 24) as f64;
    let (exponent, fraction) = (bits >> 10 & 31, bits & 1023);
    let magnitude = match exponent {
        0 => f64::from(fraction) * LEAST,
        31 if fraction == 0 => f64::INFINITY,
        31 => f64::NAN,
        _ => f64::from(1024 + fraction) * f64::from(1u32 << (exponent - 1)) * LEAST,
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::{half, single};

    /// Compares all 2¹⁶ numbers of both 16-bit types with the crate `half`.
    #[test]
    fn short_numbers_are_those_of_the_half_crate() {
        for bits in 0..=u16::MAX {
            for (ours, exact) in [
                (half(bits), half::f16::from_bits(bits).to_f64()),
                (single(u32::from(bits) << 16), half::bf16::from_bits(bits).to_f64()),
            ] {
                let same = ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan();
                assert!(same, "{bits:#06x}: {ours} {exact}");
            }
        }
    }
}
