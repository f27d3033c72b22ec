// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths as text: joining and cleaning without asking the file system. Called by path_table.cc and virtual_tree.cc.
// No allocation: these run inside other libraries' allocators and constructors.
#pragma once

#include <cstddef>
#include <string_view>

namespace softvpu::preload {

// A path on the stack, NUL-terminated. Short on purpose: it lives on signal stacks, and no path of
// ours is longer; a longer one belongs to the host only.
struct PathBuffer {
  char text[512];
  size_t length = 0;

  std::string_view view() const { return {text, length}; }
  const char* c_str() const { return text; }
  // False (and unchanged) when it would not fit.
  bool assign(std::string_view from);
  bool append(std::string_view more);
};

// Writes base + "/" + path (or just `path` when it is absolute) without ".", ".." and double slashes; ".." stops at the root.
// `base` is absolute. False when the result is too long or `base` is needed and not absolute. Lexical: symbolic links aren't
// looked at.
bool clean_join(std::string_view base, std::string_view path, PathBuffer& out);

// The part after the last slash, trailing slashes ignored: "c" of "/a/b/c//".
std::string_view last_component(std::string_view path);

// The part before the last slash: "/a/b" of "/a/b/c", "/" of "/a". `path` is clean and absolute.
std::string_view parent_of(std::string_view path);

// True when `path` is `directory` or is below it. Both clean.
bool is_at_or_below(std::string_view path, std::string_view directory);

}  // namespace softvpu::preload
