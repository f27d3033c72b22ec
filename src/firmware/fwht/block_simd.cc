// SPDX-License-Identifier: GPL-2.0-or-later
// The work on blocks with SIMD instructions: see block.h. Highway compiles this file once per
// instruction set and picks one when the program runs. A block is eight vectors of eight 16-bit
// values, one per line.
#include "firmware/fwht/block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "firmware/fwht/block_simd.cc"
#include <hwy/foreach_target.h>
// It must come after the one above.
#include <hwy/highway.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace softvpu::firmware::fwht {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

const BlockOps& target_block_ops() { return scalar_block_ops(); }

#else

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::FixedTag<int16_t, 8>;   // a line of a block
using Bytes = hn::FixedTag<uint8_t, 16>;  // two lines of samples
using Line = hn::FixedTag<uint8_t, 8>;    // a line of samples
using WordV = hn::Vec<Words>;
using ByteV = hn::Vec<Bytes>;

constexpr Words kWords{};
constexpr Bytes kBytes{};
constexpr Line kLine{};
constexpr hn::FixedTag<int8_t, 8> kSignedLine{};

struct Rows {
  WordV v0, v1, v2, v3, v4, v5, v6, v7;
};

template <typename Function>
HWY_INLINE Rows each(const Rows& r, Function function) {
  return {function(r.v0, 0), function(r.v1, 1), function(r.v2, 2), function(r.v3, 3),
          function(r.v4, 4), function(r.v5, 5), function(r.v6, 6), function(r.v7, 7)};
}

// The Walsh matrix, in order of sequency, times the block.
HWY_INLINE Rows transform_columns(const Rows& r) {
  const auto a0 = hn::Add(r.v0, r.v1), a1 = hn::Sub(r.v0, r.v1);
  const auto a2 = hn::Add(r.v2, r.v3), a3 = hn::Sub(r.v2, r.v3);
  const auto a4 = hn::Add(r.v4, r.v5), a5 = hn::Sub(r.v4, r.v5);
  const auto a6 = hn::Add(r.v6, r.v7), a7 = hn::Sub(r.v6, r.v7);
  const auto b0 = hn::Add(a0, a2), b2 = hn::Sub(a0, a2);
  const auto b1 = hn::Add(a1, a3), b3 = hn::Sub(a1, a3);
  const auto b4 = hn::Add(a4, a6), b6 = hn::Sub(a4, a6);
  const auto b5 = hn::Add(a5, a7), b7 = hn::Sub(a5, a7);
  // In the order of Hadamard's matrix: b0 + b4, b1 + b5, …; the order of the results is
  // block_scalar.cc's kNatural.
  return {hn::Add(b0, b4), hn::Sub(b0, b4), hn::Sub(b2, b6), hn::Add(b2, b6),
          hn::Add(b3, b7), hn::Sub(b3, b7), hn::Sub(b1, b5), hn::Add(b1, b5)};
}

HWY_INLINE Rows transpose(const Rows& r) {
  constexpr hn::FixedTag<int32_t, 4> d32{};
  constexpr hn::FixedTag<int64_t, 2> d64{};
  const auto low32 = [&](WordV a, WordV b) HWY_ATTR { return hn::BitCast(d32, hn::InterleaveLower(kWords, a, b)); };
  const auto high32 = [&](WordV a, WordV b) HWY_ATTR { return hn::BitCast(d32, hn::InterleaveUpper(kWords, a, b)); };
  const auto a0 = low32(r.v0, r.v1), a1 = high32(r.v0, r.v1);
  const auto a2 = low32(r.v2, r.v3), a3 = high32(r.v2, r.v3);
  const auto a4 = low32(r.v4, r.v5), a5 = high32(r.v4, r.v5);
  const auto a6 = low32(r.v6, r.v7), a7 = high32(r.v6, r.v7);
  const auto low64 = [&](auto a, auto b) HWY_ATTR { return hn::BitCast(d64, hn::InterleaveLower(d32, a, b)); };
  const auto high64 = [&](auto a, auto b) HWY_ATTR { return hn::BitCast(d64, hn::InterleaveUpper(d32, a, b)); };
  const auto b0 = low64(a0, a2), b1 = high64(a0, a2), b2 = low64(a1, a3), b3 = high64(a1, a3);
  const auto b4 = low64(a4, a6), b5 = high64(a4, a6), b6 = low64(a5, a7), b7 = high64(a5, a7);
  const auto low = [&](auto a, auto b) HWY_ATTR { return hn::BitCast(kWords, hn::InterleaveLower(d64, a, b)); };
  const auto high = [&](auto a, auto b) HWY_ATTR { return hn::BitCast(kWords, hn::InterleaveUpper(d64, a, b)); };
  return {low(b0, b4), high(b0, b4), low(b1, b5), high(b1, b5), low(b2, b6), high(b2, b6), low(b3, b7), high(b3, b7)};
}

// Transposes, as block_scalar.cc's does: the second half works on columns that were lines.
HWY_INLINE Rows transform(const Rows& r) { return transform_columns(transpose(transform_columns(r))); }

HWY_INLINE Rows load_block(const Block& block) {
  return each(Rows{}, [&](WordV, size_t i) HWY_ATTR { return hn::Load(kWords, &block.at[8 * i]); });
}
HWY_INLINE void store_block(const Rows& r, Block& block) {
  each(r, [&](WordV v, size_t i) HWY_ATTR {
    hn::Store(v, kWords, &block.at[8 * i]);
    return v;
  });
}
HWY_INLINE Rows load_samples(const uint8_t* samples, size_t stride) {
  return each(Rows{}, [&](WordV, size_t i) HWY_ATTR { return hn::PromoteTo(kWords, hn::LoadU(kLine, samples + i * stride)); });
}
HWY_INLINE void store_samples(const Rows& r, uint8_t* samples, size_t stride) {
  each(r, [&](WordV v, size_t i) HWY_ATTR {
    hn::StoreU(hn::DemoteTo(kLine, v), kLine, samples + i * stride);
    return v;
  });
}

// Two to the power of a coefficient's shift, and what a multiplication by it leaves above 16 bits
// is the shift to the right.
struct alignas(16) Factors {
  std::array<int16_t, kBlockSamples> left;
  std::array<int16_t, kBlockSamples> right;
};
constexpr Factors make_factors(const std::array<uint8_t, 15>& shifts) {
  Factors factors{};
  for (uint32_t i = 0; i < kBlockSamples; ++i) {
    const uint32_t shift = shifts[i / kBlockSide + i % kBlockSide];
    factors.left[i] = static_cast<int16_t>(1 << shift);
    factors.right[i] = static_cast<int16_t>(1 << (16 - shift));
  }
  return factors;
}
constexpr Factors kIntraFactors = make_factors(kIntraShift);
constexpr Factors kInterFactors = make_factors(kInterShift);

HWY_INLINE Rows quantise(const Rows& r, const Factors& factors, int16_t dead_zone) {
  const auto limit = hn::Set(kWords, dead_zone);
  return each(r, [&](WordV v, size_t i) HWY_ATTR {
    const auto quantised = hn::MulHigh(v, hn::Load(kWords, &factors.right[8 * i]));
    return hn::IfThenElseZero(hn::Gt(hn::Abs(quantised), limit), quantised);
  });
}

HWY_INLINE Rows reconstruct_rows(const Rows& coefficients, bool predicted) {
  const Factors& factors = predicted ? kInterFactors : kIntraFactors;
  const Rows scaled =
      each(coefficients, [&](WordV v, size_t i) HWY_ATTR { return hn::Mul(v, hn::Load(kWords, &factors.left[8 * i])); });
  const auto offset = hn::Set(kWords, predicted ? 0 : 128);
  return each(transform(scaled), [&](WordV v, size_t) HWY_ATTR { return hn::Add(hn::ShiftRight<6>(v), offset); });
}

HWY_INLINE Rows add(const Rows& r, const Rows& other) {
  return {hn::Add(r.v0, other.v0), hn::Add(r.v1, other.v1), hn::Add(r.v2, other.v2), hn::Add(r.v3, other.v3),
          hn::Add(r.v4, other.v4), hn::Add(r.v5, other.v5), hn::Add(r.v6, other.v6), hn::Add(r.v7, other.v7)};
}
HWY_INLINE Rows subtract(const Rows& r, const Rows& other) {
  return {hn::Sub(r.v0, other.v0), hn::Sub(r.v1, other.v1), hn::Sub(r.v2, other.v2), hn::Sub(r.v3, other.v3),
          hn::Sub(r.v4, other.v4), hn::Sub(r.v5, other.v5), hn::Sub(r.v6, other.v6), hn::Sub(r.v7, other.v7)};
}

// ---- the order of coding ----

// Where each byte of a block of bytes goes when it is put in the order of coding: for every vector
// of the result and every vector of the block the index of the byte, or 0x80 for one of another
// vector.
struct alignas(16) ScanTable {
  std::array<std::array<std::array<uint8_t, 16>, 4>, 4> index;
};
constexpr ScanTable make_scan_table() {
  ScanTable table{};
  for (uint32_t n = 0; n < kBlockSamples; ++n) {
    for (uint32_t from = 0; from < 4; ++from)
      table.index[n / 16][from][n % 16] = kScan[n] / 16 == from ? static_cast<uint8_t>(kScan[n] % 16) : 0x80;
  }
  return table;
}
constexpr ScanTable kScanTable = make_scan_table();

HWY_INLINE ByteV nonzero_bytes(WordV first, WordV second) {
  const auto zero = hn::Zero(kWords);
  const auto narrow = [&](WordV v) HWY_ATTR {
    return hn::BitCast(kLine, hn::DemoteTo(kSignedLine, hn::VecFromMask(kWords, hn::Ne(v, zero))));
  };
  return hn::Combine(kBytes, narrow(second), narrow(first));
}

HWY_INLINE uint64_t nonzero_in_scan_order(const Rows& r) {
  const ByteV q0 = nonzero_bytes(r.v0, r.v1), q1 = nonzero_bytes(r.v2, r.v3);
  const ByteV q2 = nonzero_bytes(r.v4, r.v5), q3 = nonzero_bytes(r.v6, r.v7);
  if (hn::AllTrue(kBytes, hn::Eq(hn::Or(hn::Or(q0, q1), hn::Or(q2, q3)), hn::Zero(kBytes)))) return 0;
  uint64_t bits = 0;
  for (uint32_t n = 0; n < 4; ++n) {
    const auto part = [&](ByteV from, uint32_t i)
                          HWY_ATTR { return hn::TableLookupBytesOr0(from, hn::Load(kBytes, kScanTable.index[n][i].data())); };
    const auto ordered = hn::Or(hn::Or(part(q0, 0), part(q1, 1)), hn::Or(part(q2, 2), part(q3, 3)));
    uint8_t mask[8] = {};
    hn::StoreMaskBits(kBytes, hn::MaskFromVec(ordered), mask);
    bits |= static_cast<uint64_t>(mask[0] | mask[1] << 8) << 16 * n;
  }
  return bits;
}

// ---- block.h ----

HWY_INLINE ByteV load_two_lines(const uint8_t* samples, size_t stride, size_t pair) {
  const uint8_t* at = samples + 2 * pair * stride;
  return hn::Combine(kBytes, hn::LoadU(kLine, at + stride), hn::LoadU(kLine, at));
}
HWY_INLINE ByteV distance(ByteV a, ByteV b) { return hn::Or(hn::SaturatedSub(a, b), hn::SaturatedSub(b, a)); }

HWY_INLINE uint64_t sum(hn::Vec<hn::Repartition<uint64_t, Bytes>> sums) {
  return hn::GetLane(hn::SumOfLanes(hn::Repartition<uint64_t, Bytes>(), sums));
}

HWY_INLINE bool is_better_predicted(const EncodeJob& job) {
  const ByteV s0 = load_two_lines(job.source, job.source_stride, 0), s1 = load_two_lines(job.source, job.source_stride, 1);
  const ByteV s2 = load_two_lines(job.source, job.source_stride, 2), s3 = load_two_lines(job.source, job.source_stride, 3);
  const auto total = [](ByteV a, ByteV b, ByteV c, ByteV d) HWY_ATTR {
    return sum(hn::Add(hn::Add(hn::SumsOf8(a), hn::SumsOf8(b)), hn::Add(hn::SumsOf8(c), hn::SumsOf8(d))));
  };
  const auto mean = hn::Set(kBytes, static_cast<uint8_t>(total(s0, s1, s2, s3) / kBlockSamples));
  const uint64_t from_mean = total(distance(s0, mean), distance(s1, mean), distance(s2, mean), distance(s3, mean));
  const auto reference = [&](size_t pair) HWY_ATTR { return load_two_lines(job.reference, job.reference_stride, pair); };
  const uint64_t from_reference =
      total(distance(s0, reference(0)), distance(s1, reference(1)), distance(s2, reference(2)), distance(s3, reference(3)));
  return from_reference < from_mean;
}

EncodeResult encode(const EncodeJob& job, Block& out) {
  EncodeResult result;
  result.predicted = job.may_predict && is_better_predicted(job);
  const Rows samples = load_samples(job.source, job.source_stride);
  Rows before;
  if (result.predicted) {
    before = load_samples(job.reference, job.reference_stride);
  } else {
    const auto offset = hn::Set(kWords, 128);
    before = {offset, offset, offset, offset, offset, offset, offset, offset};
  }
  const Rows coefficients = quantise(transform(subtract(samples, before)), result.predicted ? kInterFactors : kIntraFactors,
                                     result.predicted ? job.inter_dead_zone : job.intra_dead_zone);
  store_block(coefficients, out);
  result.nonzero = nonzero_in_scan_order(coefficients);
  if (job.update_reference) {
    if (result.nonzero != 0) {
      const Rows decoded = reconstruct_rows(coefficients, result.predicted);
      store_samples(result.predicted ? add(decoded, before) : decoded, job.reference, job.reference_stride);
    } else if (!result.predicted) {
      store_samples(before, job.reference, job.reference_stride);  // no coefficients: all samples are 128
    }
  }
  return result;
}

// Many blocks have no coefficient but the first, whose samples are all alike.
HWY_INLINE bool has_only_first(const Rows& r) {
  alignas(16) static constexpr int16_t kAllButFirst[8] = {0, -1, -1, -1, -1, -1, -1, -1};
  const auto others = hn::Or(hn::Or(hn::Or(hn::And(r.v0, hn::Load(kWords, kAllButFirst)), r.v1), hn::Or(r.v2, r.v3)),
                             hn::Or(hn::Or(r.v4, r.v5), hn::Or(r.v6, r.v7)));
  return hn::AllTrue(kWords, hn::Eq(others, hn::Zero(kWords)));
}

void reconstruct(const Block& coefficients, bool predicted, Block& out) {
  const Rows rows = load_block(coefficients);
  if (has_only_first(rows)) {
    const Factors& factors = predicted ? kInterFactors : kIntraFactors;
    const auto scaled = hn::Mul(hn::Set(kWords, coefficients.at[0]), hn::Set(kWords, factors.left[0]));
    const auto v = hn::Add(hn::ShiftRight<6>(scaled), hn::Set(kWords, predicted ? 0 : 128));
    store_block({v, v, v, v, v, v, v, v}, out);
    return;
  }
  store_block(reconstruct_rows(rows, predicted), out);
}

void store(const Block& samples, const uint8_t* reference, size_t reference_stride, uint8_t* out, size_t out_stride) {
  const Rows rows = load_block(samples);
  store_samples(reference == nullptr ? rows : add(rows, load_samples(reference, reference_stride)), out, out_stride);
}

const BlockOps& target_block_ops() {
  static constexpr BlockOps kOps = {.name = "SIMD", .encode = encode, .reconstruct = reconstruct, .store = store};
  return kOps;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace softvpu::firmware::fwht
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace softvpu::firmware::fwht {

HWY_EXPORT(target_block_ops);

const BlockOps& block_ops() { return HWY_DYNAMIC_DISPATCH(target_block_ops)(); }

}  // namespace softvpu::firmware::fwht

#endif
