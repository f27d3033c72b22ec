// SPDX-License-Identifier: LGPL-2.1-or-later
// What stat(2) says about nodes that are empty files on disk and sockets when open. Called by symbols_stat.cc. Any thread.
#pragma once

#include <sys/stat.h>

struct statx;

namespace softvpu::preload::file_status {

// Turns a stand-in's status into the node's (S_IFCHR, st_rdev); leaves any other file's as it is.
void correct(struct stat& status);
void correct(struct statx& status);

// The status of an open device. False when `fd` is none of ours.
bool of_device(int fd, struct stat& status);
bool of_device(int fd, struct statx& status, unsigned mask);

// The file system type of an entry of the tree that stands for one in /sys, 0 for every other file. By an open descriptor, or by
// path.
long magic_of_fd(int fd);
long magic_of_path(const char* path);

}  // namespace softvpu::preload::file_status
