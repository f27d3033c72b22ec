// SPDX-License-Identifier: LGPL-2.1-or-later
// codec:: <-> hfi::, see convert.h.
#include "vpu/convert.h"

#include <algorithm>

namespace softvpu::vpu {

hfi::BufferName to_wire(codec::BufferHandle buffer) { return {buffer.index, buffer.generation}; }

hfi::cmd::Configure to_wire(const codec::SessionConfig& config, bool test) {
  hfi::cmd::Configure out;
  out.role = config.role;
  out.coded = static_cast<uint32_t>(config.coded);
  out.width_hint = std::min(config.size_hint.width, 65536u);
  out.height_hint = std::min(config.size_hint.height, 65536u);
  out.threads = std::min(config.threads, 256u);
  out.test = test;
  out.interval_num = config.interval.numerator;
  out.interval_den = config.interval.denominator;
  return out;
}

hfi::cmd::MapBuffer to_wire(codec::Direction side, codec::BufferHandle buffer, std::span<const codec::PlaneMemory> planes) {
  hfi::cmd::MapBuffer out;
  out.direction = side;
  out.buffer = to_wire(buffer);
  out.num_planes = static_cast<uint32_t>(std::min<size_t>(planes.size(), kMaxPlanes));
  for (uint32_t i = 0; i < out.num_planes; ++i) {
    out.plane[i] = {planes[i].offset, static_cast<uint32_t>(planes[i].length), static_cast<uint32_t>(planes[i].mapped_length)};
  }
  return out;
}

Result<hfi::cmd::SetLayout> to_wire(const FrameLayout& layout) {
  const hfi::cmd::SetLayout out = hfi::command_of(layout);
  // The firmware's own check, so that nothing is sent that it would call malformed.
  const auto parsed = hfi::parse_command(hfi::serialize(hfi::Command{0, out}));
  if (!parsed) return fail(EINVAL, parsed.error().reason);
  return out;
}

hfi::cmd::QueueInput to_wire(const codec::InputChunk& chunk) {
  return hfi::coded_input(to_wire(chunk.buffer), chunk.offset, chunk.bytes, static_cast<uint64_t>(chunk.tag));
}

Result<codec::StreamFormat> from_wire(const hfi::msg::FormatChanged& message, const codec::CodecInfo& codec) {
  // The coded size of a stream at the limit is the limit rounded up to the codec's blocks (64 is the largest there is).
  if (message.coded_width > align_up(codec.sizes.max.width, 64) || message.coded_height > align_up(codec.sizes.max.height, 64))
    return fail(EPROTO, "FORMAT_CHANGED announces " + std::to_string(message.coded_width) + "x" +
                            std::to_string(message.coded_height) + ", larger than the codec's limit");
  const FourCC native = static_cast<FourCC>(message.native);
  if (native != FourCC::kNone && std::find(codec.raw.begin(), codec.raw.end(), native) == codec.raw.end())
    return fail(EPROTO, "FORMAT_CHANGED names a raw format that the codec doesn't offer: " + to_string(native));
  return hfi::value_of(message);
}

}  // namespace softvpu::vpu
