/* What CPython's argument clinic calls, of which none is part of the stable ABI. It stands in for
 * the header of this name in the source of the module `_zstd`. */

#ifndef BACKPORTS_ZSTD_EDITS_H
#define BACKPORTS_ZSTD_EDITS_H

#include "Python.h"

/* `type->tp_free(object)`, which the objects of this module have from the collector. */
#define tp_free(object) tp_name, PyObject_GC_Del(object)

typedef struct _PyArg_Parser {
    const char *const *keywords;
    const char *fname;
    PyObject *kwtuple;
} _PyArg_Parser;

/* The items of a tuple, for as long as the function runs that asks. */
struct items { PyObject **ob_item; };
static inline PyObject **fill_items(PyObject **items, PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(tuple); i++) {
        items[i] = PyTuple_GetItem(tuple, i);
    }
    return items;
}
#define _PyTuple_CAST(tuple) \
    (&(struct items){fill_items( \
        __builtin_alloca(((size_t)PyTuple_Size(tuple) + 1) * sizeof(PyObject *)), tuple)})

static inline int check_positional(const char *name, Py_ssize_t count, Py_ssize_t min, Py_ssize_t max)
{
    if (count >= min && count <= max) {
        return 1;
    }
    PyErr_Format(PyExc_TypeError, "%s expected %s%zd argument%s, got %zd", name,
                 min == max ? "" : count < min ? "at least " : "at most ", count < min ? min : max,
                 (count < min ? min : max) == 1 ? "" : "s", count);
    return 0;
}

/* Puts arguments where their parameters are: `args` has `count` by position, and behind them those
 * that `names` has by keyword, unless a dictionary has these. NULL, and an error, if they don't
 * fit. */
static inline PyObject *const *unpack_keywords(
    PyObject *const *args, Py_ssize_t count, PyObject *by_name, PyObject *names,
    const _PyArg_Parser *parser, int min, int max, int min_by_keyword, PyObject **found)
{
    int positional = 0, all = 0;
    while (parser->keywords[all] != NULL) {
        positional += parser->keywords[all++][0] == '\0';
    }
    if (count > max) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional argument%s (%zd given)",
                     parser->fname, max, max == 1 ? "" : "s", count);
        return NULL;
    }
    for (int i = 0; i < all; i++) {
        found[i] = i < count ? args[i] : NULL;
    }
    PyObject *key, *value;
    Py_ssize_t place = 0;
    for (Py_ssize_t i = 0;; i++) {
        if (names != NULL) {
            if (i == PyTuple_Size(names)) {
                break;
            }
            key = PyTuple_GetItem(names, i);
            value = args[count + i];
        } else if (by_name == NULL || !PyDict_Next(by_name, &place, &key, &value)) {
            break;
        }
        if (!PyUnicode_Check(key)) {
            PyErr_SetString(PyExc_TypeError, "keywords must be strings");
            return NULL;
        }
        int at = positional;
        while (at < all && PyUnicode_CompareWithASCIIString(key, parser->keywords[at]) != 0) {
            at++;
        }
        if (at == all) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%S'",
                         parser->fname, key);
            return NULL;
        }
        if (found[at] != NULL) {
            PyErr_Format(PyExc_TypeError,
                         "argument for %s() given by name ('%S') and position (%d)",
                         parser->fname, key, at + 1);
            return NULL;
        }
        found[at] = value;
    }
    for (int i = 0; i < all; i++) {
        if (found[i] == NULL && (i < min || (i >= max && i < max + min_by_keyword))) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s' (pos %d)",
                         parser->fname, parser->keywords[i], i + 1);
            return NULL;
        }
    }
    return found;
}

#define BACKPORTSZSTD__PyArg_BadArgument(name, parameter, expected, value) \
    PyErr_Format(PyExc_TypeError, "%s() %s must be %s, not %T", name, parameter, expected, value)
#define BACKPORTSZSTD__PyArg_CheckPositional check_positional
#define BACKPORTSZSTD__PyArg_UnpackKeywords( \
    args, count, by_name, names, parser, min, max, min_by_keyword, varpos, found) \
    unpack_keywords(args, count, by_name, names, parser, min, max, min_by_keyword, found)
#define BACKPORTSZSTD__PyNumber_Index PyNumber_Index
#define BACKPORTSZSTD_PyErr_Format_AppendPT(kind, text, o) PyErr_Format(kind, text "%T", o)
#define BACKPORTSZSTD_LOCK PyMutex
#define BACKPORTSZSTD_LOCK_allocate() ((PyMutex){0})
#define BACKPORTSZSTD_LOCK_isError(lock) 0
#define BACKPORTSZSTD_LOCK_lock PyMutex_Lock
#define BACKPORTSZSTD_LOCK_unlock PyMutex_Unlock
#define BACKPORTSZSTD_LOCK_free(lock)
#define BACKPORTSZSTD_LOCK_isLocked PyMutex_IsLocked

#endif
