// Uses an installed hlwq as a program of its own would: makes a model of one matrix, quantizes it,
// verifies the result, looks at the error, and goes on from a token with a small model.
//
// usage: consumer WORK MODEL
#include <hlwq/hlwq.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr uint64_t kRows = 64;
constexpr uint64_t kColumns = 256;

// A safetensors file by hand: a length, a JSON header, the values.
void WriteModel(const std::filesystem::path& path) {
  const std::string header =
      R"({"model.layers.0.self_attn.q_proj.weight":{"dtype":"F32","shape":[)" +
      std::to_string(kRows) + "," + std::to_string(kColumns) + R"(],"data_offsets":[0,)" +
      std::to_string(4 * kRows * kColumns) + "]}}";
  std::ofstream file(path, std::ios::binary);
  const uint64_t header_bytes = header.size();
  file.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  file << header;
  for (uint64_t at = 0; at < kRows * kColumns; ++at) {
    const float weight = std::sin(static_cast<float>(at * at % 10007));
    file.write(reinterpret_cast<const char*>(&weight), sizeof weight);
  }
}

size_t TokensGenerated(const char* model) {
  hlwq::Engine engine(model, {.threads = 1});
  hlwq::Sequence sequence(engine, {.capacity = 64});
  const std::vector<hlwq::TokenId> prompt = {1};
  const auto on_token = [](hlwq::TokenId) { return true; };
  const auto on_prompt = [](size_t) { return true; };
  return hlwq::Generate(engine, sequence, prompt, {.max_tokens = 8}, {on_token, on_prompt})
      .tokens.size();
}

int Fail(const char* what) {
  std::printf("consumer: %s\n", what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("hlwq %s\n", hlwq::kVersion);
  if (argc != 3) return Fail("usage: consumer WORK MODEL");
  const std::filesystem::path work = argv[1];
  std::filesystem::remove_all(work);
  std::filesystem::create_directories(work);
  try {
    hlwq::OpenCheckpoint(work / "absent");
    return Fail("opened what is not there");
  } catch (const hlwq::Error& error) {
    if (error.code() != hlwq::ErrorCode::kNotFound) return Fail(error.what());
  }

  WriteModel(work / "model.safetensors");
  const hlwq::Checkpoint model = hlwq::OpenCheckpoint(work / "model.safetensors");
  hlwq::Quantize(model, work / "coded", {.recipe = {.bits = 5}});
  if (!hlwq::VerifyFolder(work / "coded").ok()) return Fail("what was written is not intact");

  const hlwq::Checkpoint coded = hlwq::OpenCheckpoint(work / "coded");
  const double snr_db = hlwq::Compare(model, coded).total.SnrDb();
  std::printf("one matrix at 5 bits: %.1f dB\n", snr_db);
  if (!(snr_db > 26 && snr_db < 32)) return Fail("want 26 to 32 dB");

  if (TokensGenerated(argv[2]) != 8) return Fail("want 8 tokens");
  try {
    hlwq::ExportCompressedTensors(hlwq::OpenCheckpoint(argv[2]), work / "int8", {.bits = 8});
    return Fail("exported a model whose matrices are too small for groups");
  } catch (const hlwq::Error& error) {
    if (error.code() != hlwq::ErrorCode::kUnsupported) return Fail(error.what());
  }

  hlwq::Dequantize(coded, work / "restored");
  const hlwq::Checkpoint restored = hlwq::OpenCheckpoint(work / "restored");
  return hlwq::Compare(coded, restored).total.noise == 0 ? 0 : Fail("restored to other values");
}
