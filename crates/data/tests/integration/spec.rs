//! Laws as data: which text is read, which is written, and which is an error.

use toy_superposition_data::*;

fn read(toml: &str) -> std::result::Result<LawSpec, String> {
    toml::from_str(toml).map_err(|error| error.to_string())
}

#[test]
fn every_kind_is_read_built_and_written() {
    let switches = [
        ("kind = 'independent'\nprobability = 0.3", r#"{"kind":"independent","probability":0.3}"#),
        (
            "kind = 'independent'\nprobability = [1, 0.5, 0.1, 0.1, 0.2, 0.3]",
            r#"{"kind":"independent","probability":[1.0,0.5,0.1,0.1,0.2,0.3]}"#,
        ),
        ("kind = 'exactly'\non = 2", r#"{"kind":"exactly","on":2}"#),
        (
            "kind = 'pairs'\nprobability = 0.2\ncorrelation = -0.1",
            r#"{"kind":"pairs","probability":0.2,"correlation":-0.1}"#,
        ),
        ("kind = 'groups'\nprobability = 0.3\nsize = 3", r#"{"kind":"groups","size":3,"probability":0.3}"#),
        (
            "kind = 'groups'\nprobability = [0.3, 0.1]\ngroups = [[0, 5], [1, 2, 3, 4]]",
            r#"{"kind":"groups","groups":[[0,5],[1,2,3,4]],"probability":[0.3,0.1]}"#,
        ),
        (
            "kind = 'groups'\nsize = 2\nof = { kind = 'exactly', on = 1 }",
            r#"{"kind":"groups","size":2,"of":{"kind":"exactly","on":1}}"#,
        ),
        (
            "kind = 'graph'\nsources = 0.1\nedges = [{ from = 0, to = 5, transmission = 0.5 }]",
            r#"{"kind":"graph","sources":0.1,"edges":[{"from":0,"to":5,"transmission":0.5}]}"#,
        ),
        (
            "kind = 'graph'\nsources = [0.1, 0.2, 0.1, 0.1, 0.1, 0.1]",
            r#"{"kind":"graph","sources":[0.1,0.2,0.1,0.1,0.1,0.1],"edges":[]}"#,
        ),
    ];
    let magnitudes = [
        ("kind = 'uniform'", r#"{"kind":"uniform"}"#),
        ("kind = 'interval'\nlow = 1\nhigh = 2", r#"{"kind":"interval","low":1.0,"high":2.0}"#),
        ("kind = 'constant'\nvalue = 1.5", r#"{"kind":"constant","value":1.5}"#),
        ("kind = 'exponential'\nrate = 2.0", r#"{"kind":"exponential","rate":2.0}"#),
        (
            "kind = 'points'\nvalues = [1, 2]\nweights = [3, 1]",
            r#"{"kind":"points","values":[1.0,2.0],"weights":[3.0,1.0]}"#,
        ),
    ];
    for (switches, switches_json) in switches {
        for (magnitude, magnitude_json) in magnitudes {
            let spec =
                read(&format!("features = 6\n[switches]\n{switches}\n[magnitude]\n{magnitude}")).unwrap();
            let law = spec.build().unwrap();
            // Checkpoints and weight files hold this text. They can no longer be read after a key
            // is renamed.
            let text = format!(r#"{{"features":6,"switches":{switches_json},"magnitude":{magnitude_json}}}"#);
            assert_eq!(law.spec().to_string(), text);
            assert_eq!((text.parse().as_ref(), spec.features), (Ok(&spec), 6));
            assert_eq!(law.spec(), spec);
        }
    }
    let short = read("features = 6\nswitches = { kind = 'independent', probability = 0.3 }").unwrap();
    assert_eq!(short, LawSpec::paper(6, 0.3));
    assert_eq!(toml::from_str::<LawSpec>(&toml_of(&short)).unwrap(), short);
}

/// Converts JSON to TOML. For a law without lists, a TOML inline table differs from JSON only in
/// `:`.
fn toml_of(spec: &LawSpec) -> String {
    let text = spec.to_string().replace(':', "=");
    format!(
        "features = 6\nswitches = {}\n",
        &text[text.find("{\"kind").unwrap()..text.find(",\"magnitude").unwrap()]
    )
}

#[test]
fn members_of_groups_in_any_order_are_one_law() {
    let groups = "features = 4\n[switches]\nkind = 'groups'\nprobability = 0.5\ngroups = [[1, 0], [3, 2]]";
    let law = read(groups).unwrap().build().unwrap();
    assert_eq!(law.spec().to_string().parse::<LawSpec>().unwrap().switches, {
        let (size, probability) = (Some(2), Some(PerFeature::Same(0.5)));
        SwitchesSpec::Groups { size, groups: None, probability, of: None }
    });
}

#[test]
fn unknown_keys_are_refused_by_name_at_any_depth() {
    let base = "features = 4\nEXTRA\n[switches]\nkind = 'groups'\nsize = 2\n";
    for (toml, key) in [
        (base.replace("EXTRA", "sead = 1") + "probability = 0.5", "sead"),
        (base.replace("EXTRA", "") + "probability = 0.5\nsizes = 2", "sizes"),
        (base.replace("EXTRA", "") + "of = { kind = 'exactly', on = 1, onn = 2 }", "onn"),
        (base.replace("EXTRA", "") + "probability = 0.5\n[magnitude]\nkind = 'uniform'\nlow = 1", "low"),
        (base.replace("EXTRA", "") + "probability = 0.5\n[magnitude]\nkind = 'constant'\nvalue = 1\nval = 1", "val"),
        ("features = 2\n[switches]\nkind = 'graph'\nsources = 0.5\nedges = [{ from = 0, to = 1, transmission = 0.5, t = 1 }]".into(), "t"),
        ("features = 2\nswitches = { kind = 'exactly', on = 1, probability = 0.1 }".into(), "probability"),
    ] {
        let message = read(&toml).unwrap_err();
        assert!(message.contains(&format!("unknown field `{key}`")), "{message}");
    }
    let message = read("features = 2\nswitches = { kind = 'tripels' }").unwrap_err();
    assert!(message.contains("tripels") && message.contains("pairs"), "{message}");
    let message =
        read("features = 2\nswitches = { kind = 'independent', probability = 'often' }").unwrap_err();
    assert!(message.contains("a number, or a list with one number per feature or group"), "{message}");
    assert!(matches!("{".parse::<LawSpec>(), Err(Error::Syntax { .. })));
}

#[test]
fn laws_that_cannot_be_are_refused_with_their_numbers() {
    let build = |features: usize, switches: &str| {
        read(&format!("features = {features}\nswitches = {{ {switches} }}")).unwrap().build().unwrap_err()
    };
    assert_eq!(build(5, "kind = 'pairs', probability = 0.1, correlation = 0"), Error::Odd { features: 5 });
    for size in [0, 2] {
        let error = build(5, &format!("kind = 'groups', probability = 0.1, size = {size}"));
        assert_eq!(error, Error::Size { size, features: 5 });
    }
    let keys = |one, other| Error::Keys { one, other };
    assert_eq!(build(4, "kind = 'groups', probability = 0.1"), keys("size", "groups"));
    assert_eq!(
        build(1, "kind = 'groups', probability = 0.1, size = 1, groups = [[0]]"),
        keys("size", "groups")
    );
    assert_eq!(build(4, "kind = 'groups', size = 2"), keys("probability", "of"));
    let length = |what, given, expected| Error::Length { what, given, expected };
    assert_eq!(
        build(3, "kind = 'groups', probability = 0.1, groups = [[0], [1]]"),
        length("members of the groups", 2, 3)
    );
    assert_eq!(build(3, "kind = 'independent', probability = [0.1, 0.2]"), length("probabilities", 2, 3));
    assert_eq!(build(4, "kind = 'groups', size = 2, probability = [0.1]"), length("probabilities", 1, 2));
    assert_eq!(build(3, "kind = 'graph', sources = [0.1]"), length("sources", 1, 3));
    assert_eq!(
        build(3, "kind = 'independent', probability = 1.5"),
        Error::Probability { feature: 0, given: 1.5 }
    );
    assert!(matches!(build(3, "kind = 'independent', probability = nan"), Error::Probability { .. }));
    let custom = Error::Custom { name: "mine".into() };
    assert_eq!(build(3, "kind = 'custom', name = 'mine'"), custom);
    assert_eq!(LawSpec::custom(3, "mine").build(), Err(custom.clone()));
    assert_eq!(LawSpec::custom(3, "mine").to_string().parse(), Ok(LawSpec::custom(3, "mine")));
    assert_eq!(LawSpec::custom(3, "mine").paper_probability(), None);
    assert_eq!(LawSpec::paper(3, 0.3).paper_probability(), Some(0.3));
    let own = WithMoments::new("mine", (), [0.5, 0.3, 0.2, 0.15]).unwrap();
    assert!(own.breaks().is_empty());
    let spec = Features::new(Independent::new(2, 0.5).unwrap(), own).spec();
    assert_eq!(spec.to_string().parse(), Ok(spec.clone()));
    assert_eq!(spec.build(), Err(custom));
    // A size that does not fit in memory is an error and does not abort the process.
    let size = usize::MAX / 2;
    let error = build(size, "kind = 'graph', sources = 0.1");
    assert!(matches!(error, Error::Memory { what: "sources", bytes: usize::MAX }), "{error}");
}
