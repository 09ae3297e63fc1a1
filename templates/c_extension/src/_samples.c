/* A type whose objects move between the interpreters of bocpy's workers without being copied.
 *
 * The numbers are in a `Row`, which belongs to no interpreter. A `Samples` is a Python object that refers to a row. When one
 * moves, a new object in the other interpreter refers to the same row, and the old object can no longer use it. The field
 * `owner` says which interpreter may. */

#include <bocpy/bocpy.h>

#include <stdlib.h>

#if BOCPY_ABI != 1
#  error "written for version 1 of bocpy's headers"
#endif

/* Where there is no GIL, two threads may use one object. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#  define Py_BEGIN_CRITICAL_SECTION(object) {
#  define Py_END_CRITICAL_SECTION() }
#endif

/* ---- the data: nothing of this is a Python object */

typedef struct {
    atomic_int_least64_t owner;
    /* Objects that refer to it, and ways that it is on. */
    atomic_int_least64_t references;
    double *values;
    Py_ssize_t size;
    Py_ssize_t room;
} Row;

/* How many rows there are, for the tests. */
static atomic_int_least64_t rows;

static Row *
row_new(void)
{
    Row *row = (Row *)malloc(sizeof(Row));
    if (row == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    row->values = NULL;
    row->size = row->room = 0;
    atomic_store(&row->owner, bocpy_interpid());
    atomic_store(&row->references, 1);
    atomic_fetch_add(&rows, 1);
    return row;
}

/* May be called by any thread, attached to an interpreter or not: whoever drops the last reference frees the row. */
static void
row_drop(void *data)
{
    Row *row = (Row *)data;
    if (atomic_fetch_add(&row->references, -1) == 1) {
        free(row->values);
        free(row);
        atomic_fetch_add(&rows, -1);
    }
}

/* ---- the object */

typedef struct {
    PyObject_HEAD
    Row *row;
} Samples;

typedef struct {
    PyTypeObject *samples;
} State;

static PyModuleDef definition;

/* The row, if this interpreter may use it; NULL with RuntimeError if it may not. All that touches the data begins here. */
static Row *
row_of(PyObject *self)
{
    Row *row = ((Samples *)self)->row;
    int_least64_t owner = atomic_load(&row->owner);
    if (owner == bocpy_interpid()) {
        return row;
    }
    if (owner == BOCPY_NO_OWNER) {
        PyErr_SetString(PyExc_RuntimeError, "these samples have been moved: they are on their way to somebody else");
    }
    else {
        PyErr_Format(PyExc_RuntimeError, "these samples have been moved: interpreter %lld has them now", (long long)owner);
    }
    return NULL;
}

/* Takes over the reference to the row. */
static PyObject *
samples_of(PyTypeObject *type, Row *row)
{
    Samples *self = (Samples *)type->tp_alloc(type, 0);
    if (self == NULL) {
        row_drop(row);
        return NULL;
    }
    self->row = row;
    return (PyObject *)self;
}

static int
row_append(Row *row, double value)
{
    if (row->size == row->room) {
        Py_ssize_t room = row->room ? 2 * row->room : 8;
        double *values = (double *)realloc(row->values, (size_t)room * sizeof(double));
        if (values == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        row->values = values;
        row->room = room;
    }
    row->values[row->size++] = value;
    return 0;
}

static PyObject *
samples_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"values", NULL};
    PyObject *values = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O", names, &values)) {
        return NULL;
    }
    Row *row = row_new();
    PyObject *self = row == NULL ? NULL : samples_of(type, row);
    PyObject *items = self == NULL || values == NULL ? NULL : PyObject_GetIter(values);
    if (items != NULL) {
        PyObject *item;
        while ((item = PyIter_Next(items)) != NULL) {
            double value = PyFloat_AsDouble(item);
            Py_DECREF(item);
            if ((value == -1.0 && PyErr_Occurred()) || row_append(row, value) < 0) {
                break;
            }
        }
        Py_DECREF(items);
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(self);
    }
    return self;
}

static void
samples_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Row *row = ((Samples *)self)->row;
    if (row != NULL) {
        row_drop(row);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
samples_append(PyObject *self, PyObject *argument)
{
    double value = PyFloat_AsDouble(argument);
    if (value == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    int done = -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    Row *row = row_of(self);
    if (row != NULL) {
        done = row_append(row, value);
    }
    Py_END_CRITICAL_SECTION();
    if (done < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
samples_mean(PyObject *self, PyObject *Py_UNUSED(arguments))
{
    PyObject *result = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    Row *row = row_of(self);
    if (row != NULL && row->size == 0) {
        PyErr_SetString(PyExc_ValueError, "there are no samples, so they have no mean");
    }
    else if (row != NULL) {
        double sum = 0.0;
        for (Py_ssize_t place = 0; place < row->size; place++) {
            sum += row->values[place];
        }
        result = PyFloat_FromDouble(sum / (double)row->size);
    }
    Py_END_CRITICAL_SECTION();
    return result;
}

static Py_ssize_t
samples_length(PyObject *self)
{
    Py_ssize_t size = -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    Row *row = row_of(self);
    if (row != NULL) {
        size = row->size;
    }
    Py_END_CRITICAL_SECTION();
    return size;
}

static PyObject *
samples_item(PyObject *self, Py_ssize_t place)
{
    PyObject *result = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    Row *row = row_of(self);
    if (row != NULL && (place < 0 || place >= row->size)) {
        PyErr_Format(PyExc_IndexError, "there is no sample %zd among %zd", place, row->size);
    }
    else if (row != NULL) {
        result = PyFloat_FromDouble(row->values[place]);
    }
    Py_END_CRITICAL_SECTION();
    return result;
}

static PyObject *
samples_owner(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong((long long)atomic_load(&((Samples *)self)->row->owner));
}

static PyObject *
samples_address(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromVoidPtr(((Samples *)self)->row);
}

/* ---- moving */

/* In the interpreter that gets the samples: a new object. The row is on its way, and comes to an end of that here. */
static PyObject *
samples_open(XIDATA_T *xidata)
{
    Row *row = (Row *)xidata->data;
    /* Each interpreter has a type of its own. Not in a variable of the process or of a thread: this thread may have been in
     * other interpreters before. */
    PyObject *module = PyImport_ImportModule("samples._samples");
    if (module == NULL) {
        return NULL;
    }
    PyObject *self = NULL;
    int_least64_t expected = BOCPY_NO_OWNER;
    if (atomic_compare_exchange_strong(&row->owner, &expected, bocpy_interpid())) {
        atomic_fetch_add(&row->references, 1);
        self = samples_of(((State *)PyModule_GetState(module))->samples, row);
        if (self == NULL) {
            /* It can be tried again. */
            atomic_store(&row->owner, BOCPY_NO_OWNER);
        }
    }
    else {
        PyErr_Format(PyExc_RuntimeError, "these samples have been opened already, by interpreter %lld", (long long)expected);
    }
    Py_DECREF(module);
    return self;
}

/* In the interpreter that has the samples. If this fails, they stay as they are. */
XIDATA_GETDATA_FUNC(samples_take)
{
    Row *row = ((Samples *)obj)->row;
    int_least64_t expected = bocpy_interpid();
    if (!atomic_compare_exchange_strong(&row->owner, &expected, BOCPY_NO_OWNER)) {
        (void)row_of(obj); /* says who has them */
        return -1;
    }
    /* The way is a reference of its own: the row needs no object that might go meanwhile, and no interpreter. */
    atomic_fetch_add(&row->references, 1);
    XIDATA_INIT(xidata, tstate->interp, row, NULL, samples_open);
    XIDATA_SET_FREE(xidata, row_drop);
    return 0;
}

/* ---- the module */

static PyMethodDef samples_methods[] = {
    {"append", samples_append, METH_O, PyDoc_STR("Add a number at the end.")},
    {"mean", samples_mean, METH_NOARGS, PyDoc_STR("The mean of all numbers.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef samples_members[] = {
    {"owner", samples_owner, NULL, PyDoc_STR("The interpreter that may use the data."), NULL},
    {"address", samples_address, NULL, PyDoc_STR("Where the data is in memory."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot samples_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("A growing row of numbers.")},
    {Py_tp_new, (void *)samples_new},
    {Py_tp_dealloc, (void *)samples_dealloc},
    {Py_tp_methods, samples_methods},
    {Py_tp_getset, samples_members},
    {Py_sq_length, (void *)samples_length},
    {Py_sq_item, (void *)samples_item},
    {0, NULL},
};

static PyType_Spec samples_spec = {
    .name = "samples.Samples",
    .basicsize = sizeof(Samples),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = samples_slots,
};

static PyObject *
count_rows(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    return PyLong_FromLongLong((long long)atomic_load(&rows));
}

static PyMethodDef functions[] = {
    {"_count_rows", count_rows, METH_NOARGS, PyDoc_STR("How many rows there are in this process.")},
    {NULL, NULL, 0, NULL},
};

/* Called once in each interpreter that imports the module: each has a type of its own, and registers it. */
static int
exec_module(PyObject *module)
{
    State *state = (State *)PyModule_GetState(module);
    state->samples = (PyTypeObject *)PyType_FromModuleAndSpec(module, &samples_spec, NULL);
    if (state->samples == NULL || PyModule_AddType(module, state->samples) < 0) {
        return -1;
    }
    return XIDATA_REGISTERCLASS(state->samples, samples_take);
}

static int
traverse_module(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(((State *)PyModule_GetState(module))->samples);
    return 0;
}

static int
clear_module(PyObject *module)
{
    Py_CLEAR(((State *)PyModule_GetState(module))->samples);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)exec_module},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "samples._samples",
    .m_size = sizeof(State),
    .m_methods = functions,
    .m_slots = module_slots,
    .m_traverse = traverse_module,
    .m_clear = clear_module,
};

PyMODINIT_FUNC
PyInit__samples(void)
{
    return PyModuleDef_Init(&definition);
}
