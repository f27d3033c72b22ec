// SPDX-License-Identifier: LGPL-2.1-or-later
// Short names of coded formats for command lines ("h264"). Used by apps/softvpu and apps/softvpu-fw.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "media/fourcc.h"

namespace softvpu {

// The name of a coded format; its four characters if it has none.
std::string codec_name(FourCC coded);

// The formats of a list such as "h264,vp8", in any case, each once. A name is codec_name()'s or four characters.
// Errors: EINVAL with the word that is no name, and the names that there are.
Result<std::vector<FourCC>> parse_codec_list(std::string_view list);

// The formats of such a list, if `offered` has them all; it may have one more than once.
// Errors: EINVAL as above; ENOENT with the format that isn't offered, and those that are.
Result<std::vector<FourCC>> choose_codecs(std::string_view list, std::span<const FourCC> offered);

}  // namespace softvpu
