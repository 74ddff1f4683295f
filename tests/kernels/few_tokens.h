// Laws of products with a few vectors at a time, of any code.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "kernels/rotated_inputs.h"
#include "tests/kernels/random_coded_matrix.h"

namespace hlwq::test {

// Tokens that differ.
inline kernels::RotatedInputs ManyInputs(
    size_t tokens, size_t in, kernels::DotWidth width,
    kernels::LastBlock last_block = kernels::LastBlock::kPadded) {
  kernels::RotatedInputs inputs(tokens, in, last_block);
  const std::vector<float> x = Activations(in + tokens);
  for (size_t token = 0; token < tokens; ++token) {
    inputs.Set(token, std::span(x).subspan(token, in), width);
  }
  return inputs;
}

// Rotated as the matrix wants them.
template <class Matrix>
kernels::RotatedInputs InputsOf(const Matrix& w, size_t tokens) {
  kernels::LastBlock last_block = kernels::LastBlock::kPadded;
  if constexpr (requires { LastBlockOf(w); }) last_block = LastBlockOf(w);
  return ManyInputs(tokens, w.shape.in, w.levels->width, last_block);
}

// For each number of tokens from 1, from each of several first ones.
template <class Matrix>
void ExpectBitsOfSingleTokens(const Matrix& w, const kernels::RotatedInputs& inputs,
                              size_t tokens) {
  const size_t out = w.shape.out, stride = out + 3;
  std::vector<float> alone(tokens * out);
  for (size_t token = 0; token < tokens; ++token) {
    CodedMatVec(w, inputs, token, {0, out}, std::span(alone).subspan(token * out, out));
  }
  for (size_t begin : {size_t{0}, size_t{2}}) {
    for (size_t end = begin; end <= tokens; ++end) {
      std::vector<float> y(tokens * stride, 123.0f);
      CodedMatVecs(w, inputs, {begin, end}, {0, out}, stride, y);
      for (size_t at = 0; at < y.size(); ++at) {
        const size_t token = begin + at / stride, row = at % stride;
        const bool is_written = token < end && row < out;
        ASSERT_EQ(y[at], is_written ? alone[token * out + row] : 123.0f) << token << " " << row;
      }
    }
  }
}

template <class Matrix>
void ExpectRowsApartFromOthers(const Matrix& w, const kernels::RotatedInputs& inputs,
                               size_t tokens) {
  const size_t out = w.shape.out;
  std::vector<float> all(tokens * out);
  CodedMatVecs(w, inputs, {0, tokens}, {0, out}, out, all);
  for (size_t begin = 0; begin < out; ++begin) {
    for (const size_t end : {begin, begin + 1, begin + 17, out}) {
      if (end > out) continue;
      std::vector<float> part(tokens * out, 123.0f);
      CodedMatVecs(w, inputs, {0, tokens}, {begin, end}, out, part);
      for (size_t at = 0; at < part.size(); ++at) {
        const size_t row = at % out;
        ASSERT_EQ(part[at], row >= begin && row < end ? all[at] : 123.0f) << at;
      }
    }
  }
}

// CodedMatMul writes the rows and tokens of its ranges, and nothing else.
template <class Matrix>
void ExpectMatMulOfRangesAlone(const Matrix& w) {
  const size_t out = w.shape.out, first = 1, tokens = 8, stride = out + 13;
  ASSERT_EQ(out, 150u);
  const kernels::RotatedInputs inputs = InputsOf(w, tokens);
  std::vector<float> all(tokens * out);
  CodedMatMul(w, inputs, {0, tokens}, {0, out}, out, all);
  for (const RowRange range : std::vector<RowRange>{
           {0, 0}, {0, 1}, {0, 64}, {1, 65}, {5, 7}, {60, 140}, {64, 128}, {149, 150}}) {
    std::vector<float> y((tokens - first - 1) * stride + range.end, 123.0f);
    CodedMatMul(w, inputs, {first, tokens}, range, stride, y);
    for (size_t at = 0; at < y.size(); ++at) {
      const size_t row = at % stride;
      const bool in_range = row >= range.begin && row < range.end;
      ASSERT_EQ(y[at], in_range ? all[(first + at / stride) * out + row] : 123.0f)
          << "row " << row << " of " << range.begin << ".." << range.end;
    }
  }
}

}  // namespace hlwq::test
