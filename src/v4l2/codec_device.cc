// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens of a codec node. Nothing but the capabilities is learnt here: a session starts when OUTPUT streams.
#include "v4l2/codec_device.h"

#include <algorithm>
#include <cerrno>

#include "v4l2/decoder/decoder_formats.h"
#include "v4l2/file/m2m_file.h"

namespace softvpu::v4l2 {

Result<const codec::Capabilities*> CodecDevice::capabilities() {
  const std::lock_guard lock(mutex_);
  if (!capabilities_) {
    auto asked = driver_.capabilities();
    if (!asked) return fail(EIO, "the codecs can't be asked: " + asked.error().reason);
    codec::Capabilities usable = decoders_of(std::move(*asked));
    if (usable.codecs.empty()) return fail(EIO, "the lower half \"" + usable.name + "\" has no stateful decoder");
    capabilities_ = std::move(usable);
  }
  return &*capabilities_;
}

Result<std::shared_ptr<FileHandle>> CodecDevice::open() {
  const auto known = capabilities();
  if (!known) return Unexpected(known.error());
  return std::shared_ptr<FileHandle>(
      std::make_shared<M2mFile>(std::static_pointer_cast<CodecDevice>(shared_from_this()), **known));
}

std::shared_ptr<VideoDevice> make_codec_device(VideoDeviceConfig config, codec::Driver& driver) {
  return std::make_shared<CodecDevice>(std::move(config), driver);
}

}  // namespace softvpu::v4l2
