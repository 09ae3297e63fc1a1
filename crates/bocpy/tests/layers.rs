//! The folders of `src` are layers: each uses those before it, and none after it. As dependencies go one way, there can
//! be no cycles between files of different folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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

/// All files in a folder and in those within it, and how deep in it each is.
fn files_in(folder: &Path, depth: usize, found: &mut Vec<(PathBuf, usize)>) {
    for entry in fs::read_dir(folder).expect("a folder for each layer") {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_in(&path, depth + 1, found);
        } else {
            found.push((path, depth));
        }
    }
}

#[test]
fn each_layer_uses_those_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut upwards = Vec::new();
    let mut arrows = BTreeSet::new();
    for (height, layer) in LAYERS.iter().enumerate() {
        let mut files = Vec::new();
        files_in(&src.join(layer), 0, &mut files);
        for (file, depth) in files {
            let name = file.strip_prefix(&src).unwrap().display();
            let code = code_of(&fs::read_to_string(&file).unwrap());
            let way_out = "super::".repeat(depth + 2);
            assert!(!code.contains(&way_out), "{name} leaves its layer by {way_out}");
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
