// quantization_config and the recognition of CompressedTensors over a list of stored tensors. An
// input (header_input.h) begins with config.json. Only hlwq::Error may come out, and what is accepted
// must fit the data section.
#include "base/error.h"
#include "checkpoint/compressed_tensors/open.h"
#include "header_input.h"

namespace {

using namespace hlwq;

void Recognise(std::string_view input) {
  const nlohmann::json config = fuzz::ParseOrNull(fuzz::NextField(input));
  if (!checkpoint::HasCompressedConfig(config)) return;
  const auto schemes = checkpoint::ParseCompressedConfig(config.at("quantization_config"));
  const fuzz::HeaderInput header = fuzz::ReadHeader(input);
  fuzz::RequireSound(checkpoint::RecogniseCompressedTensors(header.Stored(), schemes),
                     header.data_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Recognise({reinterpret_cast<const char*>(data), size});
  } catch (const hlwq::Error&) {
    // A refusal is a good answer.
  }
  return 0;
}
