// Experts in small files, of every stored form, for tests of what reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/mapped_file.h"
#include "base/random.h"
#include "checkpoint/checkpoint.h"
#include "model/expert_source.h"
#include "tests/support/temp_dir.h"

namespace hlwq::test {

// Layers of experts, as a model would map them. gate and up follow each other in the first file at
// odd places; down is codes in the second, far from their norms; the experts of the last layer are
// of trellis codes, all in the second. The numbers mean nothing.
class FakeExperts {
 public:
  FakeExperts(size_t layers, size_t experts) {
    std::string first(3, 'x'), second(5000, 'y');
    std::vector<Place> places;
    for (size_t layer = 0; layer < layers; ++layer) {
      for (size_t expert = 0; expert < experts; ++expert) {
        const bool is_trellis = layer + 1 == layers && layers > 1;
        for (size_t matrix = 0; matrix < 3; ++matrix) {
          std::string& file = matrix < 2 && !is_trellis ? first : second;
          places.push_back(
              {matrix < 2 && !is_trellis ? size_t{0} : size_t{1}, file.size(), kBytes[matrix]});
          Append(file, kBytes[matrix]);
        }
      }
    }
    const size_t norms_begin = second.size();
    Append(second, layers * experts * kSmallBytes);
    Write(0, first);
    Write(1, second);
    size_t place = 0;
    for (size_t layer = 0; layer < layers; ++layer) {
      experts_.emplace_back();
      for (size_t expert = 0; expert < experts; ++expert) {
        const auto norms = files_mapped_[1].bytes().subspan(
            norms_begin + (layer * experts + expert) * kSmallBytes, kSmallBytes);
        const bool is_trellis = layer + 1 == layers && layers > 1;
        model::ExpertMatrices matrices;
        for (model::StoredMatrix* matrix : {&matrices.gate, &matrices.up, &matrices.down}) {
          const Place& at = places[place++];
          const auto bytes = files_mapped_[at.file].bytes().subspan(at.offset, at.bytes);
          if (is_trellis) {
            model::TrellisMatrix trellis;
            trellis.codes = bytes;
            trellis.scales = norms.first(100);
            *matrix = trellis;  // without row scales
          } else if (matrix == &matrices.down) {
            model::HlwqMatrix codes;
            codes.packed = bytes;
            codes.norms = norms;
            *matrix = codes;
          } else {
            *matrix = kernels::DenseMatrix{.data = bytes};
          }
        }
        experts_.back().push_back(matrices);
      }
    }
  }

  std::span<const std::vector<model::ExpertMatrices>> experts() const { return experts_; }
  std::span<const File> files() const { return files_; }
  auto range_of() const {
    return [this](std::span<const std::byte> bytes) -> std::optional<checkpoint::FileRange> {
      for (size_t file = 0; file < files_mapped_.size(); ++file) {
        const auto mapped = files_mapped_[file].bytes();
        if (std::less_equal()(mapped.data(), bytes.data()) &&
            std::less_equal()(bytes.data() + bytes.size(), mapped.data() + mapped.size())) {
          return checkpoint::FileRange{file, static_cast<uint64_t>(bytes.data() - mapped.data()),
                                       bytes.size()};
        }
      }
      return std::nullopt;
    };
  }

  // Whether the matrices are these, at another place.
  static bool IsCopy(const model::ExpertMatrices& copy, const model::ExpertMatrices& expert) {
    return IsCopy(copy.gate, expert.gate) && IsCopy(copy.up, expert.up) &&
           IsCopy(copy.down, expert.down);
  }

  // Cuts a file shorter, as another process might; reading what is mapped then kills, as it does.
  void Cut(size_t file) const { std::filesystem::resize_file(files_[file].path(), 100); }
  void Restore(size_t file) const {
    const File whole = File::OpenForWrite(files_[file].path());
    whole.WriteAt(0, std::as_bytes(std::span(contents_[file])));
  }

 private:
  struct Place {
    size_t file = 0, offset = 0, bytes = 0;
  };
  static constexpr size_t kBytes[] = {5001, 4003, 6007};
  static constexpr size_t kSmallBytes = 301;

  static std::vector<std::span<const std::byte>> Parts(const model::StoredMatrix& matrix) {
    std::vector<std::span<const std::byte>> parts;
    model::ForEachPart(matrix, [&](std::span<const std::byte> part) { parts.push_back(part); });
    return parts;
  }
  static bool IsCopy(const model::StoredMatrix& copy, const model::StoredMatrix& matrix) {
    const auto copies = Parts(copy), parts = Parts(matrix);
    if (copy.index() != matrix.index() || copies.size() != parts.size()) return false;
    for (size_t part = 0; part < parts.size(); ++part) {
      if (copies[part].size() != parts[part].size()) return false;
      if (parts[part].empty()) continue;
      if (copies[part].data() == parts[part].data()) return false;
      if (std::memcmp(copies[part].data(), parts[part].data(), parts[part].size()) != 0) {
        return false;
      }
    }
    return true;
  }
  static void Append(std::string& content, size_t bytes) {
    for (size_t at = 0; at < bytes; ++at) {
      content.push_back(static_cast<char>(MixBits(content.size() * 31 + bytes)));
    }
  }
  void Write(size_t file, std::string& content) {
    const auto path = dir_ / ("file" + std::to_string(file));
    WriteFileAtomically(path, content);
    files_.push_back(File::OpenForRead(path));
    files_mapped_.emplace_back(files_.back());
    contents_.push_back(std::move(content));
  }

  TempDir dir_;
  std::vector<File> files_;
  std::vector<MappedFile> files_mapped_;
  std::vector<std::string> contents_;
  std::vector<std::vector<model::ExpertMatrices>> experts_;
};

}  // namespace hlwq::test
