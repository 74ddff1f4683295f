// Learns a byte-level BPE vocabulary from texts (Sennrich et al. 2016; the bytes as in GPT-2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::study {

struct BpeOptions {
  size_t vocabulary =
      0;  // tokens in all: special ones, 256 bytes and merges; fewer where the texts end
  uint64_t least_count = 2;  // pairs that occur less often are not merged
  std::vector<std::string> special = {"<|endoftext|>"};  // ids 0, 1, ..
  int threads = 0;  // that count the words of the texts; 0: the cores of this process
};

// A merge of two tokens, by their ids, and the id of the token that it makes.
struct BpeMerge {
  uint32_t left = 0, right = 0, made = 0;

  bool operator==(const BpeMerge&) const = default;
};

struct BpeVocabulary {
  std::vector<std::string> tokens;  // by id, in the characters of GPT-2's byte alphabet
  size_t special = 0;               // how many of them are
  std::vector<BpeMerge> merges;
};

// Texts are cut into words by GPT-2's expression; the pair of neighbours that is most frequent in all
// words becomes a token, until there are enough. Of equally frequent pairs the one with the smaller ids
// goes first, as in Hugging Face's tokenizers, whose trainer gives the same tokens and merges. An invalid
// part of a text counts as U+FFFD. Memory: the different words of all texts.
// Throws Error{kInvalidArgument} where `vocabulary` has no room for the bytes and the special tokens, or a
// special token is empty, given twice or a single character of the byte alphabet.
BpeVocabulary TrainBpe(std::span<const std::string_view> texts, const BpeOptions& options);

// The content of a tokenizer.json, for hlwq::text and for Hugging Face's tokenizers. `begins_texts`: the first
// special token is put before every text that is encoded with special tokens, as by Llama's tokenizers.
std::string BpeToJson(const BpeVocabulary& vocabulary, bool begins_texts = false);

}  // namespace hlwq::study
