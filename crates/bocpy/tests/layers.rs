//! The folders of `src` are layers: each uses those before it, and none after it. As dependencies go one way, there can
//! be no cycles between files of different folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// From the bottom to the top.
const LAYERS: [&str; 6] = ["ffi", "interpreter", "transport", "behavior", "host", "api"];

/// The names that follow `crate::` anywhere in the code, in a `use` or in a path.
fn used(code: &str) -> Vec<&str> {
    let code = code.split("crate::").skip(1);
    code.map(|rest| &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())])
        .collect()
}

/// Without the comments, which may name anything.
fn code_of(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_layer_uses_those_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut upwards = Vec::new();
    let mut arrows = BTreeSet::new();
    for (height, layer) in LAYERS.iter().enumerate() {
        for file in fs::read_dir(src.join(layer)).expect("a folder for each layer") {
            let file = file.unwrap().path();
            let name = format!("{layer}/{}", file.file_name().unwrap().to_str().unwrap());
            let code = code_of(&fs::read_to_string(&file).unwrap());
            assert!(!code.contains("super::super::"), "{name} leaves its folder by super::super::");
            for target in used(&code) {
                let Some(target_height) = LAYERS.iter().position(|layer| *layer == target) else {
                    panic!("{name} uses crate::{target}, which is no layer: name the layer first");
                };
                arrows.insert((*layer, LAYERS[target_height]));
                if target_height > height {
                    upwards.push(format!("{name} uses {target}"));
                }
            }
        }
    }
    assert!(upwards.is_empty(), "arrows upwards:\n  {}", upwards.join("\n  "));
    // Checks that the test has read the sources.
    for arrow in
        [("api", "host"), ("host", "behavior"), ("behavior", "transport"), ("transport", "interpreter")]
    {
        assert!(
            arrows.contains(&arrow),
            "{} does not use {}: is this read as it should be?",
            arrow.0,
            arrow.1
        );
    }
}

/// A file outside of the layers could be a way around them.
#[test]
fn there_is_nothing_beside_the_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found: BTreeSet<String> =
        fs::read_dir(src).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let expected: BTreeSet<String> =
        LAYERS.iter().map(|layer| layer.to_string()).chain(["lib.rs".to_owned()]).collect();
    assert_eq!(found, expected);
}
