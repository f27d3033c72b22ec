/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The messages of <softvpu/hfi.h> and the values that their fields may have: as entry_commands.h.
 */
SVPU_ENTRY(READY, Ready, svpu_msg_ready)
SVPU_U32(version, 0, SVPU_ANY, "")
SVPU_U32(jail, 0, SVPU_ANY, "")
SVPU_TEXT(name)
SVPU_ENTRY_END

SVPU_ENTRY(CODEC, Codec, svpu_msg_codec)
SVPU_ENUM(role, Role, SVPU_STATELESS_DECODER, "unknown role")
SVPU_U32(coded, 1, SVPU_ANY, "no coded format")
SVPU_U32(flags, 0, SVPU_ANY, "")
SVPU_U32(min_output_buffers, 0, SVPU_MAX_NEEDED_BUFFERS, "more than 32 buffers")
SVPU_U32(min_width, 1, SVPU_MAX_SIDE, "smallest width not 1..65536")
SVPU_U32(min_height, 1, SVPU_MAX_SIDE, "smallest height not 1..65536")
SVPU_U32(max_width, 1, SVPU_MAX_SIDE, "largest width not 1..65536")
SVPU_U32(max_height, 1, SVPU_MAX_SIDE, "largest height not 1..65536")
SVPU_U32(step_width, 1, SVPU_MAX_SIDE, "width step not 1..65536")
SVPU_U32(step_height, 1, SVPU_MAX_SIDE, "height step not 1..65536")
SVPU_U32(min_interval_num, 0, SVPU_ANY, "")
SVPU_U32(min_interval_den, 0, SVPU_ANY, "")
SVPU_U32(max_interval_num, 0, SVPU_ANY, "")
SVPU_U32(max_interval_den, 0, SVPU_ANY, "")
SVPU_TOGETHER(svpu_check_codec)
SVPU_ENTRY_END

SVPU_ENTRY(CAPABILITIES_END, CapabilitiesEnd, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(CONFIGURED, Configured, svpu_msg_status)
SVPU_STATUS(status)
SVPU_ENTRY_END

SVPU_ENTRY(FORMAT_CHANGED, FormatChanged, svpu_msg_format_changed)
SVPU_FLAG(flags, initial, SVPU_FORMAT_INITIAL)
SVPU_FLAG(flags, interlaced, SVPU_FORMAT_INTERLACED)
SVPU_U32(coded_width, 1, SVPU_MAX_SIDE, "coded width not 1..65536")
SVPU_U32(coded_height, 1, SVPU_MAX_SIDE, "coded height not 1..65536")
SVPU_S32(visible_left)
SVPU_S32(visible_top)
SVPU_U32(visible_width, 1, SVPU_MAX_SIDE, "visible width not 1..65536")
SVPU_U32(visible_height, 1, SVPU_MAX_SIDE, "visible height not 1..65536")
SVPU_U32(bit_depth, 1, SVPU_MAX_BIT_DEPTH, "bit depth not 1..16")
SVPU_U32(chroma, 0, SVPU_CHROMA_444, "unknown chroma format")
SVPU_U32(native, 0, SVPU_ANY, "")
SVPU_U32(min_output_buffers, 1, SVPU_MAX_NEEDED_BUFFERS, "not 1..32 buffers")
SVPU_U32(pixel_aspect_num, 1, SVPU_ANY, "pixel aspect of 0")
SVPU_U32(pixel_aspect_den, 1, SVPU_ANY, "pixel aspect of 1/0")
SVPU_U32(colorspace, 0, SVPU_MAX_COLOUR_NUMBER, "colour space above 255")
SVPU_U32(xfer_func, 0, SVPU_MAX_COLOUR_NUMBER, "transfer function above 255")
SVPU_U32(ycbcr_enc, 0, SVPU_MAX_COLOUR_NUMBER, "colour encoding above 255")
SVPU_U32(quantization, 0, SVPU_MAX_COLOUR_NUMBER, "quantization above 255")
SVPU_U32(interval_num, 0, SVPU_ANY, "")
SVPU_U32(interval_den, 0, SVPU_ANY, "")
SVPU_TOGETHER(svpu_check_format_changed)
SVPU_ENTRY_END

SVPU_ENTRY(INPUT_DONE, InputDone, svpu_msg_status)
SVPU_COOKIE
SVPU_STATUS(status)
SVPU_ENTRY_END

SVPU_ENTRY(OUTPUT_DONE, OutputDone, svpu_msg_output_done)
SVPU_COOKIE
SVPU_STATUS(status)
SVPU_FLAG(flags, has_tag, SVPU_FRAME_HAS_TAG)
SVPU_U32(frame_type, 0, SVPU_FRAME_B, "unknown frame type")
SVPU_U32(field, 0, SVPU_FIELD_BOTTOM_FIRST, "unknown field order")
SVPU_U64(tag)
SVPU_ARRAY(bytes_used, svpu_u32, SVPU_MAX_PLANES)
SVPU_FLAG(flags, in_place, SVPU_FRAME_IN_PLACE)
SVPU_ENTRY_END

SVPU_ENTRY(DRAINED, Drained, svpu_msg_status)
SVPU_STATUS(status)
SVPU_ENTRY_END

SVPU_ENTRY(FLUSHED, Flushed, svpu_msg_flushed)
SVPU_ENUM(direction, Direction, SVPU_OUTPUT, "unknown direction")
SVPU_U32(generation, 0, SVPU_ANY, "")
SVPU_ENTRY_END

SVPU_ENTRY(PONG, Pong, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(SESSION_ERROR, SessionError, svpu_msg_error)
SVPU_STATUS(status)
SVPU_TEXT(text)
SVPU_ENTRY_END

SVPU_ENTRY(SYSTEM_ERROR, SystemError, svpu_msg_error)
SVPU_STATUS(status)
SVPU_TEXT(text)
SVPU_ENTRY_END

SVPU_ENTRY(DEBUG_TEXT, DebugText, svpu_msg_text)
SVPU_TEXT(text)
SVPU_ENTRY_END

SVPU_ENTRY(UNMAPPED, Unmapped, svpu_msg_unmapped)
SVPU_ENUM(direction, Direction, SVPU_PARAMETERS, "unknown direction")
SVPU_BUFFER(index, generation)
SVPU_ENTRY_END

SVPU_ENTRY(RAW_FORMAT, RawFormat, svpu_msg_raw_format)
SVPU_U32(fourcc, 1, SVPU_ANY, "no format")
SVPU_U32(flags, 0, SVPU_ANY, "")
SVPU_U32(width_align, 1, SVPU_MAX_ALIGN, "alignment of the width not 1..4096")
SVPU_U32(height_align, 1, SVPU_MAX_ALIGN, "alignment of the height not 1..4096")
SVPU_U32(stride_align, 1, SVPU_MAX_ALIGN, "alignment of a line not 1..4096")
SVPU_U32(tail_lines, 0, SVPU_MAX_TAIL_LINES, "more than 64 lines behind a frame")
SVPU_TOGETHER(svpu_check_raw_format)
SVPU_ENTRY_END

SVPU_ENTRY(CONTROL, Control, svpu_msg_control)
SVPU_U32(id, 1, SVPU_ANY, "no control")
SVPU_U32(type, SVPU_CONTROL_INTEGER, SVPU_CONTROL_BUTTON, "unknown type of control")
SVPU_U32(flags, 0, SVPU_ANY, "")
SVPU_S64(minimum)
SVPU_S64(maximum)
SVPU_S64(default_value)
SVPU_U64(step)
SVPU_U64(items)
SVPU_TEXT(name)
SVPU_TOGETHER(svpu_check_control)
SVPU_ENTRY_END
