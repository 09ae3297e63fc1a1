#!/bin/sh
# Runs the tests under valgrind's memcheck: no bad access, and nothing lost at the end.
#
#   crates/boc/valgrind.sh [NAME ...]     the test files to run; all, if none is named
#
# The sizes of the tests are divided by BOC_TEST_DIVISOR (50). BOC_TEST_NO_LEAKS leaves out the test that stops a runtime
# with work in flight, which is lost by design. helgrind and drd are of no use here: they know locks, not atomics; the
# loom models (`RUSTFLAGS="--cfg loom" cargo test -p boc --release --lib models`) do what they would do.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- $(cd tests && ls *.rs | sed 's/\.rs$//')
export BOC_TEST_DIVISOR="${BOC_TEST_DIVISOR:-50}" BOC_TEST_NO_LEAKS=1 RUST_BACKTRACE=0
for name in "$@"; do
    binary=$(cargo test -p boc --test "$name" --no-run 2>&1 | sed -n 's/.*Executable .*(\(.*\))$/\1/p')
    case $binary in /*) ;; *) binary=$(cargo locate-project --workspace --message-format plain | xargs dirname)/$binary ;; esac
    echo "valgrind: $name"
    valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        --show-leak-kinds=definite,indirect --fair-sched=yes "$binary" --quiet --test-threads=1
done
