/* bocpy/bocpy.h: for C and C++ extensions whose types move between the workers of bocpy.
 *
 * Include it where you would include Python.h: before the headers of the system. See docs/cross-interpreter-data.md for how to write
 * such a type, and xidata.h for the names beginning with XIDATA.
 *
 *   BOCPY_ABI              the version of these headers; higher after a change that would break sources
 *   BOCPY_NO_OWNER         what to put into an owner field while its object is on its way: no interpreter's number
 *   bocpy_interpid()       the number of the interpreter that this thread is attached to
 *   bocpy_main_interpid()  that of the main interpreter, wherever this thread is
 *
 * Of C's atomics there are at least these, for atomic_int_least64_t, all sequentially consistent: atomic_load, atomic_store,
 * atomic_fetch_add, atomic_compare_exchange_strong; and thread_local. A compiler of Microsoft's that lacks them takes them from
 * bocpy_msvc.c: add bocpy.get_sources() to the sources of your extension. */

#ifndef BOCPY_BOCPY_H
#define BOCPY_BOCPY_H

#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#include "xidata.h"

#define BOCPY_ABI 1

#if !defined(BOCPY_MSVC_ATOMICS) && defined(_MSC_VER) && !defined(__clang__) && !defined(__cplusplus) \
    && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L || defined(__STDC_NO_ATOMICS__))
#  define BOCPY_MSVC_ATOMICS 1
#endif

#if defined(__cplusplus)

/* The same names, as C++ has them. Whoever includes us may do so within `extern "C"`. */
extern "C++" {
#  include <atomic>
}
using std::atomic_compare_exchange_strong;
using std::atomic_fetch_add;
using std::atomic_int_least64_t;
using std::atomic_load;
using std::atomic_store;

#elif defined(BOCPY_MSVC_ATOMICS)

typedef volatile int_least64_t atomic_int_least64_t;

int_least64_t bocpy_atomic_load(atomic_int_least64_t *place);
void bocpy_atomic_store(atomic_int_least64_t *place, int_least64_t value);
int_least64_t bocpy_atomic_fetch_add(atomic_int_least64_t *place, int_least64_t value);
bool bocpy_atomic_compare_exchange(atomic_int_least64_t *place, int_least64_t *expected, int_least64_t desired);

#  define atomic_load(place) bocpy_atomic_load(place)
#  define atomic_store(place, value) bocpy_atomic_store((place), (value))
#  define atomic_fetch_add(place, value) bocpy_atomic_fetch_add((place), (value))
#  define atomic_compare_exchange_strong(place, expected, desired) \
    bocpy_atomic_compare_exchange((place), (expected), (desired))

#else

#  include <stdatomic.h>

#endif

#if !defined(__cplusplus) && !defined(thread_local) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 202311L)
#  if defined(_MSC_VER) && !defined(__clang__)
#    define thread_local __declspec(thread)
#  else
#    define thread_local _Thread_local
#  endif
#endif

#define BOCPY_NO_OWNER (-2)

static inline int_least64_t
bocpy_interpid(void)
{
    return (int_least64_t)PyInterpreterState_GetID(PyInterpreterState_Get());
}

static inline int_least64_t
bocpy_main_interpid(void)
{
    return (int_least64_t)PyInterpreterState_GetID(PyInterpreterState_Main());
}

#endif /* BOCPY_BOCPY_H */
