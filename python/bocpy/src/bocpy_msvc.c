/* bocpy_msvc.c: the atomics of bocpy.h, for compilers of Microsoft's that do not have C's own. Empty for all others.
 *
 * The functions of the compiler that are used here are full barriers. On 32 bits there is only the one that compares. */

#include <bocpy/bocpy.h>

#ifdef BOCPY_MSVC_ATOMICS

#include <intrin.h>

static int_least64_t
exchange_if(atomic_int_least64_t *place, int_least64_t expected, int_least64_t desired)
{
    return _InterlockedCompareExchange64((volatile __int64 *)place, desired, expected);
}

int_least64_t
bocpy_atomic_load(atomic_int_least64_t *place)
{
    return exchange_if(place, 0, 0);
}

void
bocpy_atomic_store(atomic_int_least64_t *place, int_least64_t value)
{
    int_least64_t seen = bocpy_atomic_load(place);
    for (;;) {
        int_least64_t before = exchange_if(place, seen, value);
        if (before == seen) {
            return;
        }
        seen = before;
    }
}

int_least64_t
bocpy_atomic_fetch_add(atomic_int_least64_t *place, int_least64_t value)
{
    int_least64_t seen = bocpy_atomic_load(place);
    for (;;) {
        /* Wraps around, as C's own does. */
        int_least64_t sum = (int_least64_t)((uint_least64_t)seen + (uint_least64_t)value);
        int_least64_t before = exchange_if(place, seen, sum);
        if (before == seen) {
            return before;
        }
        seen = before;
    }
}

bool
bocpy_atomic_compare_exchange(atomic_int_least64_t *place, int_least64_t *expected, int_least64_t desired)
{
    int_least64_t before = exchange_if(place, *expected, desired);
    bool is_changed = before == *expected;
    *expected = before;
    return is_changed;
}

#else

/* C wants something in every file. */
typedef int bocpy_has_atomics;

#endif
