// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens of a codec node. Nothing but the capabilities is learnt here: a session
// starts when OUTPUT streams.
#include "v4l2/codec_device.h"

#include <algorithm>
#include <cerrno>

#include "media/frame_layout.h"
#include "v4l2/decoder/decoder.h"
#include "v4l2/encoder/encoder.h"
#include "v4l2/file/codec_file.h"

namespace softvpu::v4l2 {
namespace {

// The only place that asks which role a node has. nullptr: this build has none.
const RoleKind* kind_of(codec::Role role) {
  switch (role) {
    case codec::Role::kDecoder:
      return &kDecoderRole;
    case codec::Role::kEncoder:
      return &kEncoderRole;
    case codec::Role::kCapture:
    case codec::Role::kStatelessDecoder:
      break;
  }
  return nullptr;
}

// pixfmt-intro.rst: formats whose planes lie in memory of their own are for the multi-planar API.
void leave_out_separate_planes(codec::Capabilities& capabilities) {
  for (codec::CodecInfo& codec : capabilities.codecs) {
    std::erase_if(codec.raw, [](FourCC raw) {
      const auto format = find_pixel_format(raw);
      return format && format->memory_planes > 1;
    });
  }
}

}  // namespace

Result<const codec::Capabilities*> CodecDevice::capabilities(const RoleKind& role) {
  const std::lock_guard lock(mutex_);
  if (!capabilities_) {
    auto asked = driver_.capabilities();
    if (!asked) return fail(EIO, "the codecs can't be asked: " + asked.error().reason);
    if (!config_.node.multiplanar) leave_out_separate_planes(*asked);
    codec::Capabilities usable = role.usable(std::move(*asked));
    const auto wanted = config_.node.codecs;
    std::erase_if(usable.codecs, [&](const codec::CodecInfo& codec) {
      return !wanted.empty() && std::find(wanted.begin(), wanted.end(), codec.coded) == wanted.end();
    });
    if (usable.codecs.empty()) return fail(EIO, "the lower half \"" + usable.name + "\" has no " + role.name);
    capabilities_ = std::move(usable);
  }
  return &*capabilities_;
}

Result<std::shared_ptr<FileHandle>> CodecDevice::open() {
  const RoleKind* role = kind_of(config_.node.role);
  if (role == nullptr) return fail(ENXIO, "this build of softvpu has no device of this role");
  const auto known = capabilities(*role);
  if (!known) return Unexpected(known.error());
  return std::shared_ptr<FileHandle>(
      std::make_shared<CodecFile>(std::static_pointer_cast<CodecDevice>(shared_from_this()), **known, *role));
}

std::shared_ptr<VideoDevice> make_codec_device(const VideoDeviceConfig& config, codec::Driver& driver) {
  return std::make_shared<CodecDevice>(config, driver);
}

}  // namespace softvpu::v4l2
