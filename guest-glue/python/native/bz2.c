/* The module `_bz2`, on libbz2: what CPython's `bz2.py` is written for. */

#include "codec.h"

#include <bzlib.h>

typedef struct {
    Compressor base;
    bz_stream stream;
} BZ2Compressor;

typedef struct {
    Decompressor base;
    bz_stream stream;
    bool has_failed;
} BZ2Decompressor;

/* What libbz2 calls where it finds itself broken. */
void bz_internal_error(int code)
{
    (void)code;
    Py_FatalError("libbz2 has found an error in itself");
}

static Outcome outcome(int code)
{
    switch (code) {
    case BZ_OK:
    case BZ_RUN_OK:
    case BZ_FLUSH_OK:
    case BZ_FINISH_OK:
        return GOES_ON;
    case BZ_STREAM_END:
        return ENDED;
    case BZ_MEM_ERROR:
        PyErr_NoMemory();
        break;
    case BZ_DATA_ERROR:
    case BZ_DATA_ERROR_MAGIC:
        PyErr_SetString(PyExc_OSError, "Invalid data stream");
        break;
    case BZ_PARAM_ERROR:
        PyErr_SetString(PyExc_ValueError,
                        "Internal error - invalid parameters passed to libbzip2");
        break;
    case BZ_SEQUENCE_ERROR:
        PyErr_SetString(PyExc_RuntimeError,
                        "Internal error - Invalid sequence of commands sent to libbzip2");
        break;
    default:
        PyErr_Format(PyExc_OSError, "Unrecognized error from libbzip2: %d", code);
    }
    return FAILED;
}

static void enter(bz_stream *stream, const Span *span)
{
    stream->next_in = (char *)span->in;
    stream->avail_in = (unsigned)span->in_size;
    stream->next_out = (char *)span->out;
    stream->avail_out = (unsigned)span->out_size;
}

static void leave(const bz_stream *stream, Span *span)
{
    *span = (Span){(const uint8_t *)stream->next_in, stream->avail_in,
                   (uint8_t *)stream->next_out, stream->avail_out};
}

static Outcome compress_step(PyObject *self, Span *span, bool finish)
{
    bz_stream *stream = &((BZ2Compressor *)self)->stream;
    if (!finish && span->in_size == 0) {
        return GOES_ON;
    }
    enter(stream, span);
    int code = BZ2_bzCompress(stream, finish ? BZ_FINISH : BZ_RUN);
    leave(stream, span);
    return outcome(code);
}

static Outcome decompress_step(PyObject *object, Span *span, bool finish)
{
    (void)finish;
    BZ2Decompressor *self = (BZ2Decompressor *)object;
    /* libbz2 would go on with what it has not understood. */
    if (self->has_failed) {
        PyErr_SetString(PyExc_ValueError, "Decompressor can't be used after a previous error");
        return FAILED;
    }
    enter(&self->stream, span);
    Outcome result = outcome(BZ2_bzDecompress(&self->stream));
    leave(&self->stream, span);
    if (result == FAILED) {
        self->has_failed = true;
        self->base.needs_input = false;
    }
    return result;
}

static PyObject *compressor_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"", NULL};
    int level = 9;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|i:BZ2Compressor", names, &level)) {
        return NULL;
    }
    if (level < 1 || level > 9) {
        PyErr_SetString(PyExc_ValueError, "compresslevel must be between 1 and 9");
        return NULL;
    }
    BZ2Compressor *self = (BZ2Compressor *)PyType_GenericAlloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->base.step = compress_step;
    if (outcome(BZ2_bzCompressInit(&self->stream, level, 0, 0)) == FAILED) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void compressor_dealloc(PyObject *self)
{
    BZ2_bzCompressEnd(&((BZ2Compressor *)self)->stream);
    release(self);
}

static PyObject *bz2_decompressor_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, ":BZ2Decompressor", names)) {
        return NULL;
    }
    PyObject *self = decompressor_new(type, decompress_step);
    if (self != NULL
        && outcome(BZ2_bzDecompressInit(&((BZ2Decompressor *)self)->stream, 0, 0)) == FAILED) {
        Py_CLEAR(self);
    }
    return self;
}

static void decompressor_dealloc(PyObject *self)
{
    BZ2_bzDecompressEnd(&((BZ2Decompressor *)self)->stream);
    decompressor_forget(self);
    Py_CLEAR(((Decompressor *)self)->unused_data);
    release(self);
}

static PyMemberDef decompressor_members[] = {DECOMPRESSOR_MEMBERS, {NULL, 0, 0, 0, NULL}};

static PyType_Slot compressor_slots[] = {
    {Py_tp_new, compressor_new},
    {Py_tp_dealloc, compressor_dealloc},
    {Py_tp_methods, compressor_methods},
    {Py_tp_doc, "BZ2Compressor(compresslevel=9, /)\n--\n\nCompresses data piece by piece."},
    {0, NULL},
};
static PyType_Spec compressor_spec = {
    "_bz2.BZ2Compressor", sizeof(BZ2Compressor), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, compressor_slots,
};

static PyType_Slot decompressor_slots[] = {
    {Py_tp_new, bz2_decompressor_new},
    {Py_tp_dealloc, decompressor_dealloc},
    {Py_tp_methods, decompressor_methods},
    {Py_tp_members, decompressor_members},
    {Py_tp_doc, "BZ2Decompressor()\n--\n\nDecompresses data piece by piece."},
    {0, NULL},
};
static PyType_Spec decompressor_spec = {
    "_bz2.BZ2Decompressor", sizeof(BZ2Decompressor), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, decompressor_slots,
};

static int fill(PyObject *module)
{
    return add_type(module, &compressor_spec) < 0 ? -1 : add_type(module, &decompressor_spec);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_bz2", .m_slots = slots,
};

PyMODINIT_FUNC PyInit__bz2(void)
{
    return PyModuleDef_Init(&definition);
}
