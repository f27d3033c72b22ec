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
#include "firmware/libav/parameter_sets.h"
#include "firmware/libav/sequence.h"

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

  // Of the pictures so far, those that libavcodec wrote into the client's memory itself.
  uint64_t pictures_in_place() const { return pool_.direct_count(); }

 private:
  struct Tagged {
    uint64_t number = 0;
    uint64_t tag = 0;
    bool delivered = false;
    SequenceInfo sequence;
  };
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
  bool go_on_without_input();
  void push_out();
  void take(std::deque<FramePtr>& pictures);
  bool settle_early(const AccessUnit& unit);
  bool is_whole(const AccessUnit& unit) const;
  bool is_incomplete(const AVFrame& frame) const;
  void take_early_back();
  bool deliver_before_mark();
  bool begin_next_input();
  void finish_current();
  void submit(AccessUnit unit);
  // False: the packet showed damage and decoding begins anew, with one thread; see damaged_.
  bool send(AVPacket* packet);
  bool note_damage(const AVPacket* packet, std::deque<FramePtr>& pictures);
  void report_damage(const AVPacket* packet, const std::deque<FramePtr>& pictures);
  bool restart_with_one_thread();
  void leave_damage_behind(const AccessUnit& unit);
  // False: the end of the sequence before showed damage, as send() says; the unit comes again afterwards.
  bool begin_sequence(AccessUnit& unit);
  uint32_t threads_for_stream() const;
  bool is_repeated(const AVFrame& frame) const;
  bool step_drain();
  void finish_drain(bool damaged);

  void return_inputs();
  void return_outputs();
  void fail_with(const Error& error);
  void forget_stream_position();
  // A new decoder that knows `sets`. False: it couldn't be opened, and the session has failed.
  bool open_codec(uint32_t threads, const ParameterSetList& sets);
  // Damage is decoded by one thread, see damaged_.
  bool open_codec(const ParameterSetList& sets) { return open_codec(damaged_ ? 1 : threads_for_stream(), sets); }
  void remember(const AccessUnit& unit);
  // nullptr: it was forgotten, or never known.
  const Tagged* tagged(const AVFrame& frame) const;

  const CodecRow& row_;
  const DecoderConfig config_;
  DecoderEvents& events_;

  OutputPool pool_;
  HeaderSearch search_;
  std::unique_ptr<Packetizer> packetizer_;
  History history_;
  ParameterSets sets_;
  Sequences sequences_;
  std::shared_ptr<const ParameterSetList> first_sets_;  // those of header_, which every codec is opened with
  // Open once the header is known. Closed when decoding is to begin anew, until there is something to decode.
  std::optional<Codec> codec_;

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
  bool paused_ = false;                  // format_changed() was said, resume() not yet
  bool stopped_ = false;                 // drained() was said, resume() not yet
  bool failed_ = false;

  // Data was lost at the end of a stream, when its inputs were answered already; drained() says it.
  bool lost_ = false;

  enum class Draining { kNo, kParser, kPictures };
  Draining draining_ = Draining::kNo;

  // An access unit that was decoded before it was known to be complete (Packetizer::peek). If it wasn't, it is taken back: no
  // picture with a part missing is delivered.
  struct Early {
    uint64_t number = 0;
    bool can_be_taken_back = true;    // false: what it needs isn't kept; damage is shown, as that of any picture
    std::optional<Field> open_field;  // before it
    bool shown = false;               // its picture came out, complete
  };
  std::optional<Early> early_;
  bool may_be_early_ = true;     // until one was taken back
  bool has_been_early_ = false;  // one was, and it was complete
  bool at_mark_ = false;         // an end mark was decoded: what is inside is due

  // After a drain libavcodec knows no reference pictures: the history is decoded again before the next unit that needs it.
  bool replay_wanted_ = false;
  std::deque<PacketPtr> replay_;
  std::optional<AccessUnit> after_replay_;
  uint64_t replay_until_ = 0;  // units up to this number were sent before: what was delivered of them is dropped

  // What libavcodec makes of damaged data depends on the number of threads and on what its memory held before. So that the same
  // stream always gives the same pictures (those of libavcodec with one thread and its own memory), the first damage
  // ends threads and zero copy until decoding can begin anew, and what wasn't delivered is decoded again. (Damage that libavcodec
  // doesn't notice, or only behind pictures that were delivered already, is beyond that.)
  bool damaged_ = false;
  uint64_t last_damage_ = 0;              // number of the access unit
  std::optional<SequenceFormat> format_;  // of the sequence being decoded
  std::optional<StreamHeader> header_;

  std::vector<Tagged> tags_;  // of recent access units, by number modulo its size
};

}  // namespace softvpu::firmware::libav
