#include "table.h"

#define FILES "wasi:filesystem/types#"
#define STREAMS "wasi:io/streams#"

#define ANSWERS(X)                                                                                \
    X("wasi:filesystem/preopens#get-directories", INSTEAD, get_directories)                       \
    X(FILES "[method]descriptor.advise", INSTEAD, advise)                                         \
    X(FILES "[method]descriptor.append-via-stream", INSTEAD, append_via_stream)                   \
    X(FILES "[method]descriptor.create-directory-at", INSTEAD, create_directory_at)               \
    X(FILES "[method]descriptor.get-flags", INSTEAD, get_flags)                                   \
    X(FILES "[method]descriptor.link-at", INSTEAD, link_at)                                       \
    X(FILES "[method]descriptor.metadata-hash", INSTEAD, hash)                                    \
    X(FILES "[method]descriptor.metadata-hash-at", INSTEAD, hash_at)                              \
    X(FILES "[method]descriptor.open-at", INSTEAD, open_at)                                       \
    X(FILES "[method]descriptor.read", INSTEAD, read_descriptor)                                  \
    X(FILES "[method]descriptor.read-directory", INSTEAD, read_directory)                         \
    X(FILES "[method]descriptor.read-via-stream", INSTEAD, read_via_stream)                       \
    X(FILES "[method]descriptor.readlink-at", INSTEAD, readlink_at)                               \
    X(FILES "[method]descriptor.remove-directory-at", INSTEAD, remove_directory_at)               \
    X(FILES "[method]descriptor.rename-at", INSTEAD, rename_at)                                   \
    X(FILES "[method]descriptor.set-size", INSTEAD, set_size)                                     \
    X(FILES "[method]descriptor.set-times", INSTEAD, set_times)                                   \
    X(FILES "[method]descriptor.set-times-at", INSTEAD, set_times_at)                             \
    X(FILES "[method]descriptor.stat", INSTEAD, stat_descriptor)                                  \
    X(FILES "[method]descriptor.stat-at", INSTEAD, stat_at)                                       \
    X(FILES "[method]descriptor.symlink-at", INSTEAD, symlink_at)                                 \
    X(FILES "[method]descriptor.sync", INSTEAD, synced)                                           \
    X(FILES "[method]descriptor.sync-data", INSTEAD, synced)                                      \
    X(FILES "[method]descriptor.unlink-file-at", INSTEAD, unlink_file_at)                         \
    X(FILES "[method]descriptor.write", INSTEAD, write_descriptor)                                \
    X(FILES "[method]descriptor.write-via-stream", INSTEAD, write_via_stream)                     \
    X(FILES "[method]directory-entry-stream.read-directory-entry", INSTEAD, read_directory_entry) \
    X(FILES "[resource-drop]descriptor", INSTEAD, drop_descriptor)                                \
    X(FILES "[resource-drop]directory-entry-stream", INSTEAD, drop_names)                         \
    X(STREAMS "[method]input-stream.read", IF_OURS, read_stream)                                  \
    X(STREAMS "[method]input-stream.subscribe", IF_OURS, subscribe)                               \
    X(STREAMS "[method]output-stream.blocking-flush", IF_OURS, flush_stream)                      \
    X(STREAMS "[method]output-stream.check-write", IF_OURS, check_write)                          \
    X(STREAMS "[method]output-stream.subscribe", IF_OURS, subscribe)                              \
    X(STREAMS "[method]output-stream.write", IF_OURS, write_stream)                               \
    X(STREAMS "[resource-drop]input-stream", IF_OURS, drop_input)                                 \
    X(STREAMS "[resource-drop]output-stream", IF_OURS, drop_output)                               \
    X("wasi:io/error#[resource-drop]error", IF_OURS, drop_error)                                  \
    X("wasi:io/poll#[method]pollable.block", IF_OURS, block)                                      \
    X("wasi:io/poll#[resource-drop]pollable", IF_OURS, drop_pollable)                             \
    X("wasi:io/poll#poll", UNLESS_DONE, poll_ours)                                                \
    X("__wasilibc_find_relpath_alloc", AFTER, after_find)                                         \
    X("__wasilibc_nocwd_faccessat", AFTER, after_faccessat)                                       \
    X("__wasilibc_nocwd_fstatat", AFTER, after_fstatat)                                           \
    X("__wasilibc_read", AFTER, after_stream)                                                     \
    X("__wasilibc_tell", INSTEAD, tell_file)                                                      \
    X("__wasilibc_write", AFTER, after_stream)                                                    \
    X("chdir", BEFORE, before_chdir)                                                              \
    X("fcntl", AFTER, after_fcntl)                                                                \
    X("fstat", AFTER, after_fstat)                                                                \
    X("lseek", INSTEAD, seek_file)                                                                \
    X("mkdir", BEFORE, before_mkdir)                                                              \
    X("mkdirat", BEFORE, before_mkdirat)                                                          \
    X("open", BEFORE, before_open)                                                                \
    X("openat", BEFORE, before_openat)

#define DECLARE(name, how, function) extern void function(void);
ANSWERS(DECLARE)

#define ENTRY(name, how, function) {name, how, (void *)function},
static const struct answer answers[] = {ANSWERS(ENTRY)};

// Found by its first words.
__attribute__((visibility("default"))) struct table wit_wire_files = {
    "wit-wire:files/table",
    sizeof answers / sizeof *answers,
    answers,
};
