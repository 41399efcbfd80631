// A strict reader of JSON (RFC 8259). It allocates nothing, and never reads beyond the text.

#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Arrays and objects nested deeper are refused, so that no text can overflow the stack.
#define JSON_DEPTH 512

// Valid UTF-8, from `at` up to but not including `end`.
typedef struct {
    const uint8_t *at, *end;
} json_text;

// Whether the whole text is one JSON value.
bool json_valid(json_text text);

// The functions below expect valid JSON. They return false for a value of another kind.

// Finds a member of an object: the last one, if several have the same name.
bool json_member(json_text object, const char *name, json_text *value);

// Decodes a string into `out`, which has room for `*length` bytes. If `out` is NULL, only sets
// `*length`.
bool json_string(json_text value, uint8_t *out, size_t *length);

// Reads a whole number without sign, fraction or exponent.
bool json_whole(json_text value, uint32_t *number);

#endif
