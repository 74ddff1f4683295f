#include "study/training/run_log.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json.h"

namespace hlwq::study {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 32;

// Bytes of the whole lines whose steps are at most `step`.
size_t KeptBytes(std::string_view text, size_t step) {
  size_t kept = 0;
  while (true) {
    const size_t end = text.find('\n', kept);
    if (end == std::string_view::npos) return kept;
    const auto line = TryParseOrderedJson(std::string_view(text).substr(kept, end - kept));
    if (!line.is_object() || !line.contains("step") || !line["step"].is_number_unsigned()) {
      return kept;
    }
    if (line["step"].get<size_t>() > step) return kept;
    kept = end + 1;
  }
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& path, size_t step) : file_(File::OpenForWrite(path)) {
  const std::string text = ReadSmallFile(file_, kMostBytes);
  end_ = step == 0 ? 0 : KeptBytes(text, step);
  file_.Truncate(end_);
}

void RunLog::Write(const nlohmann::json& line) {
  const std::string text = line.dump() + "\n";
  file_.WriteAt(end_, std::as_bytes(std::span(text)));
  end_ += text.size();
}

}  // namespace hlwq::study
