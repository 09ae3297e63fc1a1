//! Tells the compiler which Python it builds for, and takes the docstrings from the package's type stubs, their only
//! source.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

const STUBS: &str = "../../python/bocpy/__init__.pyi";

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_extension_module_link_args();

    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={STUBS}");
    let stubs = fs::read_to_string(STUBS).expect("the type stubs are there");
    let mut docs = String::from("/// What is written in the stubs.\nmacro_rules! written {\n");
    for (name, text) in docstrings(&stubs) {
        writeln!(docs, "    ({name}) => {{ {text:?} }};").unwrap();
    }
    docs.push_str("}\n");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("docs.rs"), docs).unwrap();
}

/// The docstrings of classes, functions, methods and properties, each with a name such as `COWN_ACQUIRE`.
fn docstrings(stubs: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let (mut class, mut name) = (String::new(), None);
    let mut lines = stubs.lines();
    while let Some(line) = lines.next() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(definition) = text.strip_prefix("class ").or_else(|| text.strip_prefix("def ")) {
            let own = definition.split(['(', ':']).next().unwrap_or_default();
            if indent == 0 {
                class = if text.starts_with("class ") { own.to_owned() } else { String::new() };
            }
            // Names that are private to the stubs have no docstring at run time.
            let private = own.starts_with('_') && indent == 0 || class.starts_with('_');
            name = (!private).then(|| match indent {
                0 => own.to_owned(),
                _ => format!("{class}_{}", own.trim_matches('_')),
            });
        }
        if text.ends_with("...") {
            name = None;
        }
        if let Some(first) = text.strip_prefix("\"\"\"")
            && let Some(name) = name.take()
        {
            let name = name.to_uppercase();
            let text = match first.split_once("\"\"\"") {
                Some((only, _)) => only.to_owned(),
                None => {
                    let rest = lines.by_ref().take_while(|line| line.trim() != "\"\"\"");
                    let rest = rest.map(|line| line.get(indent..).unwrap_or_default());
                    [first].into_iter().chain(rest).collect::<Vec<_>>().join("\n").trim_end().to_owned()
                }
            };
            // The first of several overloads has the docstring.
            if found.iter().all(|(other, _)| *other != name) {
                found.push((name, text));
            }
        }
    }
    found
}
