// SPDX-License-Identifier: LGPL-2.1-or-later
// What all opens of a codec node share: the lower half, its capabilities, priorities. Made by
// make_codec_device(); used by file/codec_file.h.
#pragma once

#include <mutex>
#include <optional>

#include "v4l2/file/priority.h"
#include "v4l2/queue/buffer_export.h"
#include "v4l2/role.h"
#include "v4l2/video_device.h"

namespace softvpu::v4l2 {

class CodecDevice final : public VideoDevice {
 public:
  CodecDevice(const VideoDeviceConfig& config, codec::Driver& driver) : config_(config), driver_(driver) {}

  const VideoDeviceConfig& config() const override { return config_; }
  Result<std::shared_ptr<FileHandle>> open() override;

  codec::Driver& driver() { return driver_; }
  PriorityState& priorities() { return priorities_; }
  const BufferExporter& exporter() const { return exporter_; }

 private:
  // What of the lower half the node offers. Asked with the first open, and kept.
  // Errors: EIO with the reason.
  Result<const codec::Capabilities*> capabilities(const RoleKind& role);

  const VideoDeviceConfig config_;
  codec::Driver& driver_;
  PriorityState priorities_;
  const BufferExporter exporter_;  // made with the device: a program may shut itself in after its first open
  std::mutex mutex_;
  std::optional<codec::Capabilities> capabilities_;  // guarded by mutex_ until set, constant after
};

}  // namespace softvpu::v4l2
