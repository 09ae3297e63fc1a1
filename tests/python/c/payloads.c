/* Types that move between interpreters, with counters of all that happens to their data.
 *
 *   Owned     hands its data over: an owner field says which interpreter may use it. It cannot be pickled.
 *   Copyable  the same, but pickle copies it.
 *   Shared    shares its data, which never changes.
 *   Adopted   hands its data over by a bare pointer, which it loses itself.
 *
 * The state of the module is found through a variable of the thread that has imported it. */

#include <bocpy/bocpy.h>

#include <stdlib.h>

typedef struct {
    atomic_int_least64_t owner;
    atomic_int_least64_t references;
    int_least64_t number;
} Payload;

typedef struct {
    PyObject_HEAD
    Payload *payload;
} Handle;

typedef struct {
    PyTypeObject *owned;
    PyTypeObject *copyable;
    PyTypeObject *shared;
    PyTypeObject *adopted;
} State;

static thread_local State *local_state;

/* How often, since the process began. */
static atomic_int_least64_t made, gone, taken, opened, freed;
/* How many of the next calls are to fail. Below zero: without saying why. */
static atomic_int_least64_t takes_to_fail, openings_to_fail;

static Payload *
payload_new(int_least64_t number)
{
    Payload *payload = (Payload *)malloc(sizeof(Payload));
    if (payload == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    atomic_store(&payload->owner, bocpy_interpid());
    atomic_store(&payload->references, 1);
    payload->number = number;
    atomic_fetch_add(&made, 1);
    return payload;
}

static void
payload_drop(Payload *payload)
{
    if (payload != NULL && atomic_fetch_add(&payload->references, -1) == 1) {
        free(payload);
        atomic_fetch_add(&gone, 1);
    }
}

static void
payload_free(void *data)
{
    atomic_fetch_add(&freed, 1);
    payload_drop((Payload *)data);
}

static bool
is_to_fail(atomic_int_least64_t *counter, const char *what)
{
    int_least64_t left = atomic_load(counter);
    if (left == 0) {
        return false;
    }
    atomic_fetch_add(counter, left > 0 ? -1 : 1);
    if (left > 0) {
        PyErr_Format(PyExc_LookupError, "asked to fail: %s", what);
    }
    return true;
}

static PyObject *
handle_new(PyTypeObject *type, Payload *payload)
{
    Handle *self = (Handle *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->payload = payload;
    }
    return (PyObject *)self;
}

/* ---- hands its data over by an owner field */

static PyObject *
open_owned_as(XIDATA_T *xidata, PyTypeObject *(*type_of)(State *))
{
    if (is_to_fail(&openings_to_fail, "an opening")) {
        return NULL;
    }
    if (local_state == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this thread has not imported the module");
        return NULL;
    }
    Payload *payload = (Payload *)xidata->data;
    int_least64_t expected = BOCPY_NO_OWNER;
    if (!atomic_compare_exchange_strong(&payload->owner, &expected, bocpy_interpid())) {
        PyErr_Format(PyExc_RuntimeError, "it has an owner: interpreter %lld", (long long)expected);
        return NULL;
    }
    PyObject *self = handle_new(type_of(local_state), payload);
    if (self == NULL) {
        atomic_store(&payload->owner, BOCPY_NO_OWNER);
        return NULL;
    }
    atomic_fetch_add(&payload->references, 1);
    atomic_fetch_add(&opened, 1);
    return self;
}

static PyTypeObject *
owned_type(State *state)
{
    return state->owned;
}

static PyTypeObject *
copyable_type(State *state)
{
    return state->copyable;
}

static PyObject *
open_owned(XIDATA_T *xidata)
{
    return open_owned_as(xidata, owned_type);
}

static PyObject *
open_copyable(XIDATA_T *xidata)
{
    return open_owned_as(xidata, copyable_type);
}

static int
give_up(PyObject *obj)
{
    Payload *payload = ((Handle *)obj)->payload;
    if (is_to_fail(&takes_to_fail, "a taking")) {
        return -1;
    }
    int_least64_t expected = bocpy_interpid();
    if (!atomic_compare_exchange_strong(&payload->owner, &expected, BOCPY_NO_OWNER)) {
        PyErr_Format(PyExc_RuntimeError, "interpreter %lld owns it, not %lld", (long long)expected,
                     (long long)bocpy_interpid());
        return -1;
    }
    atomic_fetch_add(&taken, 1);
    return 0;
}

XIDATA_GETDATA_FUNC(take_owned)
{
    if (give_up(obj) < 0) {
        return -1;
    }
    XIDATA_INIT(xidata, tstate->interp, ((Handle *)obj)->payload, obj, open_owned);
    return 0;
}

XIDATA_GETDATA_FUNC(take_copyable)
{
    if (give_up(obj) < 0) {
        return -1;
    }
    XIDATA_INIT(xidata, tstate->interp, ((Handle *)obj)->payload, obj, open_copyable);
    return 0;
}

/* ---- shares its data */

static PyObject *
open_shared(XIDATA_T *xidata)
{
    if (is_to_fail(&openings_to_fail, "an opening")) {
        return NULL;
    }
    if (local_state == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this thread has not imported the module");
        return NULL;
    }
    Payload *payload = (Payload *)xidata->data;
    PyObject *self = handle_new(local_state->shared, payload);
    if (self != NULL) {
        atomic_fetch_add(&payload->references, 1);
        atomic_fetch_add(&opened, 1);
    }
    return self;
}

XIDATA_GETDATA_FUNC(take_shared)
{
    Payload *payload = ((Handle *)obj)->payload;
    if (is_to_fail(&takes_to_fail, "a taking")) {
        return -1;
    }
    atomic_fetch_add(&payload->references, 1);
    atomic_fetch_add(&taken, 1);
    XIDATA_INIT(xidata, tstate->interp, payload, NULL, open_shared);
    XIDATA_SET_FREE(xidata, payload_free);
    return 0;
}

/* ---- hands over a bare pointer */

static PyObject *
open_adopted(XIDATA_T *xidata)
{
    if (is_to_fail(&openings_to_fail, "an opening")) {
        return NULL;
    }
    if (local_state == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this thread has not imported the module");
        return NULL;
    }
    PyObject *self = handle_new(local_state->adopted, (Payload *)xidata->data);
    if (self != NULL) {
        atomic_store(&((Handle *)self)->payload->owner, bocpy_interpid());
        xidata->data = NULL;
        atomic_fetch_add(&opened, 1);
    }
    return self;
}

XIDATA_GETDATA_FUNC(take_adopted)
{
    if (is_to_fail(&takes_to_fail, "a taking")) {
        return -1;
    }
    Handle *self = (Handle *)obj;
    XIDATA_INIT(xidata, tstate->interp, self->payload, NULL, open_adopted);
    XIDATA_SET_FREE(xidata, payload_free);
    self->payload = NULL;
    atomic_fetch_add(&taken, 1);
    return 0;
}

/* ---- what the objects can do */

static bool
may_use(PyObject *self)
{
    Payload *payload = ((Handle *)self)->payload;
    if (payload == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "its data has been handed over");
        return false;
    }
    return true;
}

static bool
may_write(PyObject *self)
{
    if (!may_use(self)) {
        return false;
    }
    int_least64_t owner = atomic_load(&((Handle *)self)->payload->owner);
    if (owner != bocpy_interpid()) {
        PyErr_Format(PyExc_RuntimeError, "its data has been handed over to interpreter %lld", (long long)owner);
        return false;
    }
    return true;
}

static PyObject *
get_number(PyObject *self, void *Py_UNUSED(closure))
{
    return may_write(self) ? PyLong_FromLongLong(((Handle *)self)->payload->number) : NULL;
}

static PyObject *
get_shared_number(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong(((Handle *)self)->payload->number);
}

static int
set_number(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (!may_write(self)) {
        return -1;
    }
    long long number = value == NULL ? 0 : PyLong_AsLongLong(value);
    if (number == -1 && PyErr_Occurred()) {
        return -1;
    }
    ((Handle *)self)->payload->number = number;
    return 0;
}

static PyObject *
get_address(PyObject *self, void *Py_UNUSED(closure))
{
    return may_use(self) ? PyLong_FromVoidPtr(((Handle *)self)->payload) : NULL;
}

static PyGetSetDef owned_members[] = {
    {"number", get_number, set_number, NULL, NULL},
    {"address", get_address, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyGetSetDef shared_members[] = {
    {"number", get_shared_number, NULL, NULL, NULL},
    {"address", get_address, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyObject *
create(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    long long number = 0;
    if (!PyArg_ParseTuple(args, "|L", &number)) {
        return NULL;
    }
    Payload *payload = payload_new(number);
    if (payload == NULL) {
        return NULL;
    }
    PyObject *self = handle_new(type, payload);
    if (self == NULL) {
        payload_drop(payload);
    }
    return self;
}

static PyObject *
reduce(PyObject *self, PyObject *Py_UNUSED(arguments))
{
    if (!may_write(self)) {
        return NULL;
    }
    return Py_BuildValue("O(L)", (PyObject *)Py_TYPE(self), (long long)((Handle *)self)->payload->number);
}

static PyMethodDef copyable_methods[] = {
    {"__reduce__", reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static void
dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    payload_drop(((Handle *)self)->payload);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot owned_slots[] = {
    {Py_tp_new, (void *)create},
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_getset, owned_members},
    {0, NULL},
};

static PyType_Slot copyable_slots[] = {
    {Py_tp_new, (void *)create},
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_getset, owned_members},
    {Py_tp_methods, copyable_methods},
    {0, NULL},
};

static PyType_Slot shared_slots[] = {
    {Py_tp_new, (void *)create},
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_getset, shared_members},
    {0, NULL},
};

static PyType_Spec owned_spec = {"bocpy_payloads.Owned", sizeof(Handle), 0, Py_TPFLAGS_DEFAULT, owned_slots};
static PyType_Spec copyable_spec = {"bocpy_payloads.Copyable", sizeof(Handle), 0, Py_TPFLAGS_DEFAULT, copyable_slots};
static PyType_Spec shared_spec = {"bocpy_payloads.Shared", sizeof(Handle), 0, Py_TPFLAGS_DEFAULT, shared_slots};
static PyType_Spec adopted_spec = {"bocpy_payloads.Adopted", sizeof(Handle), 0, Py_TPFLAGS_DEFAULT, owned_slots};

/* ---- the module */

static PyObject *
counts(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    return Py_BuildValue("{sLsLsLsLsL}", "live", (long long)(atomic_load(&made) - atomic_load(&gone)), "made",
                         (long long)atomic_load(&made), "taken", (long long)atomic_load(&taken), "opened",
                         (long long)atomic_load(&opened), "freed", (long long)atomic_load(&freed));
}

static PyObject *
fail(PyObject *Py_UNUSED(module), PyObject *args)
{
    long long takes = 0, openings = 0;
    if (!PyArg_ParseTuple(args, "LL", &takes, &openings)) {
        return NULL;
    }
    atomic_store(&takes_to_fail, takes);
    atomic_store(&openings_to_fail, openings);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"counts", counts, METH_NOARGS, NULL},
    {"fail", fail, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject *
add(PyObject *module, PyType_Spec *spec, bocpy_xidata_getdata take)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (type == NULL || PyModule_AddType(module, type) < 0 || XIDATA_REGISTERCLASS(type, take) < 0) {
        Py_XDECREF(type);
        return NULL;
    }
    return type;
}

static int
exec_module(PyObject *module)
{
    State *state = (State *)PyModule_GetState(module);
    local_state = state;
    state->owned = add(module, &owned_spec, take_owned);
    state->copyable = add(module, &copyable_spec, take_copyable);
    state->shared = add(module, &shared_spec, take_shared);
    state->adopted = add(module, &adopted_spec, take_adopted);
    return state->owned && state->copyable && state->shared && state->adopted ? 0 : -1;
}

static int
traverse_module(PyObject *module, visitproc visit, void *arg)
{
    State *state = (State *)PyModule_GetState(module);
    if (state != NULL) {
        Py_VISIT(state->owned);
        Py_VISIT(state->copyable);
        Py_VISIT(state->shared);
        Py_VISIT(state->adopted);
    }
    return 0;
}

static int
clear_module(PyObject *module)
{
    State *state = (State *)PyModule_GetState(module);
    if (state != NULL) {
        Py_CLEAR(state->owned);
        Py_CLEAR(state->copyable);
        Py_CLEAR(state->shared);
        Py_CLEAR(state->adopted);
    }
    return 0;
}

static void
free_module(void *module)
{
    if (local_state == PyModule_GetState((PyObject *)module)) {
        local_state = NULL;
    }
    clear_module((PyObject *)module);
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
    PyModuleDef_HEAD_INIT, "bocpy_payloads", NULL, sizeof(State),  functions,
    module_slots,          traverse_module,  clear_module, free_module,
};

PyMODINIT_FUNC
PyInit_bocpy_payloads(void)
{
    return PyModuleDef_Init(&definition);
}
