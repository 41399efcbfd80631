// A guest in plain C: the protocol's two functions, and the ops of the conformance cases.
//
// Ownership, as the generated bindings define it:
// - The arguments of an export belong to the guest, and so does the answer to a hostcall.
// - The result of an export must be on the heap: the bindings free it once the host has read it.
// - The arguments of a hostcall stay the guest's, and may be constants.
// - An empty string is never freed: it must have no memory behind it.
// Strings are not zero-terminated.

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wit_wire.h"

#define VERSION "0.0.1"

// The generated names contain package and interface.
typedef wit_wire_string_t string;
typedef exports_metatype_wit_wire_mat_wire_mat_info_t mat_info;
typedef exports_metatype_wit_wire_mat_wire_init_args_t init_args;
typedef exports_metatype_wit_wire_mat_wire_init_response_t init_response;
typedef exports_metatype_wit_wire_mat_wire_init_error_t init_error;
typedef exports_metatype_wit_wire_mat_wire_handle_req_t handle_req;
typedef exports_metatype_wit_wire_mat_wire_handle_err_t handle_err;
#define INIT_ERROR(tag) EXPORTS_METATYPE_WIT_WIRE_MAT_WIRE_INIT_ERROR_##tag
#define HANDLE_ERR(tag) EXPORTS_METATYPE_WIT_WIRE_MAT_WIRE_HANDLE_ERR_##tag

static string allocate(size_t length) {
    string made = {length > 0 ? malloc(length) : NULL, length};
    // A trap, as in the bindings: the host ends the instance.
    if (length > 0 && !made.ptr) abort();
    return made;
}

// Moves a string out of `from`, so that it is not freed there.
static string move(string *from) {
    string moved = *from;
    *from = (string){0};
    return moved;
}

static bool equals(const string *one, const char *other) {
    return one->len == strlen(other) && memcmp(one->ptr, other, one->len) == 0;
}

static json_text json(const string *text) {
    return (json_text){text->ptr, text->ptr + text->len};
}

// The ops. The input of each is valid JSON, and the op may move it away. It returns whether it
// succeeded, and in `result` its answer as JSON, or else the reason as plain text.

static bool fails(const char *why, string *result) {
    wit_wire_string_dup(result, why);
    return false;
}

static bool echo(string *input, string *result) {
    *result = move(input);
    return true;
}

static bool fail(string *input, string *result) {
    size_t length;
    if (!json_string(json(input), NULL, &length)) return fails("fail expects a string", result);
    *result = allocate(length);
    json_string(json(input), result->ptr, &length);
    return false;
}

static bool count(string *input, string *result) {
    static uint32_t calls;
    (void)input;
    char digits[] = "4294967295", *first = digits + strlen(digits);
    uint32_t rest = ++calls;
    do *--first = (char)('0' + rest % 10);
    while (rest /= 10);
    wit_wire_string_dup(result, first);
    return true;
}

// C has no values that JSON can't represent.
static bool unencodable(string *input, string *result) {
    (void)input;
    return fails("C has no value without a JSON form", result);
}

// `result` is the answer, or the host's error.
static bool hostcall(const char *name, string *payload, string *result) {
    string op_name;
    wit_wire_string_set(&op_name, name);
    return metatype_wit_wire_typegate_wire_hostcall(&op_name, payload, result, result);
}

// A host's error as `code: message`, or unchanged if it has no such members.
static string error_message(string *error) {
    json_text code, message;
    size_t before, after;
    if (!json_valid(json(error)) || !json_member(json(error), "code", &code) || !json_string(code, NULL, &before) ||
        !json_member(json(error), "message", &message) || !json_string(message, NULL, &after))
        return move(error);
    string text = allocate(before + 2 + after);
    json_string(code, text.ptr, &before);
    memcpy(text.ptr + before, ": ", 2);
    json_string(message, text.ptr + before + 2, &after);
    return text;
}

static bool ask(string *input, string *result) {
    if (hostcall("ask", input, result)) return true;
    string error = *result;
    *result = error_message(&error);
    wit_wire_string_free(&error);
    return false;
}

static bool ask_caught(string *input, string *result) {
    hostcall("ask", input, result);
    return true;
}

static bool ask_missing(string *input, string *result) {
    (void)input;
    string null, said;
    json_text code;
    wit_wire_string_set(&null, "null");
    bool answered = hostcall("missing", &null, &said);
    bool found = !answered && json_valid(json(&said)) && json_member(json(&said), "code", &code);
    if (found) wit_wire_string_dup_n(result, (const char *)code.at, (size_t)(code.end - code.at));
    wit_wire_string_free(&said);
    return found || fails(answered ? "the host has the op" : "the host's error has no code", result);
}

static bool ask_many(string *input, string *result) {
    uint32_t times;
    if (!json_whole(json(input), &times)) return fails("ask_many expects a whole number", result);
    wit_wire_string_dup(result, "null");
    while (times-- > 0) {
        wit_wire_string_free(result);
        if (!ask(input, result)) return false;
    }
    return true;
}

typedef struct {
    const char *name;
    // NULL for an op whose set-up fails.
    bool (*run)(string *input, string *result);
    bool initialised;
} op;

static op ops[] = {
    {"echo", echo, false},
    {"fail", fail, false},
    {"count", count, false},
    {"ask", ask, false},
    {"ask_caught", ask_caught, false},
    {"ask_missing", ask_missing, false},
    {"ask_many", ask_many, false},
    {"unencodable", unencodable, false},
    {"broken", NULL, false},
};

static op *find(const string *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (equals(name, ops[i].name)) return &ops[i];
    return NULL;
}

static bool initialise(init_args *args, init_error *error) {
    static bool was_called;
    if (!equals(&args->metatype_version, VERSION)) {
        error->tag = INIT_ERROR(VERSION_MISMATCH);
        wit_wire_string_dup(&error->val.version_mismatch, VERSION);
        return false;
    }
    error->tag = INIT_ERROR(OTHER);
    if (was_called) return fails("init was already called", &error->val.other);
    was_called = true;
    for (size_t i = 0; i < args->expected_ops.len; i++) {
        mat_info *mat = &args->expected_ops.ptr[i];
        const op *known = find(&mat->op_name);
        if (!known) {
            error->tag = INIT_ERROR(UNEXPECTED_MAT);
            error->val.unexpected_mat = *mat;
            // Moved, so that it is not freed with the others.
            *mat = (mat_info){0};
            return false;
        }
        if (!known->run) return fails("op `broken`: set up to fail", &error->val.other);
    }
    // Only now, when none of them can fail any longer.
    for (size_t i = 0; i < args->expected_ops.len; i++) {
        find(&args->expected_ops.ptr[i].op_name)->initialised = true;
    }
    return true;
}

bool exports_metatype_wit_wire_mat_wire_init(init_args *args, init_response *response, init_error *error) {
    response->ok = initialise(args, error);
    exports_metatype_wit_wire_mat_wire_init_args_free(args);
    return response->ok;
}

bool exports_metatype_wit_wire_mat_wire_handle(handle_req *request, string *answer, handle_err *error) {
    const op *called = find(&request->op_name);
    bool succeeded = false;
    string result;
    if (!called || !called->initialised) {
        error->tag = HANDLE_ERR(NO_HANDLER);
    } else if (!json_valid(json(&request->in_json))) {
        error->tag = HANDLE_ERR(IN_JSON_ERR);
        wit_wire_string_dup(&error->val.in_json_err, "the input is not JSON, or nested too deep");
    } else if ((succeeded = called->run(&request->in_json, &result))) {
        *answer = result;
    } else {
        error->tag = HANDLE_ERR(HANDLER_ERR);
        error->val.handler_err = result;
    }
    exports_metatype_wit_wire_mat_wire_handle_req_free(request);
    return succeeded;
}
