// SPDX-License-Identifier: LGPL-2.1-or-later
// Lookup in the table of codecs. Called by the upper half and by lower halves that check a SessionConfig.
#include "codec/capabilities.h"

namespace softvpu::codec {

const CodecInfo* Capabilities::find(Role role, FourCC coded) const {
  for (const CodecInfo& codec : codecs)
    if (codec.role == role && codec.coded == coded) return &codec;
  return nullptr;
}

}  // namespace softvpu::codec
