# With CMAKE_UNITY_BUILD (most presets) ten files of a box are compiled as one, in little
# more than half the time; each then sees the names in the unnamed namespaces of those before it. Files that
# share such a name with another are compiled apart: where such a build says "redefinition" or "conflicts
# with a previous declaration", add one of the two.
set(HLWQ_APART
  src/api/session.cc
  src/checkpoint/catalog/vision.cc
  src/checkpoint/gguf/model.cc
  src/checkpoint/gguf/split.cc
  src/checkpoint/gguf/tokenizer_steps.cc
  src/checkpoint/polar/config.cc
  src/checkpoint/polar/layout.cc
  src/checkpoint/polar/open_published.cc
  src/checkpoint/small_floats/open.cc
  src/checkpoint/tensor_report.cc
  src/cli/verbs/export_gguf.cc
  src/cli/verbs_generation.cc
  src/codec/pack_quantized_codec.cc
  src/codec/trellis_group.cc
  src/eval/inspect.cc
  src/eval/token_windows.cc
  src/hub/http_client.cc
  src/hub/repository.cc
  src/io/gguf_writer.cc
  src/report/compare_text.cc
  src/report/drawings/draw_code_use.cc
  src/report/drawings/draw_coordinates.cc
  src/report/drawings/draw_heatmap.cc
  src/report/drawings/draw_hit_rates.cc
  src/report/drawings/draw_kl_along_text.cc
  src/report/drawings/draw_kl_by_entropy.cc
  src/report/drawings/draw_kl_histogram.cc
  src/report/drawings/draw_snr_distribution.cc
  src/report/inspect_text.cc
  src/report/pages/cache_page.cc
  src/report/pages/kld_page.cc
  src/text/jinja/number_filters.cc
  src/text/jinja/order_filters.cc
  src/text/jinja/select_filters.cc
  src/text/jinja/sequence_filters.cc
  src/text/jinja/string_methods.cc
  src/text/jinja/tests.cc
  src/text/jinja/text_filters.cc
  src/text/jinja/to_json.cc
  src/text/jinja/to_text.cc
  src/text/tokenizer/normalizer.cc
  src/text/tokenizer/post_processor.cc
  src/text/tokenizer/pre_tokenizer.cc
  tests/checkpoint/catalog_test.cc
  tests/checkpoint/classify_test.cc
  tests/checkpoint/fold_rotation_test.cc
  tests/checkpoint/manifest_test.cc
  tests/checkpoint/polar/config_test.cc
  tests/checkpoint/row_reader_test.cc
  tests/codec/pack_quantized_codec_test.cc
  tests/codec/trellis_codec_test.cc
  tests/codec/trellis_golden_test.cc
  tests/convert/export_gguf_test.cc
  tests/convert/quantize_test.cc
  tests/hub/remote_folder_test.cc
  tests/hub/repository_test.cc
  tests/io/gguf_writer_test.cc
  tests/model/recurrent_state_test.cc
  tests/runtime/coded_model_test.cc
  tests/runtime/experts/cached_model_test.cc
  tests/text/tokenizer_golden_test.cc
  tests/text/tokenizer_test.cc)

# hlwq_keep_apart(SOURCES ...): called where a target is made of them, by the functions of HlwqTargets.
function(hlwq_keep_apart)
  foreach(source ${ARGN})
    cmake_path(ABSOLUTE_PATH source OUTPUT_VARIABLE path)
    cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    if(path IN_LIST HLWQ_APART)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()
