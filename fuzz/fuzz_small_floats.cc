// The recognition of FP8, NVFP4 and MXFP4 weights over a list of stored tensors (header_input.h). Only
// hlwq::Error may come out, and what is accepted must fit the data section.
#include "base/error.h"
#include "checkpoint/small_floats/open.h"
#include "header_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hlwq;
  try {
    const fuzz::HeaderInput header = fuzz::ReadHeader({reinterpret_cast<const char*>(data), size});
    std::vector<std::string> notes;
    fuzz::RequireSound(checkpoint::RecogniseSmallFloats(header.Stored(), {}, notes),
                       header.data_bytes);
  } catch (const Error&) {
    // A refusal is a good answer.
  }
  return 0;
}
