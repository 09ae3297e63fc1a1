#!/bin/sh
# Runs the tests of boc, and with AddressSanitizer those of boc-matrix, under a tool that finds errors which tests alone do
# not.
#
#   crates/boc/sanitize.sh address|thread|valgrind|miri [WHAT ...]     such as: thread --test hold a_hold_does_not_wait
#
# address   AddressSanitizer and LeakSanitizer: use of freed memory, and leaks.
# thread    ThreadSanitizer: data races. Needs the sources of std (`rustup component add rust-src`), see below.
# valgrind  memcheck: as address, slower, but for all code in the process.
# miri      Miri: accesses that Rust's rules for references forbid. Needs a nightly with `miri` and `rust-src`. Slow.
#
# WHAT is what cargo test takes; without it, all tests are run (but for miri: those of hold.rs and panics.rs). Miri can
# run single programs of soundness.rs: miri --test soundness aligned_values
# The sizes of the tests are divided by BOC_TEST_DIVISOR.
#
# ThreadSanitizer sees only code that was compiled for it. The std that comes with Rust drops an `Arc` with a fence, which
# ThreadSanitizer does not support, and waits for locks in code that it does not see. Both look like races: 226 of them in
# our tests, on all data behind a lock or an `Arc`. Suppressing those would suppress nearly all real races. With a std
# compiled for ThreadSanitizer there are none. crossbeam's fences are no problem: its build scripts detect the sanitizer and
# use stronger atomics instead. One race is left, intended and harmless: see tsan.supp.
#
# helgrind and drd are of no use: they know locks, but not atomics, and report thousands of races in hold.rs alone.
set -eu
cd "$(dirname "$0")"

tool=${1:-}
[ $# -eq 0 ] || shift
host=$(rustc -vV | sed -n 's/^host: //p')
target=$(cargo locate-project --workspace --message-format plain | xargs dirname)/target
# Takes each block from the allocator: the pool would hide uses of freed blocks. BOC_TEST_MEMORY=pool keeps the pool.
memory='--cfg boc_plain_memory'
[ "${BOC_TEST_MEMORY:-plain}" = plain ] || memory=''
export RUST_BACKTRACE=0
# Of the random cases of boc-matrix, a few.
export PROPTEST_CASES="${PROPTEST_CASES:-16}"

# With an explicit --target, build scripts and macros are compiled as usual.
sanitized() {
    export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$target/$tool" BOC_TEST_DIVISOR="${BOC_TEST_DIVISOR:-10}"
    export RUSTFLAGS="-Zsanitizer=$tool -Cunsafe-allow-abi-mismatch=sanitizer $memory"
    export RUSTDOCFLAGS="$RUSTFLAGS"
    export CARGO_PROFILE_DEV_DEBUG=line-tables-only # enough for a report, and faster to compile
    exec cargo test --target "$host" "$@"
}

case $tool in
address)
    # As the system's allocator does: tests ask for more than there is.
    export ASAN_OPTIONS="allocator_may_return_null=1 ${ASAN_OPTIONS:-}"
    sanitized -p boc -p boc-matrix "$@"
    ;;
thread)
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
        echo "$0: std has to be compiled for it; to get its sources, run: rustup component add rust-src" >&2
        exit 1
    fi
    export TSAN_OPTIONS="suppressions=$PWD/tsan.supp ${TSAN_OPTIONS:-}"
    sanitized -Zbuild-std -p boc "$@"
    ;;
valgrind)
    [ $# -gt 0 ] || set -- --lib --tests
    runner=CARGO_TARGET_$(echo "$host" | tr a-z- A-Z_)_RUNNER
    # Fair: it runs one thread at a time, and one that spins would keep the others from running.
    export RUSTFLAGS="$memory" CARGO_TARGET_DIR="$target/$tool" "$runner=valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        --show-leak-kinds=definite,indirect --fair-sched=yes"
    export BOC_TEST_DIVISOR="${BOC_TEST_DIVISOR:-50}"
    # boc-matrix as well takes minutes, and AddressSanitizer sees the same of it. To run it: valgrind -p boc-matrix --lib --tests
    case " $* " in *' -p '*) ;; *) set -- -p boc "$@" ;; esac
    exec cargo test "$@"
    ;;
miri)
    [ $# -gt 0 ] || set -- --test hold --test panics
    # crossbeam-epoch follows the rules of tree borrows, not those of stacked borrows; and it never frees its lists.
    # Further flags can be given in MIRIFLAGS.
    export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-tree-borrows -Zmiri-permissive-provenance -Zmiri-ignore-leaks ${MIRIFLAGS:-}"
    export RUSTFLAGS="$memory"
    # Miri cannot start processes: each program of soundness.rs runs in this one.
    export CARGO_TARGET_DIR="$target/miri" BOC_SOUNDNESS_CHILD=1 BOC_TEST_DIVISOR="${BOC_TEST_DIVISOR:-1000}"
    exec cargo +nightly miri test -p boc "$@"
    ;;
*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' sanitize.sh >&2
    exit 2
    ;;
esac
