// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware that kernel_fuzz.cc plays against the kernel module: obeys commands as a good one, and says anything when it is
// told to. It writes into the region as a firmware does, with indices and sequence numbers of its own.
#pragma once

#include <linux/videodev2.h>
#include <softvpu/hfi.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>

#include "fuzz/bytes.h"
#include "fuzz/kernel_shim/device.h"

namespace softvpu::fuzz {

class PlayedFirmware {
 public:
  explicit PlayedFirmware(Bytes& in) : in_(in) {}

  // Obeys one command of the newest session. False: there is none.
  bool obey() {
    if (!attach()) return false;
    const svpu_u32 write = __atomic_load_n(&index(SVPU_COMMAND_INDEX_OFFSET).write, __ATOMIC_ACQUIRE);
    if (write - read_ - 1 >= SVPU_COMMAND_SLOTS) {  // none, or it has scribbled over its own index
      read_ = write;
      return false;
    }
    Slot command;
    std::memcpy(&command, slot(SVPU_COMMAND_OFFSET, read_, SVPU_COMMAND_SLOTS), sizeof command);
    __atomic_store_n(&index(SVPU_COMMAND_INDEX_OFFSET).read, ++read_, __ATOMIC_RELEASE);
    if (index(SVPU_COMMAND_INDEX_OFFSET).writer_waiting != 0) {
      index(SVPU_COMMAND_INDEX_OFFSET).writer_waiting = 0;
      shim_ring();
    }
    answer(command);
    return true;
  }

  // One thing that it does by itself, right or wrong.
  void act() {
    if (!attach()) return;
    switch (in_.below(14)) {
      case 0:
        return give_input_back();
      case 1:
        return deliver();
      case 2:
        return announce();
      case 3:
      case 4:
      case 5:
        return say_anything();
      case 6:
        return push_bytes();
      case 7:
        return scribble();
      case 8:
        return debug();
      case 9:
        for (uint32_t left = in_.byte() * 16u; left > 0; --left) shim_ring();
        return;
      case 10:
        lazy_ = !lazy_;
        return;
      case 11:
        if (in_.rarely(8)) shim_lose();
        return;
      default:
        shim_ring();
    }
  }

 private:
  union Slot {
    svpu_entry entry;
    svpu_cmd_buffer buffer;
    svpu_cmd_queue_input input;
    svpu_cmd_flush flush;
    svpu_u8 bytes[SVPU_SLOT_SIZE];
  };
  union Message {
    svpu_entry entry;
    svpu_msg_ready ready;
    svpu_msg_codec codec;
    svpu_msg_raw_format raw_format;
    svpu_msg_control control;
    svpu_msg_status status;
    svpu_msg_format_changed format;
    svpu_msg_output_done output;
    svpu_msg_flushed flushed;
    svpu_msg_unmapped unmapped;
    svpu_msg_error error;
    svpu_msg_text text;
    svpu_u8 bytes[SVPU_SLOT_SIZE];
  };

  svpu_ring_index& index(uint32_t offset) const { return *reinterpret_cast<svpu_ring_index*>(region_ + offset); }
  svpu_u8* slot(uint32_t offset, uint32_t at, uint32_t count) const {
    return region_ + offset + (at & (count - 1)) * SVPU_SLOT_SIZE;
  }

  // Takes a new session in, and says READY. False: there is no session.
  bool attach() {
    auto* region = static_cast<svpu_u8*>(shim_region());
    if (region == nullptr) return false;
    const auto* header = reinterpret_cast<const svpu_header*>(region + SVPU_HEADER_OFFSET);
    if (region == region_ && header->generation == generation_) return true;
    region_ = region;
    generation_ = header->generation;
    read_ = write_ = sequence_ = debug_write_ = debug_sequence_ = 0;
    inputs_.clear();
    outputs_.clear();
    paused_ = announced_ = lazy_ = false;
    reinterpret_cast<svpu_header*>(region + SVPU_HEADER_OFFSET)->firmware_abi = SVPU_ABI_MAJOR << 16 | SVPU_ABI_MINOR;
    Message ready{};
    std::memcpy(ready.ready.name, "played", 7);
    if (!in_.rarely(64)) send(ready, SVPU_MSG_READY, sizeof ready.ready, 0);
    return true;
  }

  void send(Message& message, uint32_t type, size_t size, uint64_t cookie) {
    message.entry.type = static_cast<svpu_u16>(type);
    message.entry.size = static_cast<svpu_u16>(size);
    message.entry.cookie = cookie;
    put(message);
  }
  void put(Message& message) {
    svpu_ring_index& ring = index(SVPU_MESSAGE_INDEX_OFFSET);
    if (write_ - ring.read >= SVPU_MESSAGE_SLOTS) return;
    message.entry.sequence = sequence_++;
    std::memcpy(slot(SVPU_MESSAGE_OFFSET, write_, SVPU_MESSAGE_SLOTS), &message, sizeof message);
    __atomic_store_n(&ring.write, ++write_, __ATOMIC_RELEASE);
    if (ring.reader_waiting != 0) {
      ring.reader_waiting = 0;
      shim_ring();
    }
  }
  void send_status(uint32_t type, uint64_t cookie, uint32_t status) {
    Message message{};
    message.status.status = status;
    send(message, type, sizeof message.status, cookie);
  }

  void answer(const Slot& command) {
    Message message{};
    switch (command.entry.type) {
      case SVPU_CMD_QUERY_CAPABILITIES:
        return tell_capabilities();
      case SVPU_CMD_CONFIGURE:
        return send_status(SVPU_MSG_CONFIGURED, 0, SVPU_OK);
      case SVPU_CMD_QUEUE_INPUT:
        inputs_.push_back(command.entry.cookie);
        if (lazy_) return;
        give_input_back();
        if (!announced_) announce();
        deliver();
        return;
      case SVPU_CMD_QUEUE_OUTPUT:
        outputs_.push_back(command.entry.cookie);
        return;
      case SVPU_CMD_FLUSH:
        return flush(command.flush);
      case SVPU_CMD_DRAIN:
        while (!inputs_.empty()) give_input_back();
        paused_ = true;
        return send_status(SVPU_MSG_DRAINED, 0, in_.rarely(8) ? SVPU_DATA_ERROR : SVPU_OK);
      case SVPU_CMD_RESUME:
        paused_ = false;
        return;
      case SVPU_CMD_RETURN_OUTPUT:
        return give_output_back();
      case SVPU_CMD_PING:
        return send(message, SVPU_MSG_PONG, sizeof message.entry, command.entry.cookie);
      case SVPU_CMD_UNMAP_BUFFER:
        message.unmapped.direction = command.buffer.direction;
        message.unmapped.index = command.buffer.index;
        message.unmapped.generation = command.buffer.generation;
        if (!lazy_) send(message, SVPU_MSG_UNMAPPED, sizeof message.unmapped, 0);
        return;
      default:
        return;
    }
  }

  void flush(const svpu_cmd_flush& command) {
    while (command.direction == SVPU_INPUT && !inputs_.empty()) give_input_back();
    while (command.direction == SVPU_OUTPUT && !outputs_.empty()) give_output_back();
    Message message{};
    message.flushed.direction = command.direction;
    message.flushed.generation = command.generation;
    send(message, SVPU_MSG_FLUSHED, sizeof message.flushed, 0);
  }

  void tell_capabilities() {
    for (uint32_t left = in_.below(3); left > 0; --left) some_codec();
    Message message{};
    message.codec.role = SVPU_DECODER;
    message.codec.coded = V4L2_PIX_FMT_H264;
    message.codec.min_output_buffers = 2;
    message.codec.min_width = message.codec.min_height = 16;
    message.codec.max_width = message.codec.max_height = 4096;
    message.codec.step_width = message.codec.step_height = 2;
    send(message, SVPU_MSG_CODEC, sizeof message.codec, 0);
    raw_format(V4L2_PIX_FMT_NV12);
    raw_format(V4L2_PIX_FMT_YUV420);
    Message end{};
    send(end, SVPU_MSG_CAPABILITIES_END, sizeof end.entry, 0);
  }

  void raw_format(svpu_u32 fourcc, svpu_u32 align = 16) {
    Message message{};
    message.raw_format.fourcc = fourcc;
    message.raw_format.width_align = message.raw_format.height_align = align;
    message.raw_format.stride_align = 1;
    send(message, SVPU_MSG_RAW_FORMAT, sizeof message.raw_format, 0);
  }

  void control(svpu_u32 id) {
    Message message{};
    message.control.id = id;
    message.control.type = in_.rarely(4) ? in_.below(6) : svpu_u32{SVPU_CONTROL_MENU};
    message.control.maximum = in_.rarely(4) ? static_cast<svpu_s64>(in_.long_word()) : svpu_s64{4};
    message.control.default_value = in_.below(6);
    message.control.step = in_.below(2);
    message.control.items = in_.rarely(4) ? in_.long_word() : svpu_u64{0x1f};
    send(message, SVPU_MSG_CONTROL, sizeof message.control, 0);
  }

  // A codec that may be one, with lists of any length.
  void some_codec() {
    Message message{};
    svpu_msg_codec& row = message.codec;
    const svpu_u32 codecs[] = {V4L2_PIX_FMT_VP8, V4L2_PIX_FMT_HEVC, in_.word()};
    const svpu_u32 raws[] = {V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_P010, in_.word()};
    row.role = in_.rarely(8) ? in_.byte() : svpu_u32{SVPU_DECODER};
    row.coded = codecs[in_.below(3)];
    row.flags = in_.below(8);
    row.min_output_buffers = in_.number() % 34;
    row.min_width = in_.below(64);
    row.min_height = in_.below(64);
    row.max_width = in_.rarely(4) ? in_.number() : in_.byte() * 64u;
    row.max_height = in_.rarely(4) ? in_.number() : in_.byte() * 64u;
    row.step_width = in_.below(66);
    row.step_height = in_.below(66);
    send(message, SVPU_MSG_CODEC, sizeof row, 0);
    const bool long_lists = in_.rarely(16);
    for (uint32_t left = in_.below(long_lists ? SVPU_MAX_RAW_FORMATS + 2 : 3); left > 0; --left) {
      raw_format(long_lists ? left : raws[in_.below(3)], in_.rarely(16) ? in_.byte() : 1u << in_.below(5));
    }
    for (uint32_t left = in_.below(long_lists ? SVPU_MAX_CONTROLS + 2 : 3); left > 0; --left)
      control(long_lists ? left : svpu_u32{V4L2_CID_MPEG_VIDEO_H264_PROFILE});
  }

  void give_input_back() {
    if (inputs_.empty()) return;
    send_status(SVPU_MSG_INPUT_DONE, inputs_.front(), SVPU_OK);
    last_ = inputs_.front();
    inputs_.pop_front();
  }
  void give_output_back() {
    if (outputs_.empty()) return;
    Message message{};
    message.output.status = SVPU_CANCELLED;
    send(message, SVPU_MSG_OUTPUT_DONE, sizeof message.output, outputs_.front());
    outputs_.pop_front();
  }
  // A frame, if the rules allow one.
  void deliver() {
    if (paused_ || outputs_.empty()) return;
    Message message{};
    message.output.flags = SVPU_FRAME_HAS_TAG;
    message.output.frame_type = in_.below(4);
    message.output.tag = in_.byte();
    message.output.bytes_used[0] = in_.rarely(16) ? in_.number() : in_.byte();
    send(message, SVPU_MSG_OUTPUT_DONE, sizeof message.output, outputs_.front());
    last_ = outputs_.front();
    outputs_.pop_front();
  }
  // What core/message_check.h wants of a change of format beside its sizes.
  static void complete(svpu_msg_format_changed& format) {
    format.bit_depth = 8;
    format.chroma = SVPU_CHROMA_420;
    format.pixel_aspect_num = format.pixel_aspect_den = 1;
    format.min_output_buffers = 1;
  }
  void announce() {
    if (paused_) return;
    Message message{};
    svpu_msg_format_changed& format = message.format;
    format.coded_width = format.visible_width = 16u * (1 + in_.below(8));
    format.coded_height = format.visible_height = 16u * (1 + in_.below(8));
    format.flags = in_.below(4);
    format.native = V4L2_PIX_FMT_NV12;
    complete(format);
    format.min_output_buffers = std::max(in_.below(6), 1u);
    format.colorspace = in_.below(16);
    announced_ = paused_ = true;
    send(message, SVPU_MSG_FORMAT_CHANGED, sizeof format, 0);
  }

  uint64_t some_cookie() {
    switch (in_.below(5)) {
      case 0:
        return inputs_.empty() ? 0 : inputs_.front();
      case 1:
        return outputs_.empty() ? 0 : outputs_.back();
      case 2:
        return last_;
      case 3:
        return last_ ^ uint64_t { 1 } << in_.below(64);
      default:
        return in_.long_word();
    }
  }

  // A message of any type with fields that may be right.
  void say_anything() {
    Message message{};
    const uint32_t type = in_.below(18);
    const uint64_t cookie = some_cookie();
    in_.take(&message.bytes[sizeof(svpu_entry)], in_.below(sizeof message.bytes - sizeof(svpu_entry)));
    if (type == SVPU_MSG_FLUSHED) message.flushed = {{}, in_.below(3), in_.below(8)};
    if (type == SVPU_MSG_OUTPUT_DONE) message.output.bytes_used[0] = in_.coin() ? in_.number() : in_.byte() << 12;
    if (type == SVPU_MSG_OUTPUT_DONE || type == SVPU_MSG_INPUT_DONE) message.status.status = in_.below(4);
    if (type == SVPU_MSG_UNMAPPED) message.unmapped = {{}, in_.below(3), in_.below(4), in_.byte(), 0};
    if (type == SVPU_MSG_FORMAT_CHANGED) {
      message.format.coded_width = in_.number(), message.format.coded_height = in_.number();
      if ((cookie & 1) != 0) complete(message.format);
    }
    send(message, type, in_.rarely(8) ? in_.byte() : size_t{SVPU_SLOT_SIZE}, cookie);
  }
  void push_bytes() {
    Message message{};
    in_.take(message.bytes, in_.byte() + 1u);
    put(message);
  }
  void scribble() {
    switch (in_.below(5)) {
      case 0:
        index(SVPU_MESSAGE_INDEX_OFFSET).write = write_ += in_.number();
        return;
      case 1:
        index(SVPU_COMMAND_INDEX_OFFSET).read = read_ += in_.number();
        return;
      case 2:
        in_.take(region_ + SVPU_HEADER_OFFSET, in_.below(sizeof(svpu_header)));
        return;
      case 3:
        index(SVPU_DEBUG_INDEX_OFFSET).write = debug_write_ += in_.number();
        return;
      default:
        std::memset(region_ + SVPU_LAST_WORDS_OFFSET, in_.byte(), SVPU_PAGE);
    }
  }
  void debug() {
    Message message{};
    message.entry.type = SVPU_MSG_DEBUG_TEXT;
    message.entry.size = sizeof message.text;
    message.entry.sequence = debug_sequence_++;
    std::memset(message.text.text, in_.byte(), in_.below(SVPU_TEXT_BYTES + 1));
    std::memcpy(slot(SVPU_DEBUG_OFFSET, debug_write_, SVPU_DEBUG_SLOTS), &message, sizeof message);
    index(SVPU_DEBUG_INDEX_OFFSET).write = ++debug_write_;
  }

  Bytes& in_;
  svpu_u8* region_ = nullptr;
  uint32_t generation_ = 0;
  uint32_t read_ = 0;
  uint32_t write_ = 0;
  uint32_t sequence_ = 0;
  uint32_t debug_write_ = 0;
  uint32_t debug_sequence_ = 0;
  std::deque<uint64_t> inputs_;
  std::deque<uint64_t> outputs_;
  uint64_t last_ = 0;
  bool paused_ = false;
  bool announced_ = false;
  bool lazy_ = false;
};

}  // namespace softvpu::fuzz
