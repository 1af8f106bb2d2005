//! Weight files: a file reads back as it was written, and files without a network are refused.

use std::collections::BTreeMap;

use toy_superposition_computation::{Error, Network};
use toy_superposition_model::{Error as ModelError, Model};

use crate::{architectures, network};

#[test]
fn a_file_holds_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    for (seed, architecture) in architectures().iter().enumerate() {
        let written: Network<f64> = network(architecture, seed as u64);
        let metadata = BTreeMap::from([("seed".to_owned(), seed.to_string())]);
        written.save(&path, &metadata).unwrap();
        let (read, said) = Network::<f64>::load(&path).unwrap();
        assert_eq!((read, said), (written.clone(), metadata));
        let single: Network<f32> = written.cast().unwrap();
        single.save(&path, &BTreeMap::new()).unwrap();
        assert_eq!(Network::<f32>::load(&path).unwrap().0, single);
        assert_eq!(Network::<f64>::load(&path).unwrap().0, single.cast().unwrap());
    }
}

#[test]
fn what_is_no_network_is_refused() {
    let architecture = &architectures()[6];
    let network: Network<f64> = network(architecture, 1);
    let bytes = network.to_file(&BTreeMap::new()).unwrap();
    let read = Network::<f64>::from_file;
    assert!(matches!(read(&bytes[..bytes.len() - 3]), Err(Error::Model(ModelError::Format { .. }))));
    assert!(matches!(read(b"{}"), Err(Error::Model(ModelError::Format { .. }))));
    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    let missing = replaced("\"architecture\"", "\"architectura\"");
    assert!(matches!(read(&missing), Err(Error::NotANetwork { key: "architecture", present: false })));
    let other = replaced("\\\"residual\\\"", "\\\"parallel\\\"");
    assert!(matches!(read(&other), Err(Error::NotANetwork { key: "architecture", present: true })));
    let none = replaced("\"fixed_embedding\"", "\"fixed_embeddinG\"");
    assert!(matches!(read(&none), Err(Error::NotANetwork { key: "fixed_embedding", present: false })));
    let wide = replaced("\\\"width\\\":5", "\\\"width\\\":6");
    assert!(matches!(read(&wide), Err(Error::Model(ModelError::Block { .. }))));
    let block = replaced("\"input\"", "\"inpuT\"");
    assert!(matches!(read(&block), Err(Error::Model(ModelError::Block { .. }))));
    assert!(matches!(Network::<f32>::from_file(&bytes), Err(Error::Model(ModelError::Precision { .. }))));
    assert!(matches!(Network::<f64>::load("/nowhere/at/all"), Err(Error::Model(ModelError::File { .. }))));
    // A network with another embedding is another model, so that its checkpoint would be refused.
    assert_ne!(network.describe(), crate::network::<f64>(architecture, 2).describe());
}
