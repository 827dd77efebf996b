# Processes and lines (kill_*, net_*).
set(fault_tools ${CMAKE_CURRENT_BINARY_DIR}/tools)
set(fault_environment "KABAR_BIN=${PROJECT_BINARY_DIR}/bin;KABAR_SOURCE=${PROJECT_SOURCE_DIR};KABAR_TOOLS=${PROJECT_BINARY_DIR}/tests/integration/tools;KABAR_FAULT_TOOLS=${fault_tools};KABAR_SANITIZE=${SANITIZE}")

# The shim goes into our programs from outside, before any sanitizer's own library.
add_library(fault_kill_shim MODULE ${CMAKE_CURRENT_SOURCE_DIR}/kill_shim.c)
target_link_libraries(fault_kill_shim PRIVATE kabar_flags ${CMAKE_DL_LIBS})
target_compile_options(fault_kill_shim PRIVATE -fno-sanitize=all)
target_link_options(fault_kill_shim PRIVATE -fno-sanitize=all)
# After all others: read is defined here.
set_source_files_properties(kill_shim.c PROPERTIES COMPILE_OPTIONS -U_FORTIFY_SOURCE)
set_target_properties(fault_kill_shim PROPERTIES PREFIX "" OUTPUT_NAME kill_shim
  LIBRARY_OUTPUT_DIRECTORY ${fault_tools})

add_executable(fault_kill_storm kill_storm.c kill_process.c kill_client.c)
target_link_libraries(fault_kill_storm PRIVATE PkgConfig::JANSSON kabar_flags)
set_target_properties(fault_kill_storm PROPERTIES
  OUTPUT_NAME kill_storm RUNTIME_OUTPUT_DIRECTORY ${fault_tools})

add_executable(fault_net_relay net_relay.c)
target_link_libraries(fault_net_relay PRIVATE kabar_flags)
set_target_properties(fault_net_relay PROPERTIES
  OUTPUT_NAME net_relay RUNTIME_OUTPUT_DIRECTORY ${fault_tools})

# process_test(NAME)
function(process_test name)
  add_test(NAME fault_${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(fault_${name} PROPERTIES
    LABELS fault TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT "${fault_environment}")
endfunction()
foreach(name kill_storm kill_freeze net_damage net_silence net_packets restart_storm clocks)
  process_test(${name})
endforeach()

if(PLANTS)
  # One end only: links to the installed programs, and to the planted twin of the other.
  set(planted_aggregator ${PROJECT_BINARY_DIR}/bin-planted-aggregator)
  file(MAKE_DIRECTORY ${planted_aggregator})
  foreach(program kabar=bin kabar-node=bin kabar-aggregator=bin-planted)
    string(REPLACE "=" ";" pair ${program})
    list(GET pair 0 name)
    list(GET pair 1 folder)
    file(CREATE_LINK ${PROJECT_BINARY_DIR}/${folder}/${name} ${planted_aggregator}/${name} SYMBOLIC)
  endforeach()

  # process_plant(NAME PLANT FOLDER PATTERN SCRIPT): the programs of FOLDER make the mistake.
  function(process_plant name plant folder pattern script)
    string(REPLACE "/bin;" "/${folder};" environment "${fault_environment}")
    add_test(NAME plant_${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/plants/must_fail.bash
      ${plant} ${pattern} ${CMAKE_CURRENT_SOURCE_DIR}/${script} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(plant_${name} PROPERTIES LABELS plants TIMEOUT 600
      ENVIRONMENT "${environment};${ARGN}")
  endfunction()
  string(CONCAT seen "accepted, but not in the journal|accepted with another hash|: another answer|"
    "event=alarm alarm=restored")
  process_plant(storm_node ack-before-commit bin-planted "${seen}" kill_storm.sh
    KABAR_KILLS=200)
  process_plant(storm_aggregator ack-before-commit bin-planted-aggregator
    "event=alarm alarm=(ack|fork)" kill_storm.sh KABAR_KILLS=400 KABAR_TRIES=3)
endif()
