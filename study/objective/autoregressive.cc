// Next-token prediction: a window's tokens, each from those before it.
#include <torch/torch.h>

#include <memory>

#include "study/objective/make.h"
#include "study/objective/tensors.h"

namespace hlwq::study {
namespace {

// Windows in one pass when scoring.
constexpr size_t kWindowsAtOnce = 32;

class Autoregressive final : public Objective {
 public:
  explicit Autoregressive(TokenId start) : start_(start) {}

  at::Tensor Loss(const Net& net, const TokenGrid& windows, const Draw& draw,
                  bool is_training) const override {
    const size_t batch_rows = draw.batch_rows == 0 ? windows.batch : draw.batch_rows;
    return TokenLosses(net, windows, is_training).sum() /
           static_cast<double>(batch_rows * windows.length);
  }

  std::vector<WindowScore> Score(const Net& net, const TokenGrid& windows, size_t,
                                 uint64_t) const override {
    const at::NoGradGuard no_gradients;
    std::vector<WindowScore> scores;
    for (size_t row = 0; row < windows.batch; row += kWindowsAtOnce) {
      const size_t rows = std::min(kWindowsAtOnce, windows.batch - row);
      const TokenGrid part = {windows.tokens.subspan(row * windows.length, rows * windows.length),
                              rows, windows.length};
      const auto shape = {static_cast<int64_t>(rows), static_cast<int64_t>(windows.length)};
      const at::Tensor losses = TokenLosses(net, part, false).view(shape);
      for (const double nll : ToHost(losses.sum(1, false, at::kDouble))) scores.push_back({nll, 0});
    }
    return scores;
  }

  bool is_exact() const noexcept override { return true; }

 private:
  TokenId start_;

  // [batch * length]
  at::Tensor TokenLosses(const Net& net, const TokenGrid& windows, bool is_training) const {
    const at::Tensor targets = ToTensor(net, windows);
    const at::Tensor starts = at::full({targets.size(0), 1}, start_, targets.options());
    const at::Tensor inputs = at::cat({starts, targets.narrow(1, 0, targets.size(1) - 1)}, 1);
    const at::Tensor hidden = net.Hidden(inputs, {}, is_training);
    return CrossEntropy(net.Head(hidden).flatten(0, 1), targets.flatten());
  }
};

}  // namespace

std::unique_ptr<Objective> MakeAutoregressive(TokenId start) {
  return std::make_unique<Autoregressive>(start);
}

}  // namespace hlwq::study
