#include "model/mapped_experts.h"

namespace hlwq::model {

std::span<const ReadyExpert> MappedExperts::Next(ExpertRequest& request) {
  request.ready.clear();
  if (request.left == 0) return {};
  request.left = 0;
  for (size_t index = 0; index < request.experts.size(); ++index) {
    request.ready.push_back({index, layers_[request.layer][request.experts[index]]});
  }
  return request.ready;
}

}  // namespace hlwq::model
