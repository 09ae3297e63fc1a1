//! How many workers there are by default: the cores that this process may use, less one for the main thread.

use std::collections::HashSet;
use std::fs;
use std::thread;

/// The default number of workers: `BOCPY_WORKERS`, or else physical cores minus one, at least one.
pub(crate) fn default_workers() -> usize {
    let asked = std::env::var("BOCPY_WORKERS").ok().and_then(|count| count.trim().parse().ok());
    asked
        .filter(|&count| (1..=MOST_WORKERS).contains(&count))
        .unwrap_or_else(|| physical_cores().saturating_sub(1).max(1))
}

/// More than anyone has cores: a slip of the keyboard should not take the machine down.
pub(crate) const MOST_WORKERS: usize = 4096;

/// The physical cores that this process may run on, by affinity and by control group.
fn physical_cores() -> usize {
    let logical = thread::available_parallelism().map_or(1, usize::from);
    allowed_cores().map_or(logical, |cores| cores.min(logical)).max(1)
}

/// On Linux: how many different cores the CPUs belong to that this process may use.
fn allowed_cores() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut cores = HashSet::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        for cpu in first.parse::<usize>().ok()?..=last.parse().ok()? {
            let part = |name: &str| {
                fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/topology/{name}")).ok()
            };
            cores.insert((part("physical_package_id")?, part("core_id")?));
        }
    }
    Some(cores.len())
}
