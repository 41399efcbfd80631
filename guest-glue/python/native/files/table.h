// Which functions of libc are answered, and how. When the component is made, each of them is
// replaced by a function that calls what the table says (`xtask/guest/src/files.rs`, which finds
// the table in the image's memory).

#pragma once

#include <stdint.h>

// In each handle that is ours. The host counts its own from 1.
static const uint32_t OUR_HANDLE = 1u << 30;

enum how {
    // Ours is called with the same arguments, and libc's never.
    INSTEAD,
    // That, if the first argument is a handle of ours; otherwise libc's.
    IF_OURS,
    // Ours is called first, and libc's only if it returns 0.
    UNLESS_DONE,
    // Ours is called first, and returns the first argument of libc's.
    BEFORE,
    // Ours is called with what libc's returned and its arguments, and returns the result.
    AFTER,
};

struct answer {
    // As in `wasi:filesystem/types#[method]descriptor.stat`, or the name of a function of libc's own.
    const char *name;
    enum how how;
    void *function;
};

struct table {
    char magic[24];
    uint32_t count;
    const struct answer *answers;
};
