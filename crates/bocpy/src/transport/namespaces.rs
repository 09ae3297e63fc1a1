//! The names of modules that no worker can import, so that nothing may be pickled as a part of them.

use parking_lot::RwLock;
use std::sync::Arc;

/// Those met so far, besides `__main__`.
static NAMES: RwLock<Vec<Arc<str>>> = RwLock::new(Vec::new());

const MAIN: &str = "__main__";

/// Adds a name. The number after a "#", which distinguishes namespaces of one name, is not part of it.
pub(crate) fn add(name: &str) {
    let name = name.split('#').next().unwrap_or(name);
    if name != MAIN && !NAMES.read().iter().any(|known| &**known == name) {
        NAMES.write().push(name.into());
    }
}

/// Whether that is one of them.
pub(crate) fn contains(module: &str) -> bool {
    module == MAIN || NAMES.read().iter().any(|known| &**known == module)
}

/// Whether pickled data may name something as a part of one of them.
pub(crate) fn are_named_in(data: &[u8]) -> bool {
    let names = |name: &str| data.windows(name.len()).any(|window| window == name.as_bytes());
    names(MAIN) || NAMES.read().iter().any(|name| names(name))
}
