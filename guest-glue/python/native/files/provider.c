// The module `_wit_wire_files`: through it the glue says what there is besides what programs write.

#include "provider.h"

#include <errno.h>

#include "Python.h"

enum { KIND, NAMES, CONTENT, QUESTIONS };
static PyObject *provider[QUESTIONS];

// libc was called with or without the lock, and perhaps on behalf of an error.
struct turn {
    PyGILState_STATE state;
    PyObject *error;
};

static struct turn begin(void) {
    PyGILState_STATE state = PyGILState_Ensure();
    return (struct turn){state, PyErr_GetRaisedException()};
}

static void end(struct turn turn, PyObject *asked) {
    if (PyErr_Occurred()) PyErr_WriteUnraisable(asked);
    PyErr_SetRaisedException(turn.error);
    PyGILState_Release(turn.state);
}

enum provided provided(const char *path) {
    if (!provider[KIND]) return NOTHING;
    struct turn turn = begin();
    PyObject *answer = PyObject_CallFunction(provider[KIND], "s", path);
    long kind = answer ? PyLong_AsLong(answer) : FAILED;
    Py_DecRef(answer);
    end(turn, provider[KIND]);
    return kind >= NOTHING && kind < FAILED ? (enum provided)kind : FAILED;
}

char *provided_names(const char *path, uint32_t *length) {
    if (!provider[NAMES]) {
        *length = 0;
        return calloc(1, 1);
    }
    struct turn turn = begin();
    char *start, *copy = 0;
    Py_ssize_t size;
    PyObject *answer = PyObject_CallFunction(provider[NAMES], "s", path);
    if (answer && !PyBytes_AsStringAndSize(answer, &start, &size)) {
        copy = calloc((size_t)size + 1, 1);
        if (copy) memcpy(copy, start, (size_t)size);
        *length = (uint32_t)size;
    }
    Py_DecRef(answer);
    end(turn, provider[NAMES]);
    return copy;
}

bool provided_content(const char *path, void **owner, const uint8_t **bytes, uint64_t *size) {
    if (!provider[CONTENT]) return false;
    struct turn turn = begin();
    char *start;
    Py_ssize_t length;
    PyObject *answer = PyObject_CallFunction(provider[CONTENT], "s", path);
    bool is_there = answer && !PyBytes_AsStringAndSize(answer, &start, &length);
    if (is_there) {
        *owner = answer;
        *bytes = (uint8_t *)start;
        *size = (uint64_t)length;
    } else {
        Py_DecRef(answer);
    }
    end(turn, provider[CONTENT]);
    return is_there;
}

void give_back(void *owner) {
    struct turn turn = begin();
    Py_DecRef(owner);
    end(turn, 0);
}

static PyObject *provide(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *given[QUESTIONS];
    if (!PyArg_ParseTuple(arguments, "OOO", &given[KIND], &given[NAMES], &given[CONTENT])) return 0;
    for (int i = 0; i < QUESTIONS; i++) {
        Py_IncRef(given[i]);
        Py_DecRef(provider[i]);
        provider[i] = given[i];
    }
    return PyLong_FromLong(0);
}

// Returns an `errno`, or 0.
static PyObject *set_mode(PyObject *module, PyObject *arguments) {
    (void)module;
    unsigned long long inode;
    unsigned int mode;
    if (!PyArg_ParseTuple(arguments, "KI", &inode, &mode)) return 0;
    struct node *node = node_of(inode);
    if (!node) return PyLong_FromLong(ENOENT);
    if (node->read_only) return PyLong_FromLong(EROFS);
    node->mode = mode & 07777;
    node->changed = now();
    return PyLong_FromLong(0);
}

// Where relative paths begin. Not by `chdir`, while the image is made and has other files.
static PyObject *enter(PyObject *module, PyObject *arguments) {
    (void)module;
    extern char *__wasilibc_cwd;
    const char *path;
    if (!PyArg_ParseTuple(arguments, "s", &path)) return 0;
    // Here already, so that no call has to make it.
    root();
    __wasilibc_cwd = strdup(path);
    return PyLong_FromLong(0);
}

// How much there may be and is, in bytes and in files.
static PyObject *room(PyObject *module, PyObject *arguments) {
    (void)module, (void)arguments;
    uint64_t bytes;
    uint32_t files;
    in_use(&bytes, &files);
    return Py_BuildValue("KKII", MOST_BYTES, bytes, MOST_FILES, files);
}

static PyMethodDef methods[] = {
    {"enter", enter, METH_VARARGS, 0},
    {"provide", provide, METH_VARARGS, 0},
    {"room", room, METH_VARARGS, 0},
    {"set_mode", set_mode, METH_VARARGS, 0},
    {0},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_wit_wire_files",
                                 .m_methods = methods};

PyMODINIT_FUNC PyInit__wit_wire_files(void) {
    return PyModuleDef_Init(&definition);
}
