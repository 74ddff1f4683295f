// Quantizes a model, says what was lost, and talks to the result: hlwq as a library, from the outside.
//
// usage: quantize_and_chat MODEL FOLDER QUESTION
#include <hlwq/hlwq.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace {

void QuantizeInto(const char* model, const std::filesystem::path& folder) {
  const auto show = [](const hlwq::ProgressUpdate& update) {
    std::fprintf(stderr, "%llu of %llu tensors\r",
                 static_cast<unsigned long long>(update.tensors_done),
                 static_cast<unsigned long long>(update.tensors_total));
  };
  const hlwq::ConversionResult result = hlwq::Quantize(
      model, folder, {.bits = 5, .output = {.overwrite = true, .control = {.on_progress = show}}});
  const hlwq::CheckpointInfo& output = result.output;
  std::printf("%s: %.1f MB, %.2f bits per weight, %.1f dB\n", folder.c_str(),
              static_cast<double>(output.bytes) / 1e6,
              8 * static_cast<double>(output.bytes) / static_cast<double>(output.weights),
              output.errors ? output.errors->SnrDb() : 0);
  if (!hlwq::Verify(folder).ok()) throw hlwq::Error(hlwq::ErrorCode::kIo, "it does not verify");
}

void ShowWorst(const char* model, const std::filesystem::path& folder) {
  const hlwq::CompareResult result = hlwq::Compare(model, folder);
  for (size_t i = 0; i < std::min<size_t>(result.tensors.size(), 3); ++i) {
    std::printf("%s: %.1f dB\n", result.tensors[i].name.c_str(), result.tensors[i].errors->SnrDb());
  }
}

void Ask(const std::filesystem::path& folder, std::string_view question) {
  hlwq::Conversation conversation{hlwq::Model(folder)};
  const auto show = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  const hlwq::Answer answer = conversation.Ask(
      question, {.max_tokens = 64, .sampling = {.temperature = 0}, .on_text = show});
  std::printf("\n(%zu tokens, %.0f tokens/s, %s)\n", answer.tokens.size(),
              static_cast<double>(answer.tokens.size()) / answer.decode_seconds,
              std::string(hlwq::FinishReasonName(answer.finish)).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("hlwq %s\n", hlwq::kVersion);
  if (argc != 4) {
    std::fprintf(stderr, "usage: quantize_and_chat MODEL FOLDER QUESTION\n");
    return 2;
  }
  try {
    QuantizeInto(argv[1], argv[2]);
    ShowWorst(argv[1], argv[2]);
    Ask(argv[2], argv[3]);
  } catch (const hlwq::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
