// The operations of kernels/vector_ops.h for one target.
#if defined(HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_
#undef HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_
#else
#define HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "hwy/highway.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/cpu/sigmoid-inl.h"
#include "kernels/vector_ops.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// out[i] = op(vectors of each `in` at i); `out` may be one of them.
template <class Op, class... In>
HWY_INLINE void ForEachElement(float* out, size_t count, Op op, const In*... in) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(op(hn::LoadU(DF(), in + i)...), DF(), out + i);
  }
  if (i == count) return;
  StoreFirst(op(LoadFirst(in + i, count - i, 0)...), count - i, out + i);
}
template <class Op, class... In>
HWY_INLINE void ForEachElementOfRows(RowSpan<float> out, Op op, const RowSpan<In>&... in) {
  for (size_t row = 0; row < out.rows; ++row) {
    ForEachElement(out[row].data(), out.width, op, in[row].data()...);
  }
}

// Sum of term(vector) over x, whose end is filled up with `fill`. Four sums, as one would wait for
// its own addition.
template <class Term>
HWY_INLINE float SumTerms(const float* HWY_RESTRICT x, size_t count, float fill, Term term) {
  VF sum0 = hn::Zero(DF()), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    sum0 = hn::Add(sum0, term(hn::LoadU(DF(), x + i)));
    sum1 = hn::Add(sum1, term(hn::LoadU(DF(), x + i + kLanes)));
    sum2 = hn::Add(sum2, term(hn::LoadU(DF(), x + i + 2 * kLanes)));
    sum3 = hn::Add(sum3, term(hn::LoadU(DF(), x + i + 3 * kLanes)));
  }
  for (; i + kLanes <= count; i += kLanes) sum0 = hn::Add(sum0, term(hn::LoadU(DF(), x + i)));
  if (i < count) sum1 = hn::Add(sum1, term(LoadFirst(x + i, count - i, fill)));
  return SumLanes(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)));
}

HWY_INLINE float SumOfSquares(const float* HWY_RESTRICT x, size_t count) {
  return SumTerms(x, count, 0, [](VF v) HWY_ATTR { return hn::Mul(v, v); });
}

// What makes the mean of squares of x one.
HWY_INLINE VF RmsFactor(const float* x, size_t count, float epsilon) {
  const float mean = SumOfSquares(x, count) / static_cast<float>(count);
  return hn::Set(DF(), 1 / std::sqrt(mean + epsilon));
}

HWY_ATTR void RmsNormOn(RowSpan<const float> x, std::span<const float> weight, float epsilon,
                        RowSpan<float> y) {
  const size_t count = weight.size();
  for (size_t row = 0; row < y.rows; ++row) {
    for (size_t first = 0; first < y.width; first += count) {
      const float* from = x[row].data() + first;
      const VF factor = RmsFactor(from, count, epsilon);
      const auto norm = [&](VF v, VF w) HWY_ATTR { return hn::Mul(hn::Mul(v, factor), w); };
      ForEachElement(y[row].data() + first, count, norm, from, weight.data());
    }
  }
}

HWY_ATTR void GatedRmsNormOn(RowSpan<const float> x, std::span<const float> weight, float epsilon,
                             RowSpan<const float> z, RowSpan<float> y) {
  const size_t count = weight.size();
  for (size_t row = 0; row < y.rows; ++row) {
    for (size_t first = 0; first < y.width; first += count) {
      const float* from = x[row].data() + first;
      const VF factor = RmsFactor(from, count, epsilon);
      const auto norm = [&](VF v, VF w, VF gate) HWY_ATTR {
        return hn::Mul(hn::Mul(hn::Mul(v, factor), w), Silu(gate));
      };
      ForEachElement(y[row].data() + first, count, norm, from, weight.data(),
                     z[row].data() + first);
    }
  }
}

HWY_ATTR void L2NormalizeOn(size_t head_dim, float scale, RowSpan<float> x) {
  for (size_t row = 0; row < x.rows; ++row) {
    for (size_t first = 0; first < x.width; first += head_dim) {
      float* head = x[row].data() + first;
      const VF factor = hn::Set(DF(), scale / std::sqrt(SumOfSquares(head, head_dim) + 1e-6f));
      const auto norm = [&](VF v) HWY_ATTR { return hn::Mul(v, factor); };
      ForEachElement(head, head_dim, norm, head);
    }
  }
}

HWY_ATTR void AddOn(RowSpan<const float> x, RowSpan<float> y) {
  ForEachElementOfRows(
      y, [](VF a, VF b) HWY_ATTR { return hn::Add(b, a); }, x, y);
}

HWY_ATTR void AddWeightedOn(RowSpan<const float> x, std::span<const WeightedRow> terms,
                            RowSpan<float> y) {
  if (y.rows == 0) return;
  const size_t count = terms.size() / y.rows;
  for (size_t row = 0; row < y.rows; ++row) {
    const std::span<const WeightedRow> sum = terms.subspan(row * count, count);
    // load(pointer to some columns) is a vector of them.
    const auto add = [&](size_t column, auto load) HWY_ATTR {
      VF total = load(y[row].data() + column);
      for (const WeightedRow& term : sum) {
        total = hn::MulAdd(load(x[term.row].data() + column), hn::Set(DF(), term.weight), total);
      }
      return total;
    };
    size_t column = 0;
    for (; column + kLanes <= y.width; column += kLanes) {
      const auto load = [](const float* from) HWY_ATTR { return hn::LoadU(DF(), from); };
      hn::StoreU(add(column, load), DF(), y[row].data() + column);
    }
    if (column == y.width) continue;
    const size_t rest = y.width - column;
    const auto load = [rest](const float* from) HWY_ATTR { return LoadFirst(from, rest, 0); };
    StoreFirst(add(column, load), rest, y[row].data() + column);
  }
}

HWY_ATTR void SiluMulOn(RowSpan<const float> gate, RowSpan<const float> up, RowSpan<float> y) {
  ForEachElementOfRows(
      y, [](VF g, VF u) HWY_ATTR { return hn::Mul(Silu(g), u); }, gate, up);
}

HWY_ATTR void SigmoidMulOn(RowSpan<const float> gate, RowSpan<float> y) {
  ForEachElementOfRows(
      y, [](VF g, VF v) HWY_ATTR { return TimesSigmoid(v, g); }, gate, y);
}

HWY_ATTR void GateRowsOn(RowSpan<const float> gates, RowSpan<float> y) {
  for (size_t row = 0; row < y.rows; ++row) {
    const VF factor = hn::Set(DF(), Sigmoid(*gates[row].data()));
    const auto scale = [&](VF v) HWY_ATTR { return hn::Mul(v, factor); };
    ForEachElement(y[row].data(), y.width, scale, y[row].data());
  }
}

HWY_INLINE void RotateHead(const float* HWY_RESTRICT cosines, const float* HWY_RESTRICT sines,
                           float* HWY_RESTRICT low, float* HWY_RESTRICT high, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const VF c = hn::LoadU(DF(), cosines + i);
    const VF s = hn::LoadU(DF(), sines + i);
    const VF a = hn::LoadU(DF(), low + i);
    const VF b = hn::LoadU(DF(), high + i);
    hn::StoreU(hn::NegMulAdd(b, s, hn::Mul(a, c)), DF(), low + i);
    hn::StoreU(hn::MulAdd(a, s, hn::Mul(b, c)), DF(), high + i);
  }
  if (i == count) return;
  const size_t rest = count - i;
  const VF c = LoadFirst(cosines + i, rest, 0);
  const VF s = LoadFirst(sines + i, rest, 0);
  const VF a = LoadFirst(low + i, rest, 0);
  const VF b = LoadFirst(high + i, rest, 0);
  StoreFirst(hn::NegMulAdd(b, s, hn::Mul(a, c)), rest, low + i);
  StoreFirst(hn::MulAdd(a, s, hn::Mul(b, c)), rest, high + i);
}

HWY_ATTR void RotateHeadsOn(RowSpan<const float> cosines, RowSpan<const float> sines,
                            size_t head_dim, RowSpan<float> x) {
  for (size_t row = 0; row < x.rows; ++row) {
    for (size_t first = 0; first < x.width; first += head_dim) {
      float* const head = x[row].data() + first;
      RotateHead(cosines[row].data(), sines[row].data(), head, head + cosines.width, cosines.width);
    }
  }
}

// The largest value that is not NaN; -inf if there is none.
HWY_INLINE float Largest(const float* HWY_RESTRICT x, size_t count) {
  const float lowest = -std::numeric_limits<float>::infinity();
  const auto larger = [](VF v, VF most)
                          HWY_ATTR { return hn::IfThenElse(hn::Gt(v, most), v, most); };
  VF most0 = hn::Set(DF(), lowest), most1 = most0, most2 = most0, most3 = most0;
  size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    most0 = larger(hn::LoadU(DF(), x + i), most0);
    most1 = larger(hn::LoadU(DF(), x + i + kLanes), most1);
    most2 = larger(hn::LoadU(DF(), x + i + 2 * kLanes), most2);
    most3 = larger(hn::LoadU(DF(), x + i + 3 * kLanes), most3);
  }
  for (; i + kLanes <= count; i += kLanes) most0 = larger(hn::LoadU(DF(), x + i), most0);
  if (i < count) most1 = larger(LoadFirst(x + i, count - i, lowest), most1);
  return MaxLane(larger(larger(most0, most1), larger(most2, most3)));
}

HWY_ATTR size_t ArgMaxOn(const float* HWY_RESTRICT x, size_t count) {
  const float most = Largest(x, count);
  const VF wanted = hn::Set(DF(), most);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    if (!hn::AllFalse(DF(), hn::Eq(hn::LoadU(DF(), x + i), wanted))) break;
  }
  for (; i < count; ++i) {
    if (x[i] == most) return i;
  }
  return 0;  // nothing but NaN
}

HWY_ATTR double LogSumExpOn(const float* HWY_RESTRICT x, size_t count) {
  constexpr size_t kChunk = 1024;  // 16 float additions a lane
  const float lowest = -std::numeric_limits<float>::infinity();
  const float most = Largest(x, count);
  // Where that is infinite, distances to it are not numbers.
  const VF reference = hn::Set(DF(), std::isinf(most) ? 0 : most);
  double sum = 0;
  for (size_t begin = 0; begin < count; begin += kChunk) {
    const size_t size = HWY_MIN(kChunk, count - begin);
    sum += SumTerms(x + begin, size, lowest,
                    [&](VF v) HWY_ATTR { return Exp(hn::Sub(v, reference)); });
  }
  return std::log(sum) + static_cast<double>(hn::GetLane(reference));
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
