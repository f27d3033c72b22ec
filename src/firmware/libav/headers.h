// SPDX-License-Identifier: GPL-2.0-or-later
// What can be read off a stream's bytes alike for every codec, from what its row knows of them:
// whether bytes may become a header, whether an access unit holds a picture, where a sequence ends.
// Called by the header search, the packetizer and the decoder, on its thread.
#pragma once

#include <optional>

#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

// See HeaderPacket. nullopt while a header is missing or incomplete.
std::optional<HeaderPacket> header_packet(const CodecRow& row, Bytes data);

// The functions below answer for byte streams; of a frame-per-buffer codec all are false.

// Whether the bytes from `new_from` on may belong to a stream header of which the rest is still to
// come.
bool may_become_header(const CodecRow& row, Bytes data, size_t new_from);

// Whether an access unit is made of headers and delimiters only, as at the end of a stream that was
// cut before the next picture.
bool without_picture(const CodecRow& row, Bytes access_unit);

// Whether the bytes end in an end mark: end of sequence or of bitstream (H.264 7.4.2.5, H.265
// 7.4.2.4.4, H.262 6.2.2.3). A mark is the last unit of its access unit. No picture after it needs
// one before it, and none before it has to wait for one after.
bool ends_sequence(const CodecRow& row, Bytes bytes);
// Whether an access unit has end marks and nothing else.
bool only_end_marks(const CodecRow& row, Bytes access_unit);

}  // namespace softvpu::firmware::libav
