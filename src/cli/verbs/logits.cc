// hlwq logits: what a model computes from given tokens, for people who compare engines.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/number_text.h"
#include "base/text_table.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/evaluation.h"
#include "eval/distribution_error.h"
#include "eval/logits_file.h"

namespace hlwq::cli {
namespace {

using runtime::TokenId;
using Sequences = std::vector<std::vector<TokenId>>;

TokenId IdIn(const nlohmann::json& value, size_t vocabulary) {
  const int64_t id = IntegerValue(value);
  if (id < 0 || static_cast<uint64_t>(id) >= vocabulary) {
    throw Error(ErrorCode::kInvalidData, fmt::format("want ids below {}, got {}", vocabulary, id));
  }
  return static_cast<TokenId>(id);
}

Sequences ParseSequences(const nlohmann::json& document, size_t vocabulary) {
  const auto fail = [](std::string message) {
    throw Error(ErrorCode::kInvalidData, std::move(message));
  };
  if (!document.is_array() || document.empty()) fail("want a list of lists of token ids");
  Sequences sequences;
  for (const nlohmann::json& list : document) {
    WithContext(fmt::format("list {}", sequences.size()), [&] {
      if (!list.is_array()) fail("want a list of token ids");
      if (list.empty()) fail("want at least one token id, got none");
      std::vector<TokenId> sequence;
      for (const nlohmann::json& value : list) sequence.push_back(IdIn(value, vocabulary));
      if (!sequences.empty() && sequence.size() != sequences.front().size()) {
        fail(fmt::format("want {} ids, as in the first list, got {}", sequences.front().size(),
                         sequence.size()));
      }
      sequences.push_back(std::move(sequence));
    });
  }
  return sequences;
}

struct TopOfSequence {
  report::TopTokens ids = {};
  std::array<float, report::kTopTokens> logits = {};
};

TopOfSequence TopOf(std::span<const float> logits) {
  TopOfSequence top = {.ids = eval::FindTopTokens(logits)};
  for (size_t place = 0; place < report::kTopTokens; ++place) {
    if (top.ids[place] >= 0) top.logits[place] = logits[static_cast<size_t>(top.ids[place])];
  }
  return top;
}

// Takes the sequences through the model, one after the other, and gives what is likeliest after each.
std::vector<TopOfSequence> Run(runtime::Engine& engine, const Sequences& sequences,
                               const Arguments& arguments, eval::LogitsFile* file) {
  const size_t length = sequences.front().size();
  const size_t chunk = arguments.Switch(flag::kStep) ? 1 : engine.chunk_tokens();
  const bool is_hidden_wanted = arguments.Switch(flag::kHidden);
  runtime::SequenceState cache = engine.MakeState(CacheOptionsOf(arguments, length));
  ProgressPrinter progress("logits", arguments);
  std::vector<TopOfSequence> tops;
  for (size_t sequence = 0; sequence < sequences.size(); ++sequence) {
    cache.Clear();
    const std::span<const TokenId> tokens = sequences[sequence];
    for (size_t begin = 0; begin < length; begin += chunk) {
      const auto on_logits = [&](size_t token, std::span<const float> logits) {
        if (file != nullptr) file->WriteLogits(sequence, begin + token, logits);
        if (begin + token + 1 == length) tops.push_back(TopOf(logits));
      };
      const auto on_hidden = [&](size_t index, std::span<const float> hidden) {
        file->WriteHidden(index, sequence, begin, hidden);
      };
      std::optional<model::OnHidden> hidden;
      if (file != nullptr && is_hidden_wanted) hidden.emplace(on_hidden);
      engine.Feed(cache, tokens.subspan(begin, std::min(chunk, length - begin)),
                  file != nullptr ? model::LogitsOf::kAll : model::LogitsOf::kLast, on_logits,
                  hidden);
      progress.Show(TokenProgress{
          sequence * length + std::min(begin + chunk, length), sequences.size() * length, {}});
    }
  }
  return tops;
}

nlohmann::json ToJson(const std::vector<TopOfSequence>& tops) {
  nlohmann::json sequences = nlohmann::json::array();
  for (const TopOfSequence& top : tops) {
    nlohmann::json list = nlohmann::json::array();
    for (size_t place = 0; place < report::kTopTokens && top.ids[place] >= 0; ++place) {
      list.push_back({{"id", top.ids[place]}, {"logit", top.logits[place]}});
    }
    sequences.push_back({{"top", std::move(list)}});
  }
  return sequences;
}

std::string Table(const std::vector<TopOfSequence>& tops) {
  TextTable table({{"sequence", TextTable::Align::kRight}, {"likeliest next tokens (logit)"}});
  for (size_t sequence = 0; sequence < tops.size(); ++sequence) {
    const TopOfSequence& top = tops[sequence];
    std::string cell;
    for (size_t place = 0; place < report::kTopTokens && top.ids[place] >= 0; ++place) {
      cell +=
          fmt::format("{}{} ({:.5g})", place == 0 ? "" : "  ", top.ids[place], top.logits[place]);
    }
    table.AddRow({fmt::format("{}", sequence), cell});
  }
  return table.Render(LayoutFor(Stream::Out()));
}

}  // namespace

int RunLogits(const Arguments& arguments) {
  const std::string ids_path = RequiredText(arguments, flag::kIds);
  const std::optional<std::string> out = arguments.FindText(flag::kOutput);
  if (arguments.Switch(flag::kHidden) && !out) {
    throw Error(ErrorCode::kInvalidArgument, "--hidden: want -o, the file to write the states to");
  }
  const nlohmann::json document = ReadJsonFile(ids_path);
  chat::TextModel model = OpenModel(arguments, arguments.Operand("DIR"));
  PrintModelNotes(arguments, model);
  runtime::Engine& engine = model.engine();
  const checkpoint::TextConfig& sizes = engine.config().sizes;
  const Sequences sequences =
      WithContext(ids_path, [&] { return ParseSequences(document, sizes.vocab); });

  std::optional<eval::LogitsFile> file;
  if (out) {
    file.emplace(
        *out, eval::LogitsShape{
                  .sequences = sequences.size(),
                  .tokens = sequences.front().size(),
                  .vocabulary = sizes.vocab,
                  .hidden = sizes.hidden,
                  .hidden_states = arguments.Switch(flag::kHidden) ? sizes.layers.size() + 1 : 0});
  }
  const std::vector<TopOfSequence> tops =
      Run(engine, sequences, arguments, file ? &*file : nullptr);
  if (file) file->Finish();

  if (arguments.json()) {
    PrintJson({{"model", arguments.Operand("DIR")},
               {"tokens", sequences.front().size()},
               {"vocabulary", sizes.vocab},
               {"output", out ? nlohmann::json(*out) : nlohmann::json()},
               {"sequences", ToJson(tops)}});
  } else if (!out) {
    Stream::Out().Write(Table(tops));
  } else {
    PrintSummary(arguments,
                 fmt::format("{}: logits of {} sequences of {} tokens, {} of vocabulary\n", *out,
                             FormatCount(sequences.size()), FormatCount(sequences.front().size()),
                             FormatCount(sizes.vocab)));
  }
  engine.FinishTrace();
  return 0;
}

}  // namespace hlwq::cli
