// SPDX-License-Identifier: LGPL-2.1-or-later
// See codec_choice.h.
#include "apps/softvpu/codec_choice.h"

#include <algorithm>

#include "media/codec_names.h"

namespace softvpu::cli {
namespace {

// The roles that have a node beside the decoder's.
constexpr codec::Role kFurtherRoles[] = {codec::Role::kEncoder};

bool has_role(const codec::Capabilities& capabilities, codec::Role role) {
  return std::any_of(capabilities.codecs.begin(), capabilities.codecs.end(),
                     [&](const codec::CodecInfo& codec) { return codec.role == role; });
}

}  // namespace

Status limit_codecs(codec::Capabilities& capabilities, const std::string& codecs) {
  if (codecs.empty()) return {};
  std::vector<FourCC> offered;
  for (const codec::CodecInfo& codec : capabilities.codecs) offered.push_back(codec.coded);
  const auto wanted = choose_codecs(codecs, offered);
  if (!wanted) return Unexpected(wanted.error());
  std::erase_if(capabilities.codecs, [&](const codec::CodecInfo& codec) {
    return std::find(wanted->begin(), wanted->end(), codec.coded) == wanted->end();
  });
  return {};
}

std::vector<v4l2::NodeSpec> nodes_of(const v4l2::NodeSpec& node, const codec::Capabilities& capabilities) {
  std::vector<v4l2::NodeSpec> nodes{node};
  for (const codec::Role role : kFurtherRoles) {
    const auto usual = v4l2::node_of(role);
    if (!usual || !has_role(capabilities, role)) continue;
    v4l2::NodeSpec further = *usual;
    further.multiplanar = node.multiplanar;
    further.codec_threads = node.codec_threads;
    further.minor = node.minor + usual->minor - v4l2::NodeSpec{}.minor;
    nodes.push_back(further);
  }
  return nodes;
}

}  // namespace softvpu::cli
