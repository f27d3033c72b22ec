// SPDX-License-Identifier: LGPL-2.1-or-later
// scandir, glob and nftw over merged directories. Called by symbols_dir.cc.
#include "front/preload/tree_walk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "front/preload/dir_stream.h"
#include "front/preload/path_table.h"

namespace softvpu::preload::tree_walk {
namespace {

constexpr int kDeepest = 64;  // levels; /sys is full of symbolic links, a walk that follows them must end

void free_list(dirent** list, size_t used) {
  for (size_t i = 0; i < used; ++i) std::free(list[i]);
  std::free(list);
}

struct Walk {
  int (*visit)(const char*, const struct stat*, int, FTW*);
  int flags;
  dev_t device;
};

// Visits one file and everything below it. Returns the value that ends the walk, or 0.
int walk_one(const Walk& walk, std::string& path, int base, int level) {
  struct stat status {};
  const bool physical = (walk.flags & FTW_PHYS) != 0;
  int kind = FTW_F;
  if ((physical ? ::lstat(path.c_str(), &status) : ::stat(path.c_str(), &status)) < 0) {
    // A dangling link is reported as such by nftw(), everything else as a failed stat().
    kind = !physical && ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode) ? FTW_SLN : FTW_NS;
    if (level == 0 && kind == FTW_NS) return -1;
  } else if (S_ISLNK(status.st_mode)) {
    kind = FTW_SL;
  } else if (S_ISDIR(status.st_mode)) {
    kind = FTW_D;
  }
  if ((walk.flags & FTW_MOUNT) != 0 && level > 0 && kind != FTW_NS && status.st_dev != walk.device) return 0;
  FTW where{.base = base, .level = level};
  if (kind != FTW_D) return walk.visit(path.c_str(), &status, kind, &where);

  DIR* stream = level < kDeepest ? dir_stream::open(path.c_str()) : nullptr;
  if (stream == nullptr) return walk.visit(path.c_str(), &status, FTW_DNR, &where);
  std::vector<std::string> names;
  while (const dirent* entry = dir_stream::read(stream)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) names.emplace_back(entry->d_name);
  }
  dir_stream::close(stream);

  const bool depth_first = (walk.flags & FTW_DEPTH) != 0;
  const bool actions = (walk.flags & FTW_ACTIONRETVAL) != 0;
  if (!depth_first) {
    const int answer = walk.visit(path.c_str(), &status, FTW_D, &where);
    if (actions && answer == FTW_SKIP_SUBTREE) return 0;
    if (answer != 0) return answer;
  }
  const size_t length = path.size();
  int answer = 0;
  for (const std::string& name : names) {
    if (path.back() != '/') path += '/';
    const int name_at = static_cast<int>(path.size());
    path += name;
    answer = walk_one(walk, path, name_at, level + 1);
    path.resize(length);
    if (answer != 0) break;
  }
  if (actions && answer == FTW_SKIP_SIBLINGS) answer = 0;
  if (answer != 0) return answer;
  return depth_first ? walk.visit(path.c_str(), &status, FTW_DP, &where) : 0;
}

// glob(3)'s directory functions; their types are void* because glob knows nothing of DIR.
void* glob_open(const char* path) { return dir_stream::open(path); }
dirent* glob_read(void* stream) { return dir_stream::read(static_cast<DIR*>(stream)); }
void glob_close(void* stream) { dir_stream::close(static_cast<DIR*>(stream)); }
int glob_lstat(const char* path, struct stat* status) { return ::lstat(path, status); }
int glob_stat(const char* path, struct stat* status) { return ::stat(path, status); }

__attribute__((tls_model("initial-exec"))) thread_local int (*plain_visit)(const char*, const struct stat*, int) = nullptr;

}  // namespace

constexpr size_t kEntrySize = sizeof(dirent*);  // NOLINT(bugprone-sizeof-expression): a list of pointers is what scandir(3) makes

int scan(DIR* stream, dirent*** list, Filter filter, Compare compare) {
  if (stream == nullptr) return -1;
  dirent** entries = nullptr;
  size_t used = 0;
  size_t room = 0;
  const int saved = errno;
  errno = 0;
  while (const dirent* entry = dir_stream::read(stream)) {
    if (filter != nullptr && filter(entry) == 0) {
      errno = 0;
      continue;
    }
    if (used == room) {
      room = room == 0 ? 16 : room * 2;
      auto** more = static_cast<dirent**>(std::realloc(entries, room * kEntrySize));
      if (more == nullptr) break;
      entries = more;
    }
    auto* copy = static_cast<dirent*>(std::malloc(sizeof(dirent)));
    if (copy == nullptr) break;
    std::memcpy(copy, entry, offsetof(dirent, d_name));
    copy->d_reclen = sizeof(dirent);
    const size_t length = strnlen(entry->d_name, sizeof copy->d_name - 1);
    std::memcpy(copy->d_name, entry->d_name, length);
    copy->d_name[length] = '\0';
    entries[used++] = copy;
    errno = 0;
  }
  const int error = errno;
  dir_stream::close(stream);
  if (error != 0) {
    free_list(entries, used);
    errno = error;
    return -1;
  }
  errno = saved;
  if (compare != nullptr && used > 1) {
    std::qsort(entries, used, kEntrySize, reinterpret_cast<int (*)(const void*, const void*)>(compare));
  }
  *list = entries;
  return static_cast<int>(used);
}

int use_our_directories(glob_t& pattern_result, int flags) {
  pattern_result.gl_opendir = glob_open;
  pattern_result.gl_readdir = glob_read;
  pattern_result.gl_closedir = glob_close;
  pattern_result.gl_lstat = glob_lstat;
  pattern_result.gl_stat = glob_stat;
  return flags | GLOB_ALTDIRFUNC;
}

bool concerns(const char* path) {
  Resolved where;
  if (resolve(path, where)) return where.kind != Resolved::Kind::kHost;
  return resolve_links(AT_FDCWD, path, Follow::kYes, where);
}

int walk(const char* path, int (*visit)(const char*, const struct stat*, int, FTW*), int flags) {
  std::string start = path;
  struct stat status {};
  if (::stat(path, &status) < 0) return -1;
  const size_t slash = start.find_last_not_of('/');
  if (slash != std::string::npos) start.resize(slash + 1);
  const size_t base = start.rfind('/');
  return walk_one({visit, flags, status.st_dev}, start, base == std::string::npos ? 0 : static_cast<int>(base) + 1, 0);
}

int walk_plain(const char* path, int (*visit)(const char*, const struct stat*, int)) {
  auto* outer = plain_visit;
  plain_visit = visit;
  const int answer = walk(
      path,
      [](const char* file, const struct stat* status, int kind, FTW*) {
        return plain_visit(file, status, kind == FTW_SLN ? FTW_NS : kind);
      },
      0);
  plain_visit = outer;
  return answer;
}

}  // namespace softvpu::preload::tree_walk
