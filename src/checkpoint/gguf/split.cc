#include "checkpoint/gguf/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".gguf";
constexpr size_t kDigits = 5;
constexpr uint64_t kMostParts = 10'000;

std::optional<uint64_t> ParseDigits(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void Fail(const fs::path& path, std::string_view what) {
  throw Error(ErrorCode::kInvalidData, fmt::format("{}: {}", path.string(), what));
}

// The header counts its parts.
void CheckPart(const fs::path& path, const io::GgufHeader& header, const GgufSplit& split,
               uint64_t part) {
  const auto count = header.metadata.Uint("split.count");
  const auto number = header.metadata.Uint("split.no");
  if (count != split.count || number != part - 1) {
    Fail(path, fmt::format("want part {} of {} in its metadata as in its name, got {} of {}", part,
                           split.count, number ? std::to_string(*number + 1) : "none",
                           count ? std::to_string(*count) : "none"));
  }
}

}  // namespace

fs::path GgufSplit::Part(uint64_t part) const {
  fs::path path = set;
  path += fmt::format("-{:05}-of-{:05}{}", part, count, kSuffix);
  return path;
}

std::optional<GgufSplit> ParseGgufSplit(const fs::path& path) {
  const std::string name = path.filename().string();
  constexpr size_t kTail = 2 * kDigits + 5 + kSuffix.size();  // -00001-of-00003.gguf
  if (name.size() <= kTail || !name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view tail = std::string_view(name).substr(name.size() - kTail);
  const auto number = ParseDigits(tail.substr(1, kDigits));
  const auto count = ParseDigits(tail.substr(kDigits + 5, kDigits));
  if (tail[0] != '-' || tail.substr(kDigits + 1, 4) != "-of-" || !number || !count) {
    return std::nullopt;
  }
  if (*number < 1 || *number > *count || *count > kMostParts) return std::nullopt;
  return GgufSplit{path.parent_path() / name.substr(0, name.size() - kTail), *number, *count};
}

GgufFiles OpenGgufFiles(File given, const Folder* folder) {
  const fs::path path = given.path();
  const std::optional<GgufSplit> split = ParseGgufSplit(path);
  const auto open = [&](uint64_t part) {
    if (!split || part == split->number) return std::move(given);
    const fs::path other = split->Part(part);
    return folder != nullptr ? folder->Open(other.filename().string()) : File::OpenForRead(other);
  };
  GgufFiles all;
  std::set<std::string> names;
  for (uint64_t part = 1; part <= (split ? split->count : 1); ++part) {
    const fs::path part_path = split ? split->Part(part) : path;
    io::GgufFile file = io::GgufFile::Open(open(part));
    io::GgufHeader header = file.TakeHeader();
    if (split && split->count > 1) CheckPart(part_path, header, *split, part);
    for (io::GgufTensor& tensor : header.tensors) {
      tensor.file = part - 1;
      if (!names.insert(tensor.name).second) {
        Fail(part_path, fmt::format("tensor '{}' is in an earlier part as well", tensor.name));
      }
    }
    all.header_hashes.push_back(file.header_hash());
    all.files.push_back(std::move(file).TakeFile());
    if (part == 1) {
      all.header = std::move(header);
    } else {
      std::ranges::move(header.tensors, std::back_inserter(all.header.tensors));
    }
  }
  return all;
}

}  // namespace hlwq::checkpoint
