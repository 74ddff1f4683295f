// log.jsonl of a run: one JSON object a line, in order of steps.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/file.h"

namespace hlwq::study {

// Each line is written at once, so a kill leaves whole lines and at most a part of one, which the next run cuts off.
class RunLog {
 public:
  // Keeps the lines up to `step` of what is there; what came later will be computed again. Throws Error{kIo}.
  RunLog(const std::filesystem::path& path, size_t step);

  void Write(const nlohmann::json& line);

 private:
  File file_;
  uint64_t end_ = 0;
};

}  // namespace hlwq::study
