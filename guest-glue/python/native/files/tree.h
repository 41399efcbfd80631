// A tree of files in memory: folders, files, links, devices.
//
// Knows names, contents and limits. Does not know who asks, nor of handles: that is `answers.c`.
// What is provided (`provider.c`) becomes part of the tree when it is first looked up, and is
// read-only.

#pragma once

#include <stdbool.h>
#include <stdint.h>

// The error codes of `wasi:filesystem/types`, by number.
enum error {
    OK = -1,
    ACCESS = 0,
    BAD_DESCRIPTOR = 3,
    BUSY = 4,
    EXIST = 7,
    FILE_TOO_LARGE = 8,
    INVALID = 12,
    IO = 13,
    IS_DIRECTORY = 14,
    LOOP = 15,
    TOO_MANY_LINKS = 16,
    NAME_TOO_LONG = 18,
    NO_ENTRY = 20,
    NO_MEMORY = 22,
    NO_SPACE = 23,
    NOT_DIRECTORY = 24,
    NOT_EMPTY = 25,
    UNSUPPORTED = 27,
    NOT_PERMITTED = 31,
    READ_ONLY = 33,
};

enum {
    LONGEST_NAME = 255,
    LONGEST_PATH = 4096,
    MOST_LINKS = 40,
    CHUNK = 16384,
};

// What all files together may be: their contents and names in bytes, and how many.
static const uint64_t MOST_BYTES = 128u << 20;
static const uint32_t MOST_FILES = 32768;
static const uint64_t LARGEST_FILE = 1ull << 40;

enum kind { FOLDER, FILE_, LINK, DEVICE };
enum device { NULL_, ZERO, RANDOM, FULL };
enum { READ = 4, WRITE = 2, SEARCH = 1 };

struct moment {
    int64_t seconds;
    uint32_t nanoseconds;
};

struct entry {
    char *name;
    uint32_t length, hash;
    struct node *node;
};

struct node {
    enum kind kind;
    // Its number, from 1: where it is in the table of all.
    uint32_t inode;
    // How many names it has, and how often it is open.
    uint32_t names, opened;
    // What its owner may, in the bits of `chmod`.
    uint32_t mode;
    // It, or which names it has, can't be changed.
    bool read_only;
    // Set if it is provided: its path.
    char *path;
    struct moment accessed, modified, changed;
    union {
        struct {
            struct entry *entries;
            uint32_t count, room;
            // Itself for the root, null once it is removed.
            struct node *parent;
            bool is_complete;
        } folder;
        struct {
            // Null where nothing was ever written. Only a first one that is the only one is smaller than
            // `CHUNK`.
            uint8_t **chunks;
            uint32_t count, room, first_size;
            uint64_t size;
            // Of a provided file, while it is open.
            const uint8_t *provided;
            void *owner;
            bool has_size;
        } file;
        struct {
            char *target;
            uint32_t length;
        } link;
        enum device device;
    };
};

// Where a path leads.
struct place {
    // Null if the path ends in `/`, `.` or `..`.
    struct node *folder;
    const char *name;
    uint32_t length;
    // Null if there is none.
    struct node *node;
    // The path ended in a slash.
    bool slash;
};

// Where the tree begins; made at the first call.
struct node *root(void);
struct node *node_of(uint64_t inode);

enum error find(struct node *from, const char *path, uint32_t length, bool follow,
                struct place *at);
enum error lookup(struct node *folder, const char *name, uint32_t length, struct node **found);
// Looks up all that is provided in a folder.
enum error complete(struct node *folder);

enum error create(struct place *at, enum kind kind, uint32_t mode, struct node **made);
enum error add_link(struct place *at, const char *target, uint32_t length);
enum error add_name(struct place *at, struct node *node);
enum error remove_name(struct place *at);
enum error move(struct place *from, struct place *to);
enum error may(struct node *node, uint32_t rights);

// While a node is open it stays, though its last name be removed.
enum error open_node(struct node *node);
void close_node(struct node *node);

// How many bytes were read or written is put in `count`.
enum error read_at(struct node *node, uint64_t position, uint8_t *bytes, uint32_t *count);
enum error write_at(struct node *node, uint64_t position, const uint8_t *bytes, uint32_t *count);
enum error resize(struct node *node, uint64_t size);
enum error size_of(struct node *node, uint64_t *size);
// How many bytes of memory a file has.
uint64_t bytes_of(const struct node *node);

void in_use(uint64_t *bytes, uint32_t *files);

struct moment now(void);
void touch(struct node *node);

// The absolute path of a folder, to be freed. Null without memory, or if the folder is removed.
char *path_of(struct node *folder);

// Told when a folder loses a name: listings go on where they were (`answers.c`).
void name_removed(struct node *folder, uint32_t index);
