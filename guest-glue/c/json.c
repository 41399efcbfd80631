#include "json.h"

#include <string.h>

static bool value(json_text *in, int depth);

static bool take(json_text *in, char expected) {
    if (in->at == in->end || *in->at != (uint8_t)expected) return false;
    in->at++;
    return true;
}

static bool take_word(json_text *in, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0) return false;
    in->at += length;
    return true;
}

static void skip_space(json_text *in) {
    while (take(in, ' ') || take(in, '\t') || take(in, '\n') || take(in, '\r')) {}
}

static bool digits(json_text *in) {
    const uint8_t *start = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') in->at++;
    return in->at > start;
}

static bool number(json_text *in) {
    take(in, '-');
    if (!take(in, '0') && !digits(in)) return false;
    if (take(in, '.') && !digits(in)) return false;
    if (!take(in, 'e') && !take(in, 'E')) return true;
    if (!take(in, '+')) take(in, '-');
    return digits(in);
}

// The four digits of `\uXXXX`.
static bool code_unit(json_text *in, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = in->at < in->end ? memchr(digits, *in->at, sizeof digits - 1) : NULL;
        if (!digit) return false;
        in->at++;
        *unit = *unit << 4 | ((uint32_t)(digit - digits) & 15);
    }
    return true;
}

static size_t utf8(uint32_t scalar, uint8_t out[4]) {
    size_t length = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--, scalar >>= 6) out[i] = (uint8_t)(0x80 | (scalar & 0x3F));
    out[0] = (uint8_t)(marks[length] | scalar);
    return length;
}

// Decodes an escape, or one byte of a string, and returns the number of decoded bytes: 0 if it is
// not allowed there.
static size_t piece(json_text *in, uint8_t out[4]) {
    if (in->at == in->end || *in->at < 0x20) return 0;
    out[0] = *in->at++;
    if (out[0] != '\\') return 1;
    if (take(in, 'u')) {
        uint32_t unit, low;
        if (!code_unit(in, &unit)) return 0;
        if (unit < 0xD800 || unit > 0xDFFF) return utf8(unit, out);
        if (unit > 0xDBFF || !take_word(in, "\\u") || !code_unit(in, &low) || low < 0xDC00 || low > 0xDFFF) return 0;
        return utf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
    }
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = in->at < in->end ? memchr(names, *in->at, sizeof names - 1) : NULL;
    if (!name) return 0;
    in->at++;
    out[0] = (uint8_t)meant[name - names];
    return 1;
}

// Decodes a string into `out`, or only measures it if that is NULL.
static bool string(json_text *in, uint8_t *out, size_t *length) {
    uint8_t bytes[4];
    *length = 0;
    if (!take(in, '"')) return false;
    while (!take(in, '"')) {
        size_t more = piece(in, bytes);
        if (more == 0) return false;
        if (out) memcpy(out + *length, bytes, more);
        *length += more;
    }
    return true;
}

// The rest of an array or an object, after the opening bracket.
static bool items(json_text *in, char close, int depth) {
    if (depth == 0) return false;
    skip_space(in);
    if (take(in, close)) return true;
    do {
        if (close == '}') {
            size_t length;
            skip_space(in);
            if (!string(in, NULL, &length)) return false;
            skip_space(in);
            if (!take(in, ':')) return false;
        }
        if (!value(in, depth - 1)) return false;
    } while (take(in, ','));
    return take(in, close);
}

// A value and the white space around it.
static bool value(json_text *in, int depth) {
    size_t length;
    bool found;
    skip_space(in);
    switch (in->at < in->end ? *in->at : '\0') {
    case '"': found = string(in, NULL, &length); break;
    case '[': in->at++, found = items(in, ']', depth); break;
    case '{': in->at++, found = items(in, '}', depth); break;
    case 'n': found = take_word(in, "null"); break;
    case 't': found = take_word(in, "true"); break;
    case 'f': found = take_word(in, "false"); break;
    default: found = number(in);
    }
    skip_space(in);
    return found;
}

bool json_valid(json_text text) {
    return value(&text, JSON_DEPTH) && text.at == text.end;
}

// Reads a member's name, and whether it is `name` once decoded.
static bool is_named(json_text *in, const char *name) {
    uint8_t bytes[4];
    bool same = take(in, '"');
    while (!take(in, '"')) {
        size_t length = piece(in, bytes);
        if (length == 0) return false;
        for (size_t i = 0; i < length; i++) {
            // A zero ends the name, but not the text.
            same = same && *name != '\0' && bytes[i] == (uint8_t)*name++;
        }
    }
    return same && *name == '\0';
}

bool json_member(json_text in, const char *name, json_text *found) {
    bool any = false;
    skip_space(&in);
    if (!take(&in, '{')) return false;
    do {
        skip_space(&in);
        bool matches = is_named(&in, name);
        skip_space(&in);
        if (!take(&in, ':')) return any;
        skip_space(&in);
        json_text member = in;
        if (!value(&in, JSON_DEPTH)) return any;
        if (!matches) continue;
        *found = (json_text){member.at, in.at};
        any = true;
    } while (take(&in, ','));
    return any;
}

bool json_string(json_text in, uint8_t *out, size_t *length) {
    skip_space(&in);
    return string(&in, out, length);
}

bool json_whole(json_text in, uint32_t *number) {
    uint64_t sum = 0;
    skip_space(&in);
    json_text read = in;
    if (!digits(&read)) return false;
    for (; in.at < read.at; in.at++) {
        sum = sum * 10 + (*in.at - '0');
        if (sum > UINT32_MAX) return false;
    }
    skip_space(&in);
    if (in.at < in.end) return false;
    *number = (uint32_t)sum;
    return true;
}
