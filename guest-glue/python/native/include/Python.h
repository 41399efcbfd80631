/* The part of CPython's stable ABI (that of 3.14) which the extension modules here use.
 *
 * No package has CPython's headers at a version that stays: these declarations say what the
 * documentation of the stable ABI says, and the linker compares them with the interpreter. What
 * the public headers have as macros over an object's memory are calls here. */

#ifndef Py_PYTHON_H
#define Py_PYTHON_H

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PY_VERSION_HEX 0x030E00F0

typedef intptr_t Py_ssize_t;
typedef Py_ssize_t Py_hash_t;
#define PY_SSIZE_T_MAX INTPTR_MAX

typedef struct _typeobject PyTypeObject;
typedef struct _object {
    Py_ssize_t ob_refcnt;
    PyTypeObject *ob_type;
} PyObject;
typedef struct {
    PyObject ob_base;
    Py_ssize_t ob_size;
} PyVarObject;
struct _typeobject {
    PyVarObject ob_base;
    const char *tp_name;
    /* The rest is CPython's own: `PyType_GetSlot` has it. */
};
typedef PyObject PyBytesObject;

#define PyObject_HEAD PyObject ob_base;
#define PyObject_VAR_HEAD PyVarObject ob_base;
#define _Py_CAST(type, value) ((type)(value))
#define _PyObject_CAST(o) ((PyObject *)(o))
#define Py_TYPE(o) (_PyObject_CAST(o)->ob_type)
#define Py_SIZE(o) (((PyVarObject *)(o))->ob_size)
#define Py_ARRAY_LENGTH(a) ((Py_ssize_t)(sizeof(a) / sizeof((a)[0])))
#define Py_UNUSED(name) unused_##name __attribute__((unused))
#define Py_UNREACHABLE() __builtin_unreachable()
#define PyMODINIT_FUNC __attribute__((visibility("default"))) PyObject *
#define PyDoc_STR(text) text
#define PyDoc_STRVAR(name, text) static const char name[] = text

/* References. */
void Py_IncRef(PyObject *);
void Py_DecRef(PyObject *);
#define Py_XINCREF(o) Py_IncRef(_PyObject_CAST(o))
#define Py_XDECREF(o) Py_DecRef(_PyObject_CAST(o))
#define Py_INCREF Py_XINCREF
#define Py_DECREF Py_XDECREF
static inline PyObject *Py_NewRef(PyObject *o) { Py_IncRef(o); return o; }
#define Py_SETREF(place, value) \
    do { PyObject *old_ = _PyObject_CAST(place); (place) = (value); Py_DecRef(old_); } while (0)
#define Py_XSETREF Py_SETREF
#define Py_CLEAR(place) Py_SETREF(place, NULL)

PyObject *Py_GetConstantBorrowed(unsigned int);
PyObject *Py_GetConstant(unsigned int);
#define Py_CONSTANT_EMPTY_BYTES 8
#define Py_None Py_GetConstantBorrowed(0)
#define Py_False Py_GetConstantBorrowed(1)
#define Py_True Py_GetConstantBorrowed(2)
#define Py_RETURN_NONE return Py_GetConstant(0)

/* Types. */
typedef int (*visitproc)(PyObject *, void *);
typedef int (*traverseproc)(PyObject *, visitproc, void *);
typedef int (*inquiry)(PyObject *);
typedef void (*freefunc)(void *);
typedef void (*destructor)(PyObject *);
typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);
typedef PyObject *(*getter)(PyObject *, void *);
typedef int (*setter)(PyObject *, PyObject *, void *);
typedef PyObject *(*newfunc)(PyTypeObject *, PyObject *, PyObject *);
#define _PyCFunction_CAST(function) ((PyCFunction)(void (*)(void))(function))

typedef struct { int slot; void *pfunc; } PyType_Slot;
typedef struct {
    const char *name;
    int basicsize, itemsize;
    unsigned int flags;
    PyType_Slot *slots;
} PyType_Spec;
typedef struct {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;
typedef struct {
    const char *name;
    int type;
    Py_ssize_t offset;
    int flags;
    const char *doc;
} PyMemberDef;
typedef struct {
    const char *name;
    getter get;
    setter set;
    const char *doc;
    void *closure;
} PyGetSetDef;
enum { METH_VARARGS = 1, METH_KEYWORDS = 2, METH_NOARGS = 4, METH_O = 8, METH_CLASS = 16,
       METH_STATIC = 32, METH_FASTCALL = 128 };
enum { Py_sq_length = 45, Py_tp_clear = 51, Py_tp_dealloc = 52, Py_tp_doc = 56,
       Py_tp_methods = 64, Py_tp_new = 65, Py_tp_repr = 66, Py_tp_traverse = 71,
       Py_tp_members = 72, Py_tp_getset = 73, Py_tp_free = 74 };
enum { Py_T_INT = 1, Py_T_UINT = 11, Py_T_BOOL = 14, Py_T_PYSSIZET = 19, Py_READONLY = 1 };
#define _Py_T_OBJECT 6
#define Py_TPFLAGS_DEFAULT (1UL << 18)
#define Py_TPFLAGS_IMMUTABLETYPE (1UL << 8)
#define Py_TPFLAGS_HAVE_GC (1UL << 14)

extern PyTypeObject PyType_Type, PyTuple_Type, PyBytes_Type, PyUnicode_Type, PyDict_Type, PyLong_Type;
void *PyType_GetSlot(PyTypeObject *, int);
unsigned long PyType_GetFlags(PyTypeObject *);
void *PyType_GetModuleState(PyTypeObject *);
PyObject *PyType_FromModuleAndSpec(PyObject *, PyType_Spec *, PyObject *);
int PyType_IsSubtype(PyTypeObject *, PyTypeObject *);
int PyType_Freeze(PyTypeObject *);
PyObject *PyType_GenericAlloc(PyTypeObject *, Py_ssize_t);
#define PyObject_TypeCheck(o, t) (Py_TYPE(o) == (t) || PyType_IsSubtype(Py_TYPE(o), (t)))
#define has_flag_(o, bit) ((PyType_GetFlags(Py_TYPE(o)) & (1UL << (bit))) != 0)
#define PyLong_Check(o) has_flag_(o, 24)
#define PyTuple_Check(o) has_flag_(o, 26)
#define PyBytes_Check(o) has_flag_(o, 27)
#define PyUnicode_Check(o) has_flag_(o, 28)
#define PyDict_Check(o) has_flag_(o, 29)
#define PyTuple_CheckExact(o) (Py_TYPE(o) == &PyTuple_Type)

PyObject *_PyObject_GC_New(PyTypeObject *);
void PyObject_GC_Track(void *);
void PyObject_GC_UnTrack(void *);
void PyObject_GC_Del(void *);
#define PyObject_GC_New(kind, type) ((kind *)_PyObject_GC_New(type))
#define Py_VISIT(o) \
    do { if (o) { int r_ = visit(_PyObject_CAST(o), arg); if (r_) return r_; } } while (0)

/* Modules. */
typedef struct {
    PyObject ob_base;
    PyObject *(*m_init)(void);
    Py_ssize_t m_index;
    PyObject *m_copy;
} PyModuleDef_Base;
typedef struct PyModuleDef_Slot { int slot; void *value; } PyModuleDef_Slot;
typedef struct PyModuleDef {
    PyModuleDef_Base m_base;
    const char *m_name;
    const char *m_doc;
    Py_ssize_t m_size;
    PyMethodDef *m_methods;
    PyModuleDef_Slot *m_slots;
    traverseproc m_traverse;
    inquiry m_clear;
    freefunc m_free;
} PyModuleDef;
#define PyModuleDef_HEAD_INIT {{1, NULL}, NULL, 0, NULL}
enum { Py_mod_exec = 2, Py_mod_multiple_interpreters = 3, Py_mod_gil = 4 };
#define Py_MOD_PER_INTERPRETER_GIL_SUPPORTED ((void *)2)
#define Py_MOD_GIL_NOT_USED ((void *)1)
PyObject *PyModuleDef_Init(PyModuleDef *);
void *PyModule_GetState(PyObject *);
int PyModule_Add(PyObject *, const char *, PyObject *);
int PyModule_AddObjectRef(PyObject *, const char *, PyObject *);
int PyModule_AddType(PyObject *, PyTypeObject *);
int PyModule_AddIntConstant(PyObject *, const char *, long);
int PyModule_AddStringConstant(PyObject *, const char *, const char *);

/* Errors. */
extern PyObject *PyExc_EOFError, *PyExc_Exception, *PyExc_MemoryError, *PyExc_OSError,
    *PyExc_OverflowError, *PyExc_SystemError, *PyExc_TypeError, *PyExc_ValueError,
    *PyExc_KeyError, *PyExc_RuntimeError;
PyObject *PyErr_Format(PyObject *, const char *, ...);
void PyErr_SetString(PyObject *, const char *);
PyObject *PyErr_NoMemory(void);
PyObject *PyErr_Occurred(void);
void PyErr_Clear(void);
int PyErr_ExceptionMatches(PyObject *);
void PyErr_WriteUnraisable(PyObject *);
PyObject *PyErr_GetRaisedException(void);
void PyErr_SetRaisedException(PyObject *);
PyObject *PyErr_NewExceptionWithDoc(const char *, const char *, PyObject *, PyObject *);
_Noreturn void Py_FatalError(const char *);

/* Arguments, and the bytes of objects. */
typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer;
#define PyBUF_SIMPLE 0
int PyObject_GetBuffer(PyObject *, Py_buffer *, int);
void PyBuffer_Release(Py_buffer *);
int PyArg_ParseTuple(PyObject *, const char *, ...);
int PyArg_ParseTupleAndKeywords(PyObject *, PyObject *, const char *, char *const *, ...);
PyObject *Py_BuildValue(const char *, ...);

/* Objects. */
int PyObject_IsTrue(PyObject *);
PyObject *PyObject_CallFunction(PyObject *, const char *, ...);
Py_ssize_t PyObject_Size(PyObject *);
PyObject *PyObject_GetAttrString(PyObject *, const char *);
int PyObject_SetAttrString(PyObject *, const char *, PyObject *);
PyObject *PyObject_GetItem(PyObject *, PyObject *);
int PyMapping_Check(PyObject *);
PyObject *PyMapping_GetItemString(PyObject *, const char *);
PyObject *PySequence_GetItem(PyObject *, Py_ssize_t);
Py_ssize_t PySequence_Size(PyObject *);
PyObject *PyNumber_Index(PyObject *);
#define _PyNumber_Index PyNumber_Index
PyObject *PyBool_FromLong(long);
PyObject *PyLong_FromLong(long);
PyObject *PyLong_FromSize_t(size_t);
PyObject *PyLong_FromUnsignedLong(unsigned long);
PyObject *PyLong_FromUnsignedLongLong(unsigned long long);
int PyLong_AsInt(PyObject *);
long PyLong_AsLong(PyObject *);
size_t PyLong_AsSize_t(PyObject *);
Py_ssize_t PyLong_AsSsize_t(PyObject *);
unsigned long PyLong_AsUnsignedLong(PyObject *);
unsigned long long PyLong_AsUnsignedLongLong(PyObject *);
long long PyLong_AsLongLongAndOverflow(PyObject *, int *);
PyObject *PyUnicode_FromFormat(const char *, ...);
PyObject *PyUnicode_FromString(const char *);
const char *PyUnicode_AsUTF8AndSize(PyObject *, Py_ssize_t *);
int PyUnicode_Compare(PyObject *, PyObject *);
int PyUnicode_CompareWithASCIIString(PyObject *, const char *);
char *PyBytes_AsString(PyObject *);
int PyBytes_AsStringAndSize(PyObject *, char **, Py_ssize_t *);
Py_ssize_t PyBytes_Size(PyObject *);
PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
int _PyBytes_Resize(PyObject **, Py_ssize_t);
#define PyBytes_AS_STRING(o) PyBytes_AsString(_PyObject_CAST(o))
#define PyBytes_GET_SIZE(o) PyBytes_Size(_PyObject_CAST(o))
PyObject *PyTuple_GetItem(PyObject *, Py_ssize_t);
Py_ssize_t PyTuple_Size(PyObject *);
#define PyTuple_GET_ITEM PyTuple_GetItem
#define PyTuple_GET_SIZE PyTuple_Size
PyObject *PyList_New(Py_ssize_t);
PyObject *PyList_GetItem(PyObject *, Py_ssize_t);
int PyList_SetItem(PyObject *, Py_ssize_t, PyObject *);
int PyList_Append(PyObject *, PyObject *);
#define PyList_GET_ITEM PyList_GetItem
#define PyList_SET_ITEM PyList_SetItem
PyObject *PyDict_New(void);
PyObject *PyDict_GetItemString(PyObject *, const char *);
int PyDict_GetItemRef(PyObject *, PyObject *, PyObject **);
int PyDict_SetItem(PyObject *, PyObject *, PyObject *);
int PyDict_SetItemString(PyObject *, const char *, PyObject *);
Py_ssize_t PyDict_Size(PyObject *);
int PyDict_Next(PyObject *, Py_ssize_t *, PyObject **, PyObject **);
#define PyDict_GET_SIZE PyDict_Size
typedef void (*PyCapsule_Destructor)(PyObject *);
PyObject *PyCapsule_New(void *, const char *, PyCapsule_Destructor);
void *PyCapsule_GetPointer(PyObject *, const char *);

/* Memory, and what runs beside us: nothing does. */
void *PyMem_Malloc(size_t);
void *PyMem_Calloc(size_t, size_t);
void *PyMem_Realloc(void *, size_t);
void PyMem_Free(void *);
#define PyMem_New(kind, count) ((kind *)PyMem_Malloc((count) * sizeof(kind)))
int PyOS_snprintf(char *, size_t, const char *, ...);
int PyErr_CheckSignals(void);
typedef int PyGILState_STATE;
PyGILState_STATE PyGILState_Ensure(void);
void PyGILState_Release(PyGILState_STATE);
#define Py_BEGIN_ALLOW_THREADS {
#define Py_END_ALLOW_THREADS }
typedef struct { uint8_t held; } PyMutex;
#define PyMutex_Lock(mutex) ((mutex)->held = 1)
#define PyMutex_Unlock(mutex) ((mutex)->held = 0)
#define PyMutex_IsLocked(mutex) ((mutex)->held)

#endif
