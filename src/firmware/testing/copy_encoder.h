// SPDX-License-Identifier: GPL-2.0-or-later
// An encoder for tests, and a catalog that has it: its coded frame is the picture. So what a codec was given can be read from
// what comes out.
#pragma once

#include <deque>
#include <vector>

#include "firmware/catalog.h"
#include "firmware/encode/encode_session.h"

namespace softvpu::firmware::testing {

inline constexpr FourCC kCopy = make_fourcc('C', 'O', 'P', 'Y');  // without latency
inline constexpr FourCC kLate = make_fourcc('L', 'A', 'T', 'E');  // keeps two pictures
inline constexpr uint32_t kQuality = 0x00990900 + 1;
inline constexpr uint32_t kForceKey = 0x00990900 + 2;
inline constexpr uint32_t kReadOnly = 0x00990900 + 3;

// The samples of a picture, line by line, without what lies between the lines.
inline std::vector<uint8_t> samples_of(const RawPicture& picture) {
  std::vector<uint8_t> samples;
  const auto format = find_pixel_format(picture.layout.fourcc);
  for (uint32_t i = 0; format && i < picture.layout.components; ++i) {
    const ComponentInfo& component = format->component[i];
    const auto part = [](uint32_t side, uint32_t shift) { return (side + (1u << shift) - 1) >> shift; };
    const uint32_t bytes = part(picture.layout.size.width, component.horizontal_shift) * component.bytes_per_sample;
    const std::span<const std::byte> plane = picture.plane[picture.layout.component_plane[i]];
    for (uint32_t y = 0; y < part(picture.layout.size.height, component.vertical_shift); ++y) {
      const auto line = plane.subspan(picture.layout.offset[i] + size_t{y} * picture.layout.stride[i]);
      for (uint32_t x = 0; x < bytes; ++x) samples.push_back(static_cast<uint8_t>(line[x]));
    }
  }
  return samples;
}

// A frame: 'K' or 'P', the value of kQuality or the interval's denominator, whichever was set last, the samples.
class CopyEncoder final : public FrameEncoder {
 public:
  explicit CopyEncoder(size_t latency) : latency_(latency) {}

  Status begin(const FrameLayout& /*layout*/) override {
    held_.clear();
    key_ = true;
    return {};
  }
  void set_control(const ControlValue& control) override {
    if (control.id == kForceKey) key_ = true;
    if (control.id == kQuality) quality_ = static_cast<uint8_t>(control.value);
  }
  void set_interval(FrameInterval interval) override { quality_ = static_cast<uint8_t>(interval.denominator); }
  Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) override {
    Held frame{picture.number, {static_cast<uint8_t>(key_ ? 'K' : 'P'), quality_}};
    const auto samples = samples_of(picture);
    frame.bytes.insert(frame.bytes.end(), samples.begin(), samples.end());
    held_.push_back(std::move(frame));
    key_ = false;
    if (held_.size() <= latency_) return std::nullopt;
    return write_oldest(output);
  }
  Result<std::optional<CodedFrame>> finish(std::span<std::byte> output) override {
    if (held_.empty()) return std::nullopt;
    return write_oldest(output);
  }

 private:
  struct Held {
    uint64_t number = 0;
    std::vector<uint8_t> bytes;
  };
  CodedFrame write_oldest(std::span<std::byte> output) {
    const Held frame = std::move(held_.front());
    held_.pop_front();
    CodedFrame coded{.number = frame.number, .type = frame.bytes[0] == 'K' ? FrameType::kKey : FrameType::kP};
    if (frame.bytes.size() > output.size()) {
      coded.status = DoneStatus::kTooSmall;
      return coded;
    }
    const auto bytes = std::as_bytes(std::span(frame.bytes));
    std::copy(bytes.begin(), bytes.end(), output.begin());
    coded.bytes = bytes.size();
    return coded;
  }

  const size_t latency_;
  std::deque<Held> held_;
  bool key_ = true;
  uint8_t quality_ = 0;
};

inline const Catalog& copy_catalog() {
  const auto entry = [](FourCC coded, auto make) {
    CodecInfo info{.role = Role::kEncoder, .coded = coded, .sizes = {{2, 2}, {256, 256}, {2, 2}}, .raw = {kNv12, kYuv420}};
    info.controls = {{.id = kQuality, .maximum = 51},
                     {.id = kForceKey, .type = ControlType::kButton},
                     {.id = kReadOnly, .read_only = true, .maximum = 51}};
    return CatalogEntry{info, make};
  };
  static const Catalog& catalog = *new Catalog({
      entry(
          kCopy,
          +[](CodecConfig, CodecEvents& events) -> Result<std::unique_ptr<Codec>> {
            return std::make_unique<EncodeSession>(std::make_unique<CopyEncoder>(0), events);
          }),
      entry(
          kLate,
          +[](CodecConfig, CodecEvents& events) -> Result<std::unique_ptr<Codec>> {
            return std::make_unique<EncodeSession>(std::make_unique<CopyEncoder>(2), events);
          }),
  });
  return catalog;
}

}  // namespace softvpu::firmware::testing
