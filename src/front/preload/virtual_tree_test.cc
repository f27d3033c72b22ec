// SPDX-License-Identifier: LGPL-2.1-or-later
// The index of synthetic files: what it may name, and that nothing in a hostile one is believed or read past its end.
#include "front/preload/virtual_tree.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "front/preload/path_table.h"

namespace softvpu::preload {
namespace {

const std::string kHeader = "softvpu-tree 1\n";

const std::string kGood = kHeader +
                          "d /dev\n"
                          "l /dev/video-dec0 video10\n"
                          "c /dev/video10 81 10 decoder multi 0\n"
                          "d /run\n"
                          "d /run/udev\n"
                          "f /run/udev/x\n"
                          "d /sys\n"
                          "f /sys/name\n";

bool parses(const std::string& index) {
  const auto tree = std::make_unique<VirtualTree>();
  return VirtualTree::parse(index, "/nowhere", *tree);
}

TEST(AnIndex, NamesDevicesAndTheirAttributes) {
  const auto tree = std::make_unique<VirtualTree>();
  ASSERT_TRUE(VirtualTree::parse(kGood, "/nowhere", *tree));
  EXPECT_EQ(tree->size(), 8u);
  ASSERT_NE(tree->find("/dev/video10"), nullptr);
  EXPECT_EQ(tree->find("/dev/video10")->spec->minor, 10u);
  EXPECT_EQ(tree->find("/dev/video1"), nullptr);
  EXPECT_TRUE(tree->may_contain_name("video-dec0"));
}

TEST(AnIndex, NamesNothingOutsideOfDevSysAndRunUdev) {
  for (const char* line : {
           "d /etc\nf /etc/hostname\n",
           "d /usr\n",
           "f /etc/passwd\n",
           "d /run\nf /run/utmp\n",
           "d /run\nd /run/user\n",
           "f /run\n",
           "l /run dev\n",
           "d /\n",
           "f /dev/../etc/passwd\n",
           "d /dev\nf /dev/./x\n",
           "d /dev\nf /dev//x\n",
           "d /dev\nf /dev/x/\n",
           "d /device\n",
           "d /sysroot\n",
           "d /run\nd /run/udevil\n",
           "d /sys\nl /sys/x ../etc\n",
           "d /sys\nl /sys/x /etc\n",
           "d /sys\nl /sys/x ..\n",
           "d /sys\nl /sys/x ../run/user\n",
           "d /sys\nl /sys/x\n",
           "d /sys\nl /sys/x y/../z\n",
           "d /sys\nl /sys/x y/..\n",
           "d /sys\nl /sys/x y/.\n",
           "d /sys\nl /sys/x y/\n",
           "d /sys\nl /sys/x y//z\n",
           "d /sys\nl /sys/x .\n",
           "d /sys\nc /sys/x 81 10 decoder multi 0\n",
       }) {
    EXPECT_FALSE(parses(kHeader + line)) << line;
  }
}

TEST(AnIndex, HasItsLinesInOneShape) {
  for (const char* line : {
           "",
           "x /dev\n",
           "dd /dev\n",
           "d\n",
           "d  /dev\n",
           "d dev\n",
           "d /dev /sys\n",
           "d /dev\nd /dev\n",
           "d /sys\nd /dev\n",
           "d /dev\nf /dev/a/b\n",
           "d /dev\nf /dev/a\nf /dev/a/b\n",
           "d /dev\nc /dev/v 81 10 decoder multi\n",
           "d /dev\nc /dev/v 81 -1 decoder multi 0\n",
           "d /dev\nc /dev/v 81 4294967296 decoder multi 0\n",
           "d /dev\nc /dev/v 81 10 camera multi 0\n",
           "d /dev\nc /dev/v 81 10 decoder many 0\n",
           "d /dev\nc /dev/v 81 10 decoder multi 0 0\n",
           "d /dev\nf /dev/\x01\n",
           "d /dev\nf /dev/\x7f\n",
           "d /dev\r\n",
       }) {
    const bool only_header = line[0] == '\0';
    EXPECT_EQ(parses(kHeader + line), only_header) << line;
  }
  EXPECT_FALSE(parses(""));
  EXPECT_FALSE(parses("\n"));
  EXPECT_FALSE(parses("softvpu-tree 2\nd /dev\n"));
  EXPECT_FALSE(parses(std::string("softvpu-tree 1\nd /dev\nf /dev/a\0b\n", 31)));
}

// A directory entry has room for 255 characters: a longer name would be written past its end.
TEST(AnIndex, HasNoNameLongerThanADirectoryEntry) {
  EXPECT_TRUE(parses(kHeader + "d /dev\nf /dev/" + std::string(255, 'a') + "\n"));
  EXPECT_FALSE(parses(kHeader + "d /dev\nf /dev/" + std::string(256, 'a') + "\n"));
  EXPECT_FALSE(parses(kHeader + "d /dev\nf /dev/" + std::string(4096, 'a') + "\n"));
}

TEST(AnIndex, EndsAtItsLargestNumberOfEntries) {
  std::string index = kHeader + "d /dev\n";
  for (uint32_t i = 1; i < VirtualTree::kMaxEntries; ++i) index += "f /dev/" + std::to_string(10000 + i) + "\n";
  EXPECT_TRUE(parses(index));
  EXPECT_FALSE(parses(index + "f /dev/z\n"));
}

// Random changes of a good index: whatever is accepted obeys the rules, and lookups stay inside of it.
TEST(AnIndex, StaysWithinItsRulesWhenDamaged) {
  std::mt19937 random(20260101);
  const std::string alphabet = "d f l c / . a 0 9 \n\t-dev sys run udev video10";
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string index = kGood;
    for (uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
      const size_t at = random() % index.size();
      switch (random() % 3) {
        case 0:
          index[at] = static_cast<char>(random() % 4 == 0 ? random() : alphabet[random() % alphabet.size()]);
          break;
        case 1:
          index.erase(at, 1 + random() % 8);
          break;
        default:
          index.insert(at, index.substr(random() % index.size(), 1 + random() % 12));
          break;
      }
    }
    const auto tree = std::make_unique<VirtualTree>();
    if (!VirtualTree::parse(index, "/nowhere", *tree)) continue;
    ++accepted;
    for (uint32_t i = 0; i < tree->size(); ++i) {
      const TreeEntry& entry = tree->entry(i);
      EXPECT_TRUE(is_at_or_below(entry.path, "/dev") || is_at_or_below(entry.path, "/sys") ||
                  is_at_or_below(entry.path, "/run/udev") || entry.path == "/run")
          << entry.path;
      EXPECT_EQ(tree->find(entry.path), &entry);
      EXPECT_LE(last_component(entry.path).size(), 255u);
    }
  }
  EXPECT_GT(accepted, 100);  // else the changes never got past the first check
}

}  // namespace
}  // namespace softvpu::preload
