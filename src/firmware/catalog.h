// SPDX-License-Identifier: GPL-2.0-or-later
// What this firmware can decode. The worker answers QUERY_CAPABILITIES from it and makes its decoder by it.
// The table itself is libav/codecs/table.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "firmware/decoder.h"
#include "media/codec_info.h"

namespace softvpu::firmware {

std::span<const CodecInfo> decoder_catalog();

// `events` outlives the decoder. Errors: EINVAL for a codec that isn't in the catalog, ENOSYS when libavcodec was built without
// it, ENOMEM.
Result<std::unique_ptr<Decoder>> make_decoder(DecoderConfig config, DecoderEvents& events);

// Where libavcodec's complaints go: `write` gets one line, from any of its threads. nullptr (the default): nowhere.
void set_decoder_log(void (*write)(const char* line));

// Loads what libavcodec and its helpers load lazily (tables, CPU features, …), so that nothing is left to be read from a file
// system once the jail is shut. Any thread, before the jail.
void preload_decoders();

}  // namespace softvpu::firmware
