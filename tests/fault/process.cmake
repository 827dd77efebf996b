# Processes and lines (kill_*, net_*).
set(fault_tools ${CMAKE_CURRENT_BINARY_DIR}/tools)
set(fault_environment "KABAR_BIN=${PROJECT_BINARY_DIR}/bin;KABAR_SOURCE=${PROJECT_SOURCE_DIR};KABAR_TOOLS=${PROJECT_BINARY_DIR}/tests/integration/tools;KABAR_FAULT_TOOLS=${fault_tools};KABAR_SANITIZE=${SANITIZE}")

# The shim goes into our programs from outside, before any sanitizer's own library.
add_library(fault_kill_shim MODULE ${CMAKE_CURRENT_SOURCE_DIR}/kill_shim.c)
target_link_libraries(fault_kill_shim PRIVATE kabar_flags ${CMAKE_DL_LIBS})
target_compile_options(fault_kill_shim PRIVATE -fno-sanitize=all -U_FORTIFY_SOURCE)
target_link_options(fault_kill_shim PRIVATE -fno-sanitize=all)
set_target_properties(fault_kill_shim PROPERTIES PREFIX "" OUTPUT_NAME kill_shim
  LIBRARY_OUTPUT_DIRECTORY ${fault_tools})

add_executable(fault_kill_storm kill_storm.c kill_process.c kill_client.c)
target_link_libraries(fault_kill_storm PRIVATE PkgConfig::JANSSON kabar_flags)
set_target_properties(fault_kill_storm PROPERTIES
  OUTPUT_NAME kill_storm RUNTIME_OUTPUT_DIRECTORY ${fault_tools})

# process_test(NAME [TIMEOUT])
function(process_test name)
  add_test(NAME fault_${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(fault_${name} PROPERTIES
    LABELS fault TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT "${fault_environment}")
endfunction()
process_test(kill_storm)
