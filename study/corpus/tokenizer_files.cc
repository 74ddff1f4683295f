#include "study/corpus/tokenizer_files.h"

#include "base/file.h"
#include "base/hash.h"

namespace hlwq::study {

std::string CopyTokenizer(const std::filesystem::path& from, const std::filesystem::path& to) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 30;
  const bool is_folder = std::filesystem::is_directory(from);
  const std::filesystem::path folder = is_folder ? from : from.parent_path();
  const std::string text = ReadSmallFile(is_folder ? folder / "tokenizer.json" : from, kMostBytes);
  WriteFileAtomically(to / "tokenizer.json", text);
  for (const char* name :
       {"tokenizer_config.json", "generation_config.json", "special_tokens_map.json"}) {
    if (std::filesystem::exists(folder / name)) {
      WriteFileAtomically(to / name, ReadSmallFile(folder / name, kMostBytes));
    }
  }
  return HashToHex(Xxh3(std::as_bytes(std::span(text))));
}

}  // namespace hlwq::study
