// The dense SwiGLU network: down(silu(gate x) * (up x)) (architectures: section 6).
#pragma once

#include "model/layer.h"
#include "model/linear.h"

namespace hlwq::model {

class DenseMlp final : public Block {
 public:
  DenseMlp(Linear gate, Linear up, Linear down);

  InputForms forms() const noexcept override { return gate_.forms() | up_.forms(); }
  uint64_t bytes_per_token() const noexcept override {
    return gate_.bytes() + up_.bytes() + down_.bytes();
  }
  void Run(const Pass& pass) const noexcept override;

 private:
  Linear gate_, up_, down_;
};

}  // namespace hlwq::model
