//! Each static of an interpreter has a place in its state, and takes it when it is first used: perhaps long after the start.
//! So their number is looked at here.

use std::fs;
use std::path::Path;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).expect("a source"));
        }
    }
}

#[test]
fn there_is_room_for_all_statics_of_an_interpreter() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let is_one = |line: &&str| {
        line.contains("static ")
            && (line.contains(": PerInterpreter<")
                || line.contains(": Imported =")
                || line.contains(": Renewable<"))
    };
    let count = found.iter().flat_map(|source| source.lines()).filter(is_one).count();
    let limit = include_str!("../src/interpreter/per_interpreter.rs");
    let limit = limit.lines().find_map(|line| line.strip_prefix("const MOST: usize = ")?.strip_suffix(';'));
    let most: usize = limit.and_then(|limit| limit.parse().ok()).expect("a limit");
    assert!(count > 50, "only {count} were found");
    assert!(count * 3 / 2 < most, "{count} statics, and room for {most}");
}
