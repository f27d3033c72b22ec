// SPDX-License-Identifier: LGPL-2.1-or-later
// The libc functions that walk directories by libc's own internals, done again over our streams where the tree is concerned.
// Called by symbols_dir.cc.
#pragma once

#include <dirent.h>
#include <ftw.h>
#include <glob.h>

namespace softvpu::preload::tree_walk {

using Filter = int (*)(const dirent*);
using Compare = int (*)(const dirent**, const dirent**);

// scandir(3) of an open stream, which it closes: the number of entries, or -1 and errno.
int scan(DIR* stream, dirent*** list, Filter filter, Compare compare);

// Puts our directory functions into `pattern_result` and returns `flags` with GLOB_ALTDIRFUNC. The caller undoes the flag
// afterwards.
int use_our_directories(glob_t& pattern_result, int flags);

// True when a walk from `path` would meet the tree.
bool concerns(const char* path);
// nftw(3).
int walk(const char* path, int (*visit)(const char*, const struct stat*, int, FTW*), int flags);
// ftw(3).
int walk_plain(const char* path, int (*visit)(const char*, const struct stat*, int));

}  // namespace softvpu::preload::tree_walk
