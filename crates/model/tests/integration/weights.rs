//! Tests weight files: round trips, the names of other programs, and broken or hostile files.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use safetensors::tensor::{Dtype, TensorView};
use toy_superposition_files as files;
use toy_superposition_model::{
    Activation, Autoencoder, Error, Initialisation, Model, Names, Shape, Vector, Weights,
};

fn model<T: toy_superposition_model::Scalar>(tied: bool, activation: Activation) -> Autoencoder<T> {
    let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(9);
    Initialisation::PyTorch
        .sample(if tied { Shape::tied(7, 3) } else { Shape::new(7, 3) }.unwrap(), activation, rng)
        .unwrap()
}

#[test]
fn a_saved_model_comes_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    for names in [Names::Own, Names::ReleasedCode, Names::Layers, Names::Elhage] {
        for (tied, activation) in [
            (false, Activation::Relu),
            (true, Activation::Relu),
            (names != Names::Elhage, Activation::Identity),
        ] {
            if names == Names::Elhage && !tied {
                let untied = Weights::new(model::<f32>(tied, activation)).to_bytes(names);
                assert!(matches!(untied, Err(Error::Untied { encoder }) if encoder == "W"));
                continue;
            }
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

/// Returns a file with the given tensors, each with its name, type, shape and bytes.
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

/// Returns an encoder, n_d = 2, and a bias, n_s = 3, with the given names.
fn tied_tensors<'a>(encoder: &'a str, bias: &'a str) -> [(&'a str, Dtype, &'static [usize], Vec<u8>); 2] {
    [
        (encoder, Dtype::F32, &[2, 3], bytes_of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        (bias, Dtype::F32, &[3], bytes_of(&[-1.0, -2.0, -3.0])),
    ]
}

fn tied_model() -> Autoencoder<f64> {
    let encoder = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    Autoencoder::tied(&encoder, &DVector::from_row_slice(&[-1.0, -2.0, -3.0]), Activation::Relu).unwrap()
}

#[test]
fn a_file_without_a_decoder_is_tied_and_whatever_contradicts_that_is_refused() {
    let tied = tied_tensors("encoder", "bias");
    let read = |tensors: &[_], metadata: &[_]| Weights::<f64>::from_bytes(&file(tensors, metadata));
    for metadata in [&[][..], &[("tied", "true")]] {
        assert_eq!(read(&tied, metadata).unwrap().model, tied_model());
    }
    let [encoder, bias] = tied;
    let ones = bytes_of(&[1.0; 6]);
    let with = |name| [encoder.clone(), bias.clone(), (name, Dtype::F32, &[3, 2][..], ones.clone())];
    assert!(matches!(
        read(&with("decoder"), &[("tied", "true")]),
        Err(Error::TiedDecoder { decoder }) if decoder == "decoder"
    ));
    assert!(matches!(
        read(&with("up"), &[("tied", "false")]),
        Err(Error::NoDecoder { encoder, decoder, declared: true, others })
            if encoder == "encoder" && decoder.as_deref() == Some("decoder") && others == ["up"]
    ));
    let message = read(&with("up"), &[]).unwrap_err().to_string();
    let expected = "no decoder beside \"encoder\"; rename the decoder to \"decoder\", or, if the weights are tied, save them with \
                    metadata={\"tied\": \"true\"} (the file also holds up)";
    assert_eq!(message, expected);
    assert!(matches!(
        read(&[encoder.clone(), bias.clone()], &[("tied", "false")]),
        Err(Error::NoDecoder { others, .. }) if others.is_empty()
    ));
    // Metadata that say whether the weights are tied are trusted, whatever the other matrices.
    assert_eq!(read(&with("up"), &[("tied", "true")]).unwrap().model, tied_model());
}

/// A bias of the hidden layer would be left out of the model, and its loss would be wrong.
#[test]
fn a_second_bias_is_refused_unless_it_is_zero_and_a_missing_bias_is_named() {
    let read = |tensors: &[_]| Weights::<f64>::from_bytes(&file(tensors, &[]));
    for (names, second) in [
        (["initial_layer.weight", "final_layer.bias"], "initial_layer.bias"),
        (["W", "b_final"], "b_hidden"),
        (["encoder", "bias"], "module.b"),
    ] {
        let [encoder, bias] = tied_tensors(names[0], names[1]);
        let encoder = if names[0] == "W" { (encoder.0, encoder.1, &[3, 2][..], encoder.3) } else { encoder };
        let with = |values: &[f32]| {
            [encoder.clone(), bias.clone(), (second, Dtype::F32, &[2][..], bytes_of(values))]
        };
        assert!(matches!(read(&with(&[0.0, 1e-9])), Err(Error::OtherBias { name }) if name == second));
        let model = read(&with(&[0.0, 0.0])).unwrap().model;
        assert_eq!((model.features(), model.hidden()), (3, 2));
        // A zero may have a sign.
        assert!(read(&with(&[0.0, -0.0])).is_ok() && read(&with(&[0.0, f32::MIN_POSITIVE])).is_err());
        let other = ("offset", Dtype::F32, &[3][..], bytes_of(&[0.0; 3]));
        let none = read(&[encoder, other]);
        assert!(matches!(
            none,
            Err(Error::NoBias { encoder, bias, vectors })
                if (&*encoder, &*bias) == (names[0], names[1]) && vectors == ["offset"]
        ));
    }
    for second in ["encoder_bias", "hidden_bias", "enc.pre_bias", "b1", "bh", "bin", "b_in"] {
        let [encoder, bias] = tied_tensors("encoder", "bias");
        let tensors = [encoder, bias, (second, Dtype::F32, &[2][..], bytes_of(&[0.0, 1.0]))];
        assert!(matches!(read(&tensors), Err(Error::OtherBias { name }) if name == second), "{second}");
    }
    // A vector that is no bias by its length is kept.
    let mut weights = Weights::new(tied_model());
    weights.vectors.insert("bias_history".to_owned(), Vector::F32(vec![1.0; 5]));
    assert_eq!(Weights::<f64>::from_bytes(&weights.to_bytes(Names::Own).unwrap()).unwrap(), weights);
    // By its own names one model of several is read; beside its encoder there may be no bias.
    let [encoder, bias] = tied_tensors("down.weight", "up.bias");
    let named = |second| {
        let tensors = [encoder.clone(), bias.clone(), (second, Dtype::F32, &[2][..], bytes_of(&[1.0, 2.0]))];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        std::fs::write(&path, file(&tensors, &[])).unwrap();
        Weights::<f64>::load_named(path, Names::custom("down.weight", "up.weight", "up.bias"))
    };
    assert!(named("other.bias").is_ok());
    let refused = named("down.bias").unwrap_err();
    let Error::Contents { source, .. } = refused else { panic!("{refused}") };
    assert!(matches!(*source, Error::OtherBias { name } if name == "down.bias"));
}

/// The loss of a model without one of its layers would be wrong.
#[test]
fn matrices_that_are_no_part_of_the_model_are_refused() {
    let [encoder, bias] = tied_tensors("encoder", "bias");
    let decoder = ("decoder", Dtype::F32, &[3, 2][..], bytes_of(&[1.0; 6]));
    let middle = ("middle.weight", Dtype::F32, &[2, 2][..], bytes_of(&[2.0; 4]));
    let scale = ("scale", Dtype::F32, &[3][..], bytes_of(&[2.0; 3]));
    let read = |tensors: &[_], metadata: &[_]| Weights::<f64>::from_bytes(&file(tensors, metadata));
    let whole = [encoder, bias, decoder, middle];
    assert!(matches!(read(&whole, &[]), Err(Error::OtherMatrices { names }) if names == ["middle.weight"]));
    assert!(read(&whole, &[("tied", "false")]).is_ok());
    let [encoder, bias, decoder, _] = whole;
    assert!(read(&[encoder, bias, decoder, scale], &[]).is_ok());
}

#[test]
fn a_file_of_torch_save_is_told() {
    let pickles = [
        &b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."[..],
        b"\x80\x04\x95\x1a\0\0\0\0\0\0\0}\x94",
        b"\x80\x02}q\0.",
    ];
    for bytes in pickles.into_iter().chain([&b"PK\x03\x04 and so on"[..]]) {
        assert!(matches!(Weights::<f32>::from_bytes(bytes), Err(Error::TorchFile)));
    }
    // A torn file whose header has 640 bytes begins in nearly the same way.
    let torn = [&[0x80, 2, 0, 0, 0, 0, 0, 0][..], b"{\"encoder\""].concat();
    assert!(matches!(Weights::<f32>::from_bytes(&torn), Err(Error::Format { .. })));
}

#[test]
fn several_models_that_differ_are_refused() {
    let both = |last: f32| {
        let mut tensors = tied_tensors("encoder", "bias").to_vec();
        tensors.extend(tied_tensors("initial_layer.weight", "final_layer.bias"));
        tensors[3].3 = bytes_of(&[-1.0, -2.0, last]);
        file(&tensors, &[])
    };
    assert_eq!(Weights::<f64>::from_bytes(&both(-3.0)).unwrap().model, tied_model());
    let differ = Weights::<f64>::from_bytes(&both(-3.5));
    assert!(
        matches!(&differ, Err(Error::Ambiguous { names }) if names[..] == ["encoder", "initial_layer.weight"]),
        "{differ:?}"
    );
    let mut prefixed = tied_tensors("encoder", "bias").to_vec();
    prefixed.extend(tied_tensors("module.encoder", "module.bias"));
    assert_eq!(Weights::<f64>::from_bytes(&file(&prefixed, &[])).unwrap().model, tied_model());
    prefixed[2].3[0] ^= 1;
    assert!(matches!(
        Weights::<f64>::from_bytes(&file(&prefixed, &[])),
        Err(Error::Ambiguous { names }) if names == ["encoder", "module.encoder"]
    ));
}

#[test]
fn wrapped_and_custom_names_are_read() {
    for (encoder, bias) in [
        ("_orig_mod.encoder", "_orig_mod.bias"),
        ("module._orig_mod.initial_layer.weight", "module._orig_mod.final_layer.bias"),
    ] {
        let weights = Weights::<f64>::from_bytes(&file(&tied_tensors(encoder, bias), &[])).unwrap();
        assert_eq!(weights.model, tied_model());
        assert_eq!(weights.vectors, BTreeMap::new());
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let names = Names::custom("down.weight", "up.weight", "up.bias");
    let weights = Weights::new(model::<f64>(false, Activation::Relu));
    weights.save(&path, names).unwrap();
    assert_eq!(Weights::load_named(&path, names).unwrap(), weights);
    let refused = Weights::<f64>::load(&path).unwrap_err();
    let cause = std::error::Error::source(&refused).unwrap().to_string();
    assert!(cause.contains("[\"down.weight\", \"up.bias\", \"up.weight\"]"), "{refused}: {cause}");
    let refused = Weights::<f64>::load_named(&path, Names::Own).unwrap_err();
    assert!(matches!(
        refused,
        Error::Contents { source, .. }
            if matches!(&*source, Error::Names { expected, .. } if expected[..] == ["encoder, decoder, bias"])
    ));
}

/// `y = w₀ x₀ + w₁ x₁ + c`, with the parameters w₀, w₁, c.
#[derive(Debug, PartialEq)]
struct Plane([f64; 3]);

impl Model for Plane {
    type Scalar = f64;
    type Gradient = Vec<f64>;

    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("slopes", vec![1, 2]), ("constant", vec![1])]
    }

    fn as_slice(&self) -> &[f64] {
        &self.0
    }

    fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.0
    }

    fn zero_gradient(&self) -> toy_superposition_model::Result<Vec<f64>> {
        Ok(vec![0.0; 3])
    }
}

#[test]
fn a_model_of_the_callers_own_is_read_from_the_tensors_of_its_blocks() {
    let constant = ("constant", Dtype::F32, &[1][..], bytes_of(&[-0.5]));
    let slopes = |shape: &'static [usize]| ("slopes", Dtype::F32, shape, bytes_of(&[2.0, 3.0]));
    let mut plane = Plane([0.0; 3]);
    plane.read(&file(&[constant.clone(), slopes(&[1, 2])], &[])).unwrap();
    assert_eq!(plane, Plane([2.0, 3.0, -0.5]));
    for other in [vec![constant.clone()], vec![constant, slopes(&[2, 1])]] {
        let refused = plane.read(&file(&other, &[]));
        assert!(
            matches!(&refused, Err(Error::Block { name, expected }) if name == "slopes" && *expected == [1, 2]),
            "{refused:?}"
        );
        assert_eq!(plane, Plane([2.0, 3.0, -0.5]));
    }
}

#[test]
fn a_model_has_no_description_unless_it_gives_one() {
    assert_eq!(Plane([1.0, 2.0, 3.0]).describe(), []);
}

/// `W` is read as n_s × n_d, and as n_d × n_s only if the length of the bias requires it.
#[test]
fn the_names_of_elhage_are_read() {
    let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let read = |shape: &[usize], features: usize| {
        let values = bytes_of(&numbers[..shape.iter().product()]);
        let bias = bytes_of(&[-1.0, -2.0, -3.0][..features]);
        let tensors = [("W", Dtype::F32, shape, values), ("b_final", Dtype::F32, &[features][..], bias)];
        Weights::<f64>::from_bytes(&file(&tensors, &[])).map(|weights| weights.model)
    };
    let model = read(&[3, 2], 3).unwrap();
    assert!(model.shape().is_tied());
    assert_eq!(model.encoder(), DMatrix::from_row_slice(2, 3, &[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]));
    assert_eq!(model.bias(), DVector::from_row_slice(&[-1.0, -2.0, -3.0]));
    assert_eq!(read(&[2, 3], 3).unwrap(), tied_model());
    assert_eq!(read(&[2, 2], 2).unwrap().encoder(), DMatrix::from_row_slice(2, 2, &[1.0, 3.0, 2.0, 4.0]));
    let chain = |error: &Error| format!("{error}: {}", std::error::Error::source(error).unwrap());
    let refused = read(&[3, 2], 1).unwrap_err();
    assert_eq!(chain(&refused), "\"b_final\" is the bias of this model: bias is 1 × 1, expected 3 × 1");
    let infinite = bytes_of(&[1.0, 2.0, 3.0, f32::NAN, 5.0, 6.0]);
    let tensors =
        [("W", Dtype::F32, &[3, 2][..], infinite), ("b_final", Dtype::F32, &[3][..], bytes_of(&[0.0; 3]))];
    let refused = Weights::<f64>::from_bytes(&file(&tensors, &[])).unwrap_err();
    let expected = "\"W\" is the transpose of the encoder of this model: encoder[1, 1] is NaN; every value must be finite";
    assert_eq!(chain(&refused), expected);
    assert!(matches!(read(&[1, 3, 2], 3), Err(Error::Dimensions { tensor, .. }) if tensor == "W"));
}

#[test]
fn short_numbers_are_read_exactly_and_nothing_is_rounded_unasked() {
    let words = |bits: &[u16]| bits.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<_>>();
    let doubles = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
    let tensors = |third: f64| {
        [
            ("encoder", Dtype::F16, &[1, 3][..], words(&[0x3555, 0x0001, 0xfbff])),
            ("decoder", Dtype::BF16, &[3, 1][..], words(&[0x3eab, 0x0001, 0xff7f])),
            ("bias", Dtype::F64, &[3][..], doubles(&[0.5, -0.25, third])),
        ]
    };
    let single = Weights::<f32>::from_bytes(&file(&tensors(2.0), &[])).unwrap().model;
    let double = Weights::<f64>::from_bytes(&file(&tensors(0.1), &[])).unwrap().model;
    assert_eq!(double.encoder(), DMatrix::from_row_slice(1, 3, &[0.333251953125, 2f64.powi(-24), -65504.0]));
    let most = -2f64.powi(127) * (2.0 - 2f64.powi(-7));
    assert_eq!(double.decoder(), DMatrix::from_row_slice(3, 1, &[0.333984375, 2f64.powi(-133), most]));
    assert_eq!(single.encoder(), double.encoder().map(|x| x as f32));
    assert_eq!(double.bias(), DVector::from_row_slice(&[0.5, -0.25, 0.1]));
    assert_eq!(double.cast::<f32>().unwrap().bias()[2], 0.1);

    let rounded = Weights::<f32>::from_bytes(&file(&tensors(0.1), &[]));
    assert!(matches!(
        rounded,
        Err(Error::Precision { tensor, index, given: 0.1, wanted: "F32" }) if tensor == "bias" && index == [2]
    ));
    let huge = Weights::<f64>::from_bytes(&file(&tensors(1e39), &[])).unwrap().model;
    assert!(
        matches!(huge.cast::<f32>(), Err(Error::NotFinite { what: "parameters", index, .. }) if index == [8])
    );
}

/// The bytes of files in this format never change.
#[test]
fn the_bytes_of_a_single_precision_file_are_pinned() {
    let mut weights = Weights::new(model::<f32>(false, Activation::Relu));
    weights.metadata.insert("p".to_owned(), "0.05".to_owned());
    let bytes = weights.to_bytes(Names::Own).unwrap();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    assert_eq!((bytes.len(), hash), (460, 1396638255973428964u64));
}

#[test]
fn a_transposed_encoder_is_suspected() {
    let refused = |encoder: DMatrix<f64>, decoder: DMatrix<f64>| {
        Autoencoder::new(&encoder, &decoder, &DVector::zeros(64), Activation::Relu).unwrap_err().to_string()
    };
    let (wide, tall) = (DMatrix::zeros(16, 64), DMatrix::zeros(64, 16));
    assert_eq!(
        refused(tall.clone(), tall),
        "encoder is 64 × 16, expected 16 × 64; is it transposed or swapped?"
    );
    assert_eq!(
        refused(wide.clone(), wide),
        "decoder is 16 × 64, expected 64 × 16; is it transposed or swapped?"
    );
    assert_eq!(refused(DMatrix::zeros(16, 63), DMatrix::zeros(63, 16)), "bias is 64 × 1, expected 63 × 1");
    // Where two of the three agree on n_s, the third is named; a bias of the hidden layer is told.
    let hidden = Autoencoder::new(
        &DMatrix::<f64>::zeros(16, 64),
        &DMatrix::zeros(64, 16),
        &DVector::zeros(16),
        Activation::Relu,
    );
    assert_eq!(hidden.unwrap_err().to_string(), "bias is 16 × 1, expected 64 × 1");
    let square = Autoencoder::new(
        &DMatrix::<f64>::zeros(8, 7),
        &DMatrix::zeros(8, 8),
        &DVector::zeros(8),
        Activation::Relu,
    );
    assert_eq!(square.unwrap_err().to_string(), "encoder is 8 × 7, expected 8 × 8");
    let narrow = DMatrix::zeros(16, 63);
    assert_eq!(refused(narrow, DMatrix::zeros(64, 16)), "encoder is 16 × 63, expected 16 × 64");
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
        assert!(matches!(Weights::<f32>::from_bytes(&good[..length]), Err(Error::Format { .. })), "{length}");
    }
    let mut overlong = good.clone();
    overlong.push(0);
    assert!(matches!(Weights::<f32>::from_bytes(&overlong), Err(Error::Format { .. })));
    let mut huge_header = good.clone();
    huge_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(Weights::<f32>::from_bytes(&huge_header), Err(Error::Format { .. })));
    // No flipped byte may cause a panic. Most are refused; a flipped byte of a value gives another
    // value.
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
    let nothing = Error::Names {
        found: vec!["decoder".into(), "encoder.kernel".into()],
        expected: vec![
            "encoder, decoder, bias".into(),
            "initial_layer.weight, final_layer.weight, final_layer.bias".into(),
            "encoder.weight, decoder.weight, decoder.bias".into(),
            "W, b_final".into(),
        ],
    };
    let renamed = [("encoder.kernel", f, encoder.2, e.clone()), decoder.clone()];
    assert_eq!(read(&renamed, &[]).to_string(), nothing.to_string());
    assert!(matches!(
        read(&[encoder.clone(), ("decoder", f, &[2, 3], d.clone()), bias.clone()], &[]),
        Error::Mismatch { what: "decoder", given: (2, 3), expected: (3, 2) }
    ));
    assert!(matches!(
        read(&[("encoder", f, &[3, 2], e.clone()), decoder.clone(), bias.clone()], &[]),
        Error::Mismatch { what: "encoder", given: (3, 2), expected: (2, 3) }
    ));
    assert!(matches!(
        read(&[("encoder", f, &[6], e.clone()), decoder.clone(), bias.clone()], &[]),
        Error::Dimensions { tensor, given, expected: 2 } if tensor == "encoder" && given == [6]
    ));
    assert!(matches!(
        read(&[("encoder", Dtype::I32, &[2, 3], e), decoder.clone(), bias.clone()], &[]),
        Error::Type { tensor, given } if tensor == "encoder" && given == "I32"
    ));
    assert!(matches!(
        read(&[encoder.clone(), decoder.clone(), ("bias", f, &[3], bytes_of(&[0.0, f32::NAN, 0.0]))], &[]),
        Error::NotFinite { what: "bias", index, .. } if index == [1]
    ));
    // A position is that in the file, row and column, and a single precision is refused there too.
    let mut entries = [1.0; 6];
    entries[5] = f32::INFINITY;
    let infinite = [("encoder", f, encoder.2, bytes_of(&entries)), decoder.clone(), bias.clone()];
    assert_eq!(read(&infinite, &[]).to_string(), "encoder[1, 2] is inf; every value must be finite");
    let mut entries = [1.0; 6];
    entries[3] = 0.1;
    let double = entries.iter().flat_map(|value: &f64| value.to_le_bytes()).collect();
    let message = read(&[("encoder", Dtype::F64, encoder.2, double), decoder.clone(), bias.clone()], &[]);
    assert!(message.to_string().starts_with("encoder[1, 0] is 0.1, which F32 cannot hold"), "{message}");
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
    // A folder of the same name cannot be replaced. It remains, and no temporary file is left.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(weights.save(&taken, Names::Own), Err(Error::Write(files::Error::NotAFile { .. }))));
    assert!(taken.is_dir());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
