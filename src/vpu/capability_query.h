// SPDX-License-Identifier: LGPL-2.1-or-later
// What a firmware can do: asked from a short-lived worker, or read from a table somebody saved. Called by VpuDriver.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "codec/capabilities.h"
#include "hfi/link.h"

namespace softvpu::vpu {

// Asks `link` (fresh, nothing sent yet) and waits for the whole answer; the caller kills it afterwards. Any thread.
// Errors: ETIMEDOUT, EIO when it died, EPROTO for an answer the protocol doesn't allow, all with the reason.
Result<codec::Capabilities> query_capabilities(hfi::HostLink& link, Duration limit);

// The same from a spare worker that was told to announce it over its socket before it waits for a hello (docs/hfi.md, Process).
Result<codec::Capabilities> receive_capabilities(int socket, Duration limit);

// The table as text and back. parse(print(x)) == x. Errors of parse: EINVAL naming the line; anything unexpected is an error.
std::string print_capabilities(const codec::Capabilities& capabilities);
Result<codec::Capabilities> parse_capabilities(std::string_view text);

// The file named by SOFTVPU_CAPS. Errors: what open(2) and read(2) say; EPERM for a file that belongs neither to the effective
// user nor to root, or that others can write to; EFBIG above 4 MiB; EINVAL.
Result<codec::Capabilities> load_capabilities(const std::string& path);
Status save_capabilities(const codec::Capabilities& capabilities, const std::string& path);

}  // namespace softvpu::vpu
