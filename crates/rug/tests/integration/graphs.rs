//! Tests strongly regular graphs against their known parameters, their spectra and their
//! definition, and tests the tight frames of their eigenspaces.

use nalgebra::DMatrix;
use toy_superposition_rug::{
    Design, Eigenspace, Error, GraphError, KnownGraph, Parameters, PersianRug, StronglyRegular,
};

use KnownGraph::{
    AffinePolar, BerlekampVanLintSeidel, Delsarte, EllipticQuadrangle, Games, Gewirtz, GoethalsSeidel,
    Heptads, HigmanSims, HoffmanSingleton, Kneser, Lattice, M22, McLaughlin, Paley, Schlaefli,
    SymplecticQuadrangle, Triangular, U43,
};

/// Returns the graphs with (v, k, λ, μ), and with r and s and their multiplicities where these are
/// integers, from A. E. Brouwer's tables and the book "Strongly Regular Graphs".
#[allow(clippy::type_complexity)]
fn known() -> Vec<(&'static str, KnownGraph, [usize; 4], [(i32, usize); 2])> {
    let polar = |order, dimension| AffinePolar { order, dimension };
    vec![
        ("Petersen", Kneser(5), [10, 3, 0, 1], [(1, 5), (-2, 4)]),
        ("Kneser K(8, 2)", Kneser(8), [28, 15, 6, 10], [(1, 20), (-5, 7)]),
        ("triangular T(5)", Triangular(5), [10, 6, 3, 4], [(1, 4), (-2, 5)]),
        ("triangular T(9)", Triangular(9), [36, 14, 7, 4], [(5, 8), (-2, 27)]),
        ("lattice L₂(2)", Lattice(2), [4, 2, 0, 2], [(0, 2), (-2, 1)]),
        ("lattice L₂(7)", Lattice(7), [49, 12, 5, 2], [(5, 12), (-2, 36)]),
        ("Paley(9)", Paley(9), [9, 4, 1, 2], [(1, 4), (-2, 4)]),
        ("Paley(25)", Paley(25), [25, 12, 5, 6], [(2, 12), (-3, 12)]),
        ("Paley(49)", Paley(49), [49, 24, 11, 12], [(3, 24), (-4, 24)]),
        ("Paley(81)", Paley(81), [81, 40, 19, 20], [(4, 40), (-5, 40)]),
        ("Clebsch", polar(2, 4), [16, 5, 0, 2], [(1, 10), (-3, 5)]),
        ("Brouwer–Haemers", polar(3, 4), [81, 20, 1, 6], [(2, 60), (-7, 20)]),
        ("VO⁻(4, 4)", polar(4, 4), [256, 51, 2, 12], [(3, 204), (-13, 51)]),
        ("VO⁻(4, 5)", polar(5, 4), [625, 104, 3, 20], [(4, 520), (-21, 104)]),
        ("VO⁻(4, 7)", polar(7, 4), [2401, 300, 5, 42], [(6, 2100), (-43, 300)]),
        ("VO⁻(6, 2)", polar(2, 6), [64, 27, 10, 12], [(3, 36), (-5, 27)]),
        ("VO⁻(6, 3)", polar(3, 6), [729, 224, 61, 72], [(8, 504), (-19, 224)]),
        ("GQ(2, 2)", SymplecticQuadrangle(2), [15, 6, 1, 3], [(1, 9), (-3, 5)]),
        ("GQ(3, 3)", SymplecticQuadrangle(3), [40, 12, 2, 4], [(2, 24), (-4, 15)]),
        ("GQ(4, 4)", SymplecticQuadrangle(4), [85, 20, 3, 5], [(3, 50), (-5, 34)]),
        ("GQ(5, 5)", SymplecticQuadrangle(5), [156, 30, 4, 6], [(4, 90), (-6, 65)]),
        ("GQ(8, 8)", SymplecticQuadrangle(8), [585, 72, 7, 9], [(7, 324), (-9, 260)]),
        ("GQ(9, 9)", SymplecticQuadrangle(9), [820, 90, 8, 10], [(8, 450), (-10, 369)]),
        ("GQ(2, 4)", EllipticQuadrangle(2), [27, 10, 1, 5], [(1, 20), (-5, 6)]),
        ("GQ(3, 9)", EllipticQuadrangle(3), [112, 30, 2, 10], [(2, 90), (-10, 21)]),
        ("GQ(4, 16)", EllipticQuadrangle(4), [325, 68, 3, 17], [(3, 272), (-17, 52)]),
        ("GQ(5, 25)", EllipticQuadrangle(5), [756, 130, 4, 26], [(4, 650), (-26, 105)]),
        ("Schläfli", Schlaefli, [27, 16, 10, 8], [(4, 6), (-2, 20)]),
        ("Hoffman–Singleton", HoffmanSingleton, [50, 7, 0, 1], [(2, 28), (-3, 21)]),
        ("Gewirtz", Gewirtz, [56, 10, 0, 2], [(2, 35), (-4, 20)]),
        ("M₂₂", M22, [77, 16, 0, 4], [(2, 55), (-6, 21)]),
        ("Higman–Sims", HigmanSims, [100, 22, 0, 6], [(2, 77), (-8, 22)]),
        ("heptads of S(4, 7, 23) that miss 2", Heptads { missed: 2 }, [120, 42, 8, 18], [(2, 99), (-12, 20)]),
        ("Goethals–Seidel", GoethalsSeidel, [105, 32, 4, 12], [(2, 84), (-10, 20)]),
        ("Delsarte", Delsarte, [243, 110, 37, 60], [(2, 220), (-25, 22)]),
        ("U₄(3)", U43, [162, 56, 10, 24], [(2, 140), (-16, 21)]),
        (
            "heptads of S(4, 7, 23) that miss 1",
            Heptads { missed: 1 },
            [176, 70, 18, 34],
            [(2, 154), (-18, 21)],
        ),
        ("Berlekamp–van Lint–Seidel", BerlekampVanLintSeidel, [243, 22, 1, 2], [(4, 132), (-5, 110)]),
        ("heptads of S(4, 7, 23)", Heptads { missed: 0 }, [253, 112, 36, 60], [(2, 230), (-26, 22)]),
        ("McLaughlin", McLaughlin, [275, 112, 30, 56], [(2, 252), (-28, 22)]),
        ("Games", Games, [729, 112, 1, 20], [(4, 616), (-23, 112)]),
    ]
}

#[test]
fn graphs_have_their_known_parameters_and_spectra() {
    for (name, known, [v, k, lambda, mu], [second, least]) in known() {
        let graph = known.graph().unwrap();
        assert_eq!(graph.name(), name);
        assert_eq!(graph.parameters(), Parameters { v, k, lambda, mu }, "{name}");
        assert_eq!(known.parameters().unwrap(), graph.parameters(), "{name}");
        for (eigenspace, (value, multiplicity)) in [(Eigenspace::Second, second), (Eigenspace::Least, least)]
        {
            let found = graph.spectrum().of(eigenspace);
            assert_eq!((found.value, found.multiplicity), (f64::from(value), multiplicity), "{name}");
        }
        assert!((0..v).all(|i| graph.neighbours(i).count() == k && !graph.adjacent(i, i)), "{name}");
        assert_eq!((graph.adjacent(0, v), graph.neighbours(v).count()), (false, 0));
    }
}

/// Returns the adjacency matrix from the public methods.
fn adjacency(graph: &StronglyRegular) -> DMatrix<f64> {
    let v = graph.parameters().v;
    DMatrix::from_fn(v, v, |i, j| f64::from(u8::from(graph.adjacent(i, j))))
}

/// `A² = k 1 + λ A + μ (J − 1 − A)` and the eigenvalues of `A` are checked with dense matrices.
#[test]
fn adjacency_matrices_have_the_definition_and_the_spectrum() {
    let conference = [5, 13, 17, 29, 125].map(Paley);
    let small = known().into_iter().map(|known| known.1);
    for known in conference.into_iter().chain(small) {
        let Parameters { v, k, lambda, mu } = known.parameters().unwrap();
        if v > 176 {
            continue;
        }
        let graph = known.graph().unwrap();
        let a = adjacency(&graph);
        let one = DMatrix::identity(v, v);
        let others = DMatrix::from_element(v, v, 1.0) - &one - &a;
        let square = &one * k as f64 + &a * lambda as f64 + others * mu as f64;
        assert_eq!(&a * &a, square, "{known}");
        let mut found = a.symmetric_eigenvalues().as_slice().to_vec();
        found.sort_unstable_by(f64::total_cmp);
        let spectrum = graph.spectrum();
        let mut expected = vec![spectrum.least.value; spectrum.least.multiplicity];
        expected.extend(vec![spectrum.second.value; spectrum.second.multiplicity]);
        expected.push(k as f64);
        assert_eq!(found.len(), expected.len(), "{known}");
        let close = found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-10);
        assert!(close, "{known}: {found:?}");
    }
}

/// `R² = (v/f) R` with unit diagonal, two other entries and `R = D E` hold to 1e-12.
#[test]
fn frames_are_tight_with_two_inner_products() {
    for known in known().into_iter().map(|known| known.1).chain([5, 13, 29].map(Paley)) {
        let Parameters { v, k, .. } = known.parameters().unwrap();
        if v > 275 {
            continue;
        }
        let graph = known.graph().unwrap();
        for eigenspace in Eigenspace::ALL {
            let frame = graph.frame(eigenspace);
            let eigenvalue = graph.spectrum().of(eigenspace);
            assert_eq!((frame.features(), frame.hidden()), (v, eigenvalue.multiplicity));
            assert_eq!((frame.graph(), frame.eigenspace()), (&graph, eigenspace));
            let r = frame.matrix();
            let scale = v as f64 / eigenvalue.multiplicity as f64;
            let near = eigenvalue.value / k as f64;
            let far = (-1.0 - eigenvalue.value) / (v - 1 - k) as f64;
            assert_eq!(frame.entries(), (near, far));
            let expected = DMatrix::from_fn(v, v, |i, j| match graph.adjacent(i, j) {
                _ if i == j => 1.0,
                true => near,
                false => far,
            });
            assert_eq!(r, expected, "{known}");
            assert!((&r * &r - &r * scale).amax() < 1e-12 * scale, "{known} {eigenspace:?}");
            assert!((adjacency(&graph) * &r - &r * eigenvalue.value).amax() < 1e-12, "{known}");
            let encoder = frame.encoder();
            assert_eq!(encoder.shape(), (frame.hidden(), v));
            assert!((encoder.tr_mul(&encoder) - &r).amax() < 1e-12, "{known} {eigenspace:?}");
            let found = frame.diagnostics();
            assert!((found.squares - found.welch_squares.unwrap()).abs() < 1e-12 * scale, "{known}");
            assert_eq!(found.coherence, near.abs().max(far.abs()));
            assert_eq!(frame.all_ones(), None);
        }
    }
    let frame = |eigenspace| HigmanSims.graph().unwrap().frame(eigenspace).name();
    assert_eq!(frame(Eigenspace::Least), "Higman–Sims");
    assert_eq!(frame(Eigenspace::Second), "Higman–Sims, second eigenvalue");
}

#[test]
fn complements_have_the_same_eigenspaces() {
    for known in [Kneser(5), Paley(13), M22, Schlaefli] {
        let graph = known.graph().unwrap();
        let complement = graph.complement().unwrap();
        assert_eq!(complement.name(), format!("complement of {known}"));
        assert_eq!(complement.parameters(), graph.parameters().complement().unwrap());
        let same = complement.frame(Eigenspace::Second).matrix() - graph.frame(Eigenspace::Least).matrix();
        assert!(same.amax() < 1e-15, "{known}");
        assert_eq!(complement.complement().unwrap().named("again"), graph.named("again"));
    }
}

#[test]
fn the_list_has_each_graph_once_and_all_can_be_made() {
    let list = KnownGraph::up_to(130);
    let parameters: Vec<Parameters> = list.iter().map(|graph| graph.parameters().unwrap()).collect();
    assert!(parameters.is_sorted() && parameters.iter().all(|parameters| parameters.v <= 130));
    for (i, (graph, found)) in list.iter().zip(&parameters).enumerate() {
        assert_eq!(graph.graph().unwrap().parameters(), *found, "{graph}");
        let again = |other: &Parameters| other == found || Some(*other) == found.complement();
        assert!(!parameters[..i].iter().any(again), "{graph}");
    }
    let names: Vec<String> = KnownGraph::up_to(56).iter().map(KnownGraph::to_string).collect();
    assert_eq!(names[..4], ["lattice L₂(2)", "pentagon", "Paley(9)", "Petersen"]);
    assert_eq!(names.last().unwrap(), "Gewirtz");
    // Every graph of `known()` is in the long list, or another graph with its parameters is.
    let long: Vec<Parameters> =
        KnownGraph::up_to(1000).iter().map(|graph| graph.parameters().unwrap()).collect();
    for (name, _, [v, k, lambda, mu], _) in known().into_iter().filter(|known| known.2[0] <= 1000) {
        let parameters = Parameters { v, k, lambda, mu };
        let listed = long.contains(&parameters) || long.contains(&parameters.complement().unwrap());
        assert!(listed, "{name}");
    }
    assert!(KnownGraph::up_to(3).is_empty());
    assert!(KnownGraph::up_to(usize::MAX).iter().all(|graph| graph.parameters().unwrap().v <= 1 << 14));
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> GraphError {
    match result {
        Err(Error::Graph(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// The cycle of five vertices, with edges added and removed.
#[test]
fn graphs_that_are_not_strongly_regular_are_refused_by_name() {
    let cycle = |n: usize| (0..n).map(|i| vec![(i + 1) % n, (i + n - 1) % n]).collect::<Vec<_>>();
    let new = |neighbours: Vec<Vec<usize>>| StronglyRegular::new("test", &neighbours);
    assert_eq!(new(cycle(5)).unwrap().parameters(), Parameters::new(5, 2, 0, 1));
    let mut loops = cycle(5);
    loops[3] = vec![2, 3];
    assert_eq!(refused(new(loops)), GraphError::Loop { vertex: 3 });
    let mut far = cycle(5);
    far[1].push(5);
    let error = refused(new(far));
    assert_eq!(error, GraphError::NoSuchVertex { vertex: 1, neighbour: 5, vertices: 5 });
    let directed = (0..5).map(|i| vec![(i + 1) % 5, (i + 2) % 5]).collect();
    assert_eq!(refused(new(directed)), GraphError::NotSymmetric { from: 0, to: 1 });
    let mut path = cycle(5);
    (path[4], path[3]) = (vec![3, 0, 2], vec![2, 4]);
    let error = refused(new(path));
    assert_eq!(error, GraphError::NotRegular { vertex: 4, degree: 3, expected: 2 });
    let error = refused(new(cycle(6)));
    let pair = GraphError::CommonNeighbours { first: 0, second: 3, adjacent: false, found: 0, expected: 1 };
    assert_eq!(error, pair);
    assert!(error.to_string().contains("0 and 3 (no neighbours) have 0 common neighbours, not 1"));
    // Exchanging one pair of edges of the Clebsch graph leaves it regular.
    let clebsch = AffinePolar { order: 2, dimension: 4 }.graph().unwrap();
    let (a, b) = (0, clebsch.neighbours(0).next().unwrap());
    let far = |x: usize, y: usize| x != y && !clebsch.adjacent(x, y);
    let (c, d) = (0..16)
        .flat_map(|c| (0..16).map(move |d| (c, d)))
        .find(|&(c, d)| clebsch.adjacent(c, d) && far(a, c) && far(b, d))
        .unwrap();
    let exchanged = |i: usize, j: usize| {
        let pair = [i.min(j), i.max(j)];
        let is = |x: usize, y: usize| pair == [x.min(y), x.max(y)];
        clebsch.adjacent(i, j) && !is(a, b) && !is(c, d) || is(a, c) || is(b, d)
    };
    let error = refused(StronglyRegular::from_fn("exchanged", 16, exchanged));
    assert!(matches!(error, GraphError::CommonNeighbours { .. }), "{error}");
    for (vertices, all) in [(0, false), (1, false), (4, false), (4, true)] {
        let error = refused(StronglyRegular::from_fn("trivial", vertices, |i, j| all && i != j));
        let degree = if all { vertices - 1 } else { 0 };
        assert_eq!(error, GraphError::Trivial { vertices, degree });
    }
    let error = refused(StronglyRegular::from_fn("large", 20_000, |_, _| false));
    assert_eq!(error, GraphError::TooManyVertices { given: 20_000, most: 16_384 });
}

/// The folded 5-cube is Clebsch's graph, the only graph with its parameters.
#[test]
fn any_adjacency_will_do() {
    let folded = |i: usize, j: usize| matches!(i ^ j, 1 | 2 | 4 | 8 | 15);
    let graph = StronglyRegular::from_fn("folded 5-cube", 16, folded).unwrap();
    assert_eq!(graph.parameters(), Parameters::new(16, 5, 0, 2));
    let pairs = StronglyRegular::from_fn("2 K(3)", 6, |i, j| i != j && i / 3 == j / 3).unwrap();
    assert_eq!(pairs.parameters(), Parameters::new(6, 2, 1, 0));
    // Two simplices of three corners each.
    let simplices = pairs.frame(Eigenspace::Least);
    assert_eq!((simplices.hidden(), simplices.entries()), (4, (-0.5, 0.0)));
}

/// The affine polar graph has its edges where the rug of an ovoid is negative.
#[test]
fn rugs_of_ovoids_are_frames_of_affine_polar_graphs() {
    for (features, order) in [(16, 2), (256, 4)] {
        let rug = PersianRug::ovoid(features).unwrap();
        let row = rug.first_row();
        let graph = StronglyRegular::from_fn("ovoid", features, |i, j| row[i ^ j] < 0.0).unwrap();
        let known = AffinePolar { order, dimension: 4 };
        assert_eq!(graph.parameters(), known.parameters().unwrap());
        let frame = graph.frame(Eigenspace::Least);
        assert_eq!(frame.hidden(), rug.hidden());
        assert!((frame.matrix() - Design::matrix(&rug)).amax() < 1e-15);
    }
}

#[test]
fn graphs_that_do_not_exist_are_refused_by_name() {
    let polar = |order, dimension| AffinePolar { order, dimension };
    for (graph, index) in [
        (Kneser(4), 4),
        (Triangular(0), 0),
        (Lattice(1), 1),
        (Paley(21), 21),
        (Paley(7), 7),
        (Paley(0), 0),
        (SymplecticQuadrangle(6), 6),
        (EllipticQuadrangle(1), 1),
        (polar(6, 4), 6),
        (polar(3, 2), 2),
        (polar(3, 5), 5),
        (polar(0, 4), 0),
        (polar(1, usize::MAX - 1), 1),
        (Heptads { missed: 3 }, 3),
    ] {
        for error in [refused(graph.graph()), refused(graph.parameters())] {
            let right = matches!(error, GraphError::NoSuchGraph { given, .. } if given == index);
            assert!(right, "{graph}: {error}");
        }
    }
    for graph in [
        Kneser(1000),
        Triangular(usize::MAX),
        Lattice(usize::MAX),
        Paley(usize::MAX),
        SymplecticQuadrangle(usize::MAX),
        EllipticQuadrangle(13),
        polar(13, 4),
        polar(2, 1 << 40),
    ] {
        assert!(matches!(refused(graph.graph()), GraphError::TooManyVertices { .. }), "{graph}");
    }
}
