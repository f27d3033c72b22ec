// SPDX-License-Identifier: LGPL-2.1-or-later
// Result<T>: a value, or an errno with a short reason. Every fallible function of every room returns it.
// One alias over std::expected; compilers whose library lacks it (clang 14) get the same interface from tl::expected.
#pragma once

#include <cerrno>
#include <string>
#include <utility>
#include <version>

#if defined(__cpp_lib_expected)
#include <expected>
#else
#include <tl/expected.hpp>
#endif

namespace softvpu {

// What went wrong: a positive errno, and what happened / what was expected for a person who reads the log.
struct Error {
  int code = EIO;
  std::string reason;

  friend bool operator==(const Error& a, const Error& b) { return a.code == b.code; }
};

#if defined(__cpp_lib_expected)
template <typename T>
using Result = std::expected<T, Error>;
using Unexpected = std::unexpected<Error>;
#else
template <typename T>
using Result = tl::expected<T, Error>;
using Unexpected = tl::unexpected<Error>;
#endif

using Status = Result<void>;

// Returns the error to `return` from a function whose result is any Result<T>.
[[nodiscard]] inline Unexpected fail(int code, std::string reason = {}) { return Unexpected(Error{code, std::move(reason)}); }

// Returns the current errno as an error; `what` names the call that failed.
[[nodiscard]] inline Unexpected fail_errno(std::string what) { return fail(errno, std::move(what)); }

}  // namespace softvpu
