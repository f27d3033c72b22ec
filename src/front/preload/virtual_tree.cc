// SPDX-License-Identifier: LGPL-2.1-or-later
// Loading and searching the index of synthetic files. Called by path_table.cc and its neighbours.
#include "front/preload/virtual_tree.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/raw_syscall.h"

namespace softvpu::preload {
namespace {

// Splits at single blanks.
std::string_view take_word(std::string_view& line) {
  const size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
  return word;
}

bool take_number(std::string_view& line, uint32_t& out) {
  const std::string_view word = take_word(line);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

uint32_t name_hash(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ hash >> 16) & 1023;
}

struct Text {
  const char* data = nullptr;
  size_t size = 0;
};

// Maps the whole file; the mapping stays for the life of the process.
bool map_text(const char* path, Text& text) {
  const int fd = raw::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat status {};
  void* at = nullptr;
  const bool mapped = raw::fstat(fd, &status) == 0 && status.st_size > 0 &&
                      raw::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0, &at) == 0;
  raw::close(fd);
  if (mapped) text = {static_cast<const char*>(at), static_cast<size_t>(status.st_size)};
  return mapped;
}

const VirtualTree* load() {
  const char* root = std::getenv(kRootVariable);
  if (root == nullptr || root[0] != '/') return nullptr;
  PathBuffer path;
  Text text;
  if (!path.assign(root) || !path.append(kIndexName) || !map_text(path.c_str(), text)) {
    log_line(LogLevel::kError, "%s=%s has no readable index; expected a directory made by `softvpu run`; no device is shown",
             kRootVariable, root);
    return nullptr;
  }
  void* memory = nullptr;
  if (raw::mmap(nullptr, sizeof(VirtualTree), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &memory) != 0) {
    raw::munmap(const_cast<char*>(text.data), text.size);
    return nullptr;
  }
  auto* tree = new (memory) VirtualTree;
  if (VirtualTree::parse({text.data, text.size}, root, *tree)) return tree;
  log_line(LogLevel::kError, "%s is damaged or of another version of softvpu; no device is shown", path.c_str());
  raw::munmap(memory, sizeof(VirtualTree));
  raw::munmap(const_cast<char*>(text.data), text.size);
  return nullptr;
}

}  // namespace

const VirtualTree* VirtualTree::get() {
  // Two threads that come first at the same time both load; one result is published, the other stays unused.
  enum : int { kUnknown, kAbsent, kPresent };
  static std::atomic<int> state{kUnknown};
  static std::atomic<const VirtualTree*> published{nullptr};
  const int seen = state.load(std::memory_order_acquire);
  if (seen == kAbsent) return nullptr;
  if (seen == kPresent) return published.load(std::memory_order_acquire);
  const VirtualTree* loaded = load();
  const VirtualTree* expected = nullptr;
  if (loaded != nullptr) published.compare_exchange_strong(expected, loaded, std::memory_order_acq_rel);
  int unknown = kUnknown;
  state.compare_exchange_strong(unknown, loaded == nullptr ? kAbsent : kPresent, std::memory_order_acq_rel);
  return published.load(std::memory_order_acquire);
}

bool VirtualTree::parse(std::string_view index, std::string_view root, VirtualTree& tree) {
  if (!tree.root_.assign(root)) return false;
  bool first = true;
  while (!index.empty()) {
    const size_t end = index.find('\n');
    const std::string_view line = index.substr(0, end);
    index = end == std::string_view::npos ? std::string_view() : index.substr(end + 1);
    if (std::exchange(first, false)) {
      if (line != kTreeHeader) return false;
    } else if (!line.empty() && !tree.add_line(line)) {
      return false;
    }
  }
  if (first) return false;
  tree.learn_inodes();
  return true;
}

bool VirtualTree::add_line(std::string_view line) {
  if (size_ == kMaxEntries) return false;
  TreeEntry& entry = entries_[size_];
  const std::string_view type = take_word(line);
  entry.path = take_word(line);
  if (type.size() != 1 || entry.path.empty() || entry.path.front() != '/') return false;
  if (size_ > 0 && !(entries_[size_ - 1].path < entry.path)) return false;
  entry.type = static_cast<EntryType>(type.front());
  switch (entry.type) {
    case EntryType::kDirectory:
    case EntryType::kFile:
      break;
    case EntryType::kLink:
      entry.target = take_word(line);
      if (entry.target.empty()) return false;
      break;
    case EntryType::kNode: {
      if (!take_number(line, entry.major) || !take_number(line, entry.minor)) return false;
      entry.encoder = take_word(line) == "encoder";
      entry.multiplanar = take_word(line) != "single";
      if (!take_number(line, entry.threads)) return false;
      break;
    }
    default:
      return false;
  }
  note_names(entry.path);
  ++size_;
  return true;
}

void VirtualTree::note_names(std::string_view path) {
  const uint32_t hash = name_hash(last_component(path));  // parents have entries of their own
  names_[hash / 64] |= uint64_t{1} << hash % 64;
}

bool VirtualTree::may_contain_name(std::string_view name) const {
  const uint32_t hash = name_hash(name);
  return (names_[hash / 64] >> hash % 64 & 1) != 0;
}

void VirtualTree::learn_inodes() {
  for (uint32_t i = 0; i < size_; ++i) {
    TreeEntry& entry = entries_[i];
    if (entry.type != EntryType::kNode) continue;
    PathBuffer path;
    struct stat status {};
    if (!path.assign(root_.view()) || !path.append(entry.path)) continue;
    const int fd = raw::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) continue;
    if (raw::fstat(fd, &status) == 0) {
      device_ = status.st_dev;
      entry.inode = status.st_ino;
    }
    raw::close(fd);
  }
}

const TreeEntry* VirtualTree::find(std::string_view path) const {
  const TreeEntry* end = entries_ + size_;
  const TreeEntry* at = std::lower_bound(entries_, end, path, [](const TreeEntry& e, std::string_view p) { return e.path < p; });
  return at != end && at->path == path ? at : nullptr;
}

const TreeEntry* VirtualTree::find_node(uint32_t minor) const {
  for (uint32_t i = 0; i < size_; ++i) {
    if (entries_[i].type == EntryType::kNode && entries_[i].minor == minor) return &entries_[i];
  }
  return nullptr;
}

const TreeEntry* VirtualTree::find_stand_in(dev_t device, ino_t inode) const {
  if (device != device_) return nullptr;
  for (uint32_t i = 0; i < size_; ++i) {
    if (entries_[i].type == EntryType::kNode && entries_[i].inode == inode) return &entries_[i];
  }
  return nullptr;
}

uint32_t VirtualTree::next_child(std::string_view directory, uint32_t from) const {
  for (uint32_t i = from; i < size_; ++i) {
    if (entries_[i].path != "/" && parent_of(entries_[i].path) == directory) return i;
  }
  return kMaxEntries;
}

}  // namespace softvpu::preload
