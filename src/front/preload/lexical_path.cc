// SPDX-License-Identifier: LGPL-2.1-or-later
// Lexical path arithmetic. Called by path_table.cc and virtual_tree.cc.
#include "front/preload/lexical_path.h"

#include <cstring>

namespace softvpu::preload {

bool PathBuffer::assign(std::string_view from) {
  if (from.size() >= sizeof text) return false;
  if (!from.empty()) std::memmove(text, from.data(), from.size());  // an empty view may point nowhere
  length = from.size();
  text[length] = '\0';
  return true;
}

bool PathBuffer::append(std::string_view more) {
  if (more.size() >= sizeof text - length) return false;
  if (!more.empty()) std::memmove(text + length, more.data(), more.size());
  length += more.size();
  text[length] = '\0';
  return true;
}

namespace {

// Adds the components of `path` to the clean path in `out` ("" is the root while building).
bool add_components(std::string_view path, PathBuffer& out) {
  size_t at = 0;
  while (at < path.size()) {
    const size_t end = path.find('/', at);
    const std::string_view component = path.substr(at, end == std::string_view::npos ? end : end - at);
    at = end == std::string_view::npos ? path.size() : end + 1;
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      const size_t slash = out.view().rfind('/');
      out.length = slash == std::string_view::npos ? 0 : slash;
      out.text[out.length] = '\0';
      continue;
    }
    if (!out.append("/") || !out.append(component)) return false;
  }
  return true;
}

}  // namespace

bool clean_join(std::string_view base, std::string_view path, PathBuffer& out) {
  out.assign("");
  if (path.empty() || path.front() != '/') {
    if (base.empty() || base.front() != '/') return false;
    if (!add_components(base, out)) return false;
  }
  if (!add_components(path, out)) return false;
  return out.length != 0 || out.assign("/");
}

std::string_view last_component(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return !path.empty() && path.front() == '/';
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace softvpu::preload
