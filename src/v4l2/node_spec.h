// SPDX-License-Identifier: LGPL-2.1-or-later
// What a node is, as data. Read by whoever shows it (apps/softvpu/tree_entries.cc), by the tree's
// index and the assembly (front/preload), and by the device itself, so that all agree. Constant;
// the texts are literals or outlive the device.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/capabilities.h"
#include "media/fourcc.h"

namespace softvpu::v4l2 {

// When the event of another geometry is sent (dev-decoder.rst, Dynamic Resolution Change).
enum class SourceChange : uint8_t {
  kAtOnce,               // step 1 before step 2, as the text has it
  kAfterFinishedFrames,  // when the frames that are done were dequeued: FFmpeg and GStreamer drop them at the event
};

struct NodeSpec {
  codec::Role role = codec::Role::kDecoder;
  std::string_view driver = "softvpu";                 // v4l2_capability.driver; the driver in /sys
  std::string_view card = "softvpu decoder";           // v4l2_capability.card; the node's name in /sys and udev
  std::string_view bus_info = "platform:softvpu-dec";  // v4l2_capability.bus_info; the platform device in /sys
  std::string_view alias = "video-dec";                // and the node's index: a second name in /dev, which Chromium looks for
  bool multiplanar = true;                             // which of V4L2's two APIs
  uint32_t minor = 10;                                 // /dev/videoN
  uint32_t codec_threads = 0;                          // SessionConfig::threads
  std::span<const FourCC> codecs{};                    // coded formats, those of the lower half that are in the list; empty: all
  SourceChange source_change = SourceChange::kAfterFinishedFrames;
  // ffmpeg's wrapper (5.1 to 7.1) takes POLLERR for "not yet": while it drains, or while no OUTPUT
  // buffer is free, it polls again at once, forever, and calls nothing else. To a client that has
  // done so this often on a failed session, poll reports that DQBUF wouldn't block, which is as
  // true, and DQBUF returns EIO.
  uint32_t patient_polls = 1000;

  // The platform device that bus_info names.
  constexpr std::string_view device() const { return bus_info.substr(bus_info.find(':') + 1); }
};

// The node of a role with the names that it has unless somebody gives it others; nothing for a
// role that no build has.
std::optional<NodeSpec> node_of(codec::Role role);

// The words for a node in the tree's index (front/preload/virtual_tree.h): role, API, threads.
struct NodeWords {
  std::string_view role;
  std::string_view api;
};
NodeWords words_of(const NodeSpec& node);
// The other way; nothing for words that words_of() doesn't make.
std::optional<NodeSpec> node_of(const NodeWords& words);

}  // namespace softvpu::v4l2
