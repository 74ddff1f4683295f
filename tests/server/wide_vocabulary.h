// A golden model that takes every token of the tokenizer beside it.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace hlwq::test {

// Writes to `to` the checkpoint at `from` (one model.safetensors, embedding and head tied, of 2-byte elements) with a
// vocabulary of `tokens`, whose rows are those it has, again and again, and with room for
// `positions`.
inline void WidenVocabulary(const std::filesystem::path& from, const std::filesystem::path& to,
                            size_t tokens, size_t positions) {
  using nlohmann::ordered_json;
  const auto read = [](const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  ordered_json config = ordered_json::parse(read(from / "config.json"));
  config["vocab_size"] = tokens;
  config["max_position_embeddings"] = positions;
  std::ofstream(to / "config.json") << config;

  const std::string file = read(from / "model.safetensors");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof(header_bytes));
  ordered_json header = ordered_json::parse(file.substr(sizeof(header_bytes), header_bytes));
  std::string data = file.substr(sizeof(header_bytes) + header_bytes);
  ordered_json& entry = header.at("model.embed_tokens.weight");
  const size_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
  const size_t row_bytes = entry["shape"][1].get<size_t>() * 2;
  const std::string rows = data.substr(begin, end - begin);
  std::string wide;
  while (wide.size() < tokens * row_bytes) wide += rows;
  wide.resize(tokens * row_bytes);
  // In its place; what follows moves back.
  data.replace(begin, end - begin, wide);
  for (auto& [name, tensor] : header.items()) {
    if (name == "__metadata__" || tensor["data_offsets"][0] < end) continue;
    for (ordered_json& offset : tensor["data_offsets"])
      offset = offset.get<size_t>() + wide.size() - rows.size();
  }
  entry["shape"][0] = tokens;
  entry["data_offsets"] = {begin, begin + wide.size()};
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  header_bytes = text.size();
  std::ofstream(to / "model.safetensors", std::ios::binary)
      << std::string(reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes)) << text
      << data;
}

}  // namespace hlwq::test
