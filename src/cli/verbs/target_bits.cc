#include "cli/verbs/target_bits.h"

#include <algorithm>

#include "cli/checkpoint_source.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/quantize_options.h"
#include "codec/backend.h"
#include "codec/codec_record.h"
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

// The divergence that coding an item causes, by relative error.
std::vector<double> DivergenceSensitivities(const Arguments& arguments, const std::string& path,
                                            const std::vector<convert::BitPlanItem>& items,
                                            ProgressPrinter& progress) {
  eval::DivergenceOptions options{.threads = ThreadsOf(arguments)};
  codec::CodecSpec spec = CodecSpecOf(arguments);
  spec.bits = kProbeBits;
  options.codec = DefaultBackend().MakeCodec(spec);
  options.progress = progress.TokenCallback();
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
  return sensitivities;
}

}  // namespace

convert::BitPlan PlanTargetBits(const Arguments& arguments, const std::string& source_path,
                                const checkpoint::Checkpoint& source) {
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
    sensitivities = DivergenceSensitivities(arguments, source_path, items, probing);
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
