/* bocpy/xidata.h: one set of names for CPython's cross-interpreter data, from 3.10 to 3.15.
 *
 * CPython moves an object to another interpreter in three steps. The function that is registered for the object's type
 * (XIDATA_GETDATA_FUNC) describes the object in an XIDATA_T, in the interpreter that has the object. Then the function
 * that is named there makes a new object, in the other interpreter. At last the data is released, in the first one. The
 * functions for that are private to CPython, and have other names and arguments in most of its versions.
 *
 *   XIDATA_T                                     what describes an object on its way; its field `data` is yours
 *   XIDATA_NEW()                                 a new, empty XIDATA_T; NULL with MemoryError if there is no memory
 *   XIDATA_INIT(xidata, interp, data, obj, new_object)
 *                                                fills an empty one. `interp`: the interpreter that has the object;
 *                                                `obj`: what has to live as long as the data, or NULL; it gets one
 *                                                more reference
 *   XIDATA_SET_FREE(xidata, function)            after XIDATA_INIT: void function(void *data) is called when the data is
 *                                                released
 *   XIDATA_GETXIDATA(value, xidata)              has the type of `value` fill it; -1 with an exception if that fails
 *   XIDATA_NEWOBJECT(xidata)                     makes the new object, in this interpreter; as a type: that of such functions
 *   XIDATA_FREE(xidata)                          releases the data, in the interpreter that has the object, and the
 *                                                XIDATA_T itself. From other interpreters this may happen later
 *   XIDATA_GETDATA_FUNC(name) { ... }            defines the function to register for a type. Its arguments are
 *                                                `tstate`, `obj` and `xidata`, and it returns 0, or -1 with an exception
 *   XIDATA_REGISTERCLASS(type, name)             registers it, in this interpreter; -1 with an exception if that fails
 *   xidata_supported(obj)                        whether the type of `obj` is registered in this interpreter
 *
 * For Pythons before 3.12, there are also PyErr_GetRaisedException() and PyErr_SetRaisedException(exception).
 *
 * All of these need an attached thread state, but for XIDATA_SET_FREE. */

#ifndef BOCPY_XIDATA_H
#define BOCPY_XIDATA_H

#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef Py_LIMITED_API
#  error "bocpy's headers need what is private to CPython: build for each of its versions, without Py_LIMITED_API"
#endif

#if PY_VERSION_HEX < 0x030A0000
#  error "bocpy needs Python 3.10 or newer"
#endif

#if PY_VERSION_HEX >= 0x030D0000
/* From here on it is in a header that only CPython's own code is to include. Nobody else is to take us for that. */
#  ifdef Py_BUILD_CORE
#    include "internal/pycore_crossinterp.h"
#  else
#    define Py_BUILD_CORE 1
#    include "internal/pycore_crossinterp.h"
#    undef Py_BUILD_CORE
#  endif
#endif

#if defined(__GNUC__) || defined(__clang__)
#  define BOCPY_UNUSED __attribute__((unused))
#else
#  define BOCPY_UNUSED
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if PY_VERSION_HEX >= 0x030E0000
typedef _PyXIData_t XIDATA_T;
#else
typedef _PyCrossInterpreterData XIDATA_T;
#endif

/* Functions that make an object from data. A macro of the same name calls the one that data names. */
typedef PyObject *(*XIDATA_NEWOBJECT)(XIDATA_T *);

/* Functions to register for a type, as this Python calls them. */
#if PY_VERSION_HEX >= 0x030C0000
typedef int (*bocpy_xidata_getdata)(PyThreadState *, PyObject *, XIDATA_T *);
#else
typedef int (*bocpy_xidata_getdata)(PyObject *, XIDATA_T *);
#endif

#if PY_VERSION_HEX < 0x030D0000 && PY_VERSION_HEX >= 0x030C0000
/* CPython 3.12 has this one, but declares it in a header of its own. */
PyAPI_FUNC(int) _PyCrossInterpreterData_ReleaseAndRawFree(_PyCrossInterpreterData *);
#endif

#if PY_VERSION_HEX < 0x030C0000

static inline PyObject *
bocpy_get_raised_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == NULL) {
        return NULL;
    }
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
        Py_DECREF(traceback);
    }
    Py_DECREF(type);
    return value;
}

static inline void
bocpy_set_raised_exception(PyObject *exception)
{
    if (exception == NULL) {
        PyErr_Clear();
        return;
    }
    PyObject *type = (PyObject *)Py_TYPE(exception);
    Py_INCREF(type);
    PyErr_Restore(type, exception, PyException_GetTraceback(exception));
}

#  ifndef PyErr_GetRaisedException
#    define PyErr_GetRaisedException() bocpy_get_raised_exception()
#  endif
#  ifndef PyErr_SetRaisedException
#    define PyErr_SetRaisedException(exception) bocpy_set_raised_exception(exception)
#  endif

#endif /* before 3.12 */

static inline int64_t
bocpy_xidata_interpid(const XIDATA_T *xidata)
{
#if PY_VERSION_HEX >= 0x030D0000
    return xidata->interpid;
#else
    return xidata->interp;
#endif
}

static inline XIDATA_T *
bocpy_xidata_new(void)
{
    XIDATA_T *xidata = (XIDATA_T *)PyMem_RawCalloc(1, sizeof(XIDATA_T));
    if (xidata == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    xidata->interpid = -1;
#else
    xidata->interp = -1;
#endif
    return xidata;
}

static inline void
bocpy_xidata_init(XIDATA_T *xidata, PyInterpreterState *interp, void *data, PyObject *obj, XIDATA_NEWOBJECT new_object)
{
#if PY_VERSION_HEX >= 0x030E0000
    _PyXIData_Init(xidata, interp, data, obj, new_object);
#elif PY_VERSION_HEX >= 0x030C0000
    _PyCrossInterpreterData_Init(xidata, interp, data, obj, new_object);
#else
    xidata->data = data;
    Py_XINCREF(obj);
    xidata->obj = obj;
    xidata->interp = interp != NULL ? PyInterpreterState_GetID(interp) : -1;
    xidata->new_object = new_object;
    /* CPython sets its own `free` before it calls the function of the type. Later versions don't. */
    xidata->free = NULL;
#endif
}

static inline int
bocpy_xidata_get(PyObject *value, XIDATA_T *xidata)
{
#if PY_VERSION_HEX >= 0x030E0000
    return _PyObject_GetXIDataNoFallback(PyThreadState_Get(), value, xidata);
#else
    return _PyObject_GetCrossInterpreterData(value, xidata);
#endif
}

static inline PyObject *
bocpy_xidata_new_object(XIDATA_T *xidata)
{
#if PY_VERSION_HEX >= 0x030E0000
    return _PyXIData_NewObject(xidata);
#else
    return _PyCrossInterpreterData_NewObject(xidata);
#endif
}

static inline void
bocpy_xidata_free(XIDATA_T *xidata)
{
    if (xidata == NULL) {
        return;
    }
    void *data = xidata->data;
    PyObject *obj = xidata->obj;
    void (*free_data)(void *) = data != NULL ? xidata->free : NULL;
    int64_t home = bocpy_xidata_interpid(xidata);
    if (free_data == NULL && obj == NULL) {
        PyMem_RawFree(xidata);
        return;
    }
    if (home == -1 || home == PyInterpreterState_GetID(PyInterpreterState_Get())) {
        PyMem_RawFree(xidata);
        if (free_data != NULL) {
            free_data(data);
        }
        Py_XDECREF(obj);
        return;
    }
    /* The other interpreter does it, as soon as it can. An exception that is on its way here stays. */
    PyObject *raised = PyErr_GetRaisedException();
#if PY_VERSION_HEX >= 0x030E0000
    int released = _PyXIData_ReleaseAndRawFree(xidata) == 0;
#elif PY_VERSION_HEX >= 0x030C0000
    int released = _PyCrossInterpreterData_ReleaseAndRawFree(xidata) == 0;
#else
    _PyCrossInterpreterData_Release(xidata);
    PyMem_RawFree(xidata);
    int released = !PyErr_Occurred();
#endif
    if (!released && free_data != NULL) {
        /* That interpreter has ended, and its objects with it. The data belongs to none. */
        free_data(data);
    }
    PyErr_SetRaisedException(raised);
}

static inline int
bocpy_xidata_register(PyTypeObject *type, bocpy_xidata_getdata getdata)
{
#if PY_VERSION_HEX >= 0x030E0000
    _PyXIData_getdata_t functions;
    functions.basic = getdata;
    functions.fallback = NULL;
    return _PyXIData_RegisterClass(PyThreadState_Get(), type, functions);
#else
    return _PyCrossInterpreterData_RegisterClass(type, getdata);
#endif
}

static inline bool
xidata_supported(PyObject *op)
{
    if (op == NULL) {
        return false;
    }
    PyObject *raised = PyErr_GetRaisedException();
#if PY_VERSION_HEX >= 0x030E0000
    _PyXIData_getdata_t functions = _PyXIData_Lookup(PyThreadState_Get(), op);
    bool supported = functions.basic != NULL || functions.fallback != NULL;
#else
    bool supported = _PyCrossInterpreterData_Lookup(op) != NULL;
#endif
    PyErr_SetRaisedException(raised);
    return supported;
}

#define XIDATA_NEW() bocpy_xidata_new()
#define XIDATA_INIT(xidata, interp, data, obj, new_object) \
    bocpy_xidata_init((xidata), (interp), (data), (obj), (new_object))
#define XIDATA_SET_FREE(xidata, function) \
    do { \
        (xidata)->free = (function); \
    } while (0)
#define XIDATA_GETXIDATA(value, xidata) bocpy_xidata_get((value), (xidata))
#define XIDATA_NEWOBJECT(xidata) bocpy_xidata_new_object(xidata)
#define XIDATA_FREE(xidata) bocpy_xidata_free(xidata)
#define XIDATA_REGISTERCLASS(type, getdata) bocpy_xidata_register((type), (getdata))

#if PY_VERSION_HEX >= 0x030C0000
#  define XIDATA_GETDATA_FUNC(name) \
    static int name(BOCPY_UNUSED PyThreadState *tstate, BOCPY_UNUSED PyObject *obj, BOCPY_UNUSED XIDATA_T *xidata)
#else
/* CPython calls it without the thread state here. */
#  define XIDATA_GETDATA_FUNC(name) \
    static int bocpy_getdata_##name(PyThreadState *tstate, PyObject *obj, XIDATA_T *xidata); \
    static int name(PyObject *obj, XIDATA_T *xidata) \
    { \
        return bocpy_getdata_##name(PyThreadState_Get(), obj, xidata); \
    } \
    static int bocpy_getdata_##name( \
        BOCPY_UNUSED PyThreadState *tstate, BOCPY_UNUSED PyObject *obj, BOCPY_UNUSED XIDATA_T *xidata)
#endif

#ifdef __cplusplus
}
#endif

#endif /* BOCPY_XIDATA_H */
