#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "report/throughput.h"

namespace hlwq::report {
namespace {

constexpr auto kRight = TextTable::Align::kRight;
constexpr double kMega = 1e6;
constexpr double kGiga = 1e9;

// "34.2 (33.9–34.4)".
std::string Spread(const Samples& samples, double unit = 1) {
  if (samples.empty()) return "–";
  const auto number = [&](double value) {
    const double scaled = value / unit;
    return fmt::format("{:.{}f}", scaled, scaled < 100 ? 1 : 0);
  };
  return fmt::format("{} ({}–{})", number(samples.Median()), number(samples.Min()),
                     number(samples.Max()));
}

std::string Share(const Samples& samples) {
  return samples.empty() ? "–" : fmt::format("{:.0f} %", 100 * samples.Median());
}

double DecodeBytes(const ThroughputResult& result, const ThreadThroughput& row) {
  return static_cast<double>(result.weight_bytes_per_token) * row.decode.Median();
}

nlohmann::json ToJson(const Samples& samples) {
  if (samples.empty()) return nullptr;
  return {{"median", samples.Median()},
          {"min", samples.Min()},
          {"max", samples.Max()},
          {"samples", samples.values}};
}

bool HasCache(const ThroughputResult& result) {
  return !result.threads.empty() && !result.threads.front().experts.device_read.empty();
}

std::vector<std::string> Titles(const ThroughputResult& result) {
  std::vector<std::string> titles = {"threads",
                                     fmt::format("prefill {} tok/s", result.prompt_tokens),
                                     fmt::format("decode {} tok/s", result.decode_tokens)};
  const std::vector<std::string> rest =
      HasCache(result)
          ? std::vector<std::string>{"hits", "MB read a token", "waited", "device GB/s", "share"}
          : std::vector<std::string>{"weights GB/s", "KV GB/s", "plain read GB/s", "share"};
  titles.insert(titles.end(), rest.begin(), rest.end());
  return titles;
}

std::vector<std::string> Cells(const ThroughputResult& result, const ThreadThroughput& row) {
  const double rate = row.decode.Median();
  const bool has_decode = !row.decode.empty();
  if (HasCache(result)) {
    const ExpertThroughput& experts = row.experts;
    return {fmt::format("{}", row.threads),
            Spread(row.prefill),
            Spread(row.decode),
            Share(experts.hit_rate),
            fmt::format("{:.0f}", experts.bytes_per_token.Median() / kMega),
            Share(experts.waited),
            Spread(experts.device_read, kGiga),
            Share(experts.device_share)};
  }
  return {fmt::format("{}", row.threads),
          Spread(row.prefill),
          Spread(row.decode),
          has_decode ? fmt::format("{:.1f}", DecodeBytes(result, row) / kGiga) : "–",
          has_decode ? fmt::format("{:.2f}", result.kv_bytes_per_token * rate / kGiga) : "–",
          Spread(row.plain_read, kGiga),
          Share(row.decode_share)};
}

bool HasBatches(const ThroughputResult& result) {
  return !(result.threads.empty() || result.threads.front().batches.empty());
}

std::vector<std::string> BatchTitles() {
  return {"threads", "sequences", "tok/s", "of each", "of plain read", "of prefill"};
}

std::vector<std::string> BatchCells(const ThreadThroughput& row, const BatchThroughput& batch) {
  return {fmt::format("{}", row.threads),
          fmt::format("{}", batch.sequences),
          Spread(batch.decode),
          fmt::format("{:.1f}", batch.decode.Median() / batch.sequences),
          Share(batch.memory_share),
          Share(batch.prefill_share)};
}

template <typename AddRow>
void ForEachBatch(const ThroughputResult& result, AddRow add_row) {
  for (const ThreadThroughput& row : result.threads) {
    for (const BatchThroughput& batch : row.batches) add_row(row, batch);
  }
}

TextTable TableOf(std::vector<std::string> titles) {
  std::vector<TextTable::Column> columns;
  for (std::string& title : titles) columns.push_back({std::move(title), kRight});
  return TextTable(std::move(columns));
}

bool HasDepths(const ThroughputResult& result) {
  return !(result.threads.empty() || result.threads.front().depths.empty());
}

std::vector<std::string> DepthTitles(const ThroughputResult& result) {
  return {"threads", "tokens before", "MB of them read",
          fmt::format("prefill {} tok/s", result.prompt_tokens),
          fmt::format("decode {} tok/s", result.decode_tokens)};
}

std::vector<std::string> DepthCells(const ThreadThroughput& row, const DepthThroughput& depth) {
  return {fmt::format("{}", row.threads), FormatCount(depth.depth),
          fmt::format("{:.1f}", depth.kv_bytes / kMega), Spread(depth.prefill),
          Spread(depth.decode)};
}

template <typename AddRow>
void ForEachDepth(const ThroughputResult& result, AddRow add_row) {
  for (const ThreadThroughput& row : result.threads) {
    for (const DepthThroughput& depth : row.depths) add_row(row, depth);
  }
}

std::string Milliseconds(double seconds) { return fmt::format("{:.1f} ms", 1000 * seconds); }

// What is the same for every number of threads.
std::vector<std::pair<std::string, std::string>> Facts(const ThroughputResult& result) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"model",
       fmt::format("{}, {} parameters, {}", result.model_type, FormatWeights(result.parameters),
                   FormatBytes(result.checkpoint_bytes))},
      {"weights read for a token", FormatBytes(result.weight_bytes_per_token, 4)},
      {"keys and values kept of a token",
       fmt::format("{}, {}", FormatBytes(static_cast<uint64_t>(result.kv_bytes_kept), 4),
                   result.kv_format)},
      {"to load", Milliseconds(result.load_seconds)},
      {"to the first token after 8", Milliseconds(result.first_token_seconds)},
      {"resident", FormatBytes(result.resident_bytes)},
      {"repetitions", fmt::format("{}; medians (least–most)", result.repetitions)},
      {"share", HasCache(result)
                    ? "of the device's own bandwidth that decoding reads, in the same repetition"
                    : "of the plain read that the weights are, in the same repetition"}};
  if (!result.experts.empty()) facts.insert(facts.begin() + 1, {"experts", result.experts});
  return facts;
}

}  // namespace

nlohmann::json ThroughputToJson(const ThroughputResult& result) {
  nlohmann::json threads = nlohmann::json::array();
  for (const ThreadThroughput& row : result.threads) {
    nlohmann::json json = {{"threads", row.threads},
                           {"prefill_tokens_per_second", ToJson(row.prefill)},
                           {"decode_tokens_per_second", ToJson(row.decode)},
                           {"plain_read_bytes_per_second", ToJson(row.plain_read)},
                           {"decode_share_of_plain_read", ToJson(row.decode_share)}};
    if (HasCache(result)) {
      const ExpertThroughput& experts = row.experts;
      json["experts"] = {{"hit_rate", ToJson(experts.hit_rate)},
                         {"bytes_read_per_token", ToJson(experts.bytes_per_token)},
                         {"share_of_time_waited", ToJson(experts.waited)},
                         {"device_read_bytes_per_second", ToJson(experts.device_read)},
                         {"share_of_device_read", ToJson(experts.device_share)}};
    }
    for (const BatchThroughput& batch : row.batches) {
      json["batches"].push_back({{"sequences", batch.sequences},
                                 {"decode_tokens_per_second", ToJson(batch.decode)},
                                 {"share_of_plain_read", ToJson(batch.memory_share)},
                                 {"share_of_prefill", ToJson(batch.prefill_share)}});
    }
    for (const DepthThroughput& depth : row.depths) {
      json["depths"].push_back({{"tokens", depth.depth},
                                {"kv_bytes_read_per_token", depth.kv_bytes},
                                {"prefill_tokens_per_second", ToJson(depth.prefill)},
                                {"decode_tokens_per_second", ToJson(depth.decode)}});
    }
    if (!row.decode.empty()) {
      json["decode_weight_bytes_per_second"] = DecodeBytes(result, row);
      json["decode_kv_bytes_per_second"] = result.kv_bytes_per_token * row.decode.Median();
    }
    threads.push_back(std::move(json));
  }
  return {{"model_type", result.model_type},
          {"parameters", result.parameters},
          {"checkpoint_bytes", result.checkpoint_bytes},
          {"prompt_tokens", result.prompt_tokens},
          {"decode_tokens", result.decode_tokens},
          {"repetitions", result.repetitions},
          {"weight_bytes_per_token", result.weight_bytes_per_token},
          {"kv_bytes_per_token", result.kv_bytes_per_token},
          {"kv_format", result.kv_format},
          {"kv_bytes_kept_per_token", result.kv_bytes_kept},
          {"load_seconds", result.load_seconds},
          {"first_token_seconds", result.first_token_seconds},
          {"resident_bytes", result.resident_bytes},
          {"experts", result.experts.empty() ? nlohmann::json() : nlohmann::json(result.experts)},
          {"threads", std::move(threads)}};
}

std::string ThroughputToText(const ThroughputResult& result, const TextLayout& layout) {
  TextTable table = TableOf(Titles(result));
  for (const ThreadThroughput& row : result.threads) table.AddRow(Cells(result, row));
  std::string out = RenderPairs(Facts(result), layout) + "\n" + table.Render(layout);
  if (HasBatches(result)) {
    TextTable batches = TableOf(BatchTitles());
    ForEachBatch(result, [&](const ThreadThroughput& row, const BatchThroughput& batch) {
      batches.AddRow(BatchCells(row, batch));
    });
    out += "\n" + batches.Render(layout);
  }
  if (HasDepths(result)) {
    TextTable depths = TableOf(DepthTitles(result));
    ForEachDepth(result, [&](const ThreadThroughput& row, const DepthThroughput& depth) {
      depths.AddRow(DepthCells(row, depth));
    });
    out += "\n" + depths.Render(layout);
  }
  return out;
}

std::string ThroughputToMarkdown(const ThroughputResult& result) {
  const auto line = [](const std::vector<std::string>& cells) {
    return fmt::format("| {} |\n", fmt::join(cells, " | "));
  };
  const std::vector<std::string> titles = Titles(result);
  std::string out = line(titles) + line(std::vector<std::string>(titles.size(), "---:"));
  for (const ThreadThroughput& row : result.threads) out += line(Cells(result, row));
  out += "\n";
  if (HasBatches(result)) {
    out += line(BatchTitles()) + line(std::vector<std::string>(BatchTitles().size(), "---:"));
    ForEachBatch(result, [&](const ThreadThroughput& row, const BatchThroughput& batch) {
      out += line(BatchCells(row, batch));
    });
    out += "\n";
  }
  if (HasDepths(result)) {
    const std::vector<std::string> depth_titles = DepthTitles(result);
    out += line(depth_titles) + line(std::vector<std::string>(depth_titles.size(), "---:"));
    ForEachDepth(result, [&](const ThreadThroughput& row, const DepthThroughput& depth) {
      out += line(DepthCells(row, depth));
    });
    out += "\n";
  }
  for (const auto& [name, value] : Facts(result)) out += fmt::format("- {}: {}\n", name, value);
  return out;
}

std::string ThroughputToCsv(const ThroughputResult& result) {
  std::string out = "threads,kind,tokens,unit,median,min,max\n";
  const auto add = [&](const ThreadThroughput& row, const char* kind, size_t tokens,
                       const char* unit, const Samples& samples) {
    if (samples.empty()) return;
    out += fmt::format("{},{},{},{},{:.6g},{:.6g},{:.6g}\n", row.threads, kind, tokens, unit,
                       samples.Median(), samples.Min(), samples.Max());
  };
  for (const ThreadThroughput& row : result.threads) {
    add(row, "prefill", result.prompt_tokens, "tokens/s", row.prefill);
    add(row, "decode", result.decode_tokens, "tokens/s", row.decode);
    add(row, "plain read", 0, "bytes/s", row.plain_read);
    add(row, "decode share of plain read", result.decode_tokens, "1", row.decode_share);
    add(row, "expert hit rate", result.decode_tokens, "1", row.experts.hit_rate);
    add(row, "expert bytes read a token", result.decode_tokens, "bytes",
        row.experts.bytes_per_token);
    add(row, "time waited for experts", result.decode_tokens, "1", row.experts.waited);
    add(row, "device read", 0, "bytes/s", row.experts.device_read);
    add(row, "decode share of device read", result.decode_tokens, "1", row.experts.device_share);
    for (const BatchThroughput& batch : row.batches) {
      add(row, fmt::format("decode of {} sequences", batch.sequences).c_str(), result.decode_tokens,
          "tokens/s", batch.decode);
    }
    for (const DepthThroughput& depth : row.depths) {
      add(row, fmt::format("prefill after {} tokens", depth.depth).c_str(), result.prompt_tokens,
          "tokens/s", depth.prefill);
      add(row, fmt::format("decode after {} tokens", depth.depth).c_str(), result.decode_tokens,
          "tokens/s", depth.decode);
    }
  }
  return out;
}

}  // namespace hlwq::report
