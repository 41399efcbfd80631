// What WASI has no word for: permissions, the file's own error of a stream, a working directory's
// real path; and positions, which libc has wrong. Functions of libc, with ours before, after or
// instead.

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"
#include "tree.h"

extern enum error last_failure;
extern uint32_t last_seen, last_described, mode_to_create;
int64_t seek(uint32_t descriptor, int64_t offset, int whence);

// The mode is an argument that libc ignores. Where arguments vary in number they are in memory.

static void note_mode(int flags, const int *mode) {
    mode_to_create = flags & O_CREAT ? (uint32_t)*mode : 0666;
}

const char *before_open(const char *path, int flags, const int *mode) {
    note_mode(flags, mode);
    return path;
}

int before_openat(int folder, const char *path, int flags, const int *mode) {
    (void)path;
    note_mode(flags, mode);
    return folder;
}

const char *before_mkdir(const char *path, uint32_t mode) {
    mode_to_create = mode;
    return path;
}

int before_mkdirat(int folder, const char *path, uint32_t mode) {
    (void)path;
    mode_to_create = mode;
    return folder;
}

static int with_mode(int result, struct stat *stat) {
    struct node *node = result || stat->st_dev != 1 ? 0 : node_of(stat->st_ino);
    if (!node) return result;
    stat->st_mode |= node->mode;
    stat->st_blksize = CHUNK;
    stat->st_blocks = (blkcnt_t)((bytes_of(node) + 511) / 512);
    return result;
}

int after_fstat(int result, int file, struct stat *stat) {
    (void)file;
    return with_mode(result, stat);
}

int after_fstatat(int result, int folder, const char *path, struct stat *stat, int flags) {
    (void)folder, (void)path, (void)flags;
    // libc asks for the number of a link itself, also where it follows it.
    if (!result) stat->st_ino = last_seen;
    return with_mode(result, stat);
}

// libc looks whether the file exists, and then at the rights of the folder that it began with.
int after_faccessat(int result, int folder, const char *path, int wanted, int flags) {
    (void)folder, (void)path, (void)flags;
    if (result && errno != EACCES) return result;
    uint32_t rights =
        (wanted & R_OK ? READ : 0u) | (wanted & W_OK ? WRITE : 0u) | (wanted & X_OK ? SEARCH : 0u);
    struct node *node = node_of(last_seen);
    enum error error = node ? may(node, rights) : ACCESS;
    if (error == OK) return 0;
    errno = error == READ_ONLY ? EROFS : EACCES;
    return -1;
}

// The empty path would be that of the working directory.
int after_find(int result, const char *path, const char **prefix, char **relative, size_t *length,
               int may_grow) {
    (void)prefix, (void)relative, (void)length, (void)may_grow;
    if (*path) return result;
    errno = ENOENT;
    return -1;
}

static int errno_of(enum error error) {
    switch (error) {
    case BAD_DESCRIPTOR:
        return EBADF;
    case FILE_TOO_LARGE:
        return EFBIG;
    case IS_DIRECTORY:
        return EISDIR;
    case NO_MEMORY:
        return ENOMEM;
    case NO_SPACE:
        return ENOSPC;
    default:
        return EIO;
    }
}

// A stream's error has no number that libc would ask for.
int after_stream(int result, void *stream, void *bytes, size_t length) {
    (void)stream, (void)bytes, (void)length;
    if (result < 0 && last_failure != OK) errno = errno_of(last_failure);
    last_failure = OK;
    return result;
}

// The descriptor that libc has for a file: 0 with an `errno` if that is none of ours.
static uint32_t descriptor_of(int file) {
    struct stat stat;
    last_described = 0;
    if (fstat(file, &stat)) return 0;
    if (!last_described) errno = ESPIPE;
    return last_described;
}

off_t seek_file(int file, off_t offset, int whence) {
    uint32_t descriptor = descriptor_of(file);
    if (!descriptor) return -1;
    off_t position = seek(descriptor, offset, whence);
    if (position < 0) errno = EINVAL;
    return position;
}

off_t tell_file(int file) {
    return seek_file(file, 0, SEEK_CUR);
}

// Nobody else could hold a lock. These headers lack the commands, by the numbers that libc and musl
// give them, and the structure, which begins with the lock's type.
int after_fcntl(int result, int file, int command, short *const *lock) {
    enum { UNLOCKED = 2 };
    (void)file;
    if (!result || (errno != EINVAL && errno != ENOTSUP)) return result;
    switch (command) {
    case 5:
    case 12:
        **lock = UNLOCKED;
        return 0;
    case 6:
    case 7:
    case 13:
    case 14:
        return 0;
    default:
        return result;
    }
}

// libc would put the path behind the working directory's, with what `..` and links it has.
const char *before_chdir(const char *path) {
    static char *absolute;
    char here[LONGEST_PATH];
    struct place place;
    struct node *from = root();
    free(absolute);
    absolute = 0;
    if (*path != '/' && getcwd(here, sizeof here) &&
        find(root(), here, (uint32_t)strlen(here), true, &place) == OK && place.node)
        from = place.node;
    if (find(from, path, (uint32_t)strlen(path), true, &place) == OK && place.node &&
        place.node->kind == FOLDER)
        absolute = path_of(place.node);
    return absolute ? absolute : path;
}
