// What the glue provides: the program's sources, packages, the standard library's folders.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tree.h"

enum provided { NOTHING, PROVIDED_FILE, PROVIDED_FOLDER, FAILED };

enum provided provided(const char *path);
// The names in a folder, each with its end; to be freed. Null if it failed.
char *provided_names(const char *path, uint32_t *length);
// What `owner` then stands for is to be given back.
bool provided_content(const char *path, void **owner, const uint8_t **bytes, uint64_t *size);
void give_back(void *owner);
