/* Types that are registered with bocpy by its own API, for tests: all that happens to their data is counted, and can be made
 * to fail.
 *
 *   Box(number)      can be in one place
 *   Copied(number)   can be copied by a function
 *   Cloned(number)   can be copied by two functions, one of them for objects
 *   Pickled(number)  can be copied by pickle
 *   Late(number)     is registered by register(), in no interpreter by itself
 */

#include <pyconfig.h>
#if !defined(Py_GIL_DISABLED) && !defined(Py_LIMITED_API)
/* The header keeps to the limited API. (Before 3.12, that cannot say what a sub-interpreter needs to know.) */
#  define Py_LIMITED_API 0x030C0000
#endif
#include <bocpy/movable.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where there is no GIL, two threads may use one object. bocpy takes the data out of it in such a section, too. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#  define Py_BEGIN_CRITICAL_SECTION(object) {
#  define Py_END_CRITICAL_SECTION() }
#endif

typedef struct {
    long long number;
} Data;

typedef struct {
    PyObject_HEAD
    Data *data;
    PyObject *gone;
} Thing;

enum { BOX, COPIED, CLONED, PICKLED, LATE, KINDS };

static const char *const names[KINDS] = {"Box", "Copied", "Cloned", "Pickled", "Late"};

/* Of all interpreters. */
static atomic_llong live, detached, restored, attached, dropped, copied;
/* How often the next calls of a function fail: with an exception, or, below zero, without one. */
static atomic_int fail_detach, fail_attach, fail_copy;

typedef struct {
    PyTypeObject *types[KINDS];
} State;

static int
fails(atomic_int *times, const char *function)
{
    int left = atomic_load(times);
    if (left == 0) {
        return 0;
    }
    if (left > 0) {
        atomic_fetch_sub(times, 1);
        if (function != NULL) {
            PyErr_Format(PyExc_LookupError, "%s is told to fail", function);
        }
    } else {
        atomic_fetch_add(times, 1);
    }
    return 1;
}

static Data *
data_new(long long number)
{
    Data *data = malloc(sizeof(Data));
    if (data != NULL) {
        data->number = number;
        atomic_fetch_add(&live, 1);
    }
    return data;
}

static void
data_free(Data *data)
{
    atomic_fetch_sub(&live, 1);
    memset(data, 0xdd, sizeof(Data));
    free(data);
}

/* -- what bocpy calls */

static void *
thing_detach(PyObject *self, PyObject *gone)
{
    Thing *thing = (Thing *)self;
    if (thing->data == NULL) {
        PyErr_SetObject(PyExc_RuntimeError, thing->gone);
        return NULL;
    }
    if (fails(&fail_detach, "detach")) {
        return NULL;
    }
    Data *data = thing->data;
    thing->data = NULL;
    Py_XDECREF(thing->gone);
    Py_INCREF(gone);
    thing->gone = gone;
    atomic_fetch_add(&detached, 1);
    return data;
}

static void
thing_restore(PyObject *self, void *data)
{
    ((Thing *)self)->data = data;
    atomic_fetch_add(&restored, 1);
}

static PyObject *
thing_attach(PyTypeObject *type, void *data)
{
    if (fails(&fail_attach, "attach")) {
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc); /* that of a subclass may be another one */
    Thing *thing = (Thing *)alloc(type, 0);
    if (thing != NULL) {
        thing->data = data;
        atomic_fetch_add(&attached, 1);
    }
    return (PyObject *)thing;
}

static void
thing_drop(void *data)
{
    atomic_fetch_add(&dropped, 1);
    data_free(data);
}

static void *
thing_copy(const void *data)
{
    if (fails(&fail_copy, NULL)) {
        return NULL;
    }
    atomic_fetch_add(&copied, 1);
    return data_new(((const Data *)data)->number);
}

static void *
thing_copy_of(PyObject *self)
{
    Thing *thing = (Thing *)self;
    if (thing->data == NULL) {
        PyErr_SetObject(PyExc_RuntimeError, thing->gone);
        return NULL;
    }
    void *data = thing_copy(thing->data);
    return data == NULL ? PyErr_NoMemory() : data;
}

#define MOVABLE(copy, copy_of) \
    {BOCPY_API_VERSION, sizeof(bocpy_movable), thing_detach, thing_restore, thing_attach, thing_drop, copy, copy_of}

static const bocpy_movable movables[KINDS] = {
    [BOX] = MOVABLE(NULL, NULL),
    [COPIED] = MOVABLE(thing_copy, NULL),
    [CLONED] = MOVABLE(thing_copy, thing_copy_of),
    [PICKLED] = MOVABLE(NULL, NULL),
    [LATE] = MOVABLE(NULL, NULL),
};

/* What nobody should register. */
static const bocpy_movable wrong[] = {
    {BOCPY_API_VERSION + 1, sizeof(bocpy_movable) + 8, thing_detach, thing_restore, thing_attach, thing_drop, NULL, NULL},
    {0, sizeof(bocpy_movable), thing_detach, thing_restore, thing_attach, thing_drop, NULL, NULL},
    {BOCPY_API_VERSION, 8, thing_detach, thing_restore, thing_attach, thing_drop, NULL, NULL},
    {BOCPY_API_VERSION, sizeof(bocpy_movable), NULL, thing_restore, thing_attach, thing_drop, NULL, NULL},
    {BOCPY_API_VERSION, sizeof(bocpy_movable), thing_detach, NULL, thing_attach, thing_drop, NULL, NULL},
    {BOCPY_API_VERSION, sizeof(bocpy_movable), thing_detach, thing_restore, NULL, thing_drop, NULL, NULL},
    {BOCPY_API_VERSION, sizeof(bocpy_movable), thing_detach, thing_restore, thing_attach, NULL, NULL, NULL},
    MOVABLE(thing_copy, NULL),
};

/* -- the types */

static Data *
data_of(Thing *thing)
{
    if (thing->data == NULL) {
        PyErr_SetObject(PyExc_RuntimeError, thing->gone);
    }
    return thing->data;
}

static PyObject *
thing_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    long long number = 0;
    if (kwargs != NULL && PyDict_Size(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "it takes no keywords");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "|L", &number)) {
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Thing *thing = (Thing *)alloc(type, 0);
    if (thing != NULL && (thing->data = data_new(number)) == NULL) {
        Py_DECREF(thing);
        return PyErr_NoMemory();
    }
    return (PyObject *)thing;
}

static void
thing_dealloc(PyObject *self)
{
    Thing *thing = (Thing *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (thing->data != NULL) {
        data_free(thing->data);
    }
    Py_XDECREF(thing->gone);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *
get_number(PyObject *self, void *unused)
{
    PyObject *result = NULL;
    (void)unused;
    Py_BEGIN_CRITICAL_SECTION(self);
    Data *data = data_of((Thing *)self);
    result = data == NULL ? NULL : PyLong_FromLongLong(data->number);
    Py_END_CRITICAL_SECTION();
    return result;
}

static int
set_number(PyObject *self, PyObject *value, void *unused)
{
    int result = -1;
    (void)unused;
    long long number = PyLong_AsLongLong(value);
    if (PyErr_Occurred()) {
        return -1;
    }
    Py_BEGIN_CRITICAL_SECTION(self);
    Data *data = data_of((Thing *)self);
    if (data != NULL) {
        data->number = number;
        result = 0;
    }
    Py_END_CRITICAL_SECTION();
    return result;
}

static PyObject *
get_address(PyObject *self, void *unused)
{
    PyObject *result = NULL;
    (void)unused;
    Py_BEGIN_CRITICAL_SECTION(self);
    Data *data = data_of((Thing *)self);
    result = data == NULL ? NULL : PyLong_FromVoidPtr(data);
    Py_END_CRITICAL_SECTION();
    return result;
}

static PyObject *
thing_reduce(PyObject *self, PyObject *unused)
{
    PyObject *result = NULL;
    (void)unused;
    Py_BEGIN_CRITICAL_SECTION(self);
    Data *data = data_of((Thing *)self);
    result = data == NULL ? NULL : Py_BuildValue("O(L)", Py_TYPE(self), data->number);
    Py_END_CRITICAL_SECTION();
    return result;
}

static PyGetSetDef members[] = {
    {"number", get_number, set_number, "The number in the data.", NULL},
    {"address", get_address, NULL, "Where the data is.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef pickled_methods[] = {
    {"__reduce__", thing_reduce, METH_NOARGS, "For pickle."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef no_methods[] = {{NULL, NULL, 0, NULL}};

/* -- the module */

static PyObject *
module_counts(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return Py_BuildValue("{sLsLsLsLsLsL}", "live", atomic_load(&live), "detached", atomic_load(&detached), "restored",
                         atomic_load(&restored), "attached", atomic_load(&attached), "dropped", atomic_load(&dropped), "copied",
                         atomic_load(&copied));
}

static PyObject *
module_fail(PyObject *module, PyObject *args)
{
    int detach, attach, copy;
    (void)module;
    if (!PyArg_ParseTuple(args, "iii", &detach, &attach, &copy)) {
        return NULL;
    }
    atomic_store(&fail_detach, detach);
    atomic_store(&fail_attach, attach);
    atomic_store(&fail_copy, copy);
    Py_RETURN_NONE;
}

/* register(type, name): as that type is. register(type, number): with something that is wrong. */
static PyObject *
module_register(PyObject *module, PyObject *args)
{
    PyObject *type, *which;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &type, &which)) {
        return NULL;
    }
    const bocpy_movable *movable = NULL;
    if (PyLong_Check(which)) {
        movable = &wrong[PyLong_AsLong(which)];
    } else if (which != Py_None) {
        for (int kind = 0; kind < KINDS; kind++) {
            PyObject *name = PyUnicode_FromString(names[kind]);
            if (name == NULL || PyUnicode_Compare(which, name) == 0) {
                movable = &movables[kind];
            }
            Py_XDECREF(name);
        }
    }
    if (bocpy_register(type == Py_None ? NULL : (PyTypeObject *)type, movable) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
module_unregister(PyObject *module, PyObject *type)
{
    (void)module;
    int was = bocpy_unregister((PyTypeObject *)type);
    return was < 0 ? NULL : PyBool_FromLong(was);
}

/* import_with(version, oldest): what bocpy_import() says where bocpy has these versions. */
static PyObject *
module_import_with(PyObject *module, PyObject *args)
{
    unsigned int version, oldest;
    (void)module;
    if (!PyArg_ParseTuple(args, "II", &version, &oldest)) {
        return NULL;
    }
    static bocpy_api other;
    other.version = version;
    other.oldest = oldest;
    PyObject *bocpy = PyImport_ImportModule("bocpy"), *ours = NULL, *capsule = NULL, *result = NULL;
    const bocpy_api *before = bocpy_api_found;
    if (bocpy != NULL && (ours = PyObject_GetAttrString(bocpy, "_C_API")) != NULL
        && (capsule = PyCapsule_New(&other, "bocpy._C_API", NULL)) != NULL
        && PyObject_SetAttrString(bocpy, "_C_API", capsule) == 0) {
        result = bocpy_import() < 0 ? NULL : Py_None;
        Py_XINCREF(result);
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyObject_SetAttrString(bocpy, "_C_API", ours);
        PyErr_Restore(type, value, traceback);
    }
    bocpy_api_found = before;
    Py_XDECREF(bocpy);
    Py_XDECREF(ours);
    Py_XDECREF(capsule);
    return result;
}

/* After all interpreters. */
static void
tell(void)
{
    printf("after Python: live %lld\n", atomic_load(&live));
    fflush(stdout);
}

static PyObject *
module_tell_at_exit(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    if (atexit(tell) != 0) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"tell_at_exit", module_tell_at_exit, METH_NOARGS, "Print how much data is left when the process ends."},
    {"counts", module_counts, METH_NOARGS, "What has happened, in all interpreters."},
    {"fail", module_fail, METH_VARARGS, "fail(detach, attach, copy): how often each of them fails next."},
    {"register", module_register, METH_VARARGS, "register(type, name or number of what to tell bocpy)"},
    {"unregister", module_unregister, METH_O, "unregister(type): whether it was registered."},
    {"import_with", module_import_with, METH_VARARGS, "import_with(version, oldest): of bocpy's API."},
    {NULL, NULL, 0, NULL},
};

static int
add_type(PyObject *module, int kind)
{
    char name[64];
    strcpy(name, "bocpy_movables.");
    strcat(name, names[kind]);
    PyType_Slot slots[] = {
        {Py_tp_new, thing_new},
        {Py_tp_dealloc, thing_dealloc},
        {Py_tp_getset, members},
        {Py_tp_methods, kind == PICKLED ? pickled_methods : no_methods},
        {0, NULL},
    };
    PyType_Spec spec = {name, sizeof(Thing), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) {
        return -1;
    }
    State *state = PyModule_GetState(module);
    state->types[kind] = (PyTypeObject *)type;
    if (PyModule_AddObjectRef(module, names[kind], type) < 0) {
        return -1;
    }
    return kind == LATE ? 0 : bocpy_register((PyTypeObject *)type, &movables[kind]);
}

static int
exec_module(PyObject *module)
{
    if (bocpy_import() < 0) {
        return -1;
    }
    for (int kind = 0; kind < KINDS; kind++) {
        if (add_type(module, kind) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
clear_module(PyObject *module)
{
    State *state = PyModule_GetState(module);
    for (int kind = 0; kind < KINDS; kind++) {
        Py_CLEAR(state->types[kind]);
    }
    return 0;
}

static void
free_module(void *module)
{
    clear_module(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec_module},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "bocpy_movables",
    .m_doc = "Types for the tests of bocpy/movable.h.",
    .m_size = sizeof(State),
    .m_methods = functions,
    .m_slots = slots,
    .m_clear = clear_module,
    .m_free = free_module,
};

PyMODINIT_FUNC
PyInit_bocpy_movables(void)
{
    return PyModuleDef_Init(&definition);
}
