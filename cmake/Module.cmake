# pixie_module(NAME DEPS...): the library of src/NAME, which may include only what DEPS name.
# Its tests (*_test.cc), fuzz targets (*_fuzz.cc) and benchmarks (*_bench.cc) stand beside its code and
# are gathered here for the executables at the end of CMakeLists.txt.
function(pixie_module name)
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc ${dir}/*.S)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${dir}/*_fuzz.cc)
  file(GLOB benches CONFIGURE_DEPENDS ${dir}/*_bench.cc)
  list(REMOVE_ITEM sources ${tests} ${fuzzers} ${benches} ${dir}/main.cc "")
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${ARGN})
  set_property(GLOBAL APPEND PROPERTY PIXIE_MODULES ${name})
  set_property(GLOBAL APPEND PROPERTY PIXIE_TEST_SOURCES ${tests})
  set_property(GLOBAL APPEND PROPERTY PIXIE_FUZZ_SOURCES ${fuzzers})
  set_property(GLOBAL APPEND PROPERTY PIXIE_BENCH_SOURCES ${benches})
endfunction()

# The unit tests of all modules in one executable, and one executable per fuzz target. A fuzz target that is
# not built for libFuzzer gets a main() that replays its corpus, so that corpora are ordinary tests.
function(pixie_test_executables)
  get_property(modules GLOBAL PROPERTY PIXIE_MODULES)
  get_property(tests GLOBAL PROPERTY PIXIE_TEST_SOURCES)
  get_property(fuzzers GLOBAL PROPERTY PIXIE_FUZZ_SOURCES)
  find_package(GTest REQUIRED)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/source_folder.cc CONTENT "#include \"wire/testing_source.h\"
std::string pixie::wire::source_folder() { return \"${CMAKE_SOURCE_DIR}\"; }
")
  add_executable(pixie_tests ${tests} ${CMAKE_BINARY_DIR}/source_folder.cc)
  target_link_libraries(pixie_tests PRIVATE ${modules} rapidcheck GTest::gmock GTest::gtest_main)
  add_test(NAME unit COMMAND pixie_tests)
  foreach(source ${fuzzers})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${modules})
    if(PIXIE_FUZZ)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
      target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/fuzz/replay.cc)
      add_test(NAME corpus.${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name})
    endif()
  endforeach()
endfunction()

# The micro benchmarks of all modules in one executable, by Google Benchmark (Debian: libbenchmark-dev, which has no
# static library: configure with -DPIXIE_STATIC=OFF).
function(pixie_bench_executable)
  get_property(modules GLOBAL PROPERTY PIXIE_MODULES)
  get_property(benches GLOBAL PROPERTY PIXIE_BENCH_SOURCES)
  find_package(benchmark REQUIRED)
  add_executable(pixie_bench ${benches})
  target_link_libraries(pixie_bench PRIVATE ${modules} benchmark::benchmark_main)
endfunction()
