// Cases of json.c. To run them:
// cc -std=c11 -Wall -Wextra -I. -o json_test tests/json_test.c json.c && ./json_test

#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect(bool holds, const char *what, const char *text) {
    if (holds) return;
    failures++;
    printf("FAILED: %s: %.60s\n", what, text);
}

// A copy without a terminating zero, so that a sanitizer sees reads beyond its end.
static json_text copy(const char *text, size_t length) {
    uint8_t *bytes = malloc(length > 0 ? length : 1);
    memcpy(bytes, text, length);
    return (json_text){bytes, bytes + length};
}

static json_text json(const char *text) {
    return copy(text, strlen(text));
}

static const char *const valid[] = {
    "null", "true", "false", "0", "-0", "7", "-1", "10", "0.5", "-0.0", "1e2", "1E+2", "12e-1", "1.25e05",
    "18446744073709551616", "\"\"", "\"a\"", "\"\x7f\"", "\"é🦀\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\\u00e9\\uABcd\"", "\"\\ud83e\\udd80\"", "\"\\ud800\\udc00\\udbff\\udfff\"", "\"\\ue000\\ud7ff\"",
    "[]", "[ ]", "[1]", "[1,[2],{}]", "{}", "{ }", "{\"\":null}", "{\"a\":1,\"a\":2}", " \t\r\n[ 1 , { \"a\" : 2 } ] \n",
};

static const char *const invalid[] = {
    "", " ", "{", "[", "}", "]", "nope", "nul", "nulll", "True", "undefined", "NaN", "Infinity", "-Infinity", "-", "+1",
    "01", "-01", "00", ".5", "1.", "1.e2", "1e", "1e+", "1e1.5", "0x1", "1_000", "1 2", "1,", "--1", "- 1", "'a'", "a",
    "\"", "\"a", "\"a\\", "\"a\\\"", "\"\t\"", "\"\n\"", "\"\x1f\"", "\"\\x\"", "\"\\'\"", "\"\\U0041\"", "\"a\"b",
    "\"\\u\"", "\"\\u12\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\u+123\"", "\"\\u12", "\"\\uD8001", "\"\\ud800null",
    "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"", "\"\\ud800\\u0041\"",
    "\"\\udc00\\ud800\"", "\"\\ud83e\\\"", "\"\\ud83e\\u", "{\"\\ud83ex\": 1}", "[,]", "[1,]", "[,1]", "[1 2]", "[1,,2]",
    "[1]]", "[1}", "[[]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{a:1}", "{1:1}",
    "{\"a\":1]", "{\"a\"::1}", "{:1}", "// 1", "/**/1", "1//", "\xef\xbb\xbf" "1", "\xc2\xa0" "1", "\v1", "\f1",
};

// `levels` arrays or objects, each inside the one before.
static bool nested(const char *open, const char *close, size_t levels) {
    char *text = calloc(levels, strlen(open) + strlen(close) + 1);
    char *end = text;
    for (size_t i = 0; i < levels; i++) end += strlen(strcpy(end, open));
    // The innermost member of an object needs a value.
    if (*open == '{') end += strlen(strcpy(end, "0"));
    for (size_t i = 0; i < levels; i++) end += strlen(strcpy(end, close));
    return json_valid(json(text));
}

static void decodes(const char *text, const char *expected, size_t expected_length) {
    size_t length = 0;
    expect(json_string(json(text), NULL, &length) && length == expected_length, "length of a string", text);
    uint8_t *out = malloc(expected_length + 1);
    expect(json_string(json(text), out, &length) && memcmp(out, expected, expected_length) == 0, "a string's bytes", text);
}

static void member(const char *text, const char *expected) {
    json_text found;
    bool any = json_member(json(text), "code", &found);
    if (expected) {
        size_t length = strlen(expected);
        any = any && (size_t)(found.end - found.at) >= length && memcmp(found.at, expected, length) == 0;
    }
    expect(any == (expected != NULL), "a member", text);
}

static void whole(const char *text, bool is_whole, uint32_t expected) {
    uint32_t number = 0;
    expect(json_whole(json(text), &number) == is_whole && number == expected, "a whole number", text);
}

int main(void) {
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) expect(json_valid(json(valid[i])), "valid", valid[i]);
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        expect(!json_valid(json(invalid[i])), "invalid", invalid[i]);
    expect(!json_valid(copy("1\0", 2)) && !json_valid(copy("\"\0\"", 3)) && !json_valid(copy("\"\\\0\"", 4)), "invalid", "zeros");
    expect(nested("[", "]", JSON_DEPTH) && nested("{\"a\":", "}", JSON_DEPTH), "valid", "as deep as allowed");
    expect(!nested("[", "]", JSON_DEPTH + 1) && !nested("{\"a\":", "}", JSON_DEPTH + 1), "invalid", "one level deeper");
    expect(!nested("[", "]", 1000000) && !nested("[", "", 1000000), "invalid", "a million levels");

    decodes(" \"\" ", "", 0);
    decodes("\"two words\"", "two words", 9);
    decodes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    decodes("\"\\u0041\\u00e9\\u20AC\\ud83e\\udd80 é€🦀\"", "Aé€🦀 é€🦀", 20);
    decodes("\"\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff\\udbff\\udfff\"",
            "\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf", 16);
    size_t length;
    expect(!json_string(json("1"), NULL, &length) && !json_string(json(""), NULL, &length), "not a string", "1");

    member("{\"code\":1}", "1");
    member(" { \"message\" : \"code\" , \"code\" : \"op_404\" } ", "\"op_404\"");
    member("{\"\\u0063ode\":1}", "1");
    member("{\"code\":1,\"code\":[2]}", "[2]");
    member("{\"cause\":{\"code\":1},\"code\":2}", "2");
    member("{\"cause\":{\"code\":1}}", NULL);
    member("{\"cod\":1,\"codes\":2,\"code\\u0000\":3,\"\":4,\"Code\":5}", NULL);
    member("{\"a\":\"\\\",\\\"code\\\":1\"}", NULL);
    member("[\"code\",1]", NULL);
    member("{}", NULL);
    member("null", NULL);

    whole(" 1000 ", true, 1000);
    whole("0", true, 0);
    whole("4294967295", true, 4294967295);
    whole("4294967296", false, 0);
    whole("18446744073709551617", false, 0);
    whole("-1", false, 0);
    whole("1.0", false, 0);
    whole("1e3", false, 0);
    whole("\"1\"", false, 0);

    if (failures == 0) printf("all passed\n");
    return failures > 0;
}
