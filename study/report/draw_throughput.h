// Tokens a second of each arm.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hlwq::study {

struct ArmThroughput {
  std::string name;
  size_t arm = 0;
  std::vector<double> tokens_per_second;  // of each seed
};

// Bars of the means, a dot for each seed. Empty without any.
std::string DrawThroughput(const std::vector<ArmThroughput>& arms);

}  // namespace hlwq::study
