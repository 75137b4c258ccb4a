# Builds the web page of web/ and embeds it: the library `embedded_page` holds its files and the table that
# src/page/page.h declares. Packages are installed below the build folder, from web/package-lock.json.
find_program(PIXIE_NODE node)
find_program(PIXIE_NPM npm)
if(NOT PIXIE_NODE OR NOT PIXIE_NPM)
  message(FATAL_ERROR "The web page is built with Node.js, 18 or later, and npm. Debian: apt install nodejs npm; "
    "or just ./dev build.")
endif()

set(_page_source ${CMAKE_SOURCE_DIR}/web)
set(_page_work ${CMAKE_BINARY_DIR}/web)
set(_page_out ${CMAKE_BINARY_DIR}/page)
file(GLOB_RECURSE _page_files CONFIGURE_DEPENDS RELATIVE ${_page_source}
  ${_page_source}/src/*.ts ${_page_source}/src/*.tsx ${_page_source}/style/*.css)
list(FILTER _page_files EXCLUDE REGEX "_test\\.ts$")
list(APPEND _page_files index.html icon.svg build.mjs embed.mjs tsconfig.json)
list(TRANSFORM _page_files PREPEND "${_page_source}/" OUTPUT_VARIABLE _page_depends)

# The sources are copied beside the packages: the bundler looks for packages above the files that use them, and the
# source tree stays clean.
add_custom_command(OUTPUT ${_page_work}/installed
  COMMAND ${CMAKE_COMMAND} -E make_directory ${_page_work}
  COMMAND ${CMAKE_COMMAND} -E copy ${_page_source}/package.json ${_page_source}/package-lock.json ${_page_source}/.npmrc
    ${_page_work}
  COMMAND ${PIXIE_NPM} ci --omit=dev --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch installed
  DEPENDS ${_page_source}/package.json ${_page_source}/package-lock.json ${_page_source}/.npmrc
  WORKING_DIRECTORY ${_page_work}
  COMMENT "Installing what the web page is built with" VERBATIM)

set(_page_copies "")
foreach(_page_file IN LISTS _page_files)
  list(APPEND _page_copies ${_page_work}/${_page_file})
  add_custom_command(OUTPUT ${_page_work}/${_page_file}
    COMMAND ${CMAKE_COMMAND} -E copy ${_page_source}/${_page_file} ${_page_work}/${_page_file}
    DEPENDS ${_page_source}/${_page_file} COMMENT "" VERBATIM)
endforeach()

add_custom_command(OUTPUT ${_page_out}/embedded.S ${_page_out}/embedded.cc
  COMMAND ${PIXIE_NODE} build.mjs ${_page_out}
  COMMAND ${PIXIE_NODE} embed.mjs ${_page_out}
  DEPENDS ${_page_work}/installed ${_page_copies}
  WORKING_DIRECTORY ${_page_work}
  COMMENT "Building the web page" VERBATIM)
# The assembler's dependencies don't name what .incbin reads.
set_source_files_properties(${_page_out}/embedded.S PROPERTIES OBJECT_DEPENDS ${_page_out}/embedded.cc)
add_library(embedded_page STATIC ${_page_out}/embedded.S ${_page_out}/embedded.cc)
target_include_directories(embedded_page PRIVATE ${CMAKE_SOURCE_DIR}/src)
