// SPDX-License-Identifier: LGPL-2.1-or-later
// Directory streams and the libc functions that walk them. Called by the application.
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>

#include <cstring>

#include "front/preload/dir_stream.h"
#include "front/preload/symbols.h"
#include "front/preload/tree_walk.h"

namespace softvpu::preload {
namespace {

static_assert(sizeof(glob_t) == sizeof(glob64_t), "one glob() serves both on 64-bit machines");

using GlobFn = int(const char*, int, int (*)(const char*, int), glob_t*);
using FtwVisit = int (*)(const char*, const struct stat*, int);
using NftwVisit = int (*)(const char*, const struct stat*, int, FTW*);
Next<GlobFn> next_glob("glob");
Next<GlobFn> next_glob64("glob64");
Next<int(const char*, FtwVisit, int)> next_ftw("ftw");
Next<int(const char*, NftwVisit, int, int)> next_nftw("nftw");

dirent64* wide(dirent* entry) { return reinterpret_cast<dirent64*>(entry); }

int read_r(DIR* stream, dirent* entry, dirent** result) {
  const int saved = errno;
  errno = 0;
  const dirent* read = dir_stream::read(stream);
  const int error = errno;
  errno = saved;
  *result = nullptr;
  if (read == nullptr) return error;
  std::memcpy(entry, read, sizeof *entry);
  *result = entry;
  return 0;
}

// scandirat(): the stream of `path` relative to `dirfd`.
DIR* open_at(int dirfd, const char* path) {
  if (dirfd == AT_FDCWD || (path != nullptr && path[0] == '/')) return dir_stream::open(path);
  const int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  DIR* stream = dir_stream::open_fd(fd);
  if (stream == nullptr) close(fd);
  return stream;
}

int glob_any(Next<GlobFn>& next, const char* pattern, int flags, int (*on_error)(const char*, int), glob_t* result) {
  GlobFn* call = next.get();
  if (call == nullptr) return unavailable(GLOB_ABORTED);
  if (VirtualTree::get() == nullptr || result == nullptr || (flags & GLOB_ALTDIRFUNC) != 0)
    return call(pattern, flags, on_error, result);
  const int answer = call(pattern, tree_walk::use_our_directories(*result, flags), on_error, result);
  result->gl_flags &= ~GLOB_ALTDIRFUNC;
  return answer;
}

int ftw_any(const char* path, FtwVisit visit, int open_limit) {
  if (tree_walk::concerns(path)) return tree_walk::walk_plain(path, visit);
  auto* call = next_ftw.get();
  return call != nullptr ? call(path, visit, open_limit) : unavailable(-1);
}

int nftw_any(const char* path, NftwVisit visit, int open_limit, int flags) {
  // FTW_CHDIR would need a working directory that is two places at once.
  if ((flags & FTW_CHDIR) == 0 && tree_walk::concerns(path)) return tree_walk::walk(path, visit, flags);
  auto* call = next_nftw.get();
  return call != nullptr ? call(path, visit, open_limit, flags) : unavailable(-1);
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT DIR* opendir(const char* path) { return dir_stream::open(path); }
SOFTVPU_EXPORT DIR* fdopendir(int fd) { return dir_stream::open_fd(fd); }
SOFTVPU_EXPORT dirent* readdir(DIR* stream) { return dir_stream::read(stream); }
SOFTVPU_EXPORT dirent64* readdir64(DIR* stream) { return wide(dir_stream::read(stream)); }
SOFTVPU_EXPORT int readdir_r(DIR* stream, dirent* entry, dirent** result) { return read_r(stream, entry, result); }
SOFTVPU_EXPORT int readdir64_r(DIR* stream, dirent64* entry, dirent64** result) {
  return read_r(stream, reinterpret_cast<dirent*>(entry), reinterpret_cast<dirent**>(result));
}
SOFTVPU_EXPORT int closedir(DIR* stream) { return dir_stream::close(stream); }
SOFTVPU_EXPORT void rewinddir(DIR* stream) { dir_stream::rewind(stream); }
SOFTVPU_EXPORT long telldir(DIR* stream) { return dir_stream::tell(stream); }
SOFTVPU_EXPORT void seekdir(DIR* stream, long position) { dir_stream::seek(stream, position); }

SOFTVPU_EXPORT int scandir(const char* path, dirent*** list, tree_walk::Filter filter, tree_walk::Compare compare) {
  return tree_walk::scan(dir_stream::open(path), list, filter, compare);
}
SOFTVPU_EXPORT int scandir64(const char* path, dirent64*** list, int (*filter)(const dirent64*),
                             int (*compare)(const dirent64**, const dirent64**)) {
  return tree_walk::scan(dir_stream::open(path), reinterpret_cast<dirent***>(list), reinterpret_cast<tree_walk::Filter>(filter),
                         reinterpret_cast<tree_walk::Compare>(compare));
}
SOFTVPU_EXPORT int scandirat(int dirfd, const char* path, dirent*** list, tree_walk::Filter filter, tree_walk::Compare compare) {
  return tree_walk::scan(open_at(dirfd, path), list, filter, compare);
}
SOFTVPU_EXPORT int scandirat64(int dirfd, const char* path, dirent64*** list, int (*filter)(const dirent64*),
                               int (*compare)(const dirent64**, const dirent64**)) {
  return tree_walk::scan(open_at(dirfd, path), reinterpret_cast<dirent***>(list), reinterpret_cast<tree_walk::Filter>(filter),
                         reinterpret_cast<tree_walk::Compare>(compare));
}

SOFTVPU_EXPORT int glob(const char* pattern, int flags, int (*on_error)(const char*, int), glob_t* result) {
  return glob_any(next_glob, pattern, flags, on_error, result);
}
SOFTVPU_EXPORT int glob64(const char* pattern, int flags, int (*on_error)(const char*, int), glob64_t* result) {
  return glob_any(next_glob64, pattern, flags, on_error, reinterpret_cast<glob_t*>(result));
}

SOFTVPU_EXPORT int ftw(const char* path, FtwVisit visit, int open_limit) { return ftw_any(path, visit, open_limit); }
SOFTVPU_EXPORT int ftw64(const char* path, int (*visit)(const char*, const struct stat64*, int), int open_limit) {
  return ftw_any(path, reinterpret_cast<FtwVisit>(visit), open_limit);
}
SOFTVPU_EXPORT int nftw(const char* path, NftwVisit visit, int open_limit, int flags) {
  return nftw_any(path, visit, open_limit, flags);
}
SOFTVPU_EXPORT int nftw64(const char* path, int (*visit)(const char*, const struct stat64*, int, FTW*), int open_limit,
                          int flags) {
  return nftw_any(path, reinterpret_cast<NftwVisit>(visit), open_limit, flags);
}
