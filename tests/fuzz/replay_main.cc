// Runs a fuzz target over its seed corpus and over mutations of it, where libFuzzer is not linked:
// the corpus is part of every test run. A crash is the failure; the seed that is printed first
// repeats it.
//
// Usage: NAME [--seed=N] [--mutations=N] FILE_OR_FOLDER...

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr uint64_t kMutations = 20'000;
constexpr size_t kInputBytesMax = 1 << 16;

using Random = std::mt19937_64;

void Run(const std::string& input) {
  // A copy of exactly this length on the heap, so that sanitizers see every byte read past the end.
  std::vector<uint8_t> bytes(input.begin(), input.end());
  bytes.shrink_to_fit();
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// Changes `input` in one random way; `other` is what may be spliced in.
void Mutate(Random& random, const std::string& other, std::string* input) {
  const auto below = [&random](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const size_t at = below(input->size() + 1);
  switch (random() % 7) {
    case 0:
      if (at < input->size()) (*input)[at] = static_cast<char>(random());
      break;
    case 1:
      if (at < input->size()) (*input)[at] ^= static_cast<char>(1 << random() % 8);
      break;
    case 2:
      input->insert(at, 1, static_cast<char>(random()));
      break;
    case 3:
      input->erase(at, 1 + below(8));
      break;
    case 4:
      input->resize(at);
      break;
    case 5:
      input->insert(at, other.substr(below(other.size()), 1 + below(32)));
      break;
    default:
      // Values that lengths and offsets dislike.
      for (size_t i = at; i < std::min(at + 4, input->size()); ++i) {
        (*input)[i] = random() % 2 == 0 ? '\xff' : '\0';
      }
      break;
  }
}

std::vector<std::string> Load(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry);
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  std::vector<std::string> inputs;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

bool TakeOption(std::string_view argument, std::string_view name, uint64_t* value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(argument.begin(), argument.end(), *value);
  if (error == std::errc() && end == argument.end()) return true;
  std::fprintf(stderr, "not a number: %.*s\n", static_cast<int>(argument.size()), argument.data());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t seed = std::random_device{}();
  uint64_t mutations = kMutations;
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    if (TakeOption(argv[i], "--seed=", &seed)) continue;
    if (TakeOption(argv[i], "--mutations=", &mutations)) continue;
    for (std::string& input : Load(argv[i])) corpus.push_back(std::move(input));
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no inputs: give a corpus folder\n");
    return 2;
  }
  std::printf("%zu inputs, %llu mutations, --seed=%llu\n", corpus.size(),
              static_cast<unsigned long long>(mutations), static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Run("");
  for (const std::string& input : corpus) Run(input);
  Random random(seed);
  for (uint64_t i = 0; i < mutations; ++i) {
    std::string input = corpus[random() % corpus.size()];
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      Mutate(random, corpus[random() % corpus.size()], &input);
    }
    if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
    Run(input);
  }
  return 0;
}
