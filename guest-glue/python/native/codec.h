/* What bz2 and lzma have in common: objects that turn bytes into others, piece by piece. */

#ifndef WIT_WIRE_CODEC_H
#define WIT_WIRE_CODEC_H

#include "Python.h"

/* Bytes that a library reads, and those that it writes. */
typedef struct {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
} Span;

typedef enum { FAILED = -1, GOES_ON, ENDED } Outcome;

/* Moves a span on, until one of its sides is used up or the stream ends. */
typedef Outcome (*Step)(PyObject *self, Span *span, bool finish);

typedef struct {
    PyObject_HEAD
    Step step;
    bool is_flushed;
} Compressor;

PyObject *compressor_compress(PyObject *self, PyObject *data);
PyObject *compressor_flush(PyObject *self, PyObject *none);

typedef struct {
    PyObject_HEAD
    Step step;
    /* Input that a call with a limit of output has left for the next. */
    uint8_t *kept;
    size_t kept_size;
    PyObject *unused_data;
    char eof, needs_input;
} Decompressor;

/* An object of `type`, whose memory begins with a `Decompressor`. */
PyObject *decompressor_new(PyTypeObject *type, Step step);
PyObject *decompressor_decompress(PyObject *self, PyObject *args, PyObject *keywords);
void decompressor_forget(PyObject *self);

extern PyMethodDef compressor_methods[], decompressor_methods[];
#define DECOMPRESSOR_MEMBERS \
    {"eof", Py_T_BOOL, offsetof(Decompressor, eof), Py_READONLY, NULL}, \
    {"needs_input", Py_T_BOOL, offsetof(Decompressor, needs_input), Py_READONLY, NULL}, \
    {"unused_data", _Py_T_OBJECT, offsetof(Decompressor, unused_data), Py_READONLY, NULL}

/* Frees an object of a type of ours. */
void release(PyObject *self);
/* Adds a type to a module, under what follows the dot in its name. */
int add_type(PyObject *module, PyType_Spec *spec);

#endif
