// SPDX-License-Identifier: LGPL-2.1-or-later
// Which descriptor numbers of the application are ours. Called by every symbols_*.cc that takes a descriptor.
// Reading is lock-free and async-signal-safe: for a foreign descriptor it costs two loads. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace softvpu::preload {

class OpenFile;

// A counted reference to an open file; empty for a descriptor that isn't one of ours.
class FileRef {
 public:
  FileRef() = default;
  explicit FileRef(OpenFile* file) : file_(file) {}  // takes over one reference
  FileRef(FileRef&& other) noexcept : file_(other.file_) { other.file_ = nullptr; }
  FileRef& operator=(FileRef&&) = delete;
  ~FileRef();
  OpenFile* operator->() const { return file_; }
  OpenFile* get() const { return file_; }
  explicit operator bool() const { return file_ != nullptr; }
  // Gives the reference away, for a thread that may be cancelled.
  OpenFile* release();

 private:
  OpenFile* file_ = nullptr;
};

namespace fd_table {

// The open file behind `fd`.
FileRef find(int fd);
// True for a buffer that VIDIOC_EXPBUF handed out.
bool is_exported(int fd);
// True when nothing of ours is open, so that poll() and friends can pass at once.
bool empty();
// True when `fd` is a device or an exported buffer.
bool is_ours(int fd);
// True when `fd` is a device. Takes no reference.
bool is_device(int fd);

// Records that `fd` (just made by the kernel) is one of `file`'s; what the number meant before is forgotten. False: no memory, or
// a number beyond 2^20.
bool insert(int fd, OpenFile* file);
void insert_exported(int fd);
// After dup(2) and its like made `to` from `from`.
void copy(int from, int to);
// `fd` is about to be closed. Returns the file it referred to; call its closed_one() after the
// close.
FileRef remove(int fd);
// Forgets every number of `file` (it was closed behind our back).
void remove_all(const OpenFile* file);
// Forgets a number without touching its file.
void forget(int fd);

// Calls visit(fd, file) for every recorded device descriptor in [first, last]. Not signal-safe.
template <typename F>
void for_each(int first, int last, F&& visit);

// The smallest recorded number >= `from`, or -1.
int next(int from);

}  // namespace fd_table

template <typename F>
void fd_table::for_each(int first, int last, F&& visit) {
  for (int fd = next(first); fd >= 0 && fd <= last; fd = next(fd + 1)) {
    if (FileRef file = find(fd)) visit(fd, file);
  }
}

}  // namespace softvpu::preload
