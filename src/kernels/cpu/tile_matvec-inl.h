// Tiles of interleaved rows times one vector, or several (kernels/tile_matmul.h). A vector of sums
// is kLanes rows; one broadcast of four inputs, or two, serves them all.
#if defined(HLWQ_KERNELS_CPU_TILE_MATVEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_MATVEC_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_MATVEC_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_MATVEC_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "hwy/highway.h"
#include "kernels/cpu/read_ahead.h"
#include "kernels/cpu/tile_arguments.h"
#include "kernels/cpu/tile_cells-inl.h"
#include "kernels/cpu/tile_multipliers-inl.h"
#include "kernels/cpu/tile_product-inl.h"
#include "kernels/cpu/tile_trellis-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// So many tokens share the decoding of levels.
constexpr size_t kTileVectorTokens = 8;

// The products of steps: of bytes, or of words where levels are wide.
template <class Cells, class Dot_ = ByteDot>
struct NarrowSteps {
  using Dot = Dot_;
  explicit HWY_INLINE NarrowSteps(const DotLevels& levels) : table(levels) {}

  // `inputs` are those of the step, of each token.
  template <size_t kStep, size_t kTokens>
  HWY_INLINE void Add(const typename Cells::Indices& indices,
                      const int8_t* const (&inputs)[kTokens], size_t at,
                      typename Dot::Sum (&sums)[kTokens]) const {
    const VI levels = hn::BitCast(DI(), table.template Levels<kStep>(indices));
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) {
      int32_t four;
      std::memcpy(&four, inputs[t] + at, sizeof(four));
      Dot::Add(levels, hn::Set(DI(), four), sums[t]);
    }
  }

  typename Cells::template Table<Dot> table;
};

template <class Cells>
struct WideSteps {
  using Dot = WordDot;
  explicit HWY_INLINE WideSteps(const DotLevels& levels) : table(levels) {}

  template <size_t kStep, size_t kTokens>
  HWY_INLINE void Add(const typename Cells::Indices& indices,
                      const int16_t* const (&inputs)[kTokens], size_t at,
                      typename Dot::Sum (&sums)[kTokens]) const {
    VI words[2];
    table.template Levels<kStep>(indices, words);
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) {
      for (size_t pair = 0; pair < 2; ++pair) {
        int32_t two;
        std::memcpy(&two, inputs[t] + at + 2 * pair, sizeof(two));
        Dot::Add(words[pair], hn::Set(DI(), two), sums[t]);
      }
    }
  }

  typename Cells::template Table<Dot> table;
};

template <class Cells, class Steps, class Multipliers>
class TileVectors {
 public:
  explicit HWY_INLINE TileVectors(const TileArguments& args)
      : args_(args), steps_(*args.levels), multipliers_(args) {}

  HWY_ATTR void Multiply() const {
    for (size_t token = 0; token < args_.tokens;) {
      token += MultiplyFrom<kTileVectorTokens>(token);
    }
  }

 private:
  using Dot = typename Steps::Dot;
  using Integer = typename Dot::Activation;
  static constexpr size_t kCellBytes = Cells::kVectors * kVectorBytes;
  static constexpr size_t kBlockCells = kBlock / kCellInputs;
  static constexpr size_t kParts = Multipliers::kOfBlock;  // each with sums of its own
  static constexpr size_t kPartCells = kBlockCells / kParts;

  // As many tokens from `token` as there are, kMost or a smaller power of two of them. Three quarters of kMost and more
  // are multiplied like kMost, the last one again: quicker than in two parts.
  template <size_t kMost>
  HWY_INLINE size_t MultiplyFrom(size_t token) const {
    const size_t left = args_.tokens - token;
    if constexpr (kMost > 1) {
      if (4 * left < 3 * kMost) return MultiplyFrom<kMost / 2>(token);
    }
    MultiplyTiles<kMost>(token);
    return std::min(left, kMost);
  }

  template <size_t kTokens>
  HWY_ATTR HWY_NOINLINE void MultiplyTiles(size_t token) const {
    const Steps steps = steps_;  // whose tables so stay in registers
    const RowRange rows = {args_.first_row + args_.rows.begin, args_.first_row + args_.rows.end};
    for (uint64_t first = rows.begin / kTileRows * kTileRows; first < rows.end;
         first += kTileRows) {
      alignas(64) float y[kTokens][kTileRows];
      MultiplyTile<kTokens>(steps, first / kTileRows, token, y);
      const uint64_t begin = std::max<uint64_t>(first, rows.begin);
      const uint64_t end = std::min<uint64_t>(first + kTileRows, rows.end);
      for (size_t t = 0; t < std::min(kTokens, args_.tokens - token); ++t) {
        std::copy(y[t] + (begin - first), y[t] + (end - first),
                  args_.y + (token + t) * args_.y_stride + (begin - args_.first_row));
      }
    }
  }

  // How often a loop runs. Where registers are few compilers are not to know: they unroll short loops around long ones of
  // several tokens, till neither registers nor the cache of instructions hold them.
  template <size_t kTokens>
  static HWY_INLINE size_t Rolled(size_t times) {
#if HWY_TARGET > HWY_AVX3
    if constexpr (kParts > 1) __asm__("" : "+r"(times));
#endif
    return times;
  }

  template <size_t kTokens>
  HWY_INLINE void MultiplyTile(const Steps& steps, size_t tile, size_t token,
                               float (&y)[kTokens][kTileRows]) const {
    const MatVecInput* inputs = args_.inputs + token;  // with the last one again past the end
    VF totals[kTileParts][kTokens];
    for (auto& of_part : totals) {
      for (VF& total : of_part) total = hn::Zero(DF());
    }
    const auto multipliers = multipliers_.Of(tile);
    const uint8_t* HWY_RESTRICT block_codes = args_.codes + tile * args_.tile_bytes;
    for (size_t block = 0; block < args_.blocks; ++block, block_codes += kBlockCells * kCellBytes) {
      const size_t halves = std::min<size_t>(2, args_.groups - 2 * block);
      const Integer* activations[kTokens];
      for (size_t t = 0; t < kTokens; ++t) {
        activations[t] = static_cast<const Integer*>(inputs[t].activations) + block * kBlock;
      }
      const size_t parts = Rolled<kTokens>(kTileParts);
      HWY_UNROLL(1)
      for (size_t part = 0; part < parts; ++part) {
        AddBlock<kTokens>(steps, block_codes + part * 4 * kLanes, activations, inputs, block,
                          halves, multipliers, part, totals[part]);
      }
    }
    for (size_t part = 0; part < kTileParts; ++part) {
      for (size_t t = 0; t < kTokens; ++t) {
        hn::Store(totals[part][t], DF(), y[t] + part * kLanes);
      }
    }
  }

  // Asks for the share of a block ahead that falls to one of its kTileParts * kBlockCells cells of kLanes rows. In ascending order: of
  // lines two apart memory gives fewer.
  template <size_t kVectors>
  static HWY_INLINE void AskForNext(const uint8_t* HWY_RESTRICT codes, size_t cell) {
    const uint8_t* HWY_RESTRICT ahead =
        codes + kReadAhead + cell * kVectors / kTileParts * kVectorBytes;
    for (size_t i = 0; i < (kVectors + kTileParts - 1) / kTileParts; ++i) {
      AskFor(ahead + i * kVectorBytes);
    }
  }

  // One block of kLanes rows.
  template <size_t kTokens, class OfTile>
  HWY_INLINE void AddBlock(const Steps& steps, const uint8_t* HWY_RESTRICT codes,
                           const Integer* const (&activations)[kTokens],
                           const MatVecInput* HWY_RESTRICT inputs, size_t block, size_t halves,
                           const OfTile& multipliers, size_t part, VF (&totals)[kTokens]) const {
    VF of_block[kTokens];  // where halves have multipliers of their own
    for (VF& sum : of_block) sum = hn::Zero(DF());
    const size_t parts_of_block = kParts == 1 ? 1 : Rolled<kTokens>(halves);
    HWY_UNROLL(1)
    for (size_t half = 0; half < parts_of_block; ++half) {
      // One token's sums would wait for each other: it has two, exact both, for even and odd steps.
      constexpr size_t kChains = kTokens == 1 ? 2 : 1;
      typename Dot::Sum sums[kChains][kTokens];
      for (size_t t = 0; t < kTokens; ++t) {
        const int32_t* of_halves = inputs[t].sums + 2 * block;
        sums[0][t] = Dot::Start(kParts == 2 ? of_halves[half] : of_halves[0] + of_halves[1]);
        if constexpr (kChains == 2) sums[1][t] = Dot::Start(0);
      }
      typename Cells::State state = Cells::Start();
      HWY_UNROLL(kTileParts == 1 ? 2 : 1)
      for (size_t cell = 0; cell < kPartCells; ++cell) {
        const size_t of_cell = half * kPartCells + cell;
        AskForNext<Cells::kVectors>(codes, part * kBlockCells + of_cell);
        const auto indices = Cells::Load(codes + of_cell * kCellBytes, state);
        AddSteps(steps, indices, activations, of_cell * kCellInputs, sums,
                 std::make_index_sequence<kCellSteps>());
      }
      const VF multiplier = multipliers(block, half, part);
      for (size_t t = 0; t < kTokens; ++t) {
        VI total = Dot::Total(sums[0][t]);
        if constexpr (kChains == 2) total = hn::Add(total, Dot::Total(sums[1][t]));
        const VF sum = hn::ConvertTo(DF(), total);
        // In the order of AddVectors (tile_product-inl.h).
        if constexpr (kParts == 1) {
          const VF scale = hn::Set(DF(), inputs[t].scales[block]);
          totals[t] = hn::MulAdd(sum, hn::Mul(multiplier, scale), totals[t]);
        } else {
          of_block[t] = hn::MulAdd(sum, multiplier, of_block[t]);
        }
      }
    }
    if constexpr (kParts == 2) {
      for (size_t t = 0; t < kTokens; ++t) {
        const VF scale = hn::Set(DF(), inputs[t].scales[block]);
        totals[t] = hn::MulAdd(of_block[t], scale, totals[t]);
      }
    }
  }

  template <size_t kTokens, size_t kChains, class Indices, size_t... kStep>
  static HWY_INLINE void AddSteps(const Steps& steps, const Indices& indices,
                                  const Integer* const (&activations)[kTokens], size_t at,
                                  typename Dot::Sum (&sums)[kChains][kTokens],
                                  std::index_sequence<kStep...> /*steps*/) {
    (steps.template Add<kStep>(indices, activations, at + 4 * kStep, sums[kStep % kChains]), ...);
  }

  const TileArguments& args_;
  const Steps steps_;
  const Multipliers multipliers_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
