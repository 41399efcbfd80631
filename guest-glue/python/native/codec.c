#include "codec.h"

enum { FIRST = 32 << 10 };

/* Output that grows up to a limit. */
typedef struct {
    PyObject *bytes;
    size_t limit;
} Output;

static bool output_grow(Output *output, Span *span)
{
    size_t size = output->bytes == NULL ? 0 : (size_t)PyBytes_Size(output->bytes);
    size_t wanted = size == 0 ? FIRST : size <= PY_SSIZE_T_MAX / 2 ? size * 2 : PY_SSIZE_T_MAX;
    if (wanted > output->limit) {
        wanted = output->limit;
    }
    if (output->bytes == NULL) {
        output->bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)wanted);
    } else if (wanted == size) {
        PyErr_NoMemory();
        return false;
    } else {
        _PyBytes_Resize(&output->bytes, (Py_ssize_t)wanted);
    }
    if (output->bytes == NULL) {
        return false;
    }
    span->out = (uint8_t *)PyBytes_AsString(output->bytes) + size;
    span->out_size = wanted - size;
    return true;
}

static bool output_is_full(const Output *output, const Span *span)
{
    return span->out_size == 0 && (size_t)PyBytes_Size(output->bytes) == output->limit;
}

static PyObject *output_finish(Output *output, const Span *span)
{
    _PyBytes_Resize(&output->bytes, PyBytes_Size(output->bytes) - (Py_ssize_t)span->out_size);
    return output->bytes;
}

static PyObject *compress(PyObject *self, Span span, bool finish)
{
    Output output = {NULL, PY_SSIZE_T_MAX};
    for (;;) {
        if (span.out_size == 0 && !output_grow(&output, &span)) {
            break;
        }
        Outcome outcome = ((Compressor *)self)->step(self, &span, finish);
        if (outcome == FAILED) {
            break;
        }
        if (finish ? outcome == ENDED : span.in_size == 0) {
            return output_finish(&output, &span);
        }
    }
    Py_CLEAR(output.bytes);
    return NULL;
}

PyObject *compressor_compress(PyObject *self, PyObject *data)
{
    Py_buffer buffer;
    PyObject *result = NULL;
    if (PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    if (((Compressor *)self)->is_flushed) {
        PyErr_SetString(PyExc_ValueError, "Compressor has been flushed");
    } else {
        result = compress(self, (Span){buffer.buf, (size_t)buffer.len, NULL, 0}, false);
    }
    PyBuffer_Release(&buffer);
    return result;
}

PyObject *compressor_flush(PyObject *self, PyObject *none)
{
    (void)none;
    if (((Compressor *)self)->is_flushed) {
        PyErr_SetString(PyExc_ValueError, "Repeated call to flush()");
        return NULL;
    }
    ((Compressor *)self)->is_flushed = true;
    return compress(self, (Span){NULL, 0, NULL, 0}, true);
}

PyMethodDef compressor_methods[] = {
    {"compress", compressor_compress, METH_O,
     PyDoc_STR("compress($self, data, /)\n--\n\nWhat there is of the compressed data so far.")},
    {"flush", compressor_flush, METH_NOARGS,
     PyDoc_STR("flush($self, /)\n--\n\nThe rest of it. The compressor can't be used afterwards.")},
    {NULL, NULL, 0, NULL},
};

PyObject *decompressor_new(PyTypeObject *type, Step step)
{
    Decompressor *self = (Decompressor *)PyType_GenericAlloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->step = step;
    self->needs_input = true;
    self->unused_data = Py_GetConstant(Py_CONSTANT_EMPTY_BYTES);
    return (PyObject *)self;
}

void decompressor_forget(PyObject *object)
{
    Decompressor *self = (Decompressor *)object;
    PyMem_Free(self->kept);
    self->kept = NULL;
    self->kept_size = 0;
}

/* Leaves what is after `span` in `self` for the next call, or as data that is behind the end. */
static bool keep(Decompressor *self, const Span *span, bool has_ended)
{
    if (has_ended) {
        self->eof = true;
        self->needs_input = false;
        Py_XSETREF(self->unused_data,
                   PyBytes_FromStringAndSize((const char *)span->in, (Py_ssize_t)span->in_size));
        decompressor_forget((PyObject *)self);
        return self->unused_data != NULL;
    }
    /* Where the output is full, the library may hold some more of it. */
    self->needs_input = span->in_size == 0 && span->out_size != 0;
    if (span->in_size == 0) {
        decompressor_forget((PyObject *)self);
    } else if (self->kept != NULL) {
        memmove(self->kept, span->in, span->in_size);
        self->kept_size = span->in_size;
    } else {
        self->kept = PyMem_Malloc(span->in_size);
        if (self->kept == NULL) {
            PyErr_NoMemory();
            return false;
        }
        memcpy(self->kept, span->in, span->in_size);
        self->kept_size = span->in_size;
    }
    return true;
}

static PyObject *decompress(Decompressor *self, const Py_buffer *data, Py_ssize_t max_length)
{
    Span span = {data->buf, (size_t)data->len, NULL, 0};
    if (self->kept != NULL) {
        uint8_t *both = data->len == 0
                            ? self->kept
                            : PyMem_Realloc(self->kept, self->kept_size + (size_t)data->len);
        if (both == NULL) {
            return PyErr_NoMemory();
        }
        if (data->len != 0) {
            memcpy(both + self->kept_size, data->buf, (size_t)data->len);
        }
        self->kept = both;
        self->kept_size += (size_t)data->len;
        span.in = both;
        span.in_size = self->kept_size;
    }
    Output output = {NULL, max_length < 0 ? PY_SSIZE_T_MAX : (size_t)max_length};
    if (!output_grow(&output, &span)) {
        return NULL;
    }
    for (;;) {
        Outcome outcome = self->step((PyObject *)self, &span, false);
        if (outcome == FAILED) {
            break;
        }
        if (outcome == ENDED || output_is_full(&output, &span)
            || (span.in_size == 0 && span.out_size != 0)) {
            if (!keep(self, &span, outcome == ENDED)) {
                break;
            }
            return output_finish(&output, &span);
        }
        if (span.out_size == 0 && !output_grow(&output, &span)) {
            break;
        }
    }
    decompressor_forget((PyObject *)self);
    Py_CLEAR(output.bytes);
    return NULL;
}

PyObject *decompressor_decompress(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"data", "max_length", NULL};
    Py_buffer data;
    Py_ssize_t max_length = -1;
    PyObject *result = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*|n:decompress", names, &data,
                                     &max_length)) {
        return NULL;
    }
    if (((Decompressor *)self)->eof) {
        PyErr_SetString(PyExc_EOFError, "End of stream already reached");
    } else {
        result = decompress((Decompressor *)self, &data, max_length);
    }
    PyBuffer_Release(&data);
    return result;
}

PyMethodDef decompressor_methods[] = {
    {"decompress", _PyCFunction_CAST(decompressor_decompress), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("decompress($self, /, data, max_length=-1)\n--\n\n"
               "What is decompressed so far, at most `max_length` bytes unless that is negative.")},
    {NULL, NULL, 0, NULL},
};

void release(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DecRef((PyObject *)type);
}

int add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int added = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DecRef(type);
    return added;
}
