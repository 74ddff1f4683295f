#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codec/bitpack.h"
#include "codec/gaussian_tables.h"
#include "codec/hlwq_block.h"
#include "kernels/coded_matmul.h"
#include "tensor/float16.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

constexpr std::array<codec::BitOrder, 4> kOrders = {codec::BitOrder::kMsb, codec::BitOrder::kLsb,
                                                    codec::BitOrder::kHalfNibble,
                                                    codec::BitOrder::kPlain};

std::vector<float> Table(int bits) {
  const auto levels = codec::GaussianLevels(codec::kTableLloydMax, bits);
  return {levels.begin(), levels.end()};
}

// A matrix of random codes and norms.
class RandomMatrix {
 public:
  RandomMatrix(MatrixShape shape, std::vector<float> table, codec::BitOrder order, DType norm_dtype)
      : table_(std::move(table)), levels_(table_) {
    w_ = {shape, order, &levels_, {}, {}, norm_dtype};
    std::mt19937 random(static_cast<uint32_t>(shape.in * 31 + static_cast<size_t>(levels_.bits)));
    const size_t block_bytes = codec::PackedBlockBytes(order, levels_.bits);
    codes_.resize(shape.out * w_.blocks() * 128);
    packed_.resize(shape.out * w_.blocks() * block_bytes);
    for (uint8_t& code : codes_) code = static_cast<uint8_t>(random() % table_.size());
    for (size_t block = 0; block < shape.out * w_.blocks(); ++block) {
      codec::PackBlock(order, levels_.bits,
                       std::span<const uint8_t, 128>(codes_.data() + 128 * block, 128),
                       std::span(packed_).subspan(block * block_bytes, block_bytes));
      SetNorm(norm_dtype, static_cast<float>(random() % 1000) / 800.0f);
    }
    w_.packed = packed_;
    w_.norms = norms_;
  }

  const CodedMatrix& w() const { return w_; }
  float norm(size_t block) const { return norm_values_[block]; }
  uint8_t code(size_t index) const { return codes_[index]; }
  const std::vector<float>& table() const { return table_; }

 private:
  void SetNorm(DType dtype, float norm) {
    const uint16_t half = F32ToF16(norm);
    if (dtype == DType::kF16) norm = F16ToF32(half);
    norm_values_.push_back(norm);
    const size_t at = norms_.size();
    norms_.resize(at + (dtype == DType::kF16 ? 2 : 4));
    if (dtype == DType::kF16) {
      std::memcpy(&norms_[at], &half, 2);
    } else {
      std::memcpy(&norms_[at], &norm, 4);
    }
  }

  std::vector<float> table_;
  DotLevels levels_;
  std::vector<uint8_t> codes_;
  std::vector<std::byte> packed_, norms_;
  std::vector<float> norm_values_;
  CodedMatrix w_;
};

std::vector<float> Activations(size_t in) {
  std::mt19937 random(static_cast<uint32_t>(in) + 7);
  std::normal_distribution<float> normal;
  std::vector<float> x(in);
  for (float& value : x) value = normal(random);
  return x;
}

// The product of the integers, exact but for float64 sums of blocks; and the sum of the magnitudes of
// all products of integers (with the offset of narrow levels), which float sums are judged against.
// One integer wrong by one in a row of one block is an error of 1.5e-6 of that.
constexpr double kTolerance = 5e-7;
struct Product {
  double value = 0;
  double magnitude = 0;
};
Product IntegerProduct(const RandomMatrix& matrix, const RotatedInputs& inputs, size_t token,
                       size_t row) {
  const DotLevels& levels = *matrix.w().levels;
  const float* scales = inputs.scales(token, levels.width);
  Product product;
  for (size_t block = 0; block < inputs.blocks(); ++block) {
    const size_t at = (row * inputs.blocks() + block) * 128;
    int64_t sum = 0;
    int64_t magnitude = 0;
    for (size_t i = 0; i < 128; ++i) {
      const bool narrow = levels.width == DotWidth::kNarrow;
      const uint8_t code = matrix.code(at + i);
      const int level = narrow ? levels.narrow[code] - DotLevels::kOffset : levels.wide[code];
      const int x = narrow ? inputs.narrow(token)[128 * block + i] : inputs.wide(token)[128 * block + i];
      sum += level * x;
      magnitude += (std::abs(level) + (narrow ? DotLevels::kOffset : 0)) * std::abs(x);
    }
    const double factor = double{matrix.norm(at / 128)} * scales[block];
    product.value += static_cast<double>(sum) * factor;
    product.magnitude += static_cast<double>(magnitude) * factor;
  }
  product.value *= levels.step;
  product.magnitude *= levels.step;
  return product;
}

// W x with the weights that the codec's decoder gives, in float64.
double DecodedProduct(const RandomMatrix& matrix, std::span<const float> x, size_t row) {
  const codec::LevelTable table(matrix.table());
  const size_t blocks = matrix.w().blocks();
  double sum = 0;
  for (size_t block = 0; block < blocks; ++block) {
    const size_t at = (row * blocks + block) * 128;
    std::array<float, 128> values;
    for (size_t i = 0; i < 128; ++i) values[i] = table.levels()[matrix.code(at + i)];
    codec::Fwht128(values);
    for (size_t i = 0; i < 128 && 128 * block + i < x.size(); ++i) {
      sum += double{values[i]} * matrix.norm(at / 128) / 128 * x[128 * block + i];
    }
  }
  return sum;
}

struct Case {
  MatrixShape shape;
  int bits;
  codec::BitOrder order;
  DType norm_dtype;
};
template <typename Body>
void ForEachCase(Body body) {
  const std::vector<MatrixShape> shapes = {{1, 1},    {3, 100},  {5, 128},   {9, 576},
                                           {4, 1920}, {7, 2048}, {16, 2200}, {2, 5632}};
  for (int bits = 1; bits <= 8; ++bits) {
    for (const codec::BitOrder order : kOrders) {
      if (!codec::BitOrderHolds(order, bits)) continue;
      for (const MatrixShape& shape : shapes) {
        for (const DType norm_dtype : {DType::kF16, DType::kF32}) {
          SCOPED_TRACE("b" + std::to_string(bits) + " " +
                       std::string(codec::BitOrderName(order)) + " in " + std::to_string(shape.in) +
                       " norms " + std::string(DTypeName(norm_dtype)));
          body(Case{shape, bits, order, norm_dtype});
        }
      }
    }
  }
}

TEST(CodedMatVec, IsTheProductOfTheIntegersOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    ForEachCase([&](const Case& c) {
      const RandomMatrix matrix(c.shape, Table(c.bits), c.order, c.norm_dtype);
      const std::vector<float> x = Activations(c.shape.in);
      RotatedInputs inputs(2, c.shape.in);
      inputs.Set(1, x, matrix.w().levels->width);
      std::vector<float> y(c.shape.out, -1.0f);
      CodedMatVec(matrix.w(), inputs, 1, {0, c.shape.out}, y);
      for (size_t row = 0; row < c.shape.out; ++row) {
        const Product want = IntegerProduct(matrix, inputs, 1, row);
        ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << row;
      }
    });
  });
}

TEST(CodedMatVec, IsCloseToTheProductWithDecodedWeights) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      const MatrixShape shape = {64, 1100};
      const RandomMatrix matrix(shape, Table(bits), codec::BitOrder::kMsb, DType::kF16);
      const std::vector<float> x = Activations(shape.in);
      RotatedInputs inputs(1, shape.in);
      inputs.Set(0, x, matrix.w().levels->width);
      std::vector<float> y(shape.out);
      CodedMatVec(matrix.w(), inputs, 0, {0, shape.out}, y);
      double error = 0;
      double energy = 0;
      for (size_t row = 0; row < shape.out; ++row) {
        const double want = DecodedProduct(matrix, x, row);
        error += (y[row] - want) * (y[row] - want);
        energy += want * want;
      }
      // Activations of 8 bits with 128 to a scale: 4e-5; levels of 8 bits: 4e-5 at most. Of 13 bits:
      // a thousandth of that.
      const bool narrow = bits <= 5;
      EXPECT_LT(error, (narrow ? 1.2e-4 : 2e-7) * energy) << bits;
      EXPECT_GT(error, (narrow ? 1e-5 : 1e-9) * energy) << bits;
    }
  });
}

TEST(CodedMatVec, ARowDoesNotDependOnTheRange) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      const MatrixShape shape = {23, 2200};
      const RandomMatrix matrix(shape, Table(bits), codec::BitOrder::kMsb, DType::kF16);
      RotatedInputs inputs(1, shape.in);
      inputs.Set(0, Activations(shape.in), matrix.w().levels->width);
      std::vector<float> all(shape.out);
      CodedMatVec(matrix.w(), inputs, 0, {0, shape.out}, all);
      for (size_t begin = 0; begin < shape.out; ++begin) {
        for (const size_t rows : {size_t{0}, size_t{1}, size_t{3}, size_t{6}}) {
          const size_t end = std::min<size_t>(begin + rows, shape.out);
          std::vector<float> part(shape.out, 123.0f);
          CodedMatVec(matrix.w(), inputs, 0, {begin, end}, part);
          for (size_t row = 0; row < shape.out; ++row) {
            ASSERT_EQ(part[row], row >= begin && row < end ? all[row] : 123.0f) << row;
          }
        }
      }
    }
  });
}

// Levels that files may hold but no sensible table has.
TEST(CodedMatVec, TakesAnyTable) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      std::vector<float> table(size_t{1} << bits);
      for (size_t k = 0; k < table.size(); ++k) table[k] = static_cast<float>(k * 37 % table.size());
      const RandomMatrix matrix({4, 640}, table, codec::BitOrder::kMsb, DType::kF16);
      RotatedInputs inputs(1, 640);
      inputs.Set(0, Activations(640), matrix.w().levels->width);
      std::vector<float> y(4);
      CodedMatVec(matrix.w(), inputs, 0, {0, 4}, y);
      for (size_t row = 0; row < 4; ++row) {
        const Product want = IntegerProduct(matrix, inputs, 0, row);
        ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << bits;
      }
    }
  });
}

// The largest integers on both sides, all of one sign: sums of a block come close to 2^31.
TEST(CodedMatVec, ExtremeIntegersDoNotOverflow) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      for (const float sign : {1.0f, -1.0f}) {
        std::vector<float> table(size_t{1} << bits, sign);
        const RandomMatrix matrix({2, 256}, table, codec::BitOrder::kMsb, DType::kF16);
        RotatedInputs inputs(1, 256);
        std::vector<float> x(256, 0.0f);
        x[0] = 3.0f;  // rotates to equal values
        x[128] = -3.0f;
        inputs.Set(0, x, matrix.w().levels->width);
        std::vector<float> y(2);
        CodedMatVec(matrix.w(), inputs, 0, {0, 2}, y);
        for (size_t row = 0; row < 2; ++row) {
          const Product want = IntegerProduct(matrix, inputs, 0, row);
          ASSERT_GT(want.magnitude, 0);
          ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << bits;
        }
      }
    }
  });
}

TEST(CodedMatVec, NonFiniteInputsGiveNonFiniteProducts) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {5, 8}) {
      const RandomMatrix matrix({3, 576}, Table(bits), codec::BitOrder::kMsb, DType::kF16);
      RotatedInputs inputs(1, 576);
      std::vector<float> x = Activations(576);
      x[300] = std::numeric_limits<float>::quiet_NaN();
      inputs.Set(0, x, matrix.w().levels->width);
      std::vector<float> y(3);
      CodedMatVec(matrix.w(), inputs, 0, {0, 3}, y);
      for (const float value : y) EXPECT_FALSE(std::isfinite(value));
    }
  });
}

// Bytes that end where a page that may not be read begins, or begin where one ends.
class GuardedBytes {
 public:
  GuardedBytes(std::span<const std::byte> content, bool at_end) : size_(content.size()) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t room = (size_ + page - 1) / page * page;
    mapped_ = room + 2 * page;
    base_ = static_cast<std::byte*>(
        mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(static_cast<void*>(base_), MAP_FAILED);
    EXPECT_EQ(mprotect(base_ + page, room, PROT_READ | PROT_WRITE), 0);
    data_ = base_ + page + (at_end ? room - size_ : 0);
    std::memcpy(data_, content.data(), size_);
  }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes() { munmap(base_, mapped_); }

  std::span<const std::byte> span() const { return {data_, size_}; }

 private:
  size_t size_, mapped_;
  std::byte* base_;
  std::byte* data_;
};

TEST(CodedMatVec, ReadsNothingOutsideItsSpans) {
  test::ForEachTarget([&](const char*) {
    ForEachCase([&](const Case& c) {
      const RandomMatrix matrix(c.shape, Table(c.bits), c.order, c.norm_dtype);
      RotatedInputs inputs(1, c.shape.in);
      inputs.Set(0, Activations(c.shape.in), matrix.w().levels->width);
      std::vector<float> want(c.shape.out), y(c.shape.out);
      CodedMatVec(matrix.w(), inputs, 0, {0, c.shape.out}, want);
      for (const bool at_end : {false, true}) {
        const GuardedBytes packed(matrix.w().packed, at_end);
        const GuardedBytes norms(matrix.w().norms, at_end);
        CodedMatrix guarded = matrix.w();
        guarded.packed = packed.span();
        guarded.norms = norms.span();
        CodedMatVec(guarded, inputs, 0, {0, c.shape.out}, y);
        EXPECT_EQ(y, want);
      }
    });
  });
}

}  // namespace
}  // namespace hlwq::kernels
