/* bocpy/movable.h: types in C and C++ whose objects move between the workers of bocpy, without CPython's internals.
 *
 * It uses nothing but CPython's limited API, so that one build of an extension does for all versions of CPython from 3.12 on
 * (there are no workers with an interpreter each before), and nothing of bocpy but a table that it finds when the extension is
 * imported, so that it does for all versions of bocpy that have the same API. See docs/native-types.md.
 *
 *   bocpy_movable               what bocpy is told about a type: four functions, and two more that may be missing
 *   bocpy_import()              finds bocpy: first of all, in each interpreter. 0; or -1, with an ImportError
 *   bocpy_register(type, m)     from now on, objects of just this type move, in this interpreter. 0; or -1, with an error
 *   bocpy_unregister(type)      no longer. 1 if it was registered, 0 if not; or -1, with an error
 *
 * All are called by a thread that is attached to an interpreter; the last two after the first one. */

#ifndef BOCPY_MOVABLE_H
#define BOCPY_MOVABLE_H

#include <Python.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the API that this header describes. Later ones add to it. */
#define BOCPY_API_VERSION 1

/* What bocpy is told about a type. It has to stay where it is and as it is: make it static and const.
 *
 * `data` is never NULL. It belongs to one at a time: to an object, or to bocpy. Nothing in it may be of an interpreter: no
 * Python object, no memory of PyMem_Malloc or PyObject_Malloc. */
typedef struct {
    /* BOCPY_API_VERSION */
    uint32_t version;
    /* sizeof(bocpy_movable) */
    uint32_t size;

    /* Takes the data out of an object, which has none from then on. NULL, with an exception: it cannot be taken just now, and
     * the object has it as before. `gone` is a str that says where the data goes: the object should keep a reference to it,
     * and its methods raise RuntimeError with it, as long as it has no data. */
    void *(*detach)(PyObject *object, PyObject *gone);

    /* Puts the data back into the object that it was taken from by `detach`, as something else has failed. It cannot fail. */
    void (*restore)(PyObject *object, void *data);

    /* A new object of `type`, which is the one that is registered in this interpreter, with that data. NULL, with an
     * exception: there is none, and the data still belongs to bocpy. */
    PyObject *(*attach)(PyTypeObject *type, void *data);

    /* Frees data that nobody needs. Any thread calls it, perhaps one that is attached to no interpreter, perhaps when there
     * is none any more: it must not use Python. */
    void (*drop)(void *data);

    /* The same data once more, for where it has to be in several places: for several readers, or on the noticeboard. It may
     * count references, if nobody changes what it counts. Called like `drop`, but never by two threads for the same data at a
     * time. NULL: there is no memory for it.
     * If this member is NULL, objects are pickled for that, if they can be; else they can only be in one place. */
    void *(*copy)(const void *data);

    /* The same for the data that an object has and keeps. NULL, with an exception: it cannot be copied.
     * If this member is NULL, bocpy calls `detach`, `copy` and `restore`, one after the other, in one critical section of the
     * object. That does for types whose methods use such a section. */
    void *(*copy_of)(PyObject *object);
} bocpy_movable;

/* bocpy's table, behind the capsule bocpy._C_API. Members are only ever added, at the end. */
typedef struct {
    /* The newest version of the API that this bocpy has, and the oldest that it still has. */
    uint32_t version;
    uint32_t oldest;
    int (*register_type)(PyTypeObject *type, const bocpy_movable *movable);
    int (*unregister_type)(PyTypeObject *type);
} bocpy_api;

/* One for each C file that includes this, and for all interpreters. */
static const bocpy_api *bocpy_api_found = NULL;

static inline int
bocpy_import(void)
{
    const bocpy_api *api = (const bocpy_api *)PyCapsule_Import("bocpy._C_API", 0);
    if (api == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
            PyErr_Format(PyExc_ImportError,
                         "this extension was built for version %d of bocpy's API for native types, and the bocpy that is "
                         "installed has none: install bocpy-rs",
                         BOCPY_API_VERSION);
        }
        return -1;
    }
    if (api->version < BOCPY_API_VERSION) {
        PyErr_Format(PyExc_ImportError,
                     "this extension was built for version %d of bocpy's API for native types, and the bocpy that is "
                     "installed has version %u: install a newer bocpy-rs",
                     BOCPY_API_VERSION, (unsigned int)api->version);
        return -1;
    }
    if (api->oldest > BOCPY_API_VERSION) {
        PyErr_Format(PyExc_ImportError,
                     "this extension was built for version %d of bocpy's API for native types, and the bocpy that is "
                     "installed has versions %u to %u: install a newer version of this extension, or an older bocpy-rs",
                     BOCPY_API_VERSION, (unsigned int)api->oldest, (unsigned int)api->version);
        return -1;
    }
    bocpy_api_found = api;
    return 0;
}

static inline int
bocpy_register(PyTypeObject *type, const bocpy_movable *movable)
{
    if (bocpy_api_found == NULL && bocpy_import() < 0) {
        return -1;
    }
    return bocpy_api_found->register_type(type, movable);
}

static inline int
bocpy_unregister(PyTypeObject *type)
{
    if (bocpy_api_found == NULL && bocpy_import() < 0) {
        return -1;
    }
    return bocpy_api_found->unregister_type(type);
}

#ifdef __cplusplus
}
#endif

#endif
