// SPDX-License-Identifier: LGPL-2.1-or-later
// Directory listings in which the host's entries and ours appear together. Called by symbols_dir.cc and tree_walk.cc.
// A DIR* stays libc's own; those of directories that the tree knows are remembered beside it. Any thread; one DIR* by one thread
// at a time, as POSIX has it.
#pragma once

#include <dirent.h>

namespace softvpu::preload::dir_stream {

// opendir(3), fdopendir(3).
DIR* open(const char* path);
DIR* open_fd(int fd);

// readdir(3): nullptr at the end (errno kept) or on error. struct dirent and dirent64 are the same on 64-bit machines.
dirent* read(DIR* stream);
int close(DIR* stream);
void rewind(DIR* stream);
long tell(DIR* stream);
void seek(DIR* stream, long position);

// The list's lock is held across fork(2).
void lock_for_fork();
void unlock_after_fork();
// In a child without fork handlers: the thread that has the lock may not exist here.
void abandon();

}  // namespace softvpu::preload::dir_stream
