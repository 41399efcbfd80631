/* The module `_wit_wire`: what the glue does in C. */

#include "Python.h"

/* What CPython gives objects that live as long as the interpreter, where a reference count has 32
 * bits; and from where on it takes one for such an object, and leaves its count alone. */
#define IMMORTAL_INITIAL (5 << 28)
#define IMMORTAL_MINIMUM (1 << 30)

static PyObject *boolean(bool value)
{
    return Py_NewRef(value ? Py_True : Py_False);
}

static PyObject *make_immortal(PyObject *Py_UNUSED(module), PyObject *object)
{
    bool was_mortal = object->ob_refcnt < IMMORTAL_MINIMUM;
    if (was_mortal)
        object->ob_refcnt = IMMORTAL_INITIAL;
    return boolean(was_mortal);
}

enum { DEEP = 1, HUGE_NUMBERS = 2, SURROGATES = 4 };

/* From this many digits on, a number can be too large for a float. */
#define HUGE_DIGITS 300

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Whether any of eight characters is `c`. */
static bool has(uint64_t eight, char c)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t zero_if_same = eight ^ ones * (uint8_t)c;
    return (zero_if_same - ones) & ~zero_if_same & ones << 7;
}

/* Past the string that begins before `at`. */
static const char *skip_string(const char *at, const char *end, int *oddities)
{
    while (at < end) {
        uint64_t eight;
        while (end - at >= 8) {
            memcpy(&eight, at, 8);
            if (has(eight, '"') || has(eight, '\\'))
                break;
            at += 8;
        }
        if (at == end)
            break;
        char c = *at++;
        if (c == '"')
            return at;
        if (c == '\\' && at < end && *at++ == 'u' && at < end && (*at | 0x20) == 'd')
            *oddities |= SURROGATES;
    }
    return end;
}

/* Past the digits from `at` on. */
static const char *skip_number(const char *at, const char *end, int *oddities)
{
    const char *start = at;
    while (at < end && is_digit(*at))
        at++;
    if (at - start >= HUGE_DIGITS)
        *oddities |= HUGE_NUMBERS;
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        at += at < end && *at == '+';
        if (end - at >= 2 && is_digit(at[0]) && is_digit(at[1]))
            *oddities |= HUGE_NUMBERS;
    }
    return at;
}

/* What in a JSON text the decoder does not expect: more than `deepest` levels, numbers that may be
 * too large for a float, escapes of surrogates. */
static PyObject *json_oddities(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *text;
    Py_ssize_t deepest, size, depth = 0;
    if (!PyArg_ParseTuple(args, "Un", &text, &deepest))
        return NULL;
    const char *at = PyUnicode_AsUTF8AndSize(text, &size);
    if (at == NULL)
        return NULL;
    int oddities = 0;
    for (const char *end = at + size; at < end;) {
        switch (*at) {
        case '"':
            at = skip_string(at + 1, end, &oddities);
            break;
        case '0' ... '9':
            at = skip_number(at, end, &oddities);
            break;
        case '[':
        case '{':
            if (++depth > deepest)
                oddities |= DEEP;
            at++;
            break;
        case ']':
        case '}':
            depth--;
            at++;
            break;
        default:
            at++;
        }
    }
    return PyLong_FromLong(oddities);
}

static PyMethodDef methods[] = {
    {"make_immortal", make_immortal, METH_O,
     PyDoc_STR("Has Python leave the object's reference count alone. Whether it did not before.")},
    {"json_oddities", json_oddities, METH_VARARGS,
     PyDoc_STR("What is unusual in a JSON text, as flags.")},
    {NULL, NULL, 0, NULL},
};

static int add_flags(PyObject *module)
{
    if (PyModule_AddIntConstant(module, "DEEP", DEEP) < 0
        || PyModule_AddIntConstant(module, "HUGE_NUMBERS", HUGE_NUMBERS) < 0)
        return -1;
    return PyModule_AddIntConstant(module, "SURROGATES", SURROGATES);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, add_flags}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_wit_wire", .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__wit_wire(void) { return PyModuleDef_Init(&definition); }
