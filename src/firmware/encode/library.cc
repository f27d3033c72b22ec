// SPDX-License-Identifier: GPL-2.0-or-later
// The encoders by library, the one that clients ask for most first: see library.h.
//
// The libraries are linked: every worker has them in its memory anyway, because Debian's libavcodec needs them, and so none takes
// longer to start.
#include "firmware/encode/library.h"

#include <memory>

#include "firmware/encode/encode_session.h"
#include "firmware/encode/vpx_encoder.h"
#include "firmware/encode/x264_encoder.h"
#include "firmware/encode/x265_encoder.h"

namespace softvpu::firmware::encode {
namespace {

template <typename Encoder>
Result<std::unique_ptr<Codec>> make(CodecConfig config, CodecEvents& events) {
  return std::make_unique<EncodeSession>(
      std::make_unique<Encoder>(EncoderConfig{.threads = config.threads, .interval = config.interval, .colour = config.colour}),
      events);
}

}  // namespace

std::vector<CatalogEntry> encoders() {
  return {{.info = X264Encoder::info(), .make = make<X264Encoder>},
          {.info = X265Encoder::info(), .make = make<X265Encoder>},
          {.info = Vp8Encoder::info(), .make = make<Vp8Encoder>},
          {.info = Vp9Encoder::info(), .make = make<Vp9Encoder>}};
}

}  // namespace softvpu::firmware::encode
