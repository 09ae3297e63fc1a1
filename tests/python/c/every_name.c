/* Uses every name of the headers once, in the ways that they are meant for. */

#include <bocpy/bocpy.h>

#ifdef Py_BUILD_CORE
#  error "Py_BUILD_CORE has leaked"
#endif
#if BOCPY_ABI < 1
#  error "BOCPY_ABI is not the version that it should be"
#endif

#include <bocpy/bocpy.h>
#include <bocpy/xidata.h>

static atomic_int_least64_t freed;
static thread_local int_least64_t on_this_thread;

/* ---- a type whose objects are one number */

typedef struct {
    PyObject_HEAD
    long long number;
} Box;

static PyTypeObject *box_type;

static PyObject *
box_new(long long number)
{
    Box *box = (Box *)box_type->tp_alloc(box_type, 0);
    if (box != NULL) {
        box->number = number;
    }
    return (PyObject *)box;
}

static PyObject *
open_box(XIDATA_T *xidata)
{
    return box_new(*(long long *)xidata->data);
}

static void
free_number(void *data)
{
    atomic_fetch_add(&freed, 1);
    PyMem_RawFree(data);
}

XIDATA_GETDATA_FUNC(take_box)
{
    long long *number = (long long *)PyMem_RawMalloc(sizeof(long long));
    if (number == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *number = ((Box *)obj)->number;
    if (*number < 0) {
        PyMem_RawFree(number);
        PyErr_SetString(PyExc_ValueError, "it is below zero");
        return -1;
    }
    XIDATA_NEWOBJECT new_object = open_box;
    XIDATA_INIT(xidata, tstate->interp, number, obj, new_object);
    XIDATA_SET_FREE(xidata, free_number);
    return 0;
}

static PyObject *
box_create(PyTypeObject *Py_UNUSED(type), PyObject *args, PyObject *Py_UNUSED(keywords))
{
    long long number = 0;
    return PyArg_ParseTuple(args, "|L", &number) ? box_new(number) : NULL;
}

static PyObject *
box_number(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong(((Box *)self)->number);
}

static void
box_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyGetSetDef box_members[] = {{"number", box_number, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot box_slots[] = {
    {Py_tp_new, (void *)box_create},
    {Py_tp_dealloc, (void *)box_dealloc},
    {Py_tp_getset, box_members},
    {0, NULL},
};
static PyType_Spec box_spec = {"bocpy_every_name.Box", sizeof(Box), 0, Py_TPFLAGS_DEFAULT, box_slots};

/* ---- the functions */

static PyObject *
numbers(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    return Py_BuildValue("iiLL", BOCPY_ABI, BOCPY_NO_OWNER, (long long)bocpy_interpid(),
                         (long long)bocpy_main_interpid());
}

static PyObject *
atomics(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    static atomic_int_least64_t place = 5;
    atomic_store(&place, 40);
    int_least64_t before = atomic_fetch_add(&place, 2);
    int_least64_t expected = 41;
    bool wrong = atomic_compare_exchange_strong(&place, &expected, 7);
    int_least64_t seen = expected;
    bool right = atomic_compare_exchange_strong(&place, &expected, INT64_MIN);
    on_this_thread += 1;
    return Py_BuildValue("LiLiLL", (long long)before, wrong, (long long)seen, right, (long long)atomic_load(&place),
                         (long long)on_this_thread);
}

static PyObject *
supported(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return PyBool_FromLong(xidata_supported(obj));
}

static PyObject *
copy(PyObject *Py_UNUSED(module), PyObject *obj)
{
    XIDATA_T *xidata = XIDATA_NEW();
    if (xidata == NULL) {
        return NULL;
    }
    if (XIDATA_GETXIDATA(obj, xidata) != 0) {
        PyMem_RawFree(xidata);
        return NULL;
    }
    PyObject *result = XIDATA_NEWOBJECT(xidata);
    XIDATA_FREE(xidata);
    return result;
}

static PyObject *
count_freed(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    return PyLong_FromLongLong((long long)atomic_load(&freed));
}

static PyObject *
free_empty(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    XIDATA_T *xidata = XIDATA_NEW();
    if (xidata == NULL) {
        return NULL;
    }
    XIDATA_FREE(xidata);
    xidata = XIDATA_NEW();
    if (xidata == NULL) {
        return NULL;
    }
    /* Of no interpreter, and of no object. */
    XIDATA_INIT(xidata, NULL, PyMem_RawMalloc(8), NULL, open_box);
    XIDATA_SET_FREE(xidata, free_number);
    XIDATA_FREE(xidata);
    XIDATA_FREE(NULL);
    Py_RETURN_NONE;
}

/* Frees data of one interpreter in another. `ends`: the first has ended by then. */
static PyObject *
free_elsewhere(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *obj;
    int ends;
    if (!PyArg_ParseTuple(args, "Op", &obj, &ends)) {
        return NULL;
    }
    XIDATA_T *xidata = XIDATA_NEW();
    if (xidata == NULL) {
        return NULL;
    }
    PyThreadState *here = PyThreadState_Get();
    if (!ends && XIDATA_GETXIDATA(obj, xidata) != 0) {
        PyMem_RawFree(xidata);
        return NULL;
    }
    PyThreadState *there = Py_NewInterpreter();
    if (there == NULL) {
        PyThreadState_Swap(here);
        XIDATA_FREE(xidata);
        PyErr_SetString(PyExc_RuntimeError, "no other interpreter could be made");
        return NULL;
    }
    if (ends) {
        XIDATA_INIT(xidata, PyInterpreterState_Get(), PyMem_RawMalloc(8), NULL, open_box);
        XIDATA_SET_FREE(xidata, free_number);
    }
    else {
        XIDATA_FREE(xidata);
    }
    Py_EndInterpreter(there);
    PyThreadState_Swap(here);
    if (ends) {
        XIDATA_FREE(xidata);
    }
    if (PyErr_Occurred() || Py_MakePendingCalls() < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
raise_again(PyObject *Py_UNUSED(module), PyObject *function)
{
    if (PyErr_GetRaisedException() != NULL) {
        Py_FatalError("there is an exception, although nothing has been raised");
    }
    PyObject *result = PyObject_CallNoArgs(function);
    if (result != NULL) {
        return result;
    }
    PyObject *exception = PyErr_GetRaisedException();
    if (exception == NULL || PyErr_Occurred()) {
        Py_FatalError("the exception has not been taken");
    }
    PyErr_SetRaisedException(NULL);
    PyErr_SetRaisedException(exception);
    return NULL;
}

static PyMethodDef functions[] = {
    {"numbers", numbers, METH_NOARGS, NULL},
    {"atomics", atomics, METH_NOARGS, NULL},
    {"supported", supported, METH_O, NULL},
    {"copy", copy, METH_O, NULL},
    {"count_freed", count_freed, METH_NOARGS, NULL},
    {"free_empty", free_empty, METH_NOARGS, NULL},
    {"free_elsewhere", free_elsewhere, METH_VARARGS, NULL},
    {"raise_again", raise_again, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int
exec_module(PyObject *module)
{
    box_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &box_spec, NULL);
    if (box_type == NULL || PyModule_AddType(module, box_type) < 0) {
        return -1;
    }
    return XIDATA_REGISTERCLASS(box_type, take_box);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)exec_module},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "bocpy_every_name", NULL, 0, functions, module_slots, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_bocpy_every_name(void)
{
    return PyModuleDef_Init(&definition);
}
