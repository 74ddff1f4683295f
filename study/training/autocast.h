// Products of matrices in bfloat16 on a GPU, while it lives. Includes libtorch.
#pragma once

#include <string>

#include "study/config/config.h"

namespace hlwq::study {

class AutocastScope {
 public:
  AutocastScope(const std::string& device, Precision precision);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool is_on_;
};

}  // namespace hlwq::study
