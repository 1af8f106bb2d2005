//! A model of 60 MB whose product `W` would take 200 TB.

use nalgebra::{DMatrix, DVector};
use toy_superposition_model::{Activation, Autoencoder, Objective};
use toy_superposition_theory::{Error, ExactObjective, check_rows};

#[test]
fn a_product_that_no_machine_holds_is_refused_with_its_bytes() {
    let n = 5_000_000;
    let ones = DMatrix::from_element(1, n, 1.0_f32);
    let model = Autoencoder::tied(&ones, &DVector::zeros(n), Activation::Relu).unwrap();
    let square = 8 * (n as u128).pow(2);
    let error = check_rows(&model, 0.1, &[0]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { bytes, .. } if bytes == square), "{error}");
    let error = ExactObjective::new(0.1).unwrap().loss(&model).unwrap_err();
    assert!(matches!(error, Error::TooLarge { bytes, .. } if bytes == 3 * square), "{error}");
}
