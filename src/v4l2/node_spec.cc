// SPDX-License-Identifier: LGPL-2.1-or-later
// One row per role, and the words of the index.
#include "v4l2/node_spec.h"

#include <array>

namespace softvpu::v4l2 {
namespace {

struct Row {
  std::string_view word;
  NodeSpec node;
};

constexpr std::array kRows = {
    Row{"decoder", {}},
    Row{"encoder",
        {.role = codec::Role::kEncoder,
         .card = "softvpu encoder",
         .bus_info = "platform:softvpu-enc",
         .alias = "video-enc",
         .minor = 11}},
};

constexpr std::string_view kMulti = "multi";
constexpr std::string_view kSingle = "single";

}  // namespace

std::optional<NodeSpec> node_of(codec::Role role) {
  for (const Row& row : kRows)
    if (row.node.role == role) return row.node;
  return {};
}

NodeWords words_of(const NodeSpec& node) {
  for (const Row& row : kRows)
    if (row.node.role == node.role) return {row.word, node.multiplanar ? kMulti : kSingle};
  return {};
}

std::optional<NodeSpec> node_of(const NodeWords& words) {
  if (words.api != kMulti && words.api != kSingle) return {};
  for (const Row& row : kRows) {
    if (row.word != words.role) continue;
    NodeSpec node = row.node;
    node.multiplanar = words.api == kMulti;
    return node;
  }
  return {};
}

}  // namespace softvpu::v4l2
