#include "convert/export_gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "checkpoint/catalog.h"
#include "checkpoint/foreign_codes.h"
#include "checkpoint/gguf/from_config.h"
#include "checkpoint/gguf/from_tokenizer.h"
#include "checkpoint/gguf/names.h"
#include "checkpoint/views/interleave_heads.h"
#include "checkpoint/views/split_experts.h"
#include "convert/gguf_layout.h"
#include "convert/gguf_task.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using checkpoint::GgufTensorSpec;
using checkpoint::TensorEntry;
using codec::GgmlType;
using io::GgufValue;

// llama.cpp's number for what most tensors of a file are (general.file_type).
uint32_t FileType(GgmlType type) {
  switch (type) {
    case GgmlType::kF16:
      return 1;
    case GgmlType::kQ8_0:
      return 7;
    case GgmlType::kBF16:
      return 32;
    default:
      return 0;
  }
}

// The last part of the source's path without .gguf or .safetensors, else of the destination's.
std::string ModelName(const Checkpoint& source, const fs::path& destination) {
  const auto last_part = [](const fs::path& path) -> std::string {
    std::error_code failure;
    const fs::path whole = fs::weakly_canonical(path, failure);
    if (failure || path.empty()) return "";
    const fs::path name = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
    const bool is_file = name.extension() == ".gguf" || name.extension() == ".safetensors";
    return is_file ? name.stem().string() : name.string();
  };
  for (std::string name : {last_part(source.root), last_part(destination)}) {
    if (!name.empty() && IsValidUtf8(name)) return name;
  }
  return "model";
}

class GgufPlanner {
 public:
  GgufPlanner(GgufExport& plan, const fs::path& destination, const ExportGgufOptions& options,
              const codec::Backend& backend)
      : source_(plan.source),
        job_(plan.job),
        notes_(plan.notes),
        type_(options.type),
        backend_(backend),
        made_(checkpoint::MakeModelMetadata(source_.config,
                                            source_.Find("lm_head.weight") != nullptr)) {
    const std::string name = ModelName(source_, destination);
    plan.file_name = file_.file_name = fmt::format("{}-{}.gguf", name, codec::GgmlTypeName(type_));
    file_.metadata = std::move(made_.metadata);
    file_.metadata.Add("general.type", GgufValue::String("model"));
    file_.metadata.Add("general.name", GgufValue::String(name));
    file_.metadata.Add("general.file_type", GgufValue::Uint32(FileType(type_)));
    file_.metadata.Add("general.quantization_version", GgufValue::Uint32(2));
    notes_ = source_.notes;
    notes_.insert(notes_.end(), made_.notes.begin(), made_.notes.end());
    checkpoint::AddTokenizerMetadata(source_, made_.model.vocab, file_.metadata, notes_);
    checkpoint::SplitFusedExperts(source_);
    for (const TensorEntry& entry : source_.tensors) unused_.emplace(entry.name, &entry);
  }

  void Build() {
    job_.operation = "export";
    job_.options = fmt::format("to=gguf type={}", codec::GgmlTypeName(type_));
    for (const GgufTensorSpec& tensor : checkpoint::ListGgufTensors(made_.model)) {
      AddTensor(tensor);
    }
    AddRopeFactors();
    RequireAllUsed();
    if (num_f16_ > 0) {
      notes_.push_back(
          fmt::format("{} tensors, the first is '{}', are F16: their rows are not blocks "
                      "of 32",
                      num_f16_, first_f16_));
    }
    job_.layout = LayOutGguf(job_.outputs, file_);
  }

 private:
  GgmlType TypeOf(const GgufTensorSpec& tensor) {
    if (tensor.shape.size() < 2 || tensor.is_router) return GgmlType::kF32;
    if (tensor.shape.back() % codec::GgmlBlockWeights(type_) == 0) return type_;
    if (num_f16_++ == 0) first_f16_ = tensor.stored;
    return GgmlType::kF16;
  }

  TensorEntry Take(const std::string& name, const Shape& shape) {
    const auto found = unused_.find(name);
    if (found == unused_.end()) {
      throw Error(ErrorCode::kInvalidData, fmt::format("tensor '{}' is missing", name));
    }
    const TensorEntry& entry = *found->second;
    if (entry.shape != shape) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("'{}': want {} by config.json, got {}", name, ShapeToString(shape),
                              ShapeToString(entry.shape)));
    }
    unused_.erase(found);
    return entry;
  }

  // The tensors of the source that make up one of the file.
  std::vector<TensorEntry> PiecesOf(const GgufTensorSpec& tensor) {
    std::vector<TensorEntry> pieces;
    if (tensor.is_expert) {
      for (uint64_t expert = 0; expert < tensor.shape[0]; ++expert) {
        pieces.push_back(
            Take(checkpoint::ExpertName(tensor, expert), {tensor.shape[1], tensor.shape[2]}));
      }
      return pieces;
    }
    pieces.push_back(Take(tensor.name, tensor.shape));
    if (tensor.permuted_heads > 0) {
      using checkpoint::InterleaveHeads;
      const auto of =
          tensor.shape.size() == 1 ? InterleaveHeads::Of::kColumns : InterleaveHeads::Of::kRows;
      const TensorEntry& origin = pieces[0];
      pieces[0] = {
          origin.name, origin.dtype, origin.shape,
          checkpoint::DerivedStorage{std::make_shared<TensorEntry>(origin), 0,
                                     std::make_shared<InterleaveHeads>(made_.model.head_dim, of)}};
    }
    return pieces;
  }

  void AddTensor(const GgufTensorSpec& tensor) {
    std::vector<TensorEntry> pieces = PiecesOf(tensor);
    const GgmlType type = TypeOf(tensor);
    const uint64_t elements = *ElementCount(tensor.shape);
    checkpoint::TensorReport report;
    report.name = tensor.stored;
    report.shape = tensor.shape;
    report.source_dtype = pieces[0].dtype;
    const checkpoint::TensorSpec spec =
        checkpoint::GuessSpec(pieces[0].name, pieces[0].shape);  // names are those of the catalog
    report.role = spec.role;
    report.layer = spec.layer;
    report.source_bytes = TensorBytes(report.source_dtype, tensor.shape).value_or(0);
    AddOutput(std::move(report), type, elements);
    auto task = MakeGgufTask(source_, std::move(pieces), type, backend_, job_.outputs.size() - 1);
    task->name = tensor.stored;
    task->report = job_.reports.size() - 1;
    job_.tasks.push_back(std::move(task));
  }

  // Written with the first task: it depends on config.json alone.
  void AddRopeFactors() {
    if (made_.rope_factors.empty()) return;
    const auto content = std::as_bytes(std::span(made_.rope_factors));
    checkpoint::TensorReport report;
    report.name = checkpoint::kRopeFactorsName;
    report.shape = {made_.rope_factors.size()};
    report.source_dtype = DType::kF32;
    AddOutput(std::move(report), GgmlType::kF32, made_.rope_factors.size());
    job_.tasks.front()->constants.push_back(
        {job_.outputs.size() - 1, std::vector<std::byte>(content.begin(), content.end())});
  }

  void AddOutput(checkpoint::TensorReport report, GgmlType type, uint64_t elements) {
    const uint64_t bytes =
        elements / codec::GgmlBlockWeights(type) * uint64_t{codec::GgmlBlockBytes(type)};
    report.stored_bytes = bytes;
    report.bits_per_weight = 8.0 * static_cast<double>(bytes) / static_cast<double>(elements);
    job_.outputs.push_back({.name = report.name, .shape = report.shape, .bytes = bytes});
    job_.reports.push_back(std::move(report));
    file_.types.push_back(type);
  }

  void RequireAllUsed() const {
    for (const auto& [name, entry] : unused_) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}': architecture '{}' of GGUF has no such tensor", name,
                              made_.model.family->gguf.architecture));
    }
  }

  Checkpoint& source_;
  Job& job_;
  std::vector<std::string>& notes_;
  GgmlType type_;
  const codec::Backend& backend_;
  checkpoint::GgufModelMetadata made_;
  GgufFileSpec file_;
  std::map<std::string_view, const TensorEntry*> unused_;
  size_t num_f16_ = 0;
  std::string first_f16_;
};

}  // namespace

std::unique_ptr<GgufExport> PlanGguf(Checkpoint source, const fs::path& destination,
                                     const ExportGgufOptions& options,
                                     const codec::Backend& backend) {
  if (destination.extension() == ".gguf") {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: want the folder to make, which will hold the .gguf file, such as {}",
                    destination.string(),
                    (destination.parent_path() / destination.stem()).string()));
  }
  if (!source.config.is_object()) {
    throw Error(
        ErrorCode::kUnsupported,
        source.root.string() + ": no config.json: what a GGUF file says of its model is in it");
  }
  checkpoint::RefuseForeignCodes(source);
  auto plan = std::make_unique<GgufExport>();
  plan->source = std::move(source);
  WithContext(plan->source.root.string(),
              [&] { GgufPlanner(*plan, destination, options, backend).Build(); });
  return plan;
}

ConversionResult ExportGguf(Checkpoint source, const fs::path& destination,
                            const ExportGgufOptions& options, const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  const auto plan = PlanGguf(std::move(source), destination, options, backend);
  JobResult result = RunJob(std::move(plan->job), plan->source, destination, options.output);
  return {std::move(result), std::move(plan->notes)};
}

}  // namespace hlwq::convert
