// What libc asks of WASI about files, answered from the tree: the functions of
// `wasi:filesystem/types` and `preopens` as the canonical ABI lowers them, and those of
// `wasi:io/streams` and `poll` for what they give out.
//
// Handles are numbers of our own with a bit that the host's never have, so that the others of
// streams and pollables reach the host (`table.h`). A number that is none of ours is answered as a
// bad descriptor.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"
#include "table.h"
#include "tree.h"

typedef uint32_t u32;
typedef uint64_t u64;

enum use { FREE, DESCRIPTOR, INPUT, OUTPUT, NAMES, POLLABLE };
// Of descriptors, by number in the standard.
enum { MAY_READ = 1, MAY_WRITE = 2, MAY_CHANGE_FOLDER = 32 };
// Of opening, and of paths.
enum { CREATE = 1, MUST_BE_FOLDER = 2, EXCLUSIVE = 4, TRUNCATE = 8, FOLLOW = 1 };
enum { MOST_HANDLES = 4096, AT_END = 1 };

struct handle {
    enum use use;
    // None of streams.
    struct node *node;
    // Of descriptors, whose streams share it, and of names.
    u64 position;
    // Of descriptors what they may, of output streams whether they append.
    u32 flags;
    // Of streams: their descriptor.
    u32 owner;
};

static struct handle *handles;
static u32 room_for_handles;

enum error last_failure = OK;
u32 last_seen, last_described;
u32 mode_to_create = 0666;

static struct handle *handle_of(u32 number, enum use use) {
    u32 index = (number & ~OUR_HANDLE) - 1;
    bool is_ours = (number & OUR_HANDLE) && index < room_for_handles;
    return is_ours && handles[index].use == use ? &handles[index] : 0;
}

// Its number, or 0 if there are too many.
static u32 new_handle(enum use use, struct node *node, u32 flags) {
    u32 index = 0;
    while (index < room_for_handles && handles[index].use != FREE) index++;
    if (index == room_for_handles) {
        u32 room = room_for_handles ? room_for_handles * 2 : 16;
        struct handle *larger = room <= MOST_HANDLES ? realloc(handles, room * sizeof *larger) : 0;
        if (!larger) return 0;
        memset(larger + room_for_handles, 0, (room - room_for_handles) * sizeof *larger);
        handles = larger;
        room_for_handles = room;
    }
    handles[index] = (struct handle){.use = use, .node = node, .flags = flags};
    return OUR_HANDLE | (index + 1);
}

// As `new_handle`, of a node that is open as long.
static enum error open_handle(enum use use, struct node *node, u32 flags, u32 *number) {
    enum error error = open_node(node);
    if (error != OK) return error;
    *number = new_handle(use, node, flags);
    if (*number) return OK;
    close_node(node);
    return NO_MEMORY;
}

static void drop(u32 number, enum use use) {
    struct handle *handle = handle_of(number, use);
    if (!handle) return;
    struct node *node = handle->node;
    *handle = (struct handle){0};
    if (node) close_node(node);
}

void name_removed(struct node *folder, u32 index) {
    for (u32 i = 0; i < room_for_handles; i++)
        if (handles[i].use == NAMES && handles[i].node == folder && handles[i].position > index)
            handles[i].position--;
}

// Results, as they lie in memory: whether it failed, then what there is.

static void put32(uint8_t *result, u32 at, u32 value) {
    memcpy(result + at, &value, sizeof value);
}

static void put64(uint8_t *result, u32 at, u64 value) {
    memcpy(result + at, &value, sizeof value);
}

// `at` is where the payload begins.
static bool failed(uint8_t *result, u32 at, enum error error) {
    result[0] = error != OK;
    if (error != OK) result[at] = (uint8_t)error;
    return error != OK;
}

static bool failed_stream(uint8_t *result, u32 at, enum error error) {
    result[0] = error != OK;
    if (error != OK) {
        last_failure = error;
        result[at] = 0;
        // An error of ours, that is only dropped.
        put32(result, at + 4, OUR_HANDLE);
    }
    return error != OK;
}

static enum error find_at(u32 self, const char *path, u32 length, bool follow,
                          struct place *place) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    return handle ? find(handle->node, path, length, follow, place) : BAD_DESCRIPTOR;
}

static enum error find_node(u32 self, u32 flags, const char *path, u32 length, struct node **node) {
    struct place place;
    enum error error = find_at(self, path, length, flags & FOLLOW, &place);
    *node = error == OK ? place.node : 0;
    return error == OK && !*node ? NO_ENTRY : error;
}

static enum error file_of(u32 self, u32 right, struct node **node) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    if (!handle || !(handle->flags & right)) return BAD_DESCRIPTOR;
    *node = handle->node;
    return OK;
}

void get_directories(uint8_t *result) {
    u32 number;
    uint8_t *list = malloc(12), *name = malloc(1);
    if (!list || !name ||
        open_handle(DESCRIPTOR, root(), MAY_READ | MAY_CHANGE_FOLDER, &number) != OK)
        abort();
    *name = '/';
    put32(list, 0, number);
    put32(list, 4, (u32)name);
    put32(list, 8, 1);
    put32(result, 0, (u32)list);
    put32(result, 4, 1);
}

static enum error opened(u32 self, u32 path_flags, const char *path, u32 length, u32 flags,
                         u32 rights, u32 *number) {
    bool must_make = (flags & CREATE) && (flags & EXCLUSIVE);
    struct place place;
    u32 mode = mode_to_create & 0777 & ~022u;
    mode_to_create = 0666;
    enum error error = find_at(self, path, length, (path_flags & FOLLOW) && !must_make, &place);
    if (error != OK) return error;
    struct node *node = place.node;
    if (!node) {
        if (!(flags & CREATE)) return NO_ENTRY;
        if (place.slash) return IS_DIRECTORY;
        if (flags & MUST_BE_FOLDER) return INVALID;
        error = create(&place, FILE_, mode, &node);
        return error == OK ? open_handle(DESCRIPTOR, node, rights, number) : error;
    }
    if (must_make) return EXIST;
    if (node->kind == LINK) return LOOP;
    if ((flags & MUST_BE_FOLDER) && node->kind != FOLDER) return NOT_DIRECTORY;
    if (node->kind == FOLDER && ((rights & MAY_WRITE) || (flags & (CREATE | TRUNCATE))))
        return IS_DIRECTORY;
    error = may(node, (rights & MAY_READ ? READ : 0u) | (rights & MAY_WRITE ? WRITE : 0u));
    if (error != OK) return error;
    if ((flags & TRUNCATE) && node->kind == FILE_) {
        error = may(node, WRITE);
        if (error == OK) error = resize(node, 0);
        if (error != OK) return error;
    }
    return open_handle(DESCRIPTOR, node, rights, number);
}

void open_at(u32 self, u32 path_flags, const char *path, u32 length, u32 flags, u32 rights,
             uint8_t *result) {
    u32 number;
    enum error error = opened(self, path_flags, path, length, flags, rights, &number);
    if (!failed(result, 4, error)) put32(result, 4, number);
}

// The position is that of the descriptor, whatever libc believes that it is: libc has it wrong where
// it appends, and has each stream go on from its own.
static enum error open_stream(u32 self, enum use use, u32 right, u32 flags,
                              u32 *number) {
    struct node *node;
    enum error error = file_of(self, right, &node);
    if (error != OK) return error;
    if (node->kind == FOLDER) return IS_DIRECTORY;
    *number = new_handle(use, 0, flags);
    if (!*number) return NO_MEMORY;
    handle_of(*number, use)->owner = self;
    return OK;
}

static struct handle *owner_of(u32 stream, enum use use) {
    struct handle *handle = handle_of(stream, use);
    return handle ? handle_of(handle->owner, DESCRIPTOR) : 0;
}

// Where the descriptor then is, or -1.
int64_t seek(u32 self, int64_t offset, int whence) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    u64 start = 0;
    int64_t position;
    if (!handle || whence < SEEK_SET || whence > SEEK_END) return -1;
    if (whence == SEEK_CUR) start = handle->position;
    if (whence == SEEK_END && size_of(handle->node, &start) != OK) return -1;
    if (__builtin_add_overflow((int64_t)start, offset, &position) || position < 0) return -1;
    handle->position = (u64)position;
    return position;
}

void read_via_stream(u32 self, u64 position, uint8_t *result) {
    u32 number;
    (void)position;
    enum error error = open_stream(self, INPUT, MAY_READ, 0, &number);
    if (!failed(result, 4, error)) put32(result, 4, number);
}

void write_via_stream(u32 self, u64 position, uint8_t *result) {
    u32 number;
    (void)position;
    enum error error = open_stream(self, OUTPUT, MAY_WRITE, 0, &number);
    if (!failed(result, 4, error)) put32(result, 4, number);
}

void append_via_stream(u32 self, uint8_t *result) {
    u32 number;
    enum error error = open_stream(self, OUTPUT, MAY_WRITE, AT_END, &number);
    if (!failed(result, 4, error)) put32(result, 4, number);
}

// At most `wanted` bytes from `position`, as a list. None at the end.
static enum error content(struct node *node, u64 position, u64 wanted, uint8_t **bytes,
                          u32 *count) {
    enum { AT_ONCE = 1 << 20 };
    *bytes = 0;
    *count = wanted < AT_ONCE ? (u32)wanted : AT_ONCE;
    if (node->kind == FILE_) {
        u64 size, left;
        enum error error = size_of(node, &size);
        if (error != OK) return error;
        left = position < size ? size - position : 0;
        if (left < *count) *count = (u32)left;
    }
    *bytes = malloc(*count ? *count : 1);
    if (!*bytes) return NO_MEMORY;
    enum error error = read_at(node, position, *bytes, count);
    if (error != OK || !*count) {
        free(*bytes);
        *bytes = (uint8_t *)1;
    }
    return error;
}

void read_descriptor(u32 self, u64 wanted, u64 position, uint8_t *result) {
    struct node *node;
    uint8_t *bytes;
    u32 count = 0;
    enum error error = file_of(self, MAY_READ, &node);
    if (error == OK) error = content(node, position, wanted, &bytes, &count);
    if (failed(result, 4, error)) return;
    put32(result, 4, (u32)bytes);
    put32(result, 8, count);
    result[12] = !count && wanted;
}

void write_descriptor(u32 self, const uint8_t *bytes, u32 length, u64 position, uint8_t *result) {
    struct node *node;
    enum error error = file_of(self, MAY_WRITE, &node);
    if (error == OK) error = write_at(node, position, bytes, &length);
    if (!failed(result, 8, error)) put64(result, 8, length);
}

void read_stream(u32 self, u64 wanted, uint8_t *result) {
    struct handle *handle = owner_of(self, INPUT);
    uint8_t *bytes;
    u32 count = 0;
    enum error error = BAD_DESCRIPTOR;
    if (handle) error = content(handle->node, handle->position, wanted, &bytes, &count);
    if (failed_stream(result, 4, error)) return;
    if (!count && wanted) {
        // The end.
        result[0] = result[4] = 1;
        return;
    }
    handle->position += count;
    put32(result, 4, (u32)bytes);
    put32(result, 8, count);
}

void check_write(u32 self, uint8_t *result) {
    if (!failed_stream(result, 8, handle_of(self, OUTPUT) ? OK : BAD_DESCRIPTOR))
        put64(result, 8, UINT32_MAX);
}

void write_stream(u32 self, const uint8_t *bytes, u32 length, uint8_t *result) {
    struct handle *handle = owner_of(self, OUTPUT);
    bool appends = handle && (handle_of(self, OUTPUT)->flags & AT_END);
    enum error error = handle ? OK : BAD_DESCRIPTOR;
    for (u32 done = 0; error == OK && done < length;) {
        u32 count = length - done;
        if (appends) error = size_of(handle->node, &handle->position);
        if (error == OK) error = write_at(handle->node, handle->position, bytes + done, &count);
        if (error == OK) {
            handle->position += count;
            done += count;
        }
    }
    failed_stream(result, 4, error);
}

void flush_stream(u32 self, uint8_t *result) {
    failed_stream(result, 4, handle_of(self, OUTPUT) ? OK : BAD_DESCRIPTOR);
}

// A file is always ready.
u32 subscribe(u32 self) {
    (void)self;
    u32 number = new_handle(POLLABLE, 0, 0);
    if (!number) abort();
    return number;
}

void block(u32 self) {
    (void)self;
}

u32 poll_ours(const u32 *list, u32 length, uint8_t *result) {
    u32 ours = 0;
    for (u32 i = 0; i < length; i++) ours += (list[i] & OUR_HANDLE) != 0;
    if (!ours) return false;
    u32 *ready = malloc(ours * sizeof *ready);
    if (!ready) abort();
    put32(result, 0, (u32)ready);
    put32(result, 4, ours);
    for (u32 i = 0; i < length; i++)
        if (list[i] & OUR_HANDLE) *ready++ = i;
    return true;
}

void drop_descriptor(u32 self) {
    drop(self, DESCRIPTOR);
}

void drop_names(u32 self) {
    drop(self, NAMES);
}

void drop_input(u32 self) {
    drop(self, INPUT);
}

void drop_output(u32 self) {
    drop(self, OUTPUT);
}

void drop_pollable(u32 self) {
    drop(self, POLLABLE);
}

void drop_error(u32 self) {
    (void)self;
}

void advise(u32 self, u64 position, u64 length, u32 advice, uint8_t *result) {
    (void)position, (void)length, (void)advice;
    failed(result, 1, handle_of(self, DESCRIPTOR) ? OK : BAD_DESCRIPTOR);
}

void synced(u32 self, uint8_t *result) {
    failed(result, 1, handle_of(self, DESCRIPTOR) ? OK : BAD_DESCRIPTOR);
}

void get_flags(u32 self, uint8_t *result) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    if (!failed(result, 1, handle ? OK : BAD_DESCRIPTOR)) result[1] = (uint8_t)handle->flags;
}

void set_size(u32 self, u64 size, uint8_t *result) {
    struct node *node;
    enum error error = file_of(self, MAY_WRITE, &node);
    failed(result, 1, error == OK ? resize(node, size) : error);
}

// The standard's numbers.
static uint8_t type_of(const struct node *node) {
    switch (node->kind) {
    case FOLDER:
        return 3;
    case LINK:
        return 5;
    case FILE_:
        return 6;
    case DEVICE:
        return 2;
    }
}

static void put_stat(uint8_t *result, struct node *node) {
    u64 size;
    if (failed(result, 8, size_of(node, &size))) return;
    result[8] = type_of(node);
    put64(result, 16, node->names);
    put64(result, 24, size);
    const struct moment *moments[] = {&node->accessed, &node->modified, &node->changed};
    for (u32 i = 0; i < 3; i++) {
        u32 at = 32 + i * 24;
        result[at] = 1;
        put64(result, at + 8, (u64)moments[i]->seconds);
        put32(result, at + 16, moments[i]->nanoseconds);
    }
}

void stat_descriptor(u32 self, uint8_t *result) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    last_described = self;
    if (!failed(result, 8, handle ? OK : BAD_DESCRIPTOR)) put_stat(result, handle->node);
}

void stat_at(u32 self, u32 flags, const char *path, u32 length, uint8_t *result) {
    struct node *node;
    last_seen = 0;
    if (failed(result, 8, find_node(self, flags, path, length, &node))) return;
    last_seen = node->inode;
    put_stat(result, node);
}

static void put_hash(uint8_t *result, const struct node *node) {
    put64(result, 8, node->inode);
    put64(result, 16, 0);
}

void hash(u32 self, uint8_t *result) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    if (!failed(result, 8, handle ? OK : BAD_DESCRIPTOR)) put_hash(result, handle->node);
}

void hash_at(u32 self, u32 flags, const char *path, u32 length, uint8_t *result) {
    struct node *node;
    if (!failed(result, 8, find_node(self, flags, path, length, &node))) put_hash(result, node);
}

// A new time: none, now, or the one that is given.
static void set_time(struct moment *moment, u32 which, u64 seconds, u32 nanoseconds) {
    if (which) *moment = which == 1 ? now() : (struct moment){(int64_t)seconds, nanoseconds};
}

static enum error set_both(struct node *node, u32 accessed, u64 accessed_s, u32 accessed_ns,
                           u32 modified, u64 modified_s, u32 modified_ns) {
    if (node->read_only) return READ_ONLY;
    set_time(&node->accessed, accessed, accessed_s, accessed_ns);
    set_time(&node->modified, modified, modified_s, modified_ns);
    node->changed = now();
    return OK;
}

void set_times(u32 self, u32 accessed, u64 accessed_s, u32 accessed_ns, u32 modified,
               u64 modified_s, u32 modified_ns, uint8_t *result) {
    struct handle *handle = handle_of(self, DESCRIPTOR);
    failed(result, 1,
           handle ? set_both(handle->node, accessed, accessed_s, accessed_ns, modified, modified_s,
                             modified_ns)
                  : BAD_DESCRIPTOR);
}

void set_times_at(u32 self, u32 flags, const char *path, u32 length, u32 accessed, u64 accessed_s,
                  u32 accessed_ns, u32 modified, u64 modified_s, u32 modified_ns, uint8_t *result) {
    struct node *node;
    enum error error = find_node(self, flags, path, length, &node);
    if (error == OK)
        error =
            set_both(node, accessed, accessed_s, accessed_ns, modified, modified_s, modified_ns);
    failed(result, 1, error);
}

void create_directory_at(u32 self, const char *path, u32 length, uint8_t *result) {
    struct place place;
    struct node *made;
    u32 mode = mode_to_create == 0666 ? 0777 : mode_to_create;
    mode_to_create = 0666;
    enum error error = find_at(self, path, length, false, &place);
    failed(result, 1, error == OK ? create(&place, FOLDER, mode & 01777 & ~022u, &made) : error);
}

void symlink_at(u32 self, const char *target, u32 target_length, const char *path, u32 length,
                uint8_t *result) {
    struct place place;
    enum error error = find_at(self, path, length, false, &place);
    failed(result, 1, error == OK ? add_link(&place, target, target_length) : error);
}

void readlink_at(u32 self, const char *path, u32 length, uint8_t *result) {
    struct node *node;
    enum error error = find_node(self, 0, path, length, &node);
    if (error == OK && node->kind != LINK) error = INVALID;
    char *copy = error == OK ? malloc(node->link.length) : 0;
    if (error == OK && !copy) error = NO_MEMORY;
    if (failed(result, 4, error)) return;
    memcpy(copy, node->link.target, node->link.length);
    put32(result, 4, (u32)copy);
    put32(result, 8, node->link.length);
}

void link_at(u32 self, u32 flags, const char *path, u32 length, u32 other, const char *new_path,
             u32 new_length, uint8_t *result) {
    struct node *node;
    struct place place;
    enum error error = find_node(self, flags, path, length, &node);
    if (error == OK) error = find_at(other, new_path, new_length, false, &place);
    failed(result, 1, error == OK ? add_name(&place, node) : error);
}

void rename_at(u32 self, const char *path, u32 length, u32 other, const char *new_path,
               u32 new_length, uint8_t *result) {
    struct place from, to;
    enum error error = find_at(self, path, length, false, &from);
    if (error == OK && !from.node) error = NO_ENTRY;
    if (error == OK) error = find_at(other, new_path, new_length, false, &to);
    failed(result, 1, error == OK ? move(&from, &to) : error);
}

static enum error removed(u32 self, const char *path, u32 length, bool folder) {
    struct place place;
    enum error error = find_at(self, path, length, false, &place);
    if (error != OK) return error;
    if (!place.node) return NO_ENTRY;
    if (folder && place.node->kind != FOLDER) return NOT_DIRECTORY;
    if (!folder && place.node->kind == FOLDER) return IS_DIRECTORY;
    return remove_name(&place);
}

void remove_directory_at(u32 self, const char *path, u32 length, uint8_t *result) {
    failed(result, 1, removed(self, path, length, true));
}

void unlink_file_at(u32 self, const char *path, u32 length, uint8_t *result) {
    failed(result, 1, removed(self, path, length, false));
}

void read_directory(u32 self, uint8_t *result) {
    struct node *node;
    u32 number;
    enum error error = file_of(self, MAY_READ, &node);
    if (error == OK && node->kind != FOLDER) error = NOT_DIRECTORY;
    if (error == OK) error = complete(node);
    if (error == OK) error = open_handle(NAMES, node, 0, &number);
    if (!failed(result, 4, error)) put32(result, 4, number);
}

void read_directory_entry(u32 self, uint8_t *result) {
    struct handle *handle = handle_of(self, NAMES);
    if (failed(result, 4, handle ? OK : BAD_DESCRIPTOR)) return;
    struct node *folder = handle->node;
    result[4] = handle->position < folder->folder.count;
    if (!result[4]) return;
    const struct entry *entry = &folder->folder.entries[handle->position];
    char *copy = malloc(entry->length);
    if (!copy) {
        failed(result, 4, NO_MEMORY);
        return;
    }
    handle->position++;
    memcpy(copy, entry->name, entry->length);
    result[8] = type_of(entry->node);
    put32(result, 12, (u32)copy);
    put32(result, 16, entry->length);
}
