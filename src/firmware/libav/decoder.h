// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder over libavcodec: inputs -> access units -> pictures -> outputs. Made by make_decoder() (catalog.h), called by the
// worker's decode thread. dev-decoder.rst: Initialization, Decoding, Seek, Dynamic Resolution Change, Drain.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "firmware/catalog.h"
#include "firmware/libav/codec.h"
#include "firmware/libav/header_search.h"
#include "firmware/libav/history.h"
#include "firmware/libav/output_pool.h"
#include "firmware/libav/packetizer.h"

namespace softvpu::firmware::libav {

class LibavDecoder final : public Decoder {
 public:
  static Result<std::unique_ptr<Decoder>> create(const CodecRow& row, DecoderConfig config, DecoderEvents& events);
  ~LibavDecoder() override;

  void set_layout(const FrameLayout& layout) override { pool_.set_layout(layout); }
  void queue_input(InputChunk chunk) override;
  void queue_output(OutputBuffer buffer) override;
  void return_output() override;
  void flush(Side side) override;
  void drain() override;
  void resume() override;
  bool step() override;

 private:
  struct DrainMark {};
  using Item = std::variant<InputChunk, DrainMark>;
  // An input whose bytes are being cut up. Without an id it was answered when the header search took it.
  struct Current {
    std::optional<uint64_t> id;
    bool failed = false;  // something in it couldn't be decoded
  };

  LibavDecoder(const CodecRow& row, DecoderConfig config, DecoderEvents& events);

  bool deliver_due();
  bool announce_if_changed(const AVFrame& frame);
  void complete(OutputPool::Output output, const AVFrame& frame, DoneStatus status);

  bool search_header();
  void header_found(std::optional<uint64_t> last_input);

  bool decode_next();
  bool begin_next_input();
  void finish_current();
  void submit(AccessUnit unit);
  // False: the packet showed damage and decoding begins anew, with one thread; see damaged_.
  bool send(AVPacket* packet);
  bool restart_with_one_thread();
  bool is_repeated(const AVFrame& frame) const;
  bool step_drain();
  void finish_drain();

  void return_inputs(DoneStatus status);
  void return_outputs(DoneStatus status);
  void fail_with(const Error& error);
  void forget_stream_position();
  Status open_codec(uint32_t threads);
  void remember_tag(uint64_t number, uint64_t tag);
  std::optional<uint64_t> tag_of(const AVFrame& frame) const;

  const CodecRow& row_;
  const DecoderConfig config_;
  DecoderEvents& events_;

  OutputPool pool_;
  HeaderSearch search_;
  std::unique_ptr<Packetizer> packetizer_;
  History history_;
  std::optional<Codec> codec_;  // open once the header is known

  std::deque<Item> items_;  // not looked at yet
  struct Backlog {
    std::vector<uint8_t> bytes;
    uint64_t tag = 0;
    std::optional<uint64_t> id;
  };
  std::deque<Backlog> backlog_;  // what the header search took, to be decoded first
  std::optional<Current> current_;
  std::deque<FramePtr> due_;  // decoded, in output order

  std::optional<StreamInfo> announced_;  // the format the client was told last
  std::optional<StreamInfo> agreed_;     // the format of the last resume()
  std::optional<StreamInfo> abandoned_;  // announced, then a seek came before resume()
  bool paused_ = false;                  // format_changed() was said, resume() not yet
  bool stopped_ = false;                 // drained() was said, resume() not yet
  bool failed_ = false;

  enum class Draining { kNo, kParser, kPictures };
  Draining draining_ = Draining::kNo;

  // After a drain libavcodec knows no reference pictures: the history is decoded again before the next unit that needs it.
  bool replay_wanted_ = false;
  std::deque<PacketPtr> replay_;
  std::optional<AccessUnit> after_replay_;
  uint64_t replay_until_ = 0;  // units up to this number were sent before: what was delivered of them is dropped

  // What libavcodec makes of damaged data depends on the number of threads and on what its memory held before. So that the same
  // stream always gives the same pictures (those of libavcodec with one thread and its own memory), the first damage
  // since the start or a seek ends threads and zero copy, and what wasn't delivered is decoded again.
  bool damaged_ = false;
  std::optional<StreamHeader> header_;

  struct Tagged {
    uint64_t number = 0;
    uint64_t tag = 0;
    bool delivered = false;
  };
  std::vector<Tagged> tags_;  // of recent access units, by number modulo its size
};

}  // namespace softvpu::firmware::libav
