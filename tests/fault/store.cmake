# Storage: power loss, errors of the disk, full and second stores (store_*, power_*).
#
# The calls that change files are defined again in these programs (store_calls.c), the clock too
# (power_case.c).
add_library(fault_disk STATIC power_disk.c power_image.c)
target_include_directories(fault_disk PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(fault_disk PRIVATE kabar_flags)

set(power_sources power_case.c power_run.c power_tape.c store_calls.c power_work.c power_node.c
  power_aggregator.c)

# fault_store_program(NAME SOURCE…), and NAME-planted with PLANTS.
function(fault_store_program name)
  add_executable(${name} ${ARGN} ${power_sources})
  target_link_libraries(${name} PRIVATE fault_disk node aggregator test_lib PkgConfig::SODIUM kabar_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  if(PLANTS)
    add_executable(${name}_planted ${ARGN} ${power_sources}
      ${PROJECT_SOURCE_DIR}/tests/plants/plant_env.c)
    target_link_libraries(${name}_planted PRIVATE fault_disk node_planted aggregator_planted
      test_lib PkgConfig::SODIUM kabar_flags)
    set_target_properties(${name}_planted PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  endif()
endfunction()

# fault_test(NAME TIMEOUT COMMAND…)
function(fault_test name timeout)
  add_test(NAME fault_${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(fault_${name} PROPERTIES LABELS fault TIMEOUT ${timeout}
    SKIP_RETURN_CODE 77)
endfunction()

fault_store_program(power_store power_store.c)
set(power_options --patterns 34 --second 3)
set(errors_options --step 1)
if(SANITIZE MATCHES "address")
  set(power_options --patterns 3 --second 0) # a process costs forty times as much
  set(errors_options --step 41)
elseif(SANITIZE)
  set(power_options --patterns 2 --second 0)
  set(errors_options --step 41)
endif()
foreach(store node aggregator)
  fault_test(power_${store} 1800 power_store ${store} ${power_options})
endforeach()

# Every call that changes a store's files fails once, or from then on.
fault_store_program(store_errors store_errors.c)
foreach(store node aggregator)
  fault_test(store_errors_${store} 1800 store_errors ${store} ${errors_options})
  set_tests_properties(fault_power_${store} fault_store_errors_${store} PROPERTIES PROCESSORS 2)
endforeach()

# The same from outside, on the real programs.
add_library(fault_store_shim MODULE store_shim.c store_calls.c)
target_include_directories(fault_store_shim PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(fault_store_shim PRIVATE kabar_flags Threads::Threads)
target_compile_options(fault_store_shim PRIVATE -fno-sanitize=all)
target_link_options(fault_store_shim PRIVATE -fno-sanitize=all)
# After all others: read is defined here.
set_source_files_properties(store_shim.c PROPERTIES COMPILE_OPTIONS -U_FORTIFY_SOURCE)
set_target_properties(fault_store_shim PROPERTIES PREFIX "" OUTPUT_NAME store_shim
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/tools)
set(store_environment "KABAR_BIN=${PROJECT_BINARY_DIR}/bin;KABAR_SOURCE=${PROJECT_SOURCE_DIR};KABAR_TOOLS=${PROJECT_BINARY_DIR}/tests/integration/tools;KABAR_FAULT_TOOLS=${CMAKE_CURRENT_BINARY_DIR}/tools;KABAR_SANITIZE=${SANITIZE}")
fault_test(store_shim 900 ${CMAKE_CURRENT_SOURCE_DIR}/store_shim.sh)
set_tests_properties(fault_store_shim PROPERTIES ENVIRONMENT "${store_environment}")

# The power goes under a mounted file system. Only where there is libfuse3 and one may mount.
pkg_check_modules(FUSE3 IMPORTED_TARGET fuse3)
set(fuse_options --step 1)
if(SANITIZE)
  set(fuse_options --step 29)
endif()
if(FUSE3_FOUND)
  add_executable(power_fs power_fs.c)
  target_link_libraries(power_fs PRIVATE fault_disk PkgConfig::FUSE3 kabar_flags)
  fault_store_program(power_fuse power_fuse.c)
  foreach(store node aggregator)
    fault_test(power_fuse_${store} 900 power_fuse ${store} $<TARGET_FILE:power_fs> ${fuse_options})
  endforeach()
else()
  fault_test(power_fuse 10 sh -c "echo 'skipped: no libfuse3-dev here'; exit 77")
endif()

add_executable(fault_store_reader store_reader.c)
target_link_libraries(fault_store_reader PRIVATE PkgConfig::LMDB kabar_flags)
set_target_properties(fault_store_reader PROPERTIES OUTPUT_NAME store_reader
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/tools)
foreach(script store_second store_map)
  fault_test(${script} 900 ${CMAKE_CURRENT_SOURCE_DIR}/${script}.sh)
  set_tests_properties(fault_${script} PROPERTIES ENVIRONMENT "${store_environment}")
endforeach()
