/* A type whose objects move between the workers of bocpy without being copied.
 *
 * The numbers are in a `Row`, which is plain C: it belongs to no interpreter. A `Samples` is a Python object that has a row.
 * When one moves, bocpy takes the row out of the object, and gives it to a new object where it is needed. The old object has
 * none from then on, and says so. */

#include <bocpy/movable.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Where there is no GIL, two threads may use one object. bocpy takes the row out of it in such a section, too. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#  define Py_BEGIN_CRITICAL_SECTION(object) {
#  define Py_END_CRITICAL_SECTION() }
#endif

/* ---- the data: nothing of this is a Python object */

typedef struct {
    double *values;
    Py_ssize_t size;
    Py_ssize_t room;
} Row;

/* How many rows there are, for the tests. */
static atomic_llong rows;

static Row *
row_new(void)
{
    Row *row = (Row *)calloc(1, sizeof(Row));
    if (row != NULL) {
        atomic_fetch_add(&rows, 1);
    }
    return row;
}

static void
row_free(Row *row)
{
    free(row->values);
    free(row);
    atomic_fetch_sub(&rows, 1);
}

/* False if there is no memory. */
static int
row_has_room(Row *row, Py_ssize_t room)
{
    if (row->room < room) {
        double *values = (double *)realloc(row->values, (size_t)room * sizeof(double));
        if (values == NULL) {
            return 0;
        }
        row->values = values;
        row->room = room;
    }
    return 1;
}

/* ---- the object */

typedef struct {
    PyObject_HEAD
    /* NULL: it has been moved, and `gone` is a str that says where to. */
    Row *row;
    PyObject *gone;
} Samples;

/* The row; NULL, with RuntimeError, if it is gone. All that touches the data begins here. */
static Row *
row_of(PyObject *self)
{
    Samples *samples = (Samples *)self;
    if (samples->row == NULL) {
        PyErr_SetObject(PyExc_RuntimeError, samples->gone);
    }
    return samples->row;
}

static int
row_append(Row *row, double value)
{
    if (row->size == row->room && !row_has_room(row, row->room ? 2 * row->room : 8)) {
        PyErr_NoMemory();
        return -1;
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
    PyObject *self = type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    Row *row = ((Samples *)self)->row = row_new();
    if (row == NULL) {
        PyErr_NoMemory();
    }
    PyObject *items = row == NULL || values == NULL ? NULL : PyObject_GetIter(values);
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
    Samples *samples = (Samples *)self;
    if (samples->row != NULL) {
        row_free(samples->row);
    }
    Py_XDECREF(samples->gone);
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
samples_address(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *result = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    Row *row = row_of(self);
    if (row != NULL) {
        result = PyLong_FromVoidPtr(row);
    }
    Py_END_CRITICAL_SECTION();
    return result;
}

/* ---- moving: what bocpy calls */

/* Takes the row out of an object. If this fails, the object has it as before. */
static void *
samples_detach(PyObject *self, PyObject *gone)
{
    Row *row = row_of(self);
    if (row != NULL) {
        Samples *samples = (Samples *)self;
        samples->row = NULL;
        Py_XSETREF(samples->gone, Py_NewRef(gone));
    }
    return row;
}

/* Puts it back, as something else has failed. */
static void
samples_restore(PyObject *self, void *data)
{
    ((Samples *)self)->row = (Row *)data;
}

/* A new object of the type that is registered in this interpreter, with that row. If this fails, bocpy still has it. */
static PyObject *
samples_attach(PyTypeObject *type, void *data)
{
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL) {
        ((Samples *)self)->row = (Row *)data;
    }
    return self;
}

/* Nobody needs the row. Any thread may call this, also where there is no interpreter: it must not use Python. */
static void
samples_drop(void *data)
{
    row_free((Row *)data);
}

/* The same numbers once more, for several readers, and for the noticeboard. As with `samples_drop`: no Python. */
static void *
samples_copy(const void *data)
{
    const Row *row = (const Row *)data;
    Row *copy = row_new();
    if (copy != NULL && row->size > 0) {
        if (!row_has_room(copy, row->size)) {
            row_free(copy);
            return NULL;
        }
        memcpy(copy->values, row->values, (size_t)row->size * sizeof(double));
        copy->size = row->size;
    }
    return copy;
}

static const bocpy_movable samples_movable = {
    .version = BOCPY_API_VERSION,
    .size = sizeof(bocpy_movable),
    .detach = samples_detach,
    .restore = samples_restore,
    .attach = samples_attach,
    .drop = samples_drop,
    .copy = samples_copy,
};

/* ---- the module */

static PyMethodDef samples_methods[] = {
    {"append", samples_append, METH_O, PyDoc_STR("Add a number at the end.")},
    {"mean", samples_mean, METH_NOARGS, PyDoc_STR("The mean of all numbers.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef samples_members[] = {
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
    if (bocpy_import() < 0) {
        return -1;
    }
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &samples_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int done = PyModule_AddType(module, type) < 0 ? -1 : bocpy_register(type, &samples_movable);
    Py_DECREF(type);
    return done;
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
    .m_size = 0,
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit__samples(void)
{
    return PyModuleDef_Init(&definition);
}
