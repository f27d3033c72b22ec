/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR LGPL-2.1-or-later OR MIT) */
/*
 * softvpu host-firmware interface (HFI): what crosses the shared memory between a host (the C++ lower half, the kernel
 * module) and the firmware (a codec worker). One region per session. docs/hfi.md explains the order of things.
 *
 * Plain C, fixed sizes, little-endian, no pointers. Neither side trusts the other: an entry is copied out of the ring once,
 * then parsed, then used; own indices and the ring geometry are private copies.
 */
#ifndef SOFTVPU_HFI_H
#define SOFTVPU_HFI_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/types.h>
typedef __u8 svpu_u8;
typedef __u16 svpu_u16;
typedef __u32 svpu_u32;
typedef __u64 svpu_u64;
typedef __s32 svpu_s32;
typedef __s64 svpu_s64;
#else
#include <stdint.h>
typedef uint8_t svpu_u8;
typedef uint16_t svpu_u16;
typedef uint32_t svpu_u32;
typedef uint64_t svpu_u64;
typedef int32_t svpu_s32;
typedef int64_t svpu_s64;
#endif

#ifdef __cplusplus
#define SVPU_ASSERT(cond, text) static_assert(cond, text)
#else
#define SVPU_ASSERT(cond, text) _Static_assert(cond, text)
#endif

#define SVPU_MAGIC 0x55505653u /* "SVPU" */
#define SVPU_ABI_MAJOR 2u /* a peer of another major version is refused */
#define SVPU_ABI_MINOR 0u /* a higher minor version adds types, and fields at the end of types, which the other side ignores */

/*
 * Region layout: fixed offsets, so that nobody has to trust a geometry found in shared memory. One
 * page of header, one page per ring for its indices, then the slots, a page of last words at the
 * end.
 */
#define SVPU_PAGE 4096u
#define SVPU_SLOT_SIZE 256u
#define SVPU_COMMAND_SLOTS 256u /* host -> firmware */
#define SVPU_MESSAGE_SLOTS 256u /* firmware -> host */
#define SVPU_DEBUG_SLOTS 64u    /* firmware -> host, text; overwrites nothing, never wakes the host: dropped when full */

#define SVPU_HEADER_OFFSET 0u
#define SVPU_COMMAND_INDEX_OFFSET (1u * SVPU_PAGE)
#define SVPU_MESSAGE_INDEX_OFFSET (2u * SVPU_PAGE)
#define SVPU_DEBUG_INDEX_OFFSET (3u * SVPU_PAGE)
#define SVPU_COMMAND_OFFSET (4u * SVPU_PAGE)
#define SVPU_MESSAGE_OFFSET (SVPU_COMMAND_OFFSET + SVPU_COMMAND_SLOTS * SVPU_SLOT_SIZE)
#define SVPU_DEBUG_OFFSET (SVPU_MESSAGE_OFFSET + SVPU_MESSAGE_SLOTS * SVPU_SLOT_SIZE)
#define SVPU_LAST_WORDS_OFFSET (SVPU_DEBUG_OFFSET + SVPU_DEBUG_SLOTS * SVPU_SLOT_SIZE)
#define SVPU_REGION_SIZE (SVPU_LAST_WORDS_OFFSET + SVPU_PAGE)

/* The host writes it once before the firmware starts; the firmware writes only firmware_abi. */
struct svpu_header {
	svpu_u32 magic;
	svpu_u16 abi_major;
	svpu_u16 abi_minor;
	svpu_u32 region_size;
	svpu_u32 generation; /* of the session's incarnation; never 0 */
	svpu_u32 firmware_abi; /* major << 16 | minor, written before SVPU_MSG_READY */
	svpu_u32 reserved[11];
};
SVPU_ASSERT(sizeof(struct svpu_header) == 64, "svpu_header is pinned");

/*
 * One ring's indices. They count slots and run freely (mod 2^32); slot = index & (slots - 1).
 * The writer stores the slot, then `write` with release; the reader loads `write` with acquire.
 * Wake suppression: a reader that is about to sleep stores reader_waiting = 1, a full barrier, and looks at `write` again.
 * A writer, having stored `write` and a full barrier, rings the doorbell only if it can clear reader_waiting from 1 to 0.
 * The same with writer_waiting for a writer that found the ring full.
 */
struct svpu_ring_index {
	svpu_u32 write; /* writer's */
	svpu_u32 writer_waiting;
	svpu_u32 pad0[14];
	svpu_u32 read; /* reader's */
	svpu_u32 reader_waiting;
	svpu_u32 pad1[14];
};
SVPU_ASSERT(sizeof(struct svpu_ring_index) == 128, "svpu_ring_index is pinned");

/*
 * Every slot starts with this. `size` counts the bytes of the whole entry, header included: 16..256. It may be more than the struct of the
 * type has here, for a later minor version appends fields; it is never less.
 */
struct svpu_entry {
	svpu_u16 type; /* enum svpu_command or enum svpu_message */
	svpu_u16 size;
	svpu_u32 sequence; /* counts the writer's entries; a gap is a malformed ring */
	svpu_u64 cookie;   /* which queueing, or 0; echoed */
};
SVPU_ASSERT(sizeof(struct svpu_entry) == 16, "svpu_entry is pinned");

enum svpu_command {
	SVPU_CMD_QUERY_CAPABILITIES = 1, /* -> a list of CODECs, then CAPABILITIES_END; before CONFIGURE only */
	SVPU_CMD_CONFIGURE = 2,          /* struct svpu_cmd_configure; -> CONFIGURED */
	SVPU_CMD_SET_CONTROL = 3,        /* struct svpu_cmd_set_control */
	SVPU_CMD_MAP_BUFFER = 4,         /* struct svpu_cmd_map_buffer; memory arrives by the transport */
	SVPU_CMD_UNMAP_BUFFER = 5,       /* struct svpu_cmd_buffer; -> UNMAPPED, perhaps much later */
	SVPU_CMD_SET_LAYOUT = 6,         /* struct svpu_cmd_set_layout: of the raw side */
	SVPU_CMD_QUEUE_INPUT = 7,        /* struct svpu_cmd_queue_input; -> INPUT_DONE with its cookie */
	SVPU_CMD_QUEUE_OUTPUT = 8,       /* struct svpu_cmd_buffer; -> OUTPUT_DONE with its cookie */
	SVPU_CMD_START = 9,              /* entry only */
	SVPU_CMD_FLUSH = 10,             /* struct svpu_cmd_flush; -> buffers CANCELLED, then FLUSHED */
	SVPU_CMD_DRAIN = 11,             /* entry only; -> DRAINED */
	SVPU_CMD_RESUME = 12,            /* entry only; after FORMAT_CHANGED or DRAINED */
	SVPU_CMD_RETURN_OUTPUT = 13,     /* entry only; -> one OUTPUT_DONE, CANCELLED, if any output is queued */
	SVPU_CMD_PING = 14,              /* -> PONG with its cookie */
	SVPU_CMD_ABORT = 15,             /* the firmware ends at once */
	SVPU_CMD_CRASH = 16,             /* crash on demand, for tests; refused unless configured with SVPU_CONFIG_TEST */
	SVPU_CMD_SET_INTERVAL = 17,      /* struct svpu_cmd_set_interval: of an encoder's pictures */
};

enum svpu_message {
	SVPU_MSG_READY = 1,            /* struct svpu_msg_ready: the first message, from inside the jail */
	SVPU_MSG_CODEC = 2,            /* struct svpu_msg_codec: one coded format; its RAW_FORMATs and CONTROLs follow */
	SVPU_MSG_CAPABILITIES_END = 3, /* entry only */
	SVPU_MSG_CONFIGURED = 4,       /* struct svpu_msg_status */
	SVPU_MSG_FORMAT_CHANGED = 5,   /* struct svpu_msg_format_changed; outputs are held back until RESUME */
	SVPU_MSG_INPUT_DONE = 6,       /* struct svpu_msg_status */
	SVPU_MSG_OUTPUT_DONE = 7,      /* struct svpu_msg_output_done */
	SVPU_MSG_DRAINED = 8,          /* struct svpu_msg_status */
	SVPU_MSG_FLUSHED = 9,          /* struct svpu_msg_flushed */
	SVPU_MSG_PONG = 10,            /* entry only, the ping's cookie */
	SVPU_MSG_SESSION_ERROR = 11,   /* struct svpu_msg_error: ends this session */
	SVPU_MSG_SYSTEM_ERROR = 12,    /* struct svpu_msg_error: ends the firmware and all its sessions */
	SVPU_MSG_DEBUG_TEXT = 13,      /* struct svpu_msg_text, debug ring only */
	SVPU_MSG_UNMAPPED = 14,        /* struct svpu_msg_unmapped: nothing here reads or writes that memory any more */
	SVPU_MSG_RAW_FORMAT = 15,      /* struct svpu_msg_raw_format: of the CODEC before it, the preferred one first */
	SVPU_MSG_CONTROL = 16,         /* struct svpu_msg_control: of the CODEC before it */
};

/* Statuses on the wire. One function per host maps them to errno. */
enum svpu_status {
	SVPU_OK = 0,
	SVPU_DATA_ERROR = 1, /* damaged data; the buffer may hold something usable */
	SVPU_CANCELLED = 2,  /* given back unused */
	SVPU_E_INVALID = 16,
	SVPU_E_UNSUPPORTED = 17,
	SVPU_E_NO_MEMORY = 18,
	SVPU_E_TOO_SMALL = 19,
	SVPU_E_STATE = 20,
	SVPU_E_INTERNAL = 21,
};

/*
 * What a codec consumes is its input, what it produces is its output. PARAMETERS is memory beside the inputs, of the host's
 * making: see struct svpu_cmd_queue_input.
 */
enum svpu_direction { SVPU_INPUT = 0, SVPU_OUTPUT = 1, SVPU_PARAMETERS = 2 };

/*
 * DECODER: coded input, raw output. ENCODER: the reverse. CAPTURE: no input at all. STATELESS_DECODER: each input comes with its
 * parameters, and its frame goes to the output that it names.
 */
enum svpu_role { SVPU_DECODER = 0, SVPU_ENCODER = 1, SVPU_CAPTURE = 2, SVPU_STATELESS_DECODER = 3 };

#define SVPU_MAX_PLANES 4u
#define SVPU_MAX_BUFFERS 64u /* per direction */
/* The maximum lengths of the lists that answer QUERY_CAPABILITIES; a host rejects a firmware that sends more. */
#define SVPU_MAX_CODECS 64u
#define SVPU_MAX_RAW_FORMATS 64u /* of a codec */
#define SVPU_MAX_CONTROLS 128u   /* of a codec */

#define SVPU_CONFIG_TEST 1u

struct svpu_cmd_configure {
	struct svpu_entry entry;
	svpu_u32 role;  /* enum svpu_role */
	svpu_u32 coded; /* fourcc */
	svpu_u32 width_hint, height_hint; /* 0: unknown */
	svpu_u32 threads; /* 0: the firmware chooses */
	svpu_u32 flags;   /* SVPU_CONFIG_* */
	svpu_u32 interval_num, interval_den; /* seconds per frame; 0/0: unknown */
	/* Of an encoder's pictures, in V4L2's numbers; 0: unknown. */
	svpu_u32 colorspace, xfer_func, ycbcr_enc, quantization;
	svpu_u32 reserved[4];
};
SVPU_ASSERT(sizeof(struct svpu_cmd_configure) == 80, "pinned");

struct svpu_cmd_set_control {
	struct svpu_entry entry;
	svpu_u32 id; /* V4L2 control id */
	svpu_u32 reserved;
	svpu_s64 value;
};
SVPU_ASSERT(sizeof(struct svpu_cmd_set_control) == 32, "pinned");

struct svpu_cmd_set_interval {
	struct svpu_entry entry;
	svpu_u32 interval_num, interval_den; /* seconds per frame, as in svpu_cmd_configure; neither is 0 */
};
SVPU_ASSERT(sizeof(struct svpu_cmd_set_interval) == 24, "pinned");

struct svpu_plane {
	svpu_u64 offset;        /* in the memory that the transport attaches */
	svpu_u32 length;        /* bytes that may be written */
	svpu_u32 mapped_length; /* bytes that may be read; >= length */
};

struct svpu_cmd_map_buffer {
	struct svpu_entry entry;
	svpu_u32 direction;
	svpu_u32 index; /* < SVPU_MAX_BUFFERS */
	svpu_u32 generation;
	svpu_u32 num_planes;
	struct svpu_plane plane[SVPU_MAX_PLANES];
};
SVPU_ASSERT(sizeof(struct svpu_cmd_map_buffer) == 96, "pinned");

struct svpu_cmd_buffer {
	struct svpu_entry entry;
	svpu_u32 direction;
	svpu_u32 index;
	svpu_u32 generation;
	svpu_u32 reserved;
};
SVPU_ASSERT(sizeof(struct svpu_cmd_buffer) == 32, "pinned");

struct svpu_cmd_set_layout {
	struct svpu_entry entry;
	svpu_u32 fourcc;
	svpu_u32 width, height;
	svpu_u32 memory_planes;
	svpu_u32 components;
	svpu_u32 reserved;
	svpu_u32 stride[SVPU_MAX_PLANES];
	svpu_u32 offset[SVPU_MAX_PLANES];
	svpu_u32 component_plane[SVPU_MAX_PLANES];
	svpu_u32 plane_size[SVPU_MAX_PLANES];
};
SVPU_ASSERT(sizeof(struct svpu_cmd_set_layout) == 104, "pinned");

/* What of a plane is filled. */
struct svpu_chunk {
	svpu_u32 offset; /* from the beginning of the plane */
	svpu_u32 bytes;
};

struct svpu_cmd_queue_input {
	struct svpu_entry entry;
	svpu_u32 index;
	svpu_u32 generation;
	svpu_u32 num_planes; /* 1 for coded data, else as many as SET_LAYOUT has */
	svpu_u32 field;      /* enum svpu_frame_field, of a raw picture */
	svpu_u64 tag;        /* echoed with every frame that came from this input */
	svpu_u64 output;     /* the cookie of the queued output that its frame is for; 0: any */
	/* Its parameters (SPS, slice headers …), in a mapped buffer of direction PARAMETERS; generation 0: there are none. */
	svpu_u32 parameters_index;
	svpu_u32 parameters_generation;
	struct svpu_chunk parameters;
	struct svpu_chunk plane[SVPU_MAX_PLANES];
};
SVPU_ASSERT(sizeof(struct svpu_cmd_queue_input) == 96, "pinned");

struct svpu_cmd_flush {
	struct svpu_entry entry;
	svpu_u32 direction;
	svpu_u32 generation;
};
SVPU_ASSERT(sizeof(struct svpu_cmd_flush) == 24, "pinned");

struct svpu_msg_ready {
	struct svpu_entry entry;
	svpu_u32 version;
	svpu_u32 jail; /* SVPU_JAIL_* */
	char name[32];
};
#define SVPU_JAIL_SECCOMP 1u
SVPU_ASSERT(sizeof(struct svpu_msg_ready) == 56, "pinned");

#define SVPU_CODEC_BYTE_STREAM 1u        /* a decoder's input may be cut anywhere */
#define SVPU_CODEC_DYNAMIC_RESOLUTION 2u /* the resolution may change inside a stream */

struct svpu_msg_codec {
	struct svpu_entry entry;
	svpu_u32 role;
	svpu_u32 coded; /* fourcc; with its role it occurs once in the list */
	svpu_u32 flags; /* SVPU_CODEC_* */
	svpu_u32 min_output_buffers;
	svpu_u32 min_width, min_height, max_width, max_height, step_width, step_height;
	/* Seconds per frame, of an encoder or a camera: the shortest and the longest; all 0: any, or none. */
	svpu_u32 min_interval_num, min_interval_den, max_interval_num, max_interval_den;
	svpu_u32 reserved[6];
};
SVPU_ASSERT(sizeof(struct svpu_msg_codec) == 96, "pinned");

struct svpu_msg_raw_format {
	struct svpu_entry entry;
	svpu_u32 fourcc;
	svpu_u32 flags; /* none yet: 0 */
	/* What the codec wants of a frame buffer's layout; each is a power of two. */
	svpu_u32 width_align, height_align; /* pixels, of the coded size */
	svpu_u32 stride_align;              /* bytes, of the first plane's lines */
	svpu_u32 tail_lines;                /* lines after the end of the first plane that may be read */
	svpu_u32 reserved[4];
};
SVPU_ASSERT(sizeof(struct svpu_msg_raw_format) == 56, "pinned");

/* V4L2's enum v4l2_ctrl_type. */
enum svpu_control_type { SVPU_CONTROL_INTEGER = 1, SVPU_CONTROL_BOOLEAN = 2, SVPU_CONTROL_MENU = 3, SVPU_CONTROL_BUTTON = 4 };

#define SVPU_CONTROL_READ_ONLY 1u
#define SVPU_CONTROL_NAME_BYTES 32u

struct svpu_msg_control {
	struct svpu_entry entry;
	svpu_u32 id;    /* V4L2 control id */
	svpu_u32 type;  /* enum svpu_control_type */
	svpu_u32 flags; /* SVPU_CONTROL_* */
	svpu_u32 reserved;
	svpu_s64 minimum, maximum, default_value; /* of a menu: items */
	svpu_u64 step;
	svpu_u64 items; /* of a menu: bit i is item i */
	char name[SVPU_CONTROL_NAME_BYTES]; /* empty: V4L2's own name of a standard control */
};
SVPU_ASSERT(sizeof(struct svpu_msg_control) == 104, "pinned");

struct svpu_msg_status {
	struct svpu_entry entry;
	svpu_u32 status; /* enum svpu_status */
	svpu_u32 reserved;
};
SVPU_ASSERT(sizeof(struct svpu_msg_status) == 24, "pinned");

enum svpu_chroma { SVPU_CHROMA_400 = 0, SVPU_CHROMA_420 = 1, SVPU_CHROMA_422 = 2, SVPU_CHROMA_444 = 3 };

#define SVPU_FORMAT_INITIAL 1u
#define SVPU_FORMAT_INTERLACED 2u

struct svpu_msg_format_changed {
	struct svpu_entry entry;
	svpu_u32 flags; /* SVPU_FORMAT_* */
	svpu_u32 coded_width, coded_height;
	svpu_s32 visible_left, visible_top;
	svpu_u32 visible_width, visible_height;
	svpu_u32 bit_depth;
	svpu_u32 chroma; /* enum svpu_chroma */
	svpu_u32 native; /* fourcc, 0: none fits */
	svpu_u32 min_output_buffers;
	svpu_u32 pixel_aspect_num, pixel_aspect_den;
	svpu_u32 colorspace, xfer_func, ycbcr_enc, quantization; /* V4L2's numbers */
	svpu_u32 interval_num, interval_den; /* seconds per frame; 0/0: the stream doesn't say */
	svpu_u32 reserved[5];
};
SVPU_ASSERT(sizeof(struct svpu_msg_format_changed) == 112, "pinned");

#define SVPU_FRAME_HAS_TAG 1u
#define SVPU_FRAME_IN_PLACE 2u /* decoded into the buffer, not copied there */

enum svpu_frame_type { SVPU_FRAME_UNKNOWN = 0, SVPU_FRAME_KEY = 1, SVPU_FRAME_P = 2, SVPU_FRAME_B = 3 };
enum svpu_frame_field { SVPU_FIELD_PROGRESSIVE = 0, SVPU_FIELD_TOP_FIRST = 1, SVPU_FIELD_BOTTOM_FIRST = 2 };

struct svpu_msg_output_done {
	struct svpu_entry entry;
	svpu_u32 status; /* enum svpu_status */
	svpu_u32 flags;  /* SVPU_FRAME_* */
	svpu_u32 frame_type; /* enum svpu_frame_type */
	svpu_u32 field;      /* enum svpu_frame_field; what isn't progressive is interlaced */
	svpu_u64 tag;
	svpu_u32 bytes_used[SVPU_MAX_PLANES];
};
SVPU_ASSERT(sizeof(struct svpu_msg_output_done) == 56, "pinned");

struct svpu_msg_flushed {
	struct svpu_entry entry;
	svpu_u32 direction;
	svpu_u32 generation;
};
SVPU_ASSERT(sizeof(struct svpu_msg_flushed) == 24, "pinned");

struct svpu_msg_unmapped {
	struct svpu_entry entry;
	svpu_u32 direction;
	svpu_u32 index;
	svpu_u32 generation;
	svpu_u32 reserved;
};
SVPU_ASSERT(sizeof(struct svpu_msg_unmapped) == 32, "pinned");

#define SVPU_TEXT_BYTES 200u

struct svpu_msg_error {
	struct svpu_entry entry;
	svpu_u32 status;
	svpu_u32 reserved;
	char text[SVPU_TEXT_BYTES]; /* for people; not necessarily terminated */
};
SVPU_ASSERT(sizeof(struct svpu_msg_error) == 224, "pinned");

struct svpu_msg_text {
	struct svpu_entry entry;
	char text[SVPU_TEXT_BYTES];
};
SVPU_ASSERT(sizeof(struct svpu_msg_text) == 216, "pinned");

/*
 * Transport "process": the firmware is exec'd with one SOCK_SEQPACKET socket as fd 3. The first packet is
 * struct svpu_transport_hello with three descriptors: region memfd, command doorbell (eventfd, host -> firmware), message doorbell
 * (eventfd, firmware -> host). Later packets are struct svpu_transport_memory with one descriptor per plane; each is
 * sent before the MAP_BUFFER command that names it. A further HELLO, with another number, opens a further session in the same
 * process; a firmware that serves one session only ends when it gets one. Hang-up of the socket ends the process.
 */
#define SVPU_TRANSPORT_HELLO 1u
#define SVPU_TRANSPORT_MEMORY 2u

struct svpu_transport_hello {
	svpu_u32 kind;
	svpu_u32 region_size;
	svpu_u32 abi_major;
	svpu_u32 generation;
	svpu_u32 session; /* its number in later packets; the first one is 0 */
	svpu_u32 reserved[3];
};
SVPU_ASSERT(sizeof(struct svpu_transport_hello) == 32, "pinned");

struct svpu_transport_memory {
	svpu_u32 kind;
	svpu_u32 direction;
	svpu_u32 index;
	svpu_u32 generation;
	svpu_u32 num_planes;
	svpu_u32 session;
	svpu_u32 reserved[2];
};
SVPU_ASSERT(sizeof(struct svpu_transport_memory) == 32, "pinned");

#endif /* SOFTVPU_HFI_H */
