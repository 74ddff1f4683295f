#include "study/samples/sample_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_reader.h"

namespace hlwq::study {
namespace {

using nlohmann::json;

constexpr uint64_t kMostBytes = uint64_t{4} << 30;
constexpr SizeRange kSampleCounts = {0, uint64_t{1} << 53};

// Of a line; text that is no UTF-8 cannot come up, tokenizers give none.
std::string Line(const json& document) { return document.dump() + "\n"; }

Sample SampleFromJson(const json& document) {
  const JsonReader reader(document);
  Sample sample;
  sample.text = reader.String("text");
  sample.prompt_tokens = reader.Size("prompt_tokens", kSampleCounts);
  sample.prompt_bytes = reader.Size("prompt_bytes", kSampleCounts);
  const auto tokens = reader.OptionalSizes("tokens", uint64_t{1} << 30, {0, INT32_MAX});
  if (!tokens) reader.Fail("tokens", "want a list of tokens, got none");
  sample.tokens.assign(tokens->begin(), tokens->end());
  if (sample.prompt_tokens > sample.tokens.size()) {
    reader.Fail("prompt_tokens", fmt::format("want at most {}", sample.tokens.size()));
  }
  if (sample.prompt_bytes > sample.text.size()) {
    reader.Fail("prompt_bytes", fmt::format("want at most {}", sample.text.size()));
  }
  return sample;
}

double SettingNumber(const JsonReader& reader, std::string_view key) {
  const auto value = reader.OptionalNumber(key, {0, 1e12});
  if (!value) reader.Fail(key, "want a number, got none");
  return *value;
}

}  // namespace

json ToJson(const SamplerRecord& sampler) {
  return {{"arm", sampler.arm},
          {"seed", sampler.seed},
          {"name", sampler.name},
          {"method", sampler.method},
          {"temperature", sampler.temperature},
          {"top_p", sampler.top_p},
          {"steps", sampler.steps},
          {"block_tokens", sampler.block_tokens},
          {"prompt", sampler.prompt},
          {"trained_steps", sampler.trained_steps},
          {"sampling_seed", sampler.sampling_seed},
          {"seconds", sampler.seconds}};
}

SamplerRecord SamplerFromJson(const json& document) {
  const JsonReader reader(document);
  return {.arm = reader.String("arm"),
          .seed = reader.Size("seed", {0, UINT64_MAX}),
          .name = reader.String("name"),
          .method = reader.String("method"),
          .temperature = SettingNumber(reader, "temperature"),
          .top_p = SettingNumber(reader, "top_p"),
          .steps = reader.Size("steps", kSampleCounts),
          .block_tokens = reader.Size("block_tokens", kSampleCounts),
          .prompt = reader.String("prompt"),
          .trained_steps = reader.Size("trained_steps", kSampleCounts),
          .sampling_seed = reader.Size("sampling_seed", {0, UINT64_MAX}),
          .seconds = SettingNumber(reader, "seconds")};
}

void WriteSamples(const std::filesystem::path& path, const SampleSet& set) {
  std::string content = Line({{"sampler", ToJson(set.sampler)}});
  for (const Sample& sample : set.samples) {
    content += Line({{"tokens", sample.tokens},
                     {"text", sample.text},
                     {"prompt_tokens", sample.prompt_tokens},
                     {"prompt_bytes", sample.prompt_bytes}});
  }
  WriteFileAtomically(path, content);
}

SampleSet ReadSamples(const std::filesystem::path& path) {
  const std::string content = ReadSmallFile(path, kMostBytes);
  SampleSet set;
  size_t line = 0;
  for (size_t begin = 0; begin < content.size(); ++line) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    WithContext(fmt::format("{}: line {}", path.string(), line + 1), [&] {
      const json document = ParseJson(std::string_view(content).substr(begin, end - begin));
      if (line == 0) {
        set.sampler = SamplerFromJson(JsonReader(document).Object("sampler"));
      } else {
        set.samples.push_back(SampleFromJson(document));
      }
    });
    begin = end + 1;
  }
  if (line == 0) {
    throw Error(ErrorCode::kInvalidData, path.string() + ": want samples, got an empty file");
  }
  return set;
}

}  // namespace hlwq::study
