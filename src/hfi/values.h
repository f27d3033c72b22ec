// SPDX-License-Identifier: LGPL-2.1-or-later
// The values of src/media as commands and messages, and back: for the host and for the firmware. Pure. What the wire's checks
// guarantee of a parsed message (core/entry_messages.h) is assumed here; what depends on a session is its host's.
#pragma once

#include <vector>

#include "hfi/messages.h"
#include "media/codec_info.h"
#include "media/done.h"
#include "media/frame_layout.h"
#include "media/stream_format.h"

namespace softvpu::hfi {

// The part of the answer to QUERY_CAPABILITIES that is one codec: CODEC, its raw formats, its controls.
std::vector<msg::Body> messages_of(const CodecInfo& codec);
// Without its lists, which are messages of their own.
CodecInfo value_of(const msg::Codec& message);
ControlInfo value_of(const msg::Control& message);
msg::Control message_of(const ControlInfo& control);

msg::FormatChanged message_of(const StreamFormat& format, bool initial);
StreamFormat value_of(const msg::FormatChanged& message);

WireStatus status_of(DoneStatus status);
// Of a done buffer. What isn't one of media's statuses is an error.
DoneStatus status_of(WireStatus status);

// The cookie is not in the message, but in its entry. A cancelled output has nothing but its cookie, whatever else the message
// has.
msg::OutputDone message_of(const OutputDone& done);
OutputDone value_of(Cookie cookie, const msg::OutputDone& message);

cmd::SetLayout command_of(const FrameLayout& layout);
FrameLayout value_of(const cmd::SetLayout& command);

}  // namespace softvpu::hfi
