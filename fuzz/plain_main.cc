// Runs a fuzz target without libFuzzer, so that the targets build and run with every compiler and
// in every test run.
//
// usage: fuzz_<name> [FILE|FOLDER]...
//
// Each file is one input; after the files come mutations of them: bit flips, extreme integers,
// truncations, repeated and spliced pieces. Their number and their bytes are bounded and their
// choice is fixed, so two runs do the same. An input that brings the program down is left in
// crash-fuzz_<name> in the working folder; give that file as argument to see it again.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

constexpr size_t kMutations = 20'000;
constexpr size_t kMutatedBytes = size_t{96} << 20;

// What the signal handler saves: the input in work.
const uint8_t* current_data = nullptr;
size_t current_size = 0;
char crash_path[256] = "crash";

void SaveCrash(int signal_number) {
  const int fd = open(crash_path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  bool is_saved = fd >= 0;
  for (size_t done = 0; is_saved && done < current_size;) {
    const ssize_t written = write(fd, current_data + done, current_size - done);
    is_saved = written > 0;
    done += is_saved ? static_cast<size_t>(written) : 0;
  }
  constexpr char kText[] = "the input that brought the program down is in ";
  const size_t length = std::char_traits<char>::length(crash_path);
  if (is_saved && write(STDERR_FILENO, kText, sizeof kText - 1) > 0 &&
      write(STDERR_FILENO, crash_path, length) > 0) {
    is_saved = write(STDERR_FILENO, "\n", 1) == 1;
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void Run(const Input& input) {
  // A copy of exactly this size: a sanitizer sees a read of the first byte beyond.
  const Input exact(input);
  current_data = exact.data();
  current_size = exact.size();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  current_size = 0;
}

void AddFile(const std::filesystem::path& path, std::vector<Input>& inputs) {
  std::ifstream file(path, std::ios::binary);
  inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Files in the order of their names, so that a run does not depend on the file system.
std::vector<Input> ReadInputs(int argc, char** argv) {
  std::vector<Input> inputs;
  for (int index = 1; index < argc; ++index) {
    const std::filesystem::path path = argv[index];
    if (!std::filesystem::is_directory(path)) {
      AddFile(path, inputs);
      continue;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const std::filesystem::path& file : files) AddFile(file, inputs);
  }
  return inputs;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Input>& seeds) : seeds_(seeds) {}

  Input Next() {
    Input input = Pick();
    for (size_t steps = 1 + Below(4); steps > 0; --steps) Mutate(input);
    return input;
  }

 private:
  size_t Below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  const Input& Pick() { return seeds_[Below(seeds_.size())]; }

  void Mutate(Input& input) {
    if (input.empty()) {
      input = Pick();
      return;
    }
    const size_t at = Below(input.size());
    const auto position = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (Below(7)) {
      case 0:
        input[at] ^= static_cast<uint8_t>(1u << Below(8));
        break;
      case 1:
        input[at] = static_cast<uint8_t>(random_());
        break;
      case 2:
        PutInteger(input, at);
        break;
      case 3:
        input.resize(at);
        break;
      case 4: {  // a piece again, where it is
        const Input piece(position, position + Length(input.size() - at));
        input.insert(position, piece.begin(), piece.end());
        break;
      }
      case 5:
        input.erase(position, position + Length(input.size() - at));
        break;
      case 6: {  // the tail of another input
        const Input& other = Pick();
        input.resize(at);
        input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(Below(other.size())),
                     other.end());
        break;
      }
    }
  }

  // Short pieces mostly; what matters in these formats is a few bytes long.
  std::ptrdiff_t Length(size_t most) {
    return static_cast<std::ptrdiff_t>(1 + Below(std::min<size_t>(most, 64)));
  }

  // A little-endian integer, or one in digits, that sizes and offsets overflow on.
  void PutInteger(Input& input, size_t at) {
    constexpr std::array<uint64_t, 10> kValues = {0,
                                                  1,
                                                  0x7F,
                                                  0xFF,
                                                  0x7FFFFFFF,
                                                  0xFFFFFFFF,
                                                  0x100000000,
                                                  0x7FFFFFFFFFFFFFFF,
                                                  0x8000000000000000,
                                                  0xFFFFFFFFFFFFFFFF};
    const uint64_t value = kValues[Below(kValues.size())];
    if (input[at] >= '0' && input[at] <= '9') {
      const std::string digits = std::to_string(value);
      const auto position = input.begin() + static_cast<std::ptrdiff_t>(at);
      input.insert(position, digits.begin(), digits.end());
      return;
    }
    const size_t width = size_t{1} << Below(4);
    for (size_t byte = 0; byte < width && at + byte < input.size(); ++byte) {
      input[at + byte] = static_cast<uint8_t>(value >> (8 * byte));
    }
  }

  const std::vector<Input>& seeds_;
  std::mt19937_64 random_{20261122};
};

}  // namespace

int main(int argc, char** argv) {
  const std::string name = std::filesystem::path(argv[0]).filename().string();
  std::snprintf(crash_path, sizeof crash_path, "crash-%s", name.c_str());
  for (const int signal_number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal_number, SaveCrash);
  }

  std::vector<Input> inputs = ReadInputs(argc, argv);
  const bool is_one_file = argc == 2 && !std::filesystem::is_directory(argv[1]);
  if (!is_one_file) inputs.emplace_back();  // nothing at all is an input as well
  for (const Input& input : inputs) Run(input);
  if (is_one_file) return 0;

  Mutator mutator(inputs);
  size_t mutations = 0;
  for (size_t bytes = 0; mutations < kMutations && bytes < kMutatedBytes; ++mutations) {
    const Input input = mutator.Next();
    bytes += input.size() + 1;
    Run(input);
  }
  std::printf("%s: %zu inputs, %zu mutations\n", name.c_str(), inputs.size(), mutations);
  return 0;
}
