// SPDX-License-Identifier: LGPL-2.1-or-later
// A video node: what stays the same over all its opens. Made by whoever assembles a front end
// (app, preload, tests).
#pragma once

#include <memory>

#include "base/clock.h"
#include "codec/session.h"
#include "v4l2/file_handle.h"
#include "v4l2/node_spec.h"

namespace softvpu::v4l2 {

struct VideoDeviceConfig {
  NodeSpec node{};
  // STREAMOFF waits that long for the lower half to release the buffers (vidioc-streamon.rst: it
  // finishes "any DMA in progress"). A codec that hangs is ended by the lower half's own
  // watchdog, long before; at this limit the session fails. 0: doesn't wait, for a lower half
  // that touches no buffer by itself.
  Duration flush_limit = std::chrono::seconds(10);
  // How long a query about the stream (G_FMT and its like) waits for a header that the queued
  // inputs may still bring.
  Duration header_limit = std::chrono::seconds(1);
  Waiter* waiter = nullptr;  // how blocking ioctls of its files sleep; outlives the device. nullptr: a futex wait
};

class VideoDevice : public std::enable_shared_from_this<VideoDevice> {
 public:
  virtual ~VideoDevice() = default;
  virtual const VideoDeviceConfig& config() const = 0;
  // Errors: ENOMEM; EIO with the reason when the lower half's capabilities isn't available; ENXIO
  // for a role that isn't there.
  virtual Result<std::shared_ptr<FileHandle>> open() = 0;
};

// `driver` outlives the device.
std::shared_ptr<VideoDevice> make_codec_device(const VideoDeviceConfig& config, codec::Driver& driver);

}  // namespace softvpu::v4l2
