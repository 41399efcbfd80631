// A strict reader of JSON as RFC 8259 has it. It allocates nothing, and reads no byte beyond the text it is given.

#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Arrays and objects nested deeper than this are refused, so that no text can exhaust the stack.
#define JSON_DEPTH 512

// A text in valid UTF-8, from `at` up to but not including `end`.
typedef struct {
    const uint8_t *at, *end;
} json_text;

// Whether the whole text is one JSON value.
bool json_valid(json_text text);

// The functions below read a text that is valid, with a value of the kind they are for. Else they return false.

// Finds an object's member. Of several with the same name it is the last.
bool json_member(json_text object, const char *name, json_text *value);

// Decodes a string into `out`, which has room for `*length` bytes. With NULL for `out` it only says how many that is.
bool json_string(json_text value, uint8_t *out, size_t *length);

// Reads a whole number that is not negative and has no fraction or exponent.
bool json_whole(json_text value, uint32_t *number);

#endif
