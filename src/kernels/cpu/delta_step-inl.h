// The delta rule token by token, for one target.
//
// With S before the token and p = S^T k, r = S^T q, which one reading of S gives:
//   d = beta (v - alpha p);   out = alpha r + (k.q) d;   S <- alpha S + k d^T
// so that S is read from memory once; the second time it comes from a cache. Vectors run along the
// columns, whose sums need no reduction over lanes.
#if defined(HLWQ_KERNELS_CPU_DELTA_STEP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_DELTA_STEP_INL_H_
#undef HLWQ_KERNELS_CPU_DELTA_STEP_INL_H_
#else
#define HLWQ_KERNELS_CPU_DELTA_STEP_INL_H_
#endif

#include <cstddef>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/delta_rule.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// e^log_alpha of one token, the same in both forms of the rule.
HWY_INLINE float DecayOf(const DeltaHead& head, size_t token) {
  return hn::GetLane(Exp(hn::Set(DF(), head.log_alpha[token * head.gate_stride])));
}

// One token: keys and queries [key_dim], values and outputs from its first column on.
struct DeltaToken {
  size_t key_dim;
  const float* q;
  const float* k;
  const float* v;
  float* out;
  float alpha, beta;
  float key_query;  // k.q
};

// How columns are read and written: whole vectors, or the last ones of a row.
struct WholeColumns {
  HWY_INLINE VF Load(const float* from) const { return hn::LoadU(DF(), from); }
  HWY_INLINE void Store(VF v, float* to) const { hn::StoreU(v, DF(), to); }
};
struct LastColumns {
  size_t count;
  HWY_INLINE VF Load(const float* from) const { return LoadFirst(from, count, 0); }
  HWY_INLINE void Store(VF v, float* to) const { StoreFirst(v, count, to); }
};

constexpr size_t kRowsAhead = 8;

HWY_INLINE void FetchRow(const float* row, size_t count) {
  constexpr size_t kLine = 16;
  for (size_t n = 0; n < count; n += kLine) hwy::Prefetch(row + n);
}

// kVectors vectors of columns from `column` on.
template <size_t kVectors, class Columns>
HWY_INLINE void StepColumns(const DeltaToken& token, Columns columns, size_t column, float* state,
                            size_t stride) {
  state += column;
  VF predicted[kVectors], recalled[kVectors];
  for (size_t n = 0; n < kVectors; ++n) predicted[n] = recalled[n] = hn::Zero(DF());
  // The first of several groups of columns takes the state in, whole rows in order: processors do
  // not foresee its jumps.
  const bool fetch_rows = column == 0 && kVectors * kLanes < stride;
  for (size_t i = 0; i < token.key_dim; ++i) {
    if (fetch_rows) FetchRow(state + HWY_MIN(i + kRowsAhead, token.key_dim - 1) * stride, stride);
    const VF key = hn::Set(DF(), token.k[i]), query = hn::Set(DF(), token.q[i]);
    for (size_t n = 0; n < kVectors; ++n) {
      const VF s = columns.Load(state + i * stride + n * kLanes);
      predicted[n] = hn::MulAdd(s, key, predicted[n]);
      recalled[n] = hn::MulAdd(s, query, recalled[n]);
    }
  }
  const VF alpha = hn::Set(DF(), token.alpha), beta = hn::Set(DF(), token.beta);
  const VF key_query = hn::Set(DF(), token.key_query);
  VF delta[kVectors];
  for (size_t n = 0; n < kVectors; ++n) {
    const VF value = columns.Load(token.v + column + n * kLanes);
    delta[n] = hn::Mul(beta, hn::NegMulAdd(alpha, predicted[n], value));
    const VF out = hn::MulAdd(key_query, delta[n], hn::Mul(alpha, recalled[n]));
    columns.Store(out, token.out + column + n * kLanes);
  }
  for (size_t i = 0; i < token.key_dim; ++i) {
    const VF key = hn::Set(DF(), token.k[i]);
    for (size_t n = 0; n < kVectors; ++n) {
      float* const at = state + i * stride + n * kLanes;
      columns.Store(hn::MulAdd(key, delta[n], hn::Mul(alpha, columns.Load(at))), at);
    }
  }
}

// Columns [column, columns), kVectors vectors at a time, then fewer.
template <size_t kVectors>
HWY_INLINE void StepFrom(size_t column, const DeltaToken& token, size_t columns, float* state) {
  for (; column + kVectors * kLanes <= columns; column += kVectors * kLanes) {
    StepColumns<kVectors>(token, WholeColumns(), column, state, columns);
  }
  if (column == columns) return;
  if constexpr (kVectors > 1) {
    StepFrom<kVectors / 2>(column, token, columns, state);
  } else {
    StepColumns<1>(token, LastColumns{columns - column}, column, state, columns);
  }
}

HWY_INLINE float DotOf(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t count) {
  VF sum = hn::Zero(DF());
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    sum = hn::MulAdd(hn::LoadU(DF(), a + i), hn::LoadU(DF(), b + i), sum);
  }
  if (i < count) {
    sum = hn::MulAdd(LoadFirst(a + i, count - i, 0), LoadFirst(b + i, count - i, 0), sum);
  }
  return SumLanes(sum);
}

// Tokens [first, last).
HWY_NOINLINE HWY_ATTR void DeltaSteps(const DeltaHead& head, size_t first, size_t last,
                                      float* state) {
  // Two sums of each column, in registers.
  constexpr size_t kVectors = kManyRegisters ? 8 : 4;
  for (size_t t = first; t < last; ++t) {
    DeltaToken token;
    token.key_dim = head.key_dim;
    token.q = head.q + t * head.key_stride;
    token.k = head.k + t * head.key_stride;
    token.v = head.v + t * head.value_stride;
    token.out = head.out + t * head.out_stride;
    token.alpha = DecayOf(head, t);
    token.beta = head.beta[t * head.gate_stride];
    token.key_query = DotOf(token.k, token.q, head.key_dim);
    StepFrom<kVectors>(0, token, head.value_dim, state);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
