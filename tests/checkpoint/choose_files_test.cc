// Which files of a folder are the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ChooseFiles : public testing::Test {
 protected:
  test::TempDir dir_;

  void Write(const char* name, const char* tensor) const {
    test::WriteSafetensors(dir_ / name, {{.name = tensor, .shape = {2, 2}}});
  }
  std::string Message() const {
    try {
      OpenCheckpoint(dir_.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST_F(ChooseFiles, OneFileOfTheUsualNameIsTheModelWhateverLiesBesideIt) {
  Write("model.safetensors", "w");
  Write("consolidated.safetensors", "w");
  Write("adapter_model.safetensors", "lora");
  Write("model.fp16.safetensors", "w");
  WriteFileAtomically(dir_ / "model.safetensors.index.json",
                      R"({"weight_map": {"v": "absent.safetensors"}})");
  const Checkpoint checkpoint = OpenCheckpoint(dir_.path());
  ASSERT_EQ(checkpoint.files.size(), 1u);
  EXPECT_EQ(checkpoint.files[0].path().filename(), "model.safetensors");
  EXPECT_THAT(checkpoint.notes, testing::ElementsAre(HasSubstr(
                                    "adapter_model.safetensors and 2 more are not of this model")));
}

TEST_F(ChooseFiles, WithoutItAllFilesThatAreNotOfAnotherSetAre) {
  Write("part-a.safetensors", "a");
  Write("part-b.safetensors", "b");
  Write("adapter_model.safetensors", "lora");
  Write("part-a.fp16.safetensors", "a");
  EXPECT_EQ(OpenCheckpoint(dir_.path()).tensors.size(), 2u);
}

TEST_F(ChooseFiles, AMissingShardIsAnError) {
  Write("model-00001-of-00003.safetensors", "a");
  Write("model-00003-of-00003.safetensors", "b");
  EXPECT_THAT(Message(), HasSubstr("want 3 files model-*-of-*.safetensors, got 2"));
  Write("model-00002-of-00003.safetensors", "c");
  EXPECT_EQ(OpenCheckpoint(dir_.path()).tensors.size(), 3u);
  fs::remove(dir_ / "model-00002-of-00003.safetensors");
  WriteFileAtomically(dir_ / "model.safetensors.index.json",
                      R"({"weight_map": {"a": "model-00001-of-00003.safetensors",
                          "c": "model-00002-of-00003.safetensors"}})");
  EXPECT_THAT(Message(), HasSubstr("model-00002-of-00003.safetensors"));
}

TEST_F(ChooseFiles, ACopyInTheLayoutOfTheMakersAloneIsConverted) {
  Write("consolidated.safetensors", "w");
  EXPECT_EQ(OpenCheckpoint(dir_.path()).tensors.size(), 1u);
}

TEST_F(ChooseFiles, WithoutWeightsItSaysWhatIsThere) {
  EXPECT_THAT(Message(), HasSubstr("no .safetensors file"));
  WriteFileAtomically(dir_ / "pytorch_model.bin", "x");
  EXPECT_THAT(Message(), HasSubstr("pytorch_model.bin is a pickle of PyTorch"));
  Write("adapter_model.safetensors", "lora");
  EXPECT_THAT(Message(), HasSubstr("adapter_model.safetensors is an adapter"));
  fs::create_directories(dir_ / "snapshots" / "0123abc");
  fs::create_directories(dir_ / "refs");
  EXPECT_THAT(Message(), HasSubstr("below snapshots/ 0123abc"));
}

}  // namespace
}  // namespace hlwq::checkpoint
