// SPDX-License-Identifier: GPL-2.0-or-later
// Which parameter sets count: see parameter_sets.h. H.264 7.3.2, H.265 7.3.2, H.262 6.2.2.
#include "firmware/libav/parameter_sets.h"

#include <algorithm>
#include <optional>

#include "firmware/libav/start_codes.h"

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kMaxSet = 65536;  // a longer unit isn't a parameter set
constexpr size_t kIdLimit = 96;    // bytes of a set in which its id stands
constexpr uint32_t kFirstKind = 0;

struct Name {
  uint32_t kind = 0;
  uint32_t id = 0;
};

std::optional<Name> named(uint32_t kind, BitReader& bits, uint32_t id) {
  return bits.bad() ? std::nullopt : std::optional(Name{kind, id});
}

std::optional<Name> h264_name(Bytes unit) {
  const std::vector<uint8_t> begin = unescape(unit.subspan(1), kIdLimit);
  BitReader bits(begin);
  switch (unit[0] & 0x1f) {
    case 7:
      bits.skip(24);  // profile_idc, constraint flags, level_idc
      return named(0, bits, bits.ue());
    case 8:
      return named(1, bits, bits.ue());
    default:
      return std::nullopt;
  }
}

void skip_profile_tier_level(BitReader& bits, uint32_t sub_layers) {
  constexpr uint32_t kProfileBits = 88;
  bits.skip(kProfileBits + 8);
  if (sub_layers == 0) return;
  const uint32_t present = bits.u(16);  // two flags each for eight
  for (uint32_t i = 0; i < sub_layers; ++i) {
    if ((present >> (15 - 2 * i) & 1) != 0) bits.skip(kProfileBits);
    if ((present >> (14 - 2 * i) & 1) != 0) bits.skip(8);
  }
}

std::optional<Name> hevc_name(Bytes unit) {
  if (unit.size() < 3) return std::nullopt;
  const std::vector<uint8_t> begin = unescape(unit.subspan(2), kIdLimit);
  BitReader bits(begin);
  switch (unit[0] >> 1 & 0x3f) {
    case 32:
      return named(0, bits, bits.u(4));
    case 33: {
      bits.skip(4);
      const uint32_t sub_layers = bits.u(3);
      bits.skip(1);
      skip_profile_tier_level(bits, sub_layers);
      return named(1, bits, bits.ue());
    }
    case 34:
      return named(2, bits, bits.ue());
    default:
      return std::nullopt;
  }
}

bool begins_picture(AVCodecID codec, Bytes unit) {
  if (codec == AV_CODEC_ID_HEVC) return (unit[0] >> 1 & 0x3f) < 32;
  const uint8_t type = unit[0] & 0x1f;
  return type >= 1 && type <= 5;
}

std::vector<uint8_t> with_start_code(Bytes unit) {
  std::vector<uint8_t> out;
  append_unit(out, unit);
  return out;
}

// The sequence header and what belongs to it, up to the group or picture.
std::vector<uint8_t> mpeg2_sequence_bytes(Bytes access_unit) {
  constexpr uint8_t kSequence = 0xb3;
  constexpr uint8_t kExtension = 0xb5;
  std::vector<uint8_t> out;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    const bool wanted = unit->bytes[0] == kSequence || (unit->bytes[0] == kExtension && !out.empty());
    if (!wanted || out.size() + unit->bytes.size() > kMaxSet) break;
    append_unit(out, unit->bytes);
  }
  return out;
}

}  // namespace

void ParameterSets::add(Bytes access_unit) {
  if (codec_ == AV_CODEC_ID_MPEG2VIDEO) {
    std::vector<uint8_t> sequence = mpeg2_sequence_bytes(access_unit);
    if (sequence.empty() || (!sets_.empty() && sets_.front().bytes == sequence)) return;
    sets_.clear();
    sets_.push_back({.bytes = std::move(sequence)});
    return publish();
  }
  if (codec_ != AV_CODEC_ID_H264 && codec_ != AV_CODEC_ID_HEVC) return;
  UnitWalker walker(access_unit);
  for (auto unit = walker.next(); unit; unit = walker.next()) {
    if (unit->bytes.empty()) continue;
    if (begins_picture(codec_, unit->bytes)) return;
    Bytes bytes = unit->bytes;
    while (bytes.size() > 1 && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);  // trailing_zero_8bits
    if (bytes.size() > kMaxSet) continue;
    const auto name = codec_ == AV_CODEC_ID_HEVC ? hevc_name(bytes) : h264_name(bytes);
    if (name) add_set({name->kind, name->id, with_start_code(bytes)});
  }
}

void ParameterSets::add_set(Set set) {
  const auto same_name = [&](const Set& other) { return other.kind == set.kind && other.id == set.id; };
  const auto newest = std::find_if(sets_.rbegin(), sets_.rend(), same_name);
  if (newest != sets_.rend() && newest->bytes == set.bytes) {
    // A repetition. It counts only where a set that came since may have made libavcodec forget it.
    const bool forgotten =
        set.kind != kFirstKind && std::any_of(sets_.rbegin(), newest, [&](const Set& other) { return other.kind < set.kind; });
    if (!forgotten) return;
  }
  std::erase_if(sets_, [&](const Set& other) { return same_name(other) && other.bytes == set.bytes; });
  sets_.push_back(std::move(set));
  publish();
}

void ParameterSets::publish() {
  size_t bytes = 0;
  size_t kept = 0;
  while (kept < sets_.size() && bytes + sets_[sets_.size() - 1 - kept].bytes.size() <= kMaxBytes)
    bytes += sets_[sets_.size() - 1 - kept++].bytes.size();
  sets_.erase(sets_.begin(), sets_.end() - static_cast<ptrdiff_t>(kept));
  ParameterSetList list;
  for (const Set& set : sets_) list.push_back(set.bytes);
  list_ = std::make_shared<const ParameterSetList>(std::move(list));
}

}  // namespace softvpu::firmware::libav
