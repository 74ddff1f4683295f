#include "checkpoint/gguf/open.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "checkpoint/gguf/config.h"
#include "checkpoint/gguf/names.h"
#include "checkpoint/gguf/rope.h"
#include "checkpoint/gguf/split.h"
#include "checkpoint/gguf/tokenizer.h"

namespace hlwq::checkpoint {

GgufView MapGguf(io::GgufHeader header, const GgufTensorBytes& tensor_bytes) {
  const GgufModel model = ReadGgufModel(header);
  GgufView view;
  view.tensors = MapGgufTensors(header, model);
  const nlohmann::json rope_scaling = ReadRopeScaling(header, model, tensor_bytes);
  const GgufSpecialIds ids = ReadSpecialIds(header.metadata, model.vocab, view.notes);
  view.config = MakeConfig(model, rope_scaling, ids, view.tensors);
  view.side_files.push_back(ConfigFile(view.config));
  view.side_files.push_back(
      {"generation_config.json", {}, MakeGenerationConfig(header.metadata, ids).dump(2) + "\n"});
  auto metadata = std::make_shared<const io::GgufMetadata>(std::move(header.metadata));
  for (SideFile& file : MakeTokenizerFiles(std::move(metadata), model, ids, view.notes)) {
    view.side_files.push_back(std::move(file));
  }
  return view;
}

Checkpoint OpenGguf(File opened, const Folder* folder) {
  const std::filesystem::path path = opened.path();
  GgufFiles gguf = OpenGgufFiles(std::move(opened), folder);
  GgufView view = WithContext(path.string(), [&] {
    return MapGguf(std::move(gguf.header), [&](const io::GgufTensor& tensor) {
      std::vector<std::byte> bytes(tensor.bytes);
      gguf.files[tensor.file].ReadAt(tensor.offset, bytes);
      return bytes;
    });
  });
  for (SideFile& file : view.side_files) {
    if (!file.make) continue;
    file.make = [make = std::move(file.make), path] { return WithContext(path.string(), make); };
  }
  Checkpoint checkpoint;
  checkpoint.format = Format::kGguf;
  checkpoint.root = path;
  checkpoint.header_hashes = std::move(gguf.header_hashes);
  checkpoint.tensors = std::move(view.tensors);
  checkpoint.config = std::move(view.config);
  checkpoint.side_files = std::move(view.side_files);
  checkpoint.notes = std::move(view.notes);
  checkpoint.files = std::move(gguf.files);
  return checkpoint;
}

}  // namespace hlwq::checkpoint
