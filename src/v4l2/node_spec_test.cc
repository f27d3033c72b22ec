// SPDX-License-Identifier: LGPL-2.1-or-later
// What a node is, in the words of the tree's index and back.
#include "v4l2/node_spec.h"

#include <gtest/gtest.h>

namespace softvpu::v4l2 {
namespace {

TEST(ANode, IsTheSameInTheWordsOfTheIndex) {
  for (const codec::Role role : {codec::Role::kDecoder, codec::Role::kEncoder}) {
    for (const bool multiplanar : {true, false}) {
      NodeSpec node = *node_of(role);
      node.multiplanar = multiplanar;
      const auto back = node_of(words_of(node));
      ASSERT_TRUE(back);
      EXPECT_EQ(back->role, role);
      EXPECT_EQ(back->multiplanar, multiplanar);
      EXPECT_EQ(back->card, node.card);
      EXPECT_EQ(back->bus_info, node.bus_info);
    }
  }
}

TEST(ANode, IsNotMadeOfOtherWords) {
  EXPECT_FALSE(node_of(NodeWords{"camera", "multi"}));
  EXPECT_FALSE(node_of(NodeWords{"decoder", "many"}));
  EXPECT_FALSE(node_of(NodeWords{"", ""}));
  EXPECT_FALSE(node_of(codec::Role::kCapture));
}

TEST(ANode, IsTheDecoderUnlessItIsTold) {
  const NodeSpec node;
  EXPECT_EQ(words_of(node).role, "decoder");
  EXPECT_EQ(node.card, node_of(codec::Role::kDecoder)->card);
  EXPECT_EQ(node.device(), "softvpu-dec");
}

}  // namespace
}  // namespace softvpu::v4l2
