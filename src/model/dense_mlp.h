// The dense SwiGLU network: down(silu(gate x) * (up x)).
#pragma once

#include "model/layer.h"
#include "model/linear.h"
#include "model/workspace.h"

namespace hlwq::model {

class DenseMlp final : public Block {
 public:
  // `scratch`: the member of the workspace that is as wide as the network.
  DenseMlp(Linear gate, Linear up, Linear down, MlpScratch Workspace::*scratch);

  InputForms forms() const noexcept override { return gate_.forms() | up_.forms(); }
  uint64_t bytes_per_token() const noexcept override {
    return gate_.bytes() + up_.bytes() + down_.bytes();
  }
  void Run(const Pass& pass) const override;

 private:
  Linear gate_, up_, down_;
  MlpScratch Workspace::*scratch_;
};

}  // namespace hlwq::model
