//! Weight files: round trips, foreign names, and files that are broken or hostile.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use safetensors::tensor::{Dtype, TensorView};
use toy_superposition_files as files;
use toy_superposition_model::{
    Activation, Autoencoder, Error, Initialisation, Names, Shape, Vector, Weights,
};

fn model<T: toy_superposition_model::Scalar>(tied: bool, activation: Activation) -> Autoencoder<T> {
    let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(9);
    Initialisation::PyTorch.sample(Shape::new(7, 3, tied).unwrap(), activation, rng).unwrap()
}

#[test]
fn a_saved_model_comes_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    for names in [Names::Own, Names::ReleasedCode] {
        for (tied, activation) in
            [(false, Activation::Relu), (true, Activation::Relu), (false, Activation::Identity)]
        {
            let metadata = BTreeMap::from([
                ("p".to_owned(), "0.05".to_owned()),
                ("\"\u{e9}\n".to_owned(), "{},".to_owned()),
            ]);
            let vectors =
                [("m".to_owned(), Vector::F32(vec![0.1])), ("l".to_owned(), Vector::F64(vec![0.2, 0.3]))];
            let weights =
                Weights { model: model::<f64>(tied, activation), metadata, vectors: vectors.into() };
            weights.save(&path, names).unwrap();
            assert_eq!(Weights::load(&path).unwrap(), weights);
            assert_eq!(weights.to_bytes(names).unwrap(), weights.clone().to_bytes(names).unwrap());
            let single = Weights::new(model::<f32>(tied, activation));
            single.save(&path, names).unwrap();
            assert_eq!(Weights::<f32>::load(&path).unwrap(), single);
            let widened = Weights::<f64>::load(&path).unwrap().model;
            assert_eq!(widened.bias()[2], f64::from(single.model.bias()[2]));
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "temporary files are left");
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// A file with the given tensors: name, type, shape, bytes.
fn file(tensors: &[(&str, Dtype, &[usize], Vec<u8>)], metadata: &[(&str, &str)]) -> Vec<u8> {
    let views: Vec<_> = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap()))
        .collect();
    let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    safetensors::serialize(views, Some(metadata)).unwrap()
}

#[test]
fn the_released_codes_names_and_row_order_are_read() {
    let bytes = file(
        &[
            ("initial_layer.weight", Dtype::F32, &[2, 3], bytes_of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            ("final_layer.weight", Dtype::F32, &[3, 2], bytes_of(&[7.0, 8.0, 9.0, 10.0, 11.0, 12.0])),
            ("final_layer.bias", Dtype::F32, &[3], bytes_of(&[-1.0, -2.0, -3.0])),
        ],
        &[("p", "0.05")],
    );
    let weights = Weights::<f64>::from_bytes(&bytes).unwrap();
    let encoder = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let decoder = DMatrix::from_row_slice(3, 2, &[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
    assert_eq!(weights.model.encoder(), encoder);
    assert_eq!(weights.model.decoder(), decoder);
    assert_eq!(weights.model.bias(), DVector::from_vec(vec![-1.0, -2.0, -3.0]));
    assert_eq!(weights.model.product(), &decoder * &encoder);
    assert_eq!(weights.metadata["p"], "0.05");
}

#[test]
fn a_vector_may_not_be_named_like_a_weight() {
    let mut weights = Weights::new(model::<f32>(false, Activation::Relu));
    weights.vectors.insert("bias".to_owned(), Vector::F32(vec![1.0]));
    assert!(matches!(weights.to_bytes(Names::Own), Err(Error::Name { name }) if name == "bias"));
}

#[test]
fn broken_and_hostile_files_are_refused() {
    let good = Weights::new(model::<f32>(false, Activation::Relu)).to_bytes(Names::Own).unwrap();
    for length in 0..good.len() {
        assert!(matches!(Weights::<f32>::from_bytes(&good[..length]), Err(Error::Format(_))), "{length}");
    }
    let mut overlong = good.clone();
    overlong.push(0);
    assert!(matches!(Weights::<f32>::from_bytes(&overlong), Err(Error::Format(_))));
    let mut huge_header = good.clone();
    huge_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(Weights::<f32>::from_bytes(&huge_header), Err(Error::Format(_))));
    // No flipped byte may panic; most are refused, a flipped value is only another value.
    for position in 0..good.len() {
        let mut flipped = good.clone();
        flipped[position] ^= 0x55;
        let _ = Weights::<f32>::from_bytes(&flipped);
    }

    let (e, d, b) = (bytes_of(&[1.0; 6]), bytes_of(&[1.0; 6]), bytes_of(&[0.0; 3]));
    let read = |tensors: &[(&str, Dtype, &[usize], Vec<u8>)], metadata: &[(&str, &str)]| {
        Weights::<f32>::from_bytes(&file(tensors, metadata)).unwrap_err()
    };
    let f = Dtype::F32;
    let encoder = ("encoder", f, &[2usize, 3][..], e.clone());
    let decoder = ("decoder", f, &[3usize, 2][..], d.clone());
    let bias = ("bias", f, &[3usize][..], b.clone());
    assert!(
        matches!(read(&[encoder.clone(), bias.clone()], &[]), Error::Names { found } if found == ["bias", "encoder"])
    );
    assert!(matches!(
        read(&[encoder.clone(), ("decoder", f, &[2, 3], d.clone()), bias.clone()], &[]),
        Error::Mismatch { what: "decoder", given: (2, 3), expected: (3, 2) }
    ));
    assert!(matches!(
        read(&[("encoder", f, &[3, 2], e.clone()), decoder.clone(), bias.clone()], &[]),
        Error::Shape { features: 2, hidden: 3 }
    ));
    assert!(matches!(
        read(&[("encoder", f, &[6], e.clone()), decoder.clone(), bias.clone()], &[]),
        Error::Dimensions { tensor: "encoder", .. }
    ));
    assert!(matches!(
        read(&[("encoder", Dtype::I32, &[2, 3], e), decoder.clone(), bias.clone()], &[]),
        Error::Type { tensor: "encoder", given: Dtype::I32 }
    ));
    assert!(matches!(
        read(&[encoder.clone(), decoder.clone(), ("bias", f, &[3], bytes_of(&[0.0, f32::NAN, 0.0]))], &[]),
        Error::NotFinite { what: "bias", index: 1, .. }
    ));
    assert!(matches!(
        read(&[encoder.clone(), decoder.clone(), bias.clone()], &[("activation", "gelu")]),
        Error::Metadata { key: "activation", .. }
    ));
    assert!(matches!(
        read(&[encoder, decoder, bias], &[("tied", "perhaps")]),
        Error::Metadata { key: "tied", .. }
    ));
    assert!(matches!(
        read(
            &[("encoder", f, &[0, 0], vec![]), ("decoder", f, &[0, 0], vec![]), ("bias", f, &[0], vec![])],
            &[]
        ),
        Error::Shape { .. }
    ));
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let weights = Weights::new(model::<f32>(false, Activation::Relu));
    let missing = folder.path().join("missing/weights.safetensors");
    assert!(
        matches!(weights.save(&missing, Names::Own), Err(Error::Write(files::Error::Write { path, .. })) if path == missing)
    );
    assert!(matches!(Weights::<f32>::load(&missing), Err(Error::File { .. })));
    // A folder in the way cannot be replaced; it stays, and no temporary file is left.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(weights.save(&taken, Names::Own), Err(Error::Write(files::Error::NotAFile { .. }))));
    assert!(taken.is_dir());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
