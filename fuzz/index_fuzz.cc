// SPDX-License-Identifier: LGPL-2.1-or-later
// The index of synthetic files as text of any kind. What is accepted names devices only, and lookups agree with each other.
// Links: softvpu_preload
// Covers: src/front/preload/virtual_tree.cc src/front/preload/lexical_path.cc
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "front/preload/virtual_tree.h"

namespace {

using namespace softvpu::preload;

[[noreturn]] void complain(const char* what, std::string_view path) {
  std::fprintf(stderr, "index_fuzz: %s: %.*s\n", what, static_cast<int>(path.size()), path.data());
  std::abort();
}

bool is_ours(std::string_view path) {
  return is_at_or_below(path, "/dev") || is_at_or_below(path, "/sys") || is_at_or_below(path, "/run/udev");
}

void check_entry(const VirtualTree& tree, const TreeEntry& entry) {
  if (!is_ours(entry.path) && !(entry.path == "/run" && entry.type == EntryType::kDirectory)) complain("not ours", entry.path);
  if (entry.path.find_first_of(" \n") != std::string_view::npos) complain("a blank in", entry.path);
  if (last_component(entry.path).size() > NAME_MAX) complain("too long for a directory entry", entry.path);
  if (tree.find(entry.path) != &entry) complain("not found", entry.path);
  if (!tree.may_contain_name(last_component(entry.path))) complain("its name is unknown", entry.path);
  if (entry.type == EntryType::kNode && tree.find_node(entry.spec->minor) == nullptr) complain("no such node", entry.path);
  if (entry.type == EntryType::kLink) {
    PathBuffer end;
    if (!clean_join(parent_of(entry.path), entry.target, end) || !is_ours(end.view()))
      complain("a link to elsewhere", entry.path);
  }
  if (parent_of(entry.path) == "/") return;
  const TreeEntry* parent = tree.find(parent_of(entry.path));
  if (parent == nullptr || parent->type != EntryType::kDirectory) complain("no directory has it", entry.path);
  uint32_t at = tree.next_child(parent->path, 0);
  while (at < tree.size() && &tree.entry(at) != &entry) at = tree.next_child(parent->path, at + 1);
  if (at >= tree.size()) complain("its directory doesn't list", entry.path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view index(reinterpret_cast<const char*>(data), size);
  const auto tree = std::make_unique<VirtualTree>();
  if (!VirtualTree::parse(index, "/nowhere", *tree)) return 0;
  // The list of a directory is looked through for each entry: the square of many entries only makes the fuzzer slow.
  const uint32_t step = tree->size() / 64 + 1;
  for (uint32_t i = 0; i < tree->size(); i += step) check_entry(*tree, tree->entry(i));
  (void)tree->find(index.substr(0, index.find('\n')));
  return 0;
}
