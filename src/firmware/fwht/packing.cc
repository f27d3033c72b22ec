// SPDX-License-Identifier: GPL-2.0-or-later
// Moving samples: see packing.h.
#include "firmware/fwht/packing.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "firmware/fwht/lines.h"

namespace softvpu::firmware::fwht {
namespace {

// Samples of a component that a buffer of `size` has.
Size samples_in(const RawFormat& format, Size size, uint32_t component) {
  const bool chroma = component == kCb || component == kCr;
  if (chroma && format.half_width) size.width /= 2;
  if (chroma && format.half_height) size.height /= 2;
  return size;
}

// The components whose samples stand in one of the layout's planes.
struct Group {
  std::array<uint8_t, kMaxComponents> component{};
  uint32_t count = 0;
};

Group group_of(const RawFormat& format, uint32_t plane) {
  Group group;
  for (uint32_t i = 0; i < format.components; ++i) {
    if (format.place[i].plane == plane) group.component[group.count++] = static_cast<uint8_t>(i);
  }
  return group;
}

// Calls line(bytes, components of the group) for each line that picture and frame both have.
template <typename Byte, typename Line>
void for_each_line(const RawFormat& format, const Picture& picture, const FrameMemory<Byte>& frame, Line line) {
  for (uint32_t plane = 0; plane < kMaxComponents; ++plane) {
    const Group group = group_of(format, plane);
    if (group.count == 0) continue;
    const uint32_t lines =
        std::min(picture.plane(group.component[0]).height, samples_in(format, frame.size, group.component[0]).height);
    for (uint32_t y = 0; y < lines; ++y) {
      LineParts parts;
      parts.count = group.count;
      for (uint32_t i = 0; i < group.count; ++i) {
        const uint32_t component = group.component[i];
        const Plane& samples = picture.plane(component);
        parts.part[i] = {.samples = samples.data + static_cast<size_t>(y) * samples.width,
                         .count = std::min(samples.width, samples_in(format, frame.size, component).width),
                         .first = format.place[component].first,
                         .step = format.place[component].step};
      }
      line(frame.data[plane] + static_cast<size_t>(y) * frame.stride[plane], parts);
    }
  }
}

// Repeats the last sample and the last line that were there.
void fill_up(const Plane& plane, Size present) {
  if (present.empty()) return;
  const uint32_t width = std::min(plane.width, present.width);
  const uint32_t height = std::min(plane.height, present.height);
  for (uint32_t y = 0; y < height; ++y) {
    uint8_t* line = plane.data + static_cast<size_t>(y) * plane.width;
    std::memset(line + width, line[width - 1], plane.width - width);
  }
  const uint8_t* last = plane.data + static_cast<size_t>(height - 1) * plane.width;
  for (uint32_t y = height; y < plane.height; ++y)
    std::memcpy(plane.data + static_cast<size_t>(y) * plane.width, last, plane.width);
}

}  // namespace

void pack(const RawFormat& format, const Picture& picture, const RawFrame& out) {
  for_each_line(format, picture, out, [](uint8_t* line, const LineParts& parts) { write_line(parts, line); });
}

void unpack(const RawFormat& format, const ConstRawFrame& in, Picture& out) {
  for_each_line(format, out, in, [](const uint8_t* line, const LineParts& parts) { read_line(line, parts); });
  for (uint32_t i = 0; i < format.components; ++i) {
    const Plane& plane = out.plane(i);
    const Size present = samples_in(format, in.size, i);
    if (present.width < plane.width || present.height < plane.height) fill_up(plane, present);
  }
}

void misplace_raw_samples(const RawFormat& format, const std::array<bool, kMaxComponents>& stored_raw, Picture& picture) {
  for (uint32_t plane = 0; plane < kMaxComponents; ++plane) {
    const Group group = group_of(format, plane);
    bool changes = false;
    size_t line_bytes = 0;
    for (uint32_t i = 0; i < group.count; ++i) {
      const uint32_t component = group.component[i];
      const uint32_t step = format.place[component].step;
      if (stored_raw[component] && step > 1) changes = true;
      line_bytes = std::max(line_bytes, static_cast<size_t>(picture.plane(component).width) * step);
    }
    if (!changes) continue;
    std::vector<uint8_t> line(line_bytes);
    const uint32_t lines = picture.plane(group.component[0]).height;
    for (uint32_t y = 0; y < lines; ++y) {
      std::fill(line.begin(), line.end(), uint8_t{0});
      const auto each = [&](auto move) {
        for (uint32_t i = 0; i < group.count; ++i) {
          const uint32_t component = group.component[i];
          const Plane& samples = picture.plane(component);
          const Place place = format.place[component];
          move(samples.data + static_cast<size_t>(y) * samples.width, samples.width, place, stored_raw[component]);
        }
      };
      each([&](const uint8_t* samples, uint32_t count, Place place, bool raw) {
        for (uint32_t x = 0; x < count; ++x) line[place.first + x * (raw ? 1 : place.step)] = samples[x];
      });
      each([&](uint8_t* samples, uint32_t count, Place place, bool) {
        for (uint32_t x = 0; x < count; ++x) samples[x] = line[place.first + x * place.step];
      });
    }
  }
}

}  // namespace softvpu::firmware::fwht
