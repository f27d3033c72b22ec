// SPDX-License-Identifier: LGPL-2.1-or-later
// Merged directory streams. Called by symbols_dir.cc and tree_walk.cc.
#include "front/preload/dir_stream.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "front/preload/next_symbol.h"
#include "front/preload/on_path.h"

static_assert(sizeof(dirent) == sizeof(dirent64), "one readdir() serves both");

namespace softvpu::preload::dir_stream {
namespace {

Next<DIR*(const char*)> next_opendir("opendir");
Next<DIR*(int)> next_fdopendir("fdopendir");
Next<dirent64*(DIR*)> next_readdir("readdir64");
Next<int(DIR*)> next_closedir("closedir");
Next<void(DIR*)> next_rewinddir("rewinddir");
Next<long(DIR*)> next_telldir("telldir");
Next<void(DIR*, long)> next_seekdir("seekdir");

// telldir() positions of our entries; the host's file systems stay below 2^62 or are negative.
constexpr long kOurPositions = 0x4000'5f76'7075'0000;

// A stream of a directory that the tree has entries for.
struct Merged {
  DIR* stream = nullptr;
  PathBuffer path;                                    // of the directory, as the application knows it
  bool in_tree = false;                               // the stream reads the tree itself: nothing to add
  bool in_extras = false;                             // the host's entries have all been returned
  uint32_t next_child = 0;                            // of the tree, when in_extras
  uint64_t seen[VirtualTree::kMaxEntries / 64] = {};  // directories of the tree that the host listed itself
  dirent entry{};
  Merged* next = nullptr;
};

std::mutex lock;
Merged* all = nullptr;  // guarded by lock
std::atomic<uint32_t> count{0};

Merged* find(DIR* stream) {
  if (count.load(std::memory_order_acquire) == 0) return nullptr;
  const std::lock_guard guard(lock);
  for (Merged* merged = all; merged != nullptr; merged = merged->next) {
    if (merged->stream == stream) return merged;
  }
  return nullptr;
}

// Remembers `stream` if the tree has the directory. Gives the stream back either way.
DIR* remember(DIR* stream, std::string_view path, bool in_tree) {
  const VirtualTree* tree = VirtualTree::get();
  if (stream == nullptr || tree == nullptr) return stream;
  const bool has_entries = tree->next_child(path, 0) != VirtualTree::kMaxEntries;
  if (!has_entries) return stream;
  auto* merged = new (std::nothrow) Merged;
  if (merged == nullptr) return stream;
  merged->stream = stream;
  merged->path.assign(path);
  merged->in_tree = in_tree;
  const NoCancel no_cancel;
  const std::lock_guard guard(lock);
  merged->next = all;
  all = merged;
  count.fetch_add(1, std::memory_order_release);
  return stream;
}

// Remembers `stream` if the kernel's name of its directory is one that the tree has.
DIR* remember_by_fd(DIR* stream) {
  const VirtualTree* tree = VirtualTree::get();
  if (tree == nullptr) return stream;
  PathBuffer path;
  struct stat status {};
  const int fd = dirfd(stream);
  if (!path_of_fd(fd, path) || tree->next_child(path.view(), 0) == VirtualTree::kMaxEntries) return stream;
  if (raw::fstat(fd, &status) < 0) return stream;
  // A directory of the host may have the tree's device number too, when both are on (after can/may:
  // be) one file system: the path decides.
  PathBuffer real;
  const bool same = real.assign(tree->root()) && real.append(path.view());
  struct stat in_tree {};
  const bool ours = same && raw::call(SYS_newfstatat, AT_FDCWD, raw::address(real.c_str()), raw::address(&in_tree), 0) == 0 &&
                    in_tree.st_dev == status.st_dev && in_tree.st_ino == status.st_ino;
  return remember(stream, path.view(), ours);
}

// True when the host's entry `name` is hidden by ours. A directory that both have is shown as the
// host's entry, and noted as seen.
bool hidden(Merged& merged, const char* name) {
  const VirtualTree* tree = VirtualTree::get();
  PathBuffer path;
  if (!path.assign(merged.path.view()) || (path.view() != "/" && !path.append("/")) || !path.append(name)) return false;
  const TreeEntry* entry = tree->find(path.view());
  if (entry == nullptr) return false;
  if (entry->type != EntryType::kDirectory) return true;
  const uint32_t index = tree->index_of(*entry);
  merged.seen[index / 64] |= uint64_t{1} << index % 64;
  return false;
}

unsigned char type_of(const TreeEntry& entry) {
  switch (entry.type) {
    case EntryType::kDirectory:
      return DT_DIR;
    case EntryType::kLink:
      return DT_LNK;
    case EntryType::kNode:
      return DT_CHR;
    case EntryType::kFile:
      break;
  }
  return DT_REG;
}

dirent* next_extra(Merged& merged) {
  const VirtualTree* tree = VirtualTree::get();
  uint32_t child = tree->next_child(merged.path.view(), merged.next_child);
  while (child != VirtualTree::kMaxEntries && (merged.seen[child / 64] >> child % 64 & 1) != 0) {
    child = tree->next_child(merged.path.view(), child + 1);
  }
  if (child == VirtualTree::kMaxEntries) {
    merged.next_child = child;
    return nullptr;
  }
  merged.next_child = child + 1;
  const TreeEntry& entry = tree->entry(child);
  const std::string_view name = last_component(entry.path);
  merged.entry = {};
  merged.entry.d_ino = entry.inode != 0 ? entry.inode : 1'000'000 + child;
  merged.entry.d_off = kOurPositions + static_cast<long>(child) + 1;
  merged.entry.d_reclen = sizeof merged.entry;
  merged.entry.d_type = type_of(entry);
  std::memcpy(merged.entry.d_name, name.data(), name.size());
  return &merged.entry;
}

}  // namespace

DIR* open(const char* path) {
  auto* next = next_opendir.get();
  if (next == nullptr) {
    errno = EAGAIN;
    return nullptr;
  }
  Resolved where;
  const int saved = errno;
  if (!resolve(path, where)) {
    // A link of the host may lead to a directory that both have.
    if (DIR* stream = next(path)) return remember_by_fd(stream);
    if (errno != ENOENT || !resolve_links(AT_FDCWD, path, Follow::kYes, where)) return nullptr;
    errno = saved;
  }
  if (where.kind == Resolved::Kind::kHost) return next(where.host.c_str());
  if (where.kind != Resolved::Kind::kDirectory) {
    errno = ENOTDIR;
    return nullptr;
  }
  if (DIR* stream = next(where.host.c_str())) return remember(stream, where.host.view(), false);
  if (errno != ENOENT) return nullptr;
  errno = saved;
  return remember(next(where.tree.c_str()), where.host.view(), true);
}

DIR* open_fd(int fd) {
  auto* next = next_fdopendir.get();
  if (next == nullptr) {
    errno = EAGAIN;
    return nullptr;
  }
  DIR* stream = next(fd);
  return stream == nullptr ? nullptr : remember_by_fd(stream);
}

dirent* read(DIR* stream) {
  auto* next = next_readdir.get();
  Merged* merged = find(stream);
  if (merged == nullptr || next == nullptr) return next == nullptr ? nullptr : reinterpret_cast<dirent*>(next(stream));
  if (merged->in_extras) return next_extra(*merged);
  while (true) {
    const int saved = errno;
    errno = 0;
    auto* entry = reinterpret_cast<dirent*>(next(stream));
    const int error = errno;
    if (error == 0) errno = saved;
    if (entry == nullptr) {
      if (error != 0 || merged->in_tree) return nullptr;
      merged->in_extras = true;
      merged->next_child = 0;
      return next_extra(*merged);
    }
    if (!merged->in_tree) {
      if (hidden(*merged, entry->d_name)) continue;
      return entry;
    }
    if (entry->d_type == DT_REG) {
      const VirtualTree* tree = VirtualTree::get();
      if (tree->find_stand_in(tree->device(), entry->d_ino) != nullptr) entry->d_type = DT_CHR;
    }
    return entry;
  }
}

int close(DIR* stream) {
  Merged* gone = nullptr;
  if (count.load(std::memory_order_acquire) != 0) {
    const NoCancel no_cancel;
    const std::lock_guard guard(lock);
    for (Merged** link = &all; *link != nullptr; link = &(*link)->next) {
      if ((*link)->stream != stream) continue;
      gone = *link;
      *link = gone->next;
      count.fetch_sub(1, std::memory_order_release);
      break;
    }
  }
  delete gone;
  auto* next = next_closedir.get();
  return next == nullptr ? -1 : next(stream);
}

void rewind(DIR* stream) {
  if (Merged* merged = find(stream)) merged->in_extras = false;
  if (auto* next = next_rewinddir.get()) next(stream);
}

long tell(DIR* stream) {
  Merged* merged = find(stream);
  if (merged != nullptr && merged->in_extras) return kOurPositions + static_cast<long>(merged->next_child);
  auto* next = next_telldir.get();
  return next == nullptr ? -1 : next(stream);
}

void seek(DIR* stream, long position) {
  if (Merged* merged = find(stream)) {
    merged->in_extras = position >= kOurPositions && position <= kOurPositions + static_cast<long>(VirtualTree::kMaxEntries);
    if (merged->in_extras) {
      merged->next_child = static_cast<uint32_t>(position - kOurPositions);
      return;
    }
  }
  if (auto* next = next_seekdir.get()) next(stream, position);
}

void lock_for_fork() { lock.lock(); }
void unlock_after_fork() { lock.unlock(); }
void abandon() { new (&lock) std::mutex; }

}  // namespace softvpu::preload::dir_stream
