/* The module `_wit_wire_kdf`: keys from passwords, on the hashes and the scrypt of PyCryptodome.
 * `hashlib` has them of OpenSSL elsewhere. */

#include "Python.h"

typedef struct hash_state Hash;

enum { BLOCK_MAX = 128, DIGEST_MAX = 64, SCRYPT_BLOCK = 128 };

/* What an algorithm's functions are called, and whether they are told the size of the digest. */
#define DECLARE(name, ...) \
    int name##_init(Hash **__VA_OPT__(, ) __VA_ARGS__); \
    int name##_update(Hash *, const uint8_t *, size_t); \
    int name##_destroy(Hash *);
#define DECLARE_SHA2(name, ...) \
    DECLARE(name __VA_OPT__(, ) __VA_ARGS__) \
    int name##_digest(const Hash *, uint8_t *, size_t); \
    int name##_pbkdf2_hmac_assist(const Hash *, const Hash *, const uint8_t *, uint8_t *, size_t, \
                                  size_t);
#define DECLARE_OLDER(name) \
    DECLARE(name) \
    int name##_digest(const Hash *, uint8_t *); \
    int name##_pbkdf2_hmac_assist(const Hash *, const Hash *, const uint8_t *, uint8_t *, size_t);

DECLARE_OLDER(MD5)
DECLARE_OLDER(SHA1)
DECLARE_SHA2(SHA224)
DECLARE_SHA2(SHA256)
DECLARE_SHA2(SHA384)
DECLARE_SHA2(SHA512, size_t)
int scryptROMix(const uint8_t *, uint8_t *, size_t, unsigned, size_t, size_t, size_t);

typedef struct {
    const char *name;
    size_t digest, block;
    int (*init)(Hash **, size_t digest);
    int (*update)(Hash *, const uint8_t *, size_t);
    int (*finish)(const Hash *, uint8_t *, size_t digest);
    int (*destroy)(Hash *);
    int (*iterate)(const Hash *inner, const Hash *outer, const uint8_t *first, uint8_t *result,
                   size_t iterations, size_t digest);
} Algorithm;

#define WITHOUT_SIZE(name) \
    static int name##_init_(Hash **hash, size_t digest) { (void)digest; return name##_init(hash); }
#define OLDER(name) \
    WITHOUT_SIZE(name) \
    static int name##_finish_(const Hash *hash, uint8_t *to, size_t digest) \
    { \
        (void)digest; \
        return name##_digest(hash, to); \
    } \
    static int name##_iterate_(const Hash *inner, const Hash *outer, const uint8_t *first, \
                               uint8_t *result, size_t iterations, size_t digest) \
    { \
        (void)digest; \
        return name##_pbkdf2_hmac_assist(inner, outer, first, result, iterations); \
    }

OLDER(MD5)
OLDER(SHA1)
WITHOUT_SIZE(SHA224)
WITHOUT_SIZE(SHA256)
WITHOUT_SIZE(SHA384)

#define ROW_OLDER(text, name, digest) \
    {text, digest, 64, name##_init_, name##_update, name##_finish_, name##_destroy, name##_iterate_}
#define ROW_SHA2(text, name, init, digest, block) \
    {text, digest, block, init, name##_update, name##_digest, name##_destroy, \
     name##_pbkdf2_hmac_assist}

static const Algorithm algorithms[] = {
    ROW_OLDER("md5", MD5, 16),
    ROW_OLDER("sha1", SHA1, 20),
    ROW_SHA2("sha224", SHA224, SHA224_init_, 28, 64),
    ROW_SHA2("sha256", SHA256, SHA256_init_, 32, 64),
    ROW_SHA2("sha384", SHA384, SHA384_init_, 48, 128),
    ROW_SHA2("sha512", SHA512, SHA512_init, 64, 128),
};

/* A hash that has taken the key, combined with `pad`, as HMAC has it. */
static Hash *keyed(const Algorithm *a, const uint8_t *key, size_t size, uint8_t pad)
{
    uint8_t block[BLOCK_MAX] = {0};
    Hash *hash = NULL;
    if (size > a->block) {
        int failed = a->init(&hash, a->digest) || a->update(hash, key, size)
            || a->finish(hash, block, a->digest);
        if (hash != NULL) {
            a->destroy(hash);
        }
        if (failed) {
            return NULL;
        }
    } else if (size != 0) {
        memcpy(block, key, size);
    }
    for (size_t i = 0; i < a->block; i++) {
        block[i] ^= pad;
    }
    hash = NULL;
    if (a->init(&hash, a->digest) || a->update(hash, block, a->block)) {
        return NULL;
    }
    return hash;
}

/* The HMAC of `salt` and a number, which begins one block of the key. */
static bool first_round(const Algorithm *a, const uint8_t *key, size_t key_size, const uint8_t *salt,
                        size_t salt_size, uint32_t number, uint8_t *to)
{
    uint8_t counter[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                          (uint8_t)number};
    Hash *inner = keyed(a, key, key_size, 0x36), *outer = keyed(a, key, key_size, 0x5c);
    bool done = inner != NULL && outer != NULL && !a->update(inner, salt, salt_size)
        && !a->update(inner, counter, sizeof counter) && !a->finish(inner, to, a->digest)
        && !a->update(outer, to, a->digest) && !a->finish(outer, to, a->digest);
    if (inner != NULL) {
        a->destroy(inner);
    }
    if (outer != NULL) {
        a->destroy(outer);
    }
    return done;
}

static bool derive(const Algorithm *a, const uint8_t *key, size_t key_size, const uint8_t *salt,
                   size_t salt_size, size_t iterations, uint8_t *to, size_t size)
{
    Hash *inner = keyed(a, key, key_size, 0x36), *outer = keyed(a, key, key_size, 0x5c);
    bool done = inner != NULL && outer != NULL;
    for (uint32_t number = 1; done && size != 0; number++) {
        uint8_t first[DIGEST_MAX], block[DIGEST_MAX];
        size_t part = size < a->digest ? size : a->digest;
        done = first_round(a, key, key_size, salt, salt_size, number, first)
            && !a->iterate(inner, outer, first, block, iterations, a->digest);
        if (done) {
            memcpy(to, block, part);
            to += part;
            size -= part;
        }
    }
    if (inner != NULL) {
        a->destroy(inner);
    }
    if (outer != NULL) {
        a->destroy(outer);
    }
    return done;
}

/* None for an algorithm that is not here. */
static PyObject *pbkdf2(PyObject *module, PyObject *args)
{
    (void)module;
    const char *name;
    Py_buffer key, salt;
    Py_ssize_t iterations, size;
    if (!PyArg_ParseTuple(args, "sy*y*nn:pbkdf2", &name, &key, &salt, &iterations, &size)) {
        return NULL;
    }
    PyObject *result = NULL;
    const Algorithm *a = algorithms, *end = a + Py_ARRAY_LENGTH(algorithms);
    while (a != end && strcmp(a->name, name) != 0) {
        a++;
    }
    if (a == end) {
        result = Py_GetConstant(0);
    } else {
        result = PyBytes_FromStringAndSize(NULL, size);
        if (result != NULL
            && !derive(a, key.buf, (size_t)key.len, salt.buf, (size_t)salt.len, (size_t)iterations,
                       (uint8_t *)PyBytes_AsString(result), (size_t)size)) {
            Py_CLEAR(result);
            PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&key);
    PyBuffer_Release(&salt);
    return result;
}

/* The part of scrypt that takes the memory: `count` blocks of `r` times 128 bytes, each mixed. */
static PyObject *mix(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer blocks;
    Py_ssize_t n, r;
    if (!PyArg_ParseTuple(args, "y*nn:mix", &blocks, &n, &r)) {
        return NULL;
    }
    PyObject *result = PyBytes_FromStringAndSize(NULL, blocks.len);
    size_t block = SCRYPT_BLOCK * (size_t)r, size = (size_t)blocks.len;
    if (result != NULL
        && scryptROMix(blocks.buf, (uint8_t *)PyBytes_AsString(result), block, (unsigned)n, 0,
                       size / block, size)) {
        Py_CLEAR(result);
        PyErr_NoMemory();
    }
    PyBuffer_Release(&blocks);
    return result;
}

static PyMethodDef functions[] = {
    {"pbkdf2", pbkdf2, METH_VARARGS, NULL},
    {"mix", mix, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_wit_wire_kdf", .m_methods = functions,
};

PyMODINIT_FUNC PyInit__wit_wire_kdf(void)
{
    return PyModuleDef_Init(&definition);
}
