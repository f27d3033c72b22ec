// SPDX-License-Identifier: GPL-2.0-or-later
// What this firmware can decode. The worker answers QUERY_CAPABILITIES from it and makes its decoder by it.
// The table itself is libav/codecs/table.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "firmware/decoder.h"

namespace softvpu::firmware {

// Bits of DecoderDescription::flags; the numbers are the wire's.
inline constexpr uint32_t kContinuousByteStream = 1u << 0;  // input may be cut anywhere
inline constexpr uint32_t kDynamicResolution = 1u << 1;

// A V4L2 menu control: its id, the items that are supported (bit i: item i), and the default.
struct Menu {
  uint32_t id = 0;
  int32_t default_item = 0;
  uint64_t supported_items = 0;
};

struct DecoderDescription {
  FourCC coded = FourCC::kNone;
  uint32_t flags = 0;
  SizeRange sizes;
  uint32_t min_output_buffers = 2;  // before a stream is known
  std::vector<FourCC> raw;          // preferred first
  std::vector<Menu> menus;
};

std::span<const DecoderDescription> decoder_catalog();

// `events` outlives the decoder. Errors: EINVAL for a codec that isn't in the catalog, ENOSYS when libavcodec was built without
// it, ENOMEM.
Result<std::unique_ptr<Decoder>> make_decoder(DecoderConfig config, DecoderEvents& events);

// Where libavcodec's complaints go: `write` gets one line, from any of its threads. nullptr (the default): nowhere.
void set_decoder_log(void (*write)(const char* line));

// Loads what libavcodec and its helpers load lazily (tables, CPU features, …), so that nothing is left to be read from a file
// system once the jail is shut. Any thread, before the jail.
void preload_decoders();

}  // namespace softvpu::firmware
