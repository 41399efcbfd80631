#include "tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "provider.h"

// Missing in the headers for this target, as in its first version of WASI.
extern int getentropy(void *bytes, size_t length);

static struct node **nodes;
static uint32_t count_of_nodes, room_for_nodes, lowest_free;
// All that is not provided.
static uint64_t bytes_in_use;
static uint32_t files_in_use;

// Of what is there before any program: 1980, before which a ZIP file can't date anything.
static const struct moment BEGINNING = {315532800, 0};

static struct node *the_root;

struct moment now(void) {
    struct timeval time;
    gettimeofday(&time, 0);
    return (struct moment){time.tv_sec, (uint32_t)time.tv_usec * 1000};
}

void touch(struct node *node) {
    node->modified = node->changed = now();
}

struct node *node_of(uint64_t inode) {
    return inode && inode <= count_of_nodes ? nodes[inode - 1] : 0;
}

static bool take(uint64_t bytes) {
    if (bytes > MOST_BYTES - bytes_in_use) return false;
    bytes_in_use += bytes;
    return true;
}

static void give(uint64_t bytes) {
    bytes_in_use -= bytes;
}

void in_use(uint64_t *bytes, uint32_t *files) {
    *bytes = bytes_in_use;
    *files = files_in_use;
}

static uint32_t hash_of(const char *name, uint32_t length) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

// A node without a name, that counts unless it is provided.
static struct node *new_node(enum kind kind, uint32_t mode, struct moment time, bool counts) {
    if (counts && files_in_use >= MOST_FILES) return 0;
    uint32_t index = lowest_free;
    while (index < count_of_nodes && nodes[index]) index++;
    if (index == room_for_nodes) {
        uint32_t room = room_for_nodes ? room_for_nodes * 2 : 32;
        struct node **larger = realloc(nodes, room * sizeof *nodes);
        if (!larger) return 0;
        nodes = larger;
        room_for_nodes = room;
    }
    struct node *node = calloc(1, sizeof *node);
    if (!node) return 0;
    node->kind = kind;
    node->mode = mode;
    node->inode = index + 1;
    node->accessed = node->modified = node->changed = time;
    nodes[index] = node;
    lowest_free = index + 1;
    if (index == count_of_nodes) count_of_nodes++;
    if (counts) files_in_use++;
    return node;
}

static void free_content(struct node *node) {
    for (uint32_t i = 0; i < node->file.count; i++) free(node->file.chunks[i]);
    give(bytes_of(node) + node->file.room * sizeof(uint8_t *));
    free(node->file.chunks);
    node->file.chunks = 0;
    node->file.count = node->file.room = node->file.first_size = 0;
}

static void free_if_unused(struct node *node) {
    if (node->names || node->opened) return;
    switch (node->kind) {
    case FILE_:
        free_content(node);
        break;
    case LINK:
        give(node->link.length);
        free(node->link.target);
        break;
    case FOLDER:
        free(node->folder.entries);
        break;
    case DEVICE:
        break;
    }
    nodes[node->inode - 1] = 0;
    if (node->inode <= lowest_free) lowest_free = node->inode - 1;
    files_in_use--;
    free(node);
}

enum error may(struct node *node, uint32_t rights) {
    if ((rights & WRITE) && node->read_only) return READ_ONLY;
    return (node->mode >> 6 & rights) == rights ? OK : ACCESS;
}

static enum error insert(struct node *folder, const char *name, uint32_t length, struct node *node,
                         bool counts) {
    if (folder->folder.count == folder->folder.room) {
        uint32_t room = folder->folder.room ? folder->folder.room * 2 : 8;
        struct entry *larger = realloc(folder->folder.entries, room * sizeof *larger);
        if (!larger) return NO_SPACE;
        folder->folder.entries = larger;
        folder->folder.room = room;
    }
    if (counts && !take(length)) return NO_SPACE;
    char *copy = malloc(length + 1);
    if (!copy) {
        if (counts) give(length);
        return NO_SPACE;
    }
    memcpy(copy, name, length);
    copy[length] = 0;
    folder->folder.entries[folder->folder.count++] =
        (struct entry){copy, length, hash_of(name, length), node};
    node->names++;
    if (node->kind == FOLDER) node->folder.parent = folder;
    return OK;
}

static void take_out(struct node *folder, uint32_t index) {
    struct entry *entry = &folder->folder.entries[index];
    struct node *node = entry->node;
    give(entry->length);
    free(entry->name);
    folder->folder.count--;
    memmove(entry, entry + 1, (folder->folder.count - index) * sizeof *entry);
    name_removed(folder, index);
    node->names--;
    if (node->kind == FOLDER) node->folder.parent = 0;
}

static int index_of(struct node *folder, const char *name, uint32_t length) {
    uint32_t hash = hash_of(name, length);
    for (uint32_t i = 0; i < folder->folder.count; i++) {
        const struct entry *entry = &folder->folder.entries[i];
        if (entry->hash == hash && entry->length == length && !memcmp(entry->name, name, length))
            return (int)i;
    }
    return -1;
}

static struct node *fixed(struct node *folder, const char *name, enum kind kind, uint32_t mode,
                          bool read_only) {
    struct node *node = new_node(kind, mode, BEGINNING, true);
    if (!node || (folder && insert(folder, name, (uint32_t)strlen(name), node, true) != OK))
        abort();
    node->read_only = read_only;
    return node;
}

static void fixed_device(struct node *folder, const char *name, enum device device) {
    fixed(folder, name, DEVICE, 0666, false)->device = device;
}

static void fixed_provided(const char *path, bool read_only) {
    struct node *node = fixed(the_root, path + 1, FOLDER, read_only ? 0555 : 0755, read_only);
    node->path = strdup(path);
    if (!node->path) abort();
}

struct node *root(void) {
    if (the_root) return the_root;
    the_root = fixed(0, "", FOLDER, 0555, true);
    the_root->names = 1;
    the_root->folder.parent = the_root;
    struct node *devices = fixed(the_root, "dev", FOLDER, 0555, true);
    fixed_device(devices, "null", NULL_);
    fixed_device(devices, "zero", ZERO);
    fixed_device(devices, "full", FULL);
    fixed_device(devices, "random", RANDOM);
    fixed_device(devices, "urandom", RANDOM);
    fixed(the_root, "home", FOLDER, 0755, false);
    fixed_provided("/python", true);
    fixed(the_root, "tmp", FOLDER, 01777, false);
    struct node *var = fixed(the_root, "var", FOLDER, 0555, true);
    fixed(var, "tmp", FOLDER, 01777, false);
    fixed_provided("/work", false);
    return the_root;
}

// The path of what is in a provided folder, to be freed.
static char *joined(const char *folder, const char *name, uint32_t length) {
    size_t before = strlen(folder);
    char *path = malloc(before + length + 2);
    if (!path) return 0;
    memcpy(path, folder, before);
    path[before] = '/';
    memcpy(path + before + 1, name, length);
    path[before + 1 + length] = 0;
    return path;
}

enum error lookup(struct node *folder, const char *name, uint32_t length, struct node **found) {
    *found = 0;
    int index = index_of(folder, name, length);
    if (index >= 0) {
        *found = folder->folder.entries[index].node;
        return OK;
    }
    if (!folder->path) return OK;
    char *path = joined(folder->path, name, length);
    if (!path) return NO_MEMORY;
    enum provided what = provided(path);
    struct node *node = 0;
    if (what == PROVIDED_FILE || what == PROVIDED_FOLDER) {
        bool is_file = what == PROVIDED_FILE;
        node = new_node(is_file ? FILE_ : FOLDER, is_file ? 0444 : 0555, BEGINNING, false);
        if (node && insert(folder, name, length, node, false) == OK) {
            node->read_only = true;
            node->path = path;
            *found = node;
            return OK;
        }
    }
    free(path);
    return what == NOTHING ? OK : what == FAILED ? IO : NO_MEMORY;
}

enum error complete(struct node *folder) {
    if (!folder->path || folder->folder.is_complete) return OK;
    uint32_t length;
    char *names = provided_names(folder->path, &length);
    if (!names) return IO;
    enum error error = OK;
    for (uint32_t i = 0; i < length && error == OK; i += (uint32_t)strlen(names + i) + 1) {
        struct node *found;
        error = lookup(folder, names + i, (uint32_t)strlen(names + i), &found);
    }
    free(names);
    folder->folder.is_complete = error == OK;
    return error;
}

static enum error walk(struct node *folder, const char *path, uint32_t length, bool follow,
                       uint32_t *links, struct place *at) {
    *at = (struct place){0};
    if (!length) return NO_ENTRY;
    if (length >= LONGEST_PATH) return NAME_TOO_LONG;
    const char *end = path + length;
    if (*path == '/') folder = root();
    while (true) {
        while (path < end && *path == '/') path++;
        if (path == end) {
            *at = (struct place){.node = folder, .slash = true};
            return OK;
        }
        if (folder->kind != FOLDER) return NOT_DIRECTORY;
        if (may(folder, SEARCH) != OK) return ACCESS;
        const char *name = path;
        while (path < end && *path != '/') path++;
        uint32_t size = (uint32_t)(path - name);
        bool slash = path < end;
        while (path < end && *path == '/') path++;
        bool is_last = path == end;
        bool is_parent = size == 2 && name[0] == '.' && name[1] == '.';
        if (is_parent || (size == 1 && name[0] == '.')) {
            if (is_parent) folder = folder->folder.parent;
            if (!folder) return NO_ENTRY;
            continue;
        }
        if (size > LONGEST_NAME) return NAME_TOO_LONG;
        struct node *node;
        enum error error = lookup(folder, name, size, &node);
        if (error != OK) return error;
        if (is_last && !(node && node->kind == LINK && (follow || slash))) {
            *at = (struct place){folder, name, size, node, slash};
            return slash && node && node->kind != FOLDER ? NOT_DIRECTORY : OK;
        }
        if (!node) return NO_ENTRY;
        if (node->kind == LINK) {
            if (++*links > MOST_LINKS) return LOOP;
            error = walk(folder, node->link.target, node->link.length, true, links, at);
            if (error != OK) return error;
            if (is_last) {
                at->slash |= slash;
                return slash && at->node && at->node->kind != FOLDER ? NOT_DIRECTORY : OK;
            }
            if (!at->node) return NO_ENTRY;
            node = at->node;
        }
        folder = node;
    }
}

enum error find(struct node *from, const char *path, uint32_t length, bool follow,
                struct place *at) {
    uint32_t links = 0;
    return walk(from, path, length, follow, &links, at);
}

// Whether a name may be added here.
static enum error may_add(const struct place *at) {
    if (at->node || !at->folder) return EXIST;
    // A folder that was removed while it was open.
    if (!at->folder->folder.parent) return NO_ENTRY;
    return may(at->folder, WRITE);
}

static enum error put(struct place *at, struct node *node) {
    enum error error = insert(at->folder, at->name, at->length, node, true);
    if (error != OK) {
        free_if_unused(node);
        return error;
    }
    touch(at->folder);
    at->node = node;
    return OK;
}

enum error create(struct place *at, enum kind kind, uint32_t mode, struct node **made) {
    enum error error = may_add(at);
    if (error != OK) return error;
    *made = new_node(kind, mode, now(), true);
    return *made ? put(at, *made) : NO_SPACE;
}

enum error add_link(struct place *at, const char *target, uint32_t length) {
    enum error error = may_add(at);
    if (error != OK) return error;
    if (!length || length >= LONGEST_PATH) return length ? NAME_TOO_LONG : NO_ENTRY;
    char *copy = malloc(length);
    struct node *node = copy && take(length) ? new_node(LINK, 0777, now(), true) : 0;
    if (!node) {
        free(copy);
        return NO_SPACE;
    }
    memcpy(copy, target, length);
    node->link.target = copy;
    node->link.length = length;
    return put(at, node);
}

enum error add_name(struct place *at, struct node *node) {
    enum error error = may_add(at);
    if (error != OK) return error;
    if (node->kind == FOLDER) return NOT_PERMITTED;
    if (node->read_only) return READ_ONLY;
    error = insert(at->folder, at->name, at->length, node, true);
    if (error != OK) return error;
    touch(at->folder);
    node->changed = at->folder->changed;
    return OK;
}

static enum error may_remove(const struct place *at) {
    if (!at->folder) return BUSY;
    enum error error = may(at->folder, WRITE);
    if (error != OK) return error;
    return at->node->path ? READ_ONLY : OK;
}

enum error remove_name(struct place *at) {
    enum error error = may_remove(at);
    if (error != OK) return error;
    struct node *node = at->node;
    if (node->kind == FOLDER && node->folder.count) return NOT_EMPTY;
    take_out(at->folder, (uint32_t)index_of(at->folder, at->name, at->length));
    touch(at->folder);
    node->changed = at->folder->changed;
    free_if_unused(node);
    return OK;
}

enum error move(struct place *from, struct place *to) {
    enum error error = may_remove(from);
    if (error != OK) return error;
    struct node *node = from->node, *replaced = to->node;
    if (!to->folder) return BUSY;
    error = may(to->folder, WRITE);
    if (error != OK) return error;
    if (!to->folder->folder.parent) return NO_ENTRY;
    if (node->kind == FOLDER)
        for (struct node *above = to->folder; above != root(); above = above->folder.parent)
            if (above == node || !above->folder.parent) return INVALID;
    if (replaced == node) return OK;
    if (replaced) {
        if (node->kind == FOLDER && replaced->kind != FOLDER) return NOT_DIRECTORY;
        if (node->kind != FOLDER && replaced->kind == FOLDER) return IS_DIRECTORY;
        error = remove_name(to);
        if (error != OK) return error;
    } else if (to->slash && node->kind != FOLDER) {
        return NOT_DIRECTORY;
    }
    // The new name first: what fails then leaves the old one.
    error = insert(to->folder, to->name, to->length, node, true);
    if (error != OK) return error;
    take_out(from->folder, (uint32_t)index_of(from->folder, from->name, from->length));
    if (node->kind == FOLDER) node->folder.parent = to->folder;
    touch(from->folder);
    touch(to->folder);
    node->changed = to->folder->changed;
    return OK;
}

enum error open_node(struct node *node) {
    if (node->kind == FILE_ && node->path && !node->opened) {
        if (!provided_content(node->path, &node->file.owner, &node->file.provided,
                              &node->file.size))
            return IO;
        node->file.has_size = true;
    }
    node->opened++;
    return OK;
}

void close_node(struct node *node) {
    node->opened--;
    if (node->kind == FILE_ && node->path && !node->opened) {
        give_back(node->file.owner);
        node->file.owner = 0;
        node->file.provided = 0;
    }
    free_if_unused(node);
}

enum error size_of(struct node *node, uint64_t *size) {
    *size = 0;
    if (node->kind == LINK) *size = node->link.length;
    if (node->kind != FILE_) return OK;
    if (node->path && !node->file.has_size) {
        enum error error = open_node(node);
        if (error != OK) return error;
        close_node(node);
    }
    *size = node->file.size;
    return OK;
}

uint64_t bytes_of(const struct node *node) {
    if (node->kind != FILE_ || node->path) return 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < node->file.count; i++)
        if (node->file.chunks[i]) bytes += i ? CHUNK : node->file.first_size;
    return bytes;
}

static enum error read_device(enum device device, uint8_t *bytes, uint32_t *count) {
    switch (device) {
    case NULL_:
        *count = 0;
        return OK;
    case ZERO:
    case FULL:
        memset(bytes, 0, *count);
        return OK;
    case RANDOM:
        for (uint32_t i = 0; i < *count; i += 256)
            if (getentropy(bytes + i, *count - i < 256 ? *count - i : 256)) return IO;
        return OK;
    }
}

enum error read_at(struct node *node, uint64_t position, uint8_t *bytes, uint32_t *count) {
    if (node->kind == DEVICE) return read_device(node->device, bytes, count);
    if (node->kind != FILE_) return IS_DIRECTORY;
    uint64_t left = position < node->file.size ? node->file.size - position : 0;
    if (*count > left) *count = (uint32_t)left;
    if (node->path) {
        memcpy(bytes, node->file.provided + position, *count);
        return OK;
    }
    for (uint32_t done = 0; done < *count;) {
        uint64_t index = (position + done) / CHUNK;
        uint32_t inside = (uint32_t)((position + done) % CHUNK);
        uint32_t size = CHUNK - inside;
        if (size > *count - done) size = *count - done;
        uint8_t *chunk = index < node->file.count ? node->file.chunks[index] : 0;
        uint32_t there = !chunk ? 0 : index ? CHUNK : node->file.first_size;
        uint32_t copied = inside < there ? there - inside : 0;
        if (copied > size) copied = size;
        if (copied) memcpy(bytes + done, chunk + inside, copied);
        memset(bytes + done + copied, 0, size - copied);
        done += size;
    }
    return OK;
}

static bool has_room_for_chunk(struct node *node, uint32_t index) {
    if (index < node->file.room) return true;
    uint32_t room = node->file.room ? node->file.room * 2 : 1;
    if (room <= index) room = index + 1;
    uint64_t more = (uint64_t)(room - node->file.room) * sizeof(uint8_t *);
    if (!take(more)) return false;
    uint8_t **larger = realloc(node->file.chunks, room * sizeof *larger);
    if (!larger) {
        give(more);
        return false;
    }
    node->file.chunks = larger;
    node->file.room = room;
    return true;
}

// A chunk that is there, with `size` bytes or more.
static bool has_chunk(struct node *node, uint32_t index, uint32_t size) {
    if (!has_room_for_chunk(node, index)) return false;
    for (; node->file.count <= index; node->file.count++) node->file.chunks[node->file.count] = 0;
    uint8_t *chunk = node->file.chunks[index];
    uint32_t before = !chunk ? 0 : index ? CHUNK : node->file.first_size;
    uint32_t room = CHUNK;
    if (!index && size <= CHUNK / 2)
        for (room = 64; room < size;) room *= 2;
    if (before >= room) return true;
    if (!take(room - before)) return false;
    chunk = realloc(chunk, room);
    if (!chunk) {
        give(room - before);
        return false;
    }
    memset(chunk + before, 0, room - before);
    node->file.chunks[index] = chunk;
    if (!index) node->file.first_size = room;
    return true;
}

enum error write_at(struct node *node, uint64_t position, const uint8_t *bytes, uint32_t *count) {
    if (node->kind == DEVICE) return node->device == FULL ? NO_SPACE : OK;
    if (node->kind != FILE_) return IS_DIRECTORY;
    if (position > LARGEST_FILE - *count) return FILE_TOO_LARGE;
    // The table of chunks is not larger than all files together.
    if ((position + *count) / CHUNK * sizeof(uint8_t *) > MOST_BYTES) return NO_SPACE;
    uint32_t done = 0;
    while (done < *count) {
        uint32_t index = (uint32_t)((position + done) / CHUNK);
        uint32_t inside = (uint32_t)((position + done) % CHUNK);
        uint32_t size = CHUNK - inside;
        if (size > *count - done) size = *count - done;
        if (!has_chunk(node, index, inside + size)) break;
        memcpy(node->file.chunks[index] + inside, bytes + done, size);
        done += size;
    }
    if (!done && *count) return NO_SPACE;
    *count = done;
    if (position + done > node->file.size) node->file.size = position + done;
    touch(node);
    return OK;
}

enum error resize(struct node *node, uint64_t size) {
    if (node->kind != FILE_) return INVALID;
    if (size > LARGEST_FILE) return FILE_TOO_LARGE;
    if (!size) {
        free_content(node);
    } else if (size < node->file.size) {
        uint64_t kept = (size + CHUNK - 1) / CHUNK;
        for (uint64_t i = kept; i < node->file.count; i++) {
            if (node->file.chunks[i]) {
                free(node->file.chunks[i]);
                node->file.chunks[i] = 0;
                give(CHUNK);
            }
        }
        // What is cut off reads as zeros if the file grows again.
        uint32_t inside = (uint32_t)(size % CHUNK);
        uint64_t last = size / CHUNK;
        uint8_t *chunk = last < node->file.count ? node->file.chunks[last] : 0;
        uint32_t there = !chunk ? 0 : last ? CHUNK : node->file.first_size;
        if (inside < there) memset(chunk + inside, 0, there - inside);
    }
    node->file.size = size;
    touch(node);
    return OK;
}

char *path_of(struct node *folder) {
    if (folder == root()) return strdup("/");
    char *path = strdup("");
    for (; path && folder != root(); folder = folder->folder.parent) {
        struct node *parent = folder->folder.parent;
        if (!parent) {
            free(path);
            return 0;
        }
        const struct entry *entry = parent->folder.entries;
        while (entry->node != folder) entry++;
        size_t after = strlen(path);
        char *longer = malloc(1 + entry->length + after + 1);
        if (longer) {
            longer[0] = '/';
            memcpy(longer + 1, entry->name, entry->length);
            memcpy(longer + 1 + entry->length, path, after + 1);
        }
        free(path);
        path = longer;
    }
    return path;
}
