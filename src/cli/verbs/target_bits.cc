#include "cli/verbs/target_bits.h"

#include <algorithm>
#include <array>

#include "checkpoint/catalog.h"
#include "cli/checkpoint_source.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/quantize_options.h"
#include "codec/backend.h"
#include "codec/codec_record.h"
#include "convert/matrices.h"
#include "eval/sensitivity.h"

namespace hlwq::cli {
namespace {

// Coarse enough to stand out from rounding, fine enough that the loss grows in proportion.
constexpr int kProbeBits = 4;

// Of one bit no matrix is of use.
std::vector<int> WidthsOf(const codec::CodecSpec& spec) {
  const codec::CodecRecord& record = codec::RecordOf(spec);
  std::vector<int> widths;
  for (int bits = std::max(record.min_bits, 2); bits <= record.max_bits; ++bits) {
    widths.push_back(bits);
  }
  return widths;
}

double RelativeErrorAt(const convert::BitPlanItem& item, int bits) {
  for (const convert::WidthError& width : item.widths) {
    if (width.bits == bits) return width.relative_error;
  }
  return 0;
}

// A mixture has more to probe, and each token of it costs more: the items of a layer share its passes.
constexpr size_t kMixtureSequences = 2;

// An error in a layer counts by the share of the stream that the layer makes; the embedding is all of
// it, and so is what the head reads.
std::vector<double> ResidualSensitivities(const Arguments& arguments, const std::string& path,
                                          const std::vector<convert::BitPlanItem>& items) {
  runtime::Engine engine(LocalSource(path), {.threads = ThreadsOf(arguments)});
  const eval::ProbeOptions probes;
  const std::vector<double> shares =
      eval::MeasureResidualShares(engine, eval::MakeProbes(engine, probes), probes);
  std::vector<double> sensitivities;
  for (const convert::BitPlanItem& item : items) {
    const double outside = item.is_tied ? 2 : 1;
    sensitivities.push_back(item.layer < 0 ? outside : shares[static_cast<size_t>(item.layer)]);
  }
  return sensitivities;
}

// With feedback, which matrices matter depends on the text: what the model makes up at temperature 1 needs the
// first layers most, plain text needs all layers alike. So there are probes of both kinds, and what they say
// counts in part, in logarithm (docs/recipes.md).
constexpr std::array kTemperaturesWithFeedback = {1.0f, 0.6f};
constexpr double kTrust = 0.7;

// What coding with feedback does to a tensor: each of its matrices has its own.
eval::SharedChange ChangeWithFeedback(const checkpoint::TensorEntry& entry, size_t layer,
                                      std::shared_ptr<const codec::Codec> codec,
                                      convert::FeedbackSource& feedback) {
  const convert::TensorMatrices matrices = convert::MatricesOf(entry.shape);
  std::vector<eval::SharedChange> slices;
  for (uint64_t slice = 0; slice < matrices.count; ++slice) {
    const std::string name = convert::MatrixName(entry.name, entry.shape, slice);
    slices.push_back(std::make_shared<const eval::CodecRoundTrip>(
        codec, feedback.For(name, layer, *codec).feedback));
  }
  return std::make_shared<const eval::SliceChanges>(matrices.matrix.out, std::move(slices));
}

// The divergence that coding an item causes, by relative error. With feedback it is another one for each item,
// since the errors that it leaves lie elsewhere; how it falls with the width is the same.
std::vector<double> DivergenceSensitivities(const Arguments& arguments, const std::string& path,
                                            const checkpoint::Checkpoint& source,
                                            const std::vector<convert::BitPlanItem>& items,
                                            convert::FeedbackSource* feedback,
                                            ProgressPrinter& progress) {
  eval::DivergenceOptions options{.threads = ThreadsOf(arguments)};
  codec::CodecSpec spec = CodecSpecOf(arguments);
  spec.bits = kProbeBits;
  const auto codec = DefaultBackend().MakeCodec(spec);
  const auto without = std::make_shared<const eval::CodecRoundTrip>(codec);
  const checkpoint::Classified classified = checkpoint::ClassifyTensors(source);
  options.change = [&](size_t tensor) -> eval::SharedChange {
    const auto layer = convert::FeedbackLayerOf(classified.specs[tensor]);
    if (feedback == nullptr || !layer) return without;
    return ChangeWithFeedback(source.tensors[tensor], *layer, codec, *feedback);
  };
  options.progress = progress.TokenCallback();
  if (feedback != nullptr) options.probes.temperatures = kTemperaturesWithFeedback;
  std::vector<runtime::TokenId> probes;
  {
    runtime::Engine engine(LocalSource(path), {.threads = ThreadsOf(arguments)});
    if (engine.config().sizes.experts > 0) {
      options.probes.sequences = kMixtureSequences;
      options.shares_layers = true;
    }
    probes = eval::MakeProbes(engine, options.probes);
  }
  std::vector<std::vector<size_t>> groups;
  for (const convert::BitPlanItem& item : items) groups.push_back(item.tensors);
  std::vector<double> sensitivities = eval::MeasureDivergences(
      [&] { return checkpoint::OpenCheckpoint(LocalSource(path)); }, groups, probes, options);
  for (size_t index = 0; index < items.size(); ++index) {
    const double error = RelativeErrorAt(items[index], kProbeBits);
    sensitivities[index] = error > 0 ? sensitivities[index] / error : 0;
  }
  if (feedback != nullptr) convert::DrawToMean(items, kTrust, sensitivities);
  return sensitivities;
}

}  // namespace

convert::BitPlan PlanTargetBits(const Arguments& arguments, const std::string& source_path,
                                const checkpoint::Checkpoint& source,
                                convert::FeedbackSource* feedback) {
  const std::string name = arguments.Text(flag::kSensitivity);
  ProgressPrinter measuring("measure", arguments);
  convert::WidthErrorOptions options{.codec = CodecSpecOf(arguments),
                                     .widths = WidthsOf(CodecSpecOf(arguments)),
                                     .threads = ThreadsOf(arguments),
                                     .progress = measuring.Callback()};
  std::vector<convert::BitPlanItem> items =
      convert::MakeBitPlanItems(source, arguments.List(flag::kExclude), options, DefaultBackend());
  measuring.Finish();
  ProgressPrinter probing("probe", arguments);
  std::vector<double> sensitivities;
  if (name == "divergence") {
    sensitivities =
        DivergenceSensitivities(arguments, source_path, source, items, feedback, probing);
  } else if (name == "residual") {
    sensitivities = ResidualSensitivities(arguments, source_path, items);
  } else {
    for (const convert::BitPlanItem& item : items) {
      sensitivities.push_back(static_cast<double>(item.weights));
    }
  }
  probing.Finish();
  convert::BitPlan plan = convert::ChooseBits(std::move(items), std::move(sensitivities),
                                              arguments.Number(flag::kTargetBpw));
  plan.sensitivity = name;
  return plan;
}

}  // namespace hlwq::cli
