// SPDX-License-Identifier: LGPL-2.1-or-later
// The synthetic part of /dev, /sys and /run/udev: an index file in the directory that SOFTVPU_ROOT names, written by `softvpu
// run`. Directory and index are used only if they belong to the effective user or to root and nobody else can write to them; no
// other path can be in the index (ADR 14). Called by path_table.cc, file_status.cc, dir_stream.cc and assembly.cc. Immutable once
// loaded; any thread; never allocates by malloc, never locks (it is reached from inside allocators and from signal handlers).
//
// The index, one entry per line, sorted by path, each after its parent directory, no blanks in
// paths (kTreeHeader first):
//   d PATH                                                 directory
//   f PATH                                                 attribute file: its text is at
//   <root>PATH
//   l PATH TARGET                                          symbolic link, relative (any "..", then names), to a
//                                                          path below the same directories
//   c PATH MAJOR MINOR ROLE API THREADS                    video node (v4l2::NodeWords); <root>PATH is an empty
//                                                          stand-in file
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "front/preload/lexical_path.h"
#include "v4l2/node_spec.h"

namespace softvpu::preload {

inline constexpr const char* kRootVariable = "SOFTVPU_ROOT";
inline constexpr const char* kIndexName = "/index";
inline constexpr std::string_view kTreeHeader = "softvpu-tree 1";

enum class EntryType : char { kDirectory = 'd', kFile = 'f', kLink = 'l', kNode = 'c' };

struct TreeEntry {
  EntryType type = EntryType::kFile;
  std::string_view path;
  std::string_view target;  // kLink
  uint32_t major = 0;       // kNode, as the following
  const v4l2::NodeSpec* spec = nullptr;
  ino_t inode = 0;  // of the stand-in file
};

class VirtualTree {
 public:
  static constexpr uint32_t kMaxEntries = 512;
  static constexpr uint32_t kMaxNodes = 64;

  VirtualTree() = default;
  VirtualTree(const VirtualTree&) = delete;  // its entries point to its nodes
  VirtualTree& operator=(const VirtualTree&) = delete;

  // The process's tree, loaded on first call; nullptr when SOFTVPU_ROOT isn't set or what it names can't be used.
  static const VirtualTree* get();

  // Fills `tree` from an index text that outlives it. False when the text isn't an index. For get() and tests.
  static bool parse(std::string_view index, std::string_view root, VirtualTree& tree);

  const TreeEntry* find(std::string_view path) const;
  const TreeEntry* find_node(uint32_t minor) const;
  // The stand-in file of a node by its identity; nullptr for any other file.
  const TreeEntry* find_stand_in(dev_t device, ino_t inode) const;

  // Entries directly inside `directory`: pass 0 first, then what the last call returned + 1. kMaxEntries ends it.
  uint32_t next_child(std::string_view directory, uint32_t from) const;
  const TreeEntry& entry(uint32_t index) const { return entries_[index]; }
  uint32_t index_of(const TreeEntry& entry) const { return static_cast<uint32_t>(&entry - entries_); }
  uint32_t size() const { return size_; }

  // False: no path in the tree has a component of this name (so a relative path that ends in it
  // isn't ours).
  bool may_contain_name(std::string_view name) const;

  std::string_view root() const { return root_.view(); }
  dev_t device() const { return device_; }  // of the file system that holds the tree

 private:
  bool add_line(std::string_view line);
  bool take_node(std::string_view& line, TreeEntry& entry);
  void note_names(std::string_view path);
  void learn_inodes();

  PathBuffer root_;
  dev_t device_ = 0;
  uint32_t size_ = 0;
  uint32_t nodes_size_ = 0;
  uint64_t names_[16] = {};
  TreeEntry entries_[kMaxEntries];
  v4l2::NodeSpec nodes_[kMaxNodes];
};

}  // namespace softvpu::preload
