/* The module `_lzma`, on liblzma: what CPython's `lzma.py` is written for. */

#include "codec.h"

#include <lzma.h>

enum { FORMAT_AUTO, FORMAT_XZ, FORMAT_ALONE, FORMAT_RAW };
enum { CHECK_UNKNOWN = LZMA_CHECK_ID_MAX + 1 };

typedef lzma_filter Filters[LZMA_FILTERS_MAX + 1];

typedef struct {
    Compressor base;
    lzma_stream stream;
    Filters filters;
} LZMACompressor;

typedef struct {
    Decompressor base;
    lzma_stream stream;
    Filters filters;
    int check;
} LZMADecompressor;

static PyObject *LZMAError;

static Outcome outcome(lzma_ret code)
{
    const char *text;
    switch (code) {
    case LZMA_OK:
    case LZMA_GET_CHECK:
    case LZMA_NO_CHECK:
        return GOES_ON;
    case LZMA_STREAM_END:
        return ENDED;
    case LZMA_MEM_ERROR:
        PyErr_NoMemory();
        return FAILED;
    case LZMA_UNSUPPORTED_CHECK:
        text = "Unsupported integrity check";
        break;
    case LZMA_MEMLIMIT_ERROR:
        text = "Memory usage limit exceeded";
        break;
    case LZMA_FORMAT_ERROR:
        text = "Input format not supported by decoder";
        break;
    case LZMA_OPTIONS_ERROR:
        text = "Invalid or unsupported options";
        break;
    case LZMA_DATA_ERROR:
        text = "Corrupt input data";
        break;
    case LZMA_BUF_ERROR:
        text = "Insufficient buffer space";
        break;
    case LZMA_PROG_ERROR:
        text = "Internal error";
        break;
    default:
        PyErr_Format(LZMAError, "Unrecognized error from liblzma: %d", code);
        return FAILED;
    }
    PyErr_SetString(LZMAError, text);
    return FAILED;
}

static lzma_ret run(lzma_stream *stream, Span *span, lzma_action action)
{
    stream->next_in = span->in;
    stream->avail_in = span->in_size;
    stream->next_out = span->out;
    stream->avail_out = span->out_size;
    lzma_ret code = lzma_code(stream, action);
    *span = (Span){stream->next_in, stream->avail_in, stream->next_out, stream->avail_out};
    return code;
}

static Outcome compress_step(PyObject *self, Span *span, bool finish)
{
    lzma_ret code = run(&((LZMACompressor *)self)->stream, span, finish ? LZMA_FINISH : LZMA_RUN);
    bool wants_more = code == LZMA_BUF_ERROR && span->in_size == 0 && span->out_size != 0;
    return wants_more ? GOES_ON : outcome(code);
}

static Outcome decompress_step(PyObject *object, Span *span, bool finish)
{
    (void)finish;
    LZMADecompressor *self = (LZMADecompressor *)object;
    lzma_ret code;
    do {
        code = run(&self->stream, span, LZMA_RUN);
        if (code == LZMA_GET_CHECK || code == LZMA_NO_CHECK) {
            self->check = (int)lzma_get_check(&self->stream);
        }
    } while ((code == LZMA_GET_CHECK || code == LZMA_NO_CHECK) && span->in_size != 0);
    bool wants_more = code == LZMA_BUF_ERROR && (span->in_size == 0 || span->out_size == 0);
    return wants_more ? GOES_ON : outcome(code);
}

/* Converters for arguments. */

static int to_uint32(PyObject *number, void *place)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (PyErr_Occurred()) {
        return 0;
    }
    if (value > UINT32_MAX || overflow > 0) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large for C uint32_t");
        return 0;
    }
    if (value < 0) {
        PyErr_SetString(PyExc_ValueError, "value must be positive");
        return 0;
    }
    *(uint32_t *)place = (uint32_t)value;
    return 1;
}

static int to_enum(PyObject *number, void *place)
{
    _Static_assert(sizeof(lzma_mode) == 4 && sizeof(lzma_match_finder) == 4, "as a uint32_t");
    return to_uint32(number, place);
}

/* Filters, from and to dictionaries. */

static PyObject *optional(PyObject *spec, const char *name)
{
    PyObject *value = PyMapping_GetItemString(spec, name);
    if (value == NULL && PyErr_ExceptionMatches(PyExc_KeyError)) {
        PyErr_Clear();
    }
    return value;
}

/* Fills `options` with what a filter's dictionary says, beside its id. */
static bool parse(PyObject *spec, const char *format, char *const *names, const char *what,
                  uint32_t *values[8])
{
    PyObject *none = Py_BuildValue("()"), *id, *preset;
    if (none == NULL) {
        return false;
    }
    int parsed = what[0] == 'L'
        ? PyArg_ParseTupleAndKeywords(
              none, spec, format, names, &id, &preset, to_uint32, values[0], to_uint32, values[1],
              to_uint32, values[2], to_uint32, values[3], to_enum, values[4], to_uint32, values[5],
              to_enum, values[6], to_uint32, values[7])
        : PyArg_ParseTupleAndKeywords(none, spec, format, names, &id, to_uint32, values[0]);
    Py_DecRef(none);
    if (!parsed) {
        PyErr_Format(PyExc_ValueError, "Invalid filter specifier for %s filter", what);
    }
    return parsed;
}

static void *parse_lzma(PyObject *spec)
{
    static char *names[] = {"id", "preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf",
                            "depth", NULL};
    uint32_t preset = LZMA_PRESET_DEFAULT;
    PyObject *number = optional(spec, "preset");
    if (number != NULL) {
        int is_number = to_uint32(number, &preset);
        Py_DecRef(number);
        if (!is_number) {
            return NULL;
        }
    } else if (PyErr_Occurred()) {
        return NULL;
    }
    lzma_options_lzma *options = calloc(1, sizeof *options);
    if (options == NULL) {
        return PyErr_NoMemory();
    }
    if (lzma_lzma_preset(options, preset)) {
        free(options);
        return PyErr_Format(LZMAError, "Invalid compression preset: %u", (unsigned)preset);
    }
    uint32_t *values[8] = {
        &options->dict_size, &options->lc, &options->lp, &options->pb, (uint32_t *)&options->mode,
        &options->nice_len, (uint32_t *)&options->mf, &options->depth,
    };
    if (!parse(spec, "|OOO&O&O&O&O&O&O&O&", names, "LZMA", values)) {
        free(options);
        return NULL;
    }
    return options;
}

static void *parse_small(PyObject *spec, bool is_delta)
{
    static char *of_delta[] = {"id", "dist", NULL}, *of_bcj[] = {"id", "start_offset", NULL};
    union {
        lzma_options_delta delta;
        lzma_options_bcj bcj;
    } *options = calloc(1, sizeof *options);
    if (options == NULL) {
        return PyErr_NoMemory();
    }
    uint32_t *values[8] = {&options->bcj.start_offset};
    if (is_delta) {
        options->delta.type = LZMA_DELTA_TYPE_BYTE;
        options->delta.dist = 1;
        values[0] = &options->delta.dist;
    }
    if (!parse(spec, "|OO&", is_delta ? of_delta : of_bcj, is_delta ? "delta" : "BCJ", values)) {
        free(options);
        return NULL;
    }
    return options;
}

static bool is_bcj(lzma_vli id)
{
    return id == LZMA_FILTER_X86 || id == LZMA_FILTER_POWERPC || id == LZMA_FILTER_IA64
        || id == LZMA_FILTER_ARM || id == LZMA_FILTER_ARMTHUMB || id == LZMA_FILTER_SPARC;
}

static bool parse_filter(PyObject *spec, lzma_filter *filter)
{
    if (!PyMapping_Check(spec)) {
        PyErr_SetString(PyExc_TypeError, "Filter specifier must be a dict or dict-like object");
        return false;
    }
    PyObject *id = optional(spec, "id");
    if (id == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "Filter specifier must have an \"id\" entry");
        }
        return false;
    }
    lzma_vli kind = PyLong_AsUnsignedLongLong(id);
    Py_DecRef(id);
    if (PyErr_Occurred()) {
        return false;
    }
    if (kind == LZMA_FILTER_LZMA1 || kind == LZMA_FILTER_LZMA2) {
        filter->options = parse_lzma(spec);
    } else if (kind == LZMA_FILTER_DELTA || is_bcj(kind)) {
        filter->options = parse_small(spec, kind == LZMA_FILTER_DELTA);
    } else {
        PyErr_Format(PyExc_ValueError, "Invalid filter ID: %llu", kind);
        return false;
    }
    filter->id = filter->options == NULL ? LZMA_VLI_UNKNOWN : kind;
    return filter->options != NULL;
}

static void free_filters(Filters filters)
{
    for (int i = 0; filters[i].id != LZMA_VLI_UNKNOWN; i++) {
        free(filters[i].options);
        filters[i].id = LZMA_VLI_UNKNOWN;
    }
}

/* Leaves what it has filled for `free_filters`, also where it fails. */
static bool parse_filters(PyObject *specs, Filters filters)
{
    Py_ssize_t count = PySequence_Size(specs);
    if (count < 0) {
        return false;
    }
    if (count > LZMA_FILTERS_MAX) {
        PyErr_Format(PyExc_ValueError, "Too many filters - liblzma supports a maximum of %d",
                     LZMA_FILTERS_MAX);
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *spec = PySequence_GetItem(specs, i);
        bool parsed = spec != NULL && parse_filter(spec, &filters[i]);
        Py_XDECREF(spec);
        filters[parsed ? i + 1 : i].id = LZMA_VLI_UNKNOWN;
        if (!parsed) {
            return false;
        }
    }
    return true;
}

static PyObject *filter_spec(const lzma_filter *filter)
{
    const lzma_options_lzma *lzma = filter->options;
    if (filter->id == LZMA_FILTER_LZMA1) {
        return Py_BuildValue("{sKsIsIsIsI}", "id", filter->id, "dict_size", lzma->dict_size, "lc",
                             lzma->lc, "lp", lzma->lp, "pb", lzma->pb);
    }
    if (filter->id == LZMA_FILTER_LZMA2) {
        return Py_BuildValue("{sKsI}", "id", filter->id, "dict_size", lzma->dict_size);
    }
    if (filter->id == LZMA_FILTER_DELTA) {
        return Py_BuildValue("{sKsI}", "id", filter->id, "dist",
                             ((lzma_options_delta *)filter->options)->dist);
    }
    if (!is_bcj(filter->id)) {
        return PyErr_Format(PyExc_ValueError, "Invalid filter ID: %llu", filter->id);
    }
    return filter->options == NULL
        ? Py_BuildValue("{sK}", "id", filter->id)
        : Py_BuildValue("{sKsI}", "id", filter->id, "start_offset",
                        ((lzma_options_bcj *)filter->options)->start_offset);
}

/* The two types. */

static bool begin_alone(LZMACompressor *self, bool has_filters, uint32_t preset)
{
    lzma_options_lzma options;
    if (has_filters) {
        if (self->filters[0].id == LZMA_FILTER_LZMA1 && self->filters[1].id == LZMA_VLI_UNKNOWN) {
            lzma_ret code = lzma_alone_encoder(&self->stream, self->filters[0].options);
            return outcome(code) != FAILED;
        }
        PyErr_SetString(PyExc_ValueError,
                        "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter");
        return false;
    }
    if (lzma_lzma_preset(&options, preset)) {
        PyErr_Format(LZMAError, "Invalid compression preset: %u", (unsigned)preset);
        return false;
    }
    return outcome(lzma_alone_encoder(&self->stream, &options)) != FAILED;
}

static bool begin_encoder(LZMACompressor *self, int format, lzma_check check, bool has_filters,
                          uint32_t preset)
{
    lzma_ret code;
    switch (format) {
    case FORMAT_XZ:
        code = has_filters ? lzma_stream_encoder(&self->stream, self->filters, check)
                           : lzma_easy_encoder(&self->stream, preset, check);
        return outcome(code) != FAILED;
    case FORMAT_ALONE:
        return begin_alone(self, has_filters, preset);
    case FORMAT_RAW:
        if (has_filters) {
            return outcome(lzma_raw_encoder(&self->stream, self->filters)) != FAILED;
        }
        PyErr_SetString(PyExc_ValueError, "Must specify filters for FORMAT_RAW");
        return false;
    default:
        PyErr_Format(PyExc_ValueError, "Invalid container format: %d", format);
        return false;
    }
}

static PyObject *lzma_compressor_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"format", "check", "preset", "filters", NULL};
    int format = FORMAT_XZ, check = -1;
    PyObject *preset = Py_None, *filters = Py_None;
    uint32_t level = LZMA_PRESET_DEFAULT;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|iiOO:LZMACompressor", names, &format, &check,
                                     &preset, &filters)) {
        return NULL;
    }
    if (preset != Py_None && filters != Py_None) {
        PyErr_SetString(PyExc_ValueError, "Cannot specify both preset and filter chain");
        return NULL;
    }
    if (preset != Py_None && !to_uint32(preset, &level)) {
        return NULL;
    }
    if (format != FORMAT_XZ && check != -1 && check != LZMA_CHECK_NONE) {
        PyErr_SetString(PyExc_ValueError, "Integrity checks are only supported by FORMAT_XZ");
        return NULL;
    }
    LZMACompressor *self = (LZMACompressor *)PyType_GenericAlloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->base.step = compress_step;
    self->filters[0].id = LZMA_VLI_UNKNOWN;
    bool has_filters = filters != Py_None;
    if ((has_filters && !parse_filters(filters, self->filters))
        || !begin_encoder(self, format, check == -1 ? LZMA_CHECK_CRC64 : (lzma_check)check,
                          has_filters, level)) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void compressor_dealloc(PyObject *self)
{
    lzma_end(&((LZMACompressor *)self)->stream);
    free_filters(((LZMACompressor *)self)->filters);
    release(self);
}

static bool begin_decoder(LZMADecompressor *self, int format, uint64_t memory)
{
    const uint32_t flags = LZMA_TELL_ANY_CHECK | LZMA_TELL_NO_CHECK;
    lzma_stream *stream = &self->stream;
    self->check = CHECK_UNKNOWN;
    switch (format) {
    case FORMAT_AUTO:
        return outcome(lzma_auto_decoder(stream, memory, flags)) != FAILED;
    case FORMAT_XZ:
        return outcome(lzma_stream_decoder(stream, memory, flags)) != FAILED;
    case FORMAT_ALONE:
        self->check = LZMA_CHECK_NONE;
        return outcome(lzma_alone_decoder(stream, memory)) != FAILED;
    case FORMAT_RAW:
        self->check = LZMA_CHECK_NONE;
        return outcome(lzma_raw_decoder(stream, self->filters)) != FAILED;
    default:
        PyErr_Format(PyExc_ValueError, "Invalid container format: %d", format);
        return false;
    }
}

static PyObject *lzma_decompressor_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"format", "memlimit", "filters", NULL};
    int format = FORMAT_AUTO;
    PyObject *memlimit = Py_None, *filters = Py_None;
    uint64_t memory = UINT64_MAX;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|iOO:LZMADecompressor", names, &format,
                                     &memlimit, &filters)) {
        return NULL;
    }
    if (memlimit != Py_None) {
        if (format == FORMAT_RAW) {
            PyErr_SetString(PyExc_ValueError, "Cannot specify memory limit with FORMAT_RAW");
            return NULL;
        }
        memory = PyLong_AsUnsignedLongLong(memlimit);
        if (PyErr_Occurred()) {
            return NULL;
        }
    }
    if (format == FORMAT_RAW && filters == Py_None) {
        PyErr_SetString(PyExc_ValueError, "Must specify filters for FORMAT_RAW");
        return NULL;
    }
    if (format != FORMAT_RAW && filters != Py_None) {
        PyErr_SetString(PyExc_ValueError, "Cannot specify filters except with FORMAT_RAW");
        return NULL;
    }
    LZMADecompressor *self = (LZMADecompressor *)decompressor_new(type, decompress_step);
    if (self == NULL) {
        return NULL;
    }
    self->filters[0].id = LZMA_VLI_UNKNOWN;
    if ((filters != Py_None && !parse_filters(filters, self->filters))
        || !begin_decoder(self, format, memory)) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void decompressor_dealloc(PyObject *self)
{
    lzma_end(&((LZMADecompressor *)self)->stream);
    free_filters(((LZMADecompressor *)self)->filters);
    decompressor_forget(self);
    Py_CLEAR(((Decompressor *)self)->unused_data);
    release(self);
}

static PyMemberDef decompressor_members[] = {
    DECOMPRESSOR_MEMBERS,
    {"check", Py_T_INT, offsetof(LZMADecompressor, check), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot compressor_slots[] = {
    {Py_tp_new, lzma_compressor_new},
    {Py_tp_dealloc, compressor_dealloc},
    {Py_tp_methods, compressor_methods},
    {Py_tp_doc, "LZMACompressor(format=FORMAT_XZ, check=-1, preset=None, filters=None)\n--\n\n"
                "Compresses data piece by piece."},
    {0, NULL},
};
static PyType_Spec compressor_spec = {
    "_lzma.LZMACompressor", sizeof(LZMACompressor), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, compressor_slots,
};

static PyType_Slot decompressor_slots[] = {
    {Py_tp_new, lzma_decompressor_new},
    {Py_tp_dealloc, decompressor_dealloc},
    {Py_tp_methods, decompressor_methods},
    {Py_tp_members, decompressor_members},
    {Py_tp_doc, "LZMADecompressor(format=FORMAT_AUTO, memlimit=None, filters=None)\n--\n\n"
                "Decompresses data piece by piece."},
    {0, NULL},
};
static PyType_Spec decompressor_spec = {
    "_lzma.LZMADecompressor", sizeof(LZMADecompressor), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, decompressor_slots,
};

/* Functions of the module. */

static PyObject *is_check_supported(PyObject *module, PyObject *number)
{
    (void)module;
    int check = PyLong_AsInt(number);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(lzma_check_is_supported((lzma_check)check));
}

static PyObject *encode_filter_properties(PyObject *module, PyObject *spec)
{
    (void)module;
    lzma_filter filter;
    uint32_t size;
    PyObject *result = NULL;
    if (!parse_filter(spec, &filter)) {
        return NULL;
    }
    if (outcome(lzma_properties_size(&size, &filter)) != FAILED) {
        result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
        if (result != NULL) {
            uint8_t *bytes = (uint8_t *)PyBytes_AsString(result);
            if (outcome(lzma_properties_encode(&filter, bytes)) == FAILED) {
                Py_CLEAR(result);
            }
        }
    }
    free(filter.options);
    return result;
}

static PyObject *decode_filter_properties(PyObject *module, PyObject *args)
{
    (void)module;
    lzma_filter filter = {0, NULL};
    PyObject *id, *spec = NULL;
    Py_buffer properties;
    if (!PyArg_ParseTuple(args, "Oy*:_decode_filter_properties", &id, &properties)) {
        return NULL;
    }
    filter.id = PyLong_AsUnsignedLongLong(id);
    if (!PyErr_Occurred()
        && outcome(lzma_properties_decode(&filter, NULL, properties.buf, (size_t)properties.len))
               != FAILED) {
        spec = filter_spec(&filter);
        free(filter.options);
    }
    PyBuffer_Release(&properties);
    return spec;
}

static PyMethodDef functions[] = {
    {"is_check_supported", is_check_supported, METH_O,
     PyDoc_STR("is_check_supported($module, check_id, /)\n--\n\n"
               "Whether this integrity check is supported.")},
    {"_encode_filter_properties", encode_filter_properties, METH_O, NULL},
    {"_decode_filter_properties", decode_filter_properties, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static const struct { const char *name; long value; } constants[] = {
    {"FORMAT_AUTO", FORMAT_AUTO}, {"FORMAT_XZ", FORMAT_XZ}, {"FORMAT_ALONE", FORMAT_ALONE},
    {"FORMAT_RAW", FORMAT_RAW}, {"CHECK_NONE", LZMA_CHECK_NONE}, {"CHECK_CRC32", LZMA_CHECK_CRC32},
    {"CHECK_CRC64", LZMA_CHECK_CRC64}, {"CHECK_SHA256", LZMA_CHECK_SHA256},
    {"CHECK_ID_MAX", LZMA_CHECK_ID_MAX}, {"CHECK_UNKNOWN", CHECK_UNKNOWN},
    {"FILTER_LZMA2", LZMA_FILTER_LZMA2}, {"FILTER_DELTA", LZMA_FILTER_DELTA},
    {"FILTER_X86", LZMA_FILTER_X86}, {"FILTER_POWERPC", LZMA_FILTER_POWERPC},
    {"FILTER_IA64", LZMA_FILTER_IA64}, {"FILTER_ARM", LZMA_FILTER_ARM},
    {"FILTER_ARMTHUMB", LZMA_FILTER_ARMTHUMB}, {"FILTER_SPARC", LZMA_FILTER_SPARC},
    {"MF_HC3", LZMA_MF_HC3}, {"MF_HC4", LZMA_MF_HC4}, {"MF_BT2", LZMA_MF_BT2},
    {"MF_BT3", LZMA_MF_BT3}, {"MF_BT4", LZMA_MF_BT4}, {"MODE_FAST", LZMA_MODE_FAST},
    {"MODE_NORMAL", LZMA_MODE_NORMAL}, {"PRESET_DEFAULT", LZMA_PRESET_DEFAULT},
};

static int fill(PyObject *module)
{
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) < 0) {
            return -1;
        }
    }
    /* Two that are too large for a `long` here. */
    LZMAError = PyErr_NewExceptionWithDoc("_lzma.LZMAError", "Call to liblzma failed.", NULL, NULL);
    if (PyModule_Add(module, "FILTER_LZMA1", PyLong_FromUnsignedLongLong(LZMA_FILTER_LZMA1)) < 0
        || PyModule_Add(module, "PRESET_EXTREME", PyLong_FromUnsignedLongLong(LZMA_PRESET_EXTREME))
               < 0
        || LZMAError == NULL || PyModule_AddObjectRef(module, "LZMAError", LZMAError) < 0) {
        return -1;
    }
    return add_type(module, &compressor_spec) < 0 ? -1 : add_type(module, &decompressor_spec);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_lzma", .m_methods = functions, .m_slots = slots,
};

PyMODINIT_FUNC PyInit__lzma(void)
{
    return PyModuleDef_Init(&definition);
}
