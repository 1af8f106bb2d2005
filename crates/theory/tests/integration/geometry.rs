//! The geometry of known frames, alone, side by side, and mixed by a rotation.

use nalgebra::DMatrix;
use toy_superposition_theory::{Error, Geometry, Polytope, Product, Representation};

/// Unit vectors as columns.
fn unit(mut vectors: DMatrix<f64>) -> DMatrix<f64> {
    for mut column in vectors.column_iter_mut() {
        column.normalize_mut();
    }
    vectors
}

fn polygon(k: usize) -> DMatrix<f64> {
    let angle = |i: usize| std::f64::consts::TAU * i as f64 / k as f64;
    DMatrix::from_fn(2, k, |row, i| if row == 0 { angle(i).cos() } else { angle(i).sin() })
}

/// The k vectors e_i − (1, …, 1)/k, in k coordinates, of which they span k − 1.
fn simplex(k: usize) -> DMatrix<f64> {
    unit(DMatrix::from_fn(k, k, |i, j| f64::from(u8::from(i == j)) - 1.0 / k as f64))
}

/// The uniform square antiprism of height h has a tight frame where the squares of its coordinates
/// have equal sums: 8 h² = 4.
fn antiprism() -> DMatrix<f64> {
    let vertex = |row: usize, i: usize| {
        let angle =
            std::f64::consts::FRAC_PI_2 * i as f64 + if i < 4 { 0.0 } else { std::f64::consts::FRAC_PI_4 };
        let up = if i < 4 { 1.0 } else { -1.0 };
        [angle.cos(), angle.sin(), up * 0.5_f64.sqrt()][row]
    };
    unit(DMatrix::from_fn(3, 8, vertex))
}

/// Frames in orthogonal subspaces, their features interleaved: column `order[i]` of the direct sum
/// is feature i.
fn direct_sum(frames: &[DMatrix<f64>]) -> DMatrix<f64> {
    let (rows, columns) = frames.iter().fold((0, 0), |sum, f| (sum.0 + f.nrows(), sum.1 + f.ncols()));
    let mut whole = DMatrix::zeros(rows, columns);
    let mut at = (0, 0);
    for frame in frames {
        whole.view_mut(at, frame.shape()).copy_from(frame);
        at = (at.0 + frame.nrows(), at.1 + frame.ncols());
    }
    whole
}

fn geometry(vectors: &DMatrix<f64>, hidden: usize, tolerance: f64) -> Geometry {
    let w = vectors.tr_mul(vectors);
    Geometry::of_product(&Product::from_matrix(&w, &vec![0.0; w.nrows()]).unwrap(), hidden, tolerance)
        .unwrap()
}

#[test]
fn each_polytope_has_its_dimensionality_and_its_name() {
    for (vectors, polytope, name) in [
        (DMatrix::from_element(1, 1, 1.0), Polytope::Line, "dimension of its own"),
        (simplex(2), Polytope::Simplex(2), "antipodal pair"),
        (polygon(3), Polytope::Simplex(3), "triangle"),
        (simplex(4), Polytope::Simplex(4), "tetrahedron"),
        (simplex(8), Polytope::Simplex(8), "simplex of 8"),
        (polygon(5), Polytope::Polygon(5), "pentagon"),
        (polygon(6), Polytope::Polygon(6), "hexagon"),
        (polygon(8), Polytope::Polygon(8), "8-gon"),
        (antiprism(), Polytope::SquareAntiprism, "square antiprism"),
    ] {
        let (k, d) = (polytope.features(), polytope.dimensions());
        let found = geometry(&vectors, d, 1e-9);
        assert_eq!((found.clusters.len(), found.clusters[0].polytope), (1, Some(polytope)), "{name}");
        assert_eq!((vectors.ncols(), polytope.to_string().as_str()), (k, name));
        approx::assert_relative_eq!(
            found.dimensions_per_feature.unwrap(),
            d as f64 / k as f64,
            max_relative = 1e-12
        );
        approx::assert_relative_eq!(found.clusters[0].dimensions, d as f64, max_relative = 1e-12);
        for own in &found.dimensionality {
            approx::assert_relative_eq!(*own, polytope.dimensionality(), max_relative = 1e-12);
        }
        // Seven tenths as long: the same D_i, twice the D*, and still represented.
        let shorter = geometry(&(0.5_f64.sqrt() * &vectors), d, 1e-9);
        assert_eq!(shorter.clusters[0].polytope, Some(polytope));
        approx::assert_relative_eq!(
            shorter.dimensions_per_feature.unwrap(),
            2.0 * found.dimensions_per_feature.unwrap(),
            max_relative = 1e-12
        );
    }
}

#[test]
fn clusters_are_found_among_features_in_any_order() {
    let sum = direct_sum(&[
        polygon(5),
        simplex(2),
        DMatrix::from_element(1, 1, 0.9),
        antiprism(),
        0.4 * polygon(3),
    ]);
    // Feature i is column 7 i mod 19.
    let mixed = DMatrix::from_fn(sum.nrows(), 19, |row, i| sum[(row, 7 * i % 19)]);
    let found = geometry(&mixed, 10, 1e-9);
    let places = |columns: std::ops::Range<usize>| {
        let mut places: Vec<_> = columns.map(|c| (0..19).find(|i| 7 * i % 19 == c).unwrap()).collect();
        places.sort_unstable();
        places
    };
    let (pentagon, pair, own, antiprism, absent) =
        (places(0..5), places(5..7), places(7..8), places(8..16), places(16..19));
    let expected = [
        (antiprism, Polytope::SquareAntiprism),
        (pentagon.clone(), Polytope::Polygon(5)),
        (pair.clone(), Polytope::Simplex(2)),
        (own.clone(), Polytope::Line),
    ];
    for (cluster, (features, polytope)) in found.clusters.iter().zip(&expected) {
        assert_eq!((&cluster.features, cluster.polytope), (features, Some(*polytope)));
    }
    assert_eq!(found.clusters.len(), 4);
    // The antiprism has no antipodes.
    assert_eq!(found.antipodes, [(pair[0], pair[1])]);
    for i in 0..19 {
        let expected = match () {
            () if absent.contains(&i) => Representation::Absent,
            () if own.contains(&i) => Representation::Dedicated,
            () => Representation::Superposed,
        };
        assert_eq!(found.representation[i], expected, "{i}");
    }
    assert!(
        pentagon.iter().all(|&i| found.neighbours[i] == 4)
            && absent.iter().all(|&i| found.neighbours[i] == 0)
    );
    assert_eq!(found.hubs(3).len(), 3);
    assert!(found.hubs(100).len() == 15 && found.hubs(100)[14] == pair[1]);
    approx::assert_relative_eq!(found.norm[own[0]], 0.9, max_relative = 1e-12);
    approx::assert_relative_eq!(found.norm[absent[0]], 0.4, max_relative = 1e-12);
}

#[test]
fn the_scale_of_a_hidden_dimension_does_not_matter_and_a_bad_tolerance_is_refused() {
    let vectors = direct_sum(&[polygon(5), simplex(3)]);
    let w = vectors.tr_mul(&vectors);
    let mut scaled = w.clone();
    // W_ij s_i/s_j: the cosines are the same, so is all else.
    for i in 0..8 {
        for j in 0..8 {
            scaled[(i, j)] *= (1.0 + i as f64) / (1.0 + j as f64);
        }
    }
    let of = |w: &DMatrix<f64>, tolerance| {
        Geometry::of_product(&Product::from_matrix(w, &[0.5; 8]).unwrap(), 4, tolerance)
    };
    let (one, other) = (of(&w, 0.1).unwrap(), of(&scaled, 0.1).unwrap());
    let features = |found: &Geometry| found.clusters.iter().map(|c| c.features.clone()).collect::<Vec<_>>();
    assert_eq!(features(&one), features(&other));
    for (one, other) in one.dimensionality.iter().zip(&other.dimensionality) {
        approx::assert_relative_eq!(*one, *other, max_relative = 1e-12);
    }
    assert_eq!(one.dimensions_per_feature, other.dimensions_per_feature);
    // A negative diagonal: no direction, and no dimensions per feature.
    let none = of(&(-w), 0.1).unwrap();
    assert!(none.dimensions_per_feature.is_none() && none.clusters.is_empty());
    assert_eq!(none.dimensionality, [0.0; 8]);
    // Too far from any polytope for a small tolerance, near enough for a large one.
    let mut bent = polygon(5);
    bent[(0, 1)] += 0.05;
    assert_eq!(geometry(&bent, 2, 1e-6).clusters[0].polytope, None);
    assert_eq!(geometry(&bent, 2, 0.1).clusters[0].polytope, Some(Polytope::Polygon(5)));
    for tolerance in [-0.1, f64::NAN, f64::INFINITY] {
        let refused = of(&DMatrix::identity(8, 8), tolerance);
        assert!(matches!(refused, Err(Error::OutOfRange { what: "tolerance", .. })));
    }
}
