/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * The commands of <softvpu/hfi.h> and the values that their fields may have: the one list from
 * which they are checked and printed (message_check.c) and, in C++, written and read (src/hfi). It has
 * no include guard: whoever includes it defines the macros first, and entry_undef.h undefines
 * them. entry_begin.h says what each of them stands for.
 */
SVPU_ENTRY(QUERY_CAPABILITIES, QueryCapabilities, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(CONFIGURE, Configure, svpu_cmd_configure)
SVPU_ENUM(role, Role, SVPU_STATELESS_DECODER, "unknown role")
SVPU_U32(coded, 1, SVPU_ANY, "no coded format")
SVPU_U32(width_hint, 0, SVPU_MAX_SIDE, "width hint above 65536")
SVPU_U32(height_hint, 0, SVPU_MAX_SIDE, "height hint above 65536")
SVPU_U32(threads, 0, SVPU_MAX_CODEC_THREADS, "more than 256 threads")
SVPU_FLAG(flags, test, SVPU_CONFIG_TEST)
SVPU_U32(interval_num, 0, SVPU_ANY, "")
SVPU_U32(interval_den, 0, SVPU_ANY, "")
SVPU_U32(colorspace, 0, SVPU_MAX_COLOUR_NUMBER, "colour space above 255")
SVPU_U32(xfer_func, 0, SVPU_MAX_COLOUR_NUMBER, "transfer function above 255")
SVPU_U32(ycbcr_enc, 0, SVPU_MAX_COLOUR_NUMBER, "colour encoding above 255")
SVPU_U32(quantization, 0, SVPU_MAX_COLOUR_NUMBER, "quantization above 255")
SVPU_TOGETHER(svpu_check_configure)
SVPU_ENTRY_END

SVPU_ENTRY(SET_CONTROL, SetControl, svpu_cmd_set_control)
SVPU_U32(id, 1, SVPU_ANY, "no control")
SVPU_S64(value)
SVPU_ENTRY_END

SVPU_ENTRY(SET_INTERVAL, SetInterval, svpu_cmd_set_interval)
SVPU_U32(interval_num, 1, SVPU_ANY, "a frame interval of 0")
SVPU_U32(interval_den, 1, SVPU_ANY, "a frame interval of 1/0")
SVPU_ENTRY_END

SVPU_ENTRY(MAP_BUFFER, MapBuffer, svpu_cmd_map_buffer)
SVPU_ENUM(direction, Direction, SVPU_PARAMETERS, "unknown direction")
SVPU_BUFFER(index, generation)
SVPU_U32(num_planes, 1, SVPU_MAX_PLANES, "not 1..4 planes")
SVPU_ARRAY(plane, svpu_plane, SVPU_MAX_PLANES)
SVPU_TOGETHER(svpu_check_map_buffer)
SVPU_ENTRY_END

SVPU_ENTRY(UNMAP_BUFFER, UnmapBuffer, svpu_cmd_buffer)
SVPU_ENUM(direction, Direction, SVPU_PARAMETERS, "unknown direction")
SVPU_BUFFER(index, generation)
SVPU_ENTRY_END

SVPU_ENTRY(SET_LAYOUT, SetLayout, svpu_cmd_set_layout)
SVPU_U32(fourcc, 1, SVPU_ANY, "no format")
SVPU_U32(width, 1, SVPU_MAX_SIDE, "width not 1..65536")
SVPU_U32(height, 1, SVPU_MAX_SIDE, "height not 1..65536")
SVPU_U32(memory_planes, 1, SVPU_MAX_PLANES, "not 1..4 memory planes")
SVPU_U32(components, 1, SVPU_MAX_PLANES, "not 1..4 components")
SVPU_ARRAY(stride, svpu_u32, SVPU_MAX_PLANES)
SVPU_ARRAY(offset, svpu_u32, SVPU_MAX_PLANES)
SVPU_ARRAY(component_plane, svpu_u32, SVPU_MAX_PLANES)
SVPU_ARRAY(plane_size, svpu_u32, SVPU_MAX_PLANES)
SVPU_TOGETHER(svpu_check_set_layout)
SVPU_ENTRY_END

SVPU_ENTRY(QUEUE_INPUT, QueueInput, svpu_cmd_queue_input)
SVPU_COOKIE
SVPU_BUFFER(index, generation)
SVPU_U32(num_planes, 1, SVPU_MAX_PLANES, "not 1..4 planes")
SVPU_U32(field, 0, SVPU_FIELD_BOTTOM_FIRST, "unknown field order")
SVPU_U64(tag)
SVPU_U64(output)
SVPU_U32(parameters_index, 0, SVPU_MAX_BUFFERS - 1, "index of its parameters not below 64")
SVPU_U32(parameters_generation, 0, SVPU_ANY, "")
SVPU_STRUCT(parameters, svpu_chunk)
SVPU_ARRAY(plane, svpu_chunk, SVPU_MAX_PLANES)
SVPU_TOGETHER(svpu_check_queue_input)
SVPU_ENTRY_END

SVPU_ENTRY(QUEUE_OUTPUT, QueueOutput, svpu_cmd_buffer)
SVPU_COOKIE
SVPU_CONST(direction, SVPU_OUTPUT, "not an output")
SVPU_BUFFER(index, generation)
SVPU_ENTRY_END

SVPU_ENTRY(START, Start, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(FLUSH, Flush, svpu_cmd_flush)
SVPU_ENUM(direction, Direction, SVPU_OUTPUT, "unknown direction")
SVPU_U32(generation, 0, SVPU_ANY, "")
SVPU_ENTRY_END

SVPU_ENTRY(DRAIN, Drain, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(RESUME, Resume, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(RETURN_OUTPUT, ReturnOutput, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(PING, Ping, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(ABORT, Abort, svpu_entry)
SVPU_ENTRY_END

SVPU_ENTRY(CRASH, Crash, svpu_entry)
SVPU_ENTRY_END
