#include "eval/compare.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/glob.h"
#include "checkpoint/catalog.h"
#include "eval/classify.h"
#include "eval/compare_stream.h"
#include "eval/storage.h"
#include "report/tensor_summary.h"

namespace hlwq::eval {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorEntry;
using checkpoint::TensorReport;

using EntriesByName = std::map<std::string_view, const TensorEntry*>;

EntriesByName ByName(const Checkpoint& checkpoint) {
  EntriesByName entries;
  for (const TensorEntry& entry : checkpoint.tensors) entries.emplace(entry.name, &entry);
  return entries;
}

bool Accepts(const CompareOptions& options, std::string_view name) {
  const auto matches = [name](const std::string& pattern) { return GlobMatches(pattern, name); };
  return (options.include.empty() || std::ranges::any_of(options.include, matches)) &&
         std::ranges::none_of(options.exclude, matches);
}

// Empty when the two can be compared.
std::string Mismatch(const TensorEntry& a, const TensorEntry& b) {
  if (a.shape != b.shape) {
    return "shape: " + ShapeToString(a.shape) + " in the first, " + ShapeToString(b.shape) +
           " in the second";
  }
  const StorageInfo info_a = DescribeStorage(a);
  const StorageInfo info_b = DescribeStorage(b);
  const bool is_same_plain = !info_a.is_number && !info_b.is_number && a.dtype == b.dtype;
  if ((info_a.is_number && info_b.is_number) || is_same_plain) return "";
  return "dtype: " + info_a.name + " in the first, " + info_b.name + " in the second";
}

TensorReport ReportOf(const ComparePair& pair, const checkpoint::TensorSpec& spec,
                      const codec::ErrorStats& errors) {
  TensorReport report;
  report.name = pair.first->name;
  report.shape = pair.first->shape;
  report.source_dtype = pair.first->dtype;
  report.role = spec.role;
  report.layer = spec.layer;
  report.source_bytes = DescribeStorage(*pair.first).bytes;
  const StorageInfo stored = DescribeStorage(*pair.second);
  report.stored_bytes = stored.bytes;
  report.is_quantized = stored.is_quantized();
  report.codec = stored.codec;
  report.bits = stored.bits;
  if (const uint64_t weights = pair.first->elements(); weights != 0) {
    report.bits_per_weight = 8 * static_cast<double>(stored.bytes) / static_cast<double>(weights);
  }
  report.errors = errors;
  return report;
}

uint64_t TotalBytes(const Checkpoint& checkpoint) {
  uint64_t bytes = 0;
  for (const TensorEntry& entry : checkpoint.tensors) bytes += DescribeStorage(entry).bytes;
  return bytes;
}

const codec::CodecSpec* FirstSpec(const Checkpoint& checkpoint) {
  for (const TensorEntry& entry : checkpoint.tensors) {
    const auto* coded = std::get_if<checkpoint::CodedStorage>(&entry.storage);
    if (coded != nullptr) return &coded->spec;
  }
  return nullptr;
}

// Takes what the manifest recorded of the compared tensors, merged by bits in its order, and the
// levels that the checkpoint's codes stand for. False when there is nothing.
bool TakeRecordedCodes(const Checkpoint& checkpoint,
                       const std::optional<checkpoint::Manifest>& manifest,
                       const report::CompareResult& result, report::TensorPageInput& input) {
  if (!manifest) return false;
  std::map<std::string_view, const TensorReport*> compared;
  for (const TensorReport& report : result.tensors) compared.emplace(report.name, &report);
  for (const TensorReport& recorded : manifest->reports) {
    const auto match = compared.find(recorded.name);
    if (match == compared.end() || recorded.shape != match->second->shape) continue;
    if (!recorded.is_quantized || !recorded.errors || !report::HasCodes(*recorded.errors)) continue;
    input.recorded_codes[recorded.bits].Merge(*recorded.errors);
  }
  if (input.recorded_codes.empty()) return false;
  for (const TensorEntry& entry : checkpoint.tensors) {
    const auto* coded = std::get_if<checkpoint::CodedStorage>(&entry.storage);
    if (coded == nullptr) continue;
    const codec::CodecSpec& spec = coded->spec;
    std::vector<float>& levels = input.levels.try_emplace(spec.bits, spec.levels).first->second;
    if (levels != spec.levels) levels.clear();  // two tables at one width: drawn without levels
  }
  return true;
}

std::string NameOf(const Checkpoint& checkpoint) {
  const std::filesystem::path& root = checkpoint.root;
  return root.has_filename() ? root.filename().string() : root.parent_path().filename().string();
}

}  // namespace

report::CompareResult Compare(const Checkpoint& first, const Checkpoint& second,
                              const CompareOptions& options, const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  for (const auto* patterns : {&options.include, &options.exclude}) {
    for (const std::string& pattern : *patterns) CheckGlob(pattern);
  }
  report::CompareResult result;
  const EntriesByName in_second = ByName(second);
  checkpoint::Classified classified = Classify(first);
  result.notes = std::move(classified.notes);

  std::vector<ComparePair> pairs;
  std::vector<size_t> spec_of_pair;
  EntriesByName in_first;
  for (size_t index = 0; index < first.tensors.size(); ++index) {
    const TensorEntry& entry = first.tensors[index];
    in_first.emplace(entry.name, &entry);
    if (!Accepts(options, entry.name)) continue;
    const auto match = in_second.find(entry.name);
    if (match == in_second.end()) {
      result.only_in_first.push_back(entry.name);
    } else if (std::string what = Mismatch(entry, *match->second); !what.empty()) {
      result.problems.push_back({entry.name, std::move(what)});
    } else {
      pairs.push_back({&entry, match->second, DescribeStorage(entry).is_number});
      spec_of_pair.push_back(index);
    }
  }
  for (const TensorEntry& entry : second.tensors) {
    if (Accepts(options, entry.name) && !in_first.contains(entry.name)) {
      result.only_in_second.push_back(entry.name);
    }
  }

  const std::vector<PairOutcome> outcomes =
      ComparePairs(first, second, pairs, {options.threads, options.progress}, backend);
  for (size_t index = 0; index < pairs.size(); ++index) {
    const ComparePair& pair = pairs[index];
    const PairOutcome& outcome = outcomes[index];
    if (!outcome.problem.empty()) {
      result.problems.push_back({pair.first->name, outcome.problem});
    } else if (pair.is_number) {
      result.total.Merge(outcome.errors);
      result.tensors.push_back(
          ReportOf(pair, classified.specs[spec_of_pair[index]], outcome.errors));
    } else {
      result.bytewise.push_back({pair.first->name, pair.first->dtype, pair.first->shape,
                                 DescribeStorage(*pair.first).bytes, outcome.different_bytes});
    }
  }
  std::ranges::stable_sort(result.tensors, [](const TensorReport& a, const TensorReport& b) {
    const double snr_a = a.errors->SnrDb();
    const double snr_b = b.errors->SnrDb();
    if (report::IsWorseSnr(snr_a, snr_b)) return true;
    return !report::IsWorseSnr(snr_b, snr_a) && a.name < b.name;
  });
  return result;
}

bool MeetsBar(const report::CompareResult& result, std::optional<double> min_snr_db) {
  if (!result.only_in_first.empty() || !result.problems.empty()) return false;
  const auto differs = [](const report::ByteComparison& tensor) {
    return tensor.different_bytes != 0;
  };
  if (std::ranges::any_of(result.bytewise, differs)) return false;
  if (!min_snr_db) return true;
  // An all-zero tensor, whose SNR is NaN, is no worse than any bar.
  return std::ranges::none_of(result.tensors, [&](const TensorReport& report) {
    return report.errors->SnrDb() < *min_snr_db;
  });
}

report::TensorPageInput ComparePageInput(const Checkpoint& first, const Checkpoint& second,
                                         const report::CompareResult& result,
                                         const CompareManifests& manifests) {
  report::TensorPageInput input;
  input.kind = report::TensorPageKind::kComparison;
  input.source = NameOf(first);
  input.destination = NameOf(second);
  input.title = input.source + " against " + input.destination;
  input.bytes_before = TotalBytes(first);
  input.bytes_after = TotalBytes(second);
  input.facts = {{"Format of the first", std::string(FormatName(first.format))},
                 {"Format of the second", std::string(FormatName(second.format))}};
  const codec::CodecSpec* spec = FirstSpec(second);
  if (spec == nullptr) spec = FirstSpec(first);
  if (spec != nullptr) input.SetCodec(*spec);
  if (!TakeRecordedCodes(second, manifests.second, result, input)) {
    TakeRecordedCodes(first, manifests.first, result, input);
  }
  input.notes = result.notes;
  for (const report::CompareProblem& problem : result.problems) {
    input.notes.push_back("not compared: '" + problem.name + "': " + problem.what);
  }
  const auto add_missing = [&](const std::vector<std::string>& names, const char* where) {
    if (names.empty()) return;
    input.notes.push_back(std::to_string(names.size()) + " tensors are only in the " + where +
                          ", among them '" + names.front() + "'");
  };
  add_missing(result.only_in_first, "first");
  add_missing(result.only_in_second, "second");
  input.tensors = result.tensors;
  return input;
}

}  // namespace hlwq::eval
