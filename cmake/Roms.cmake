# Embeds the ROMs of roms/manifest.txt: the library `embedded_roms` holds their bytes (an .incbin each) and
# the table that src/roms/rom.h declares. Where each ROM is taken from is told in the manifest; the fetched
# package is kept outside of the build tree, in one folder per manifest.
set(PIXIE_ROMS_DIR "" CACHE PATH "A folder of ROMs to embed before all others")
set(PIXIE_IPXE_BUNDLE "" CACHE FILEPATH "iPXE's release bundle (ipxeboot.tar.gz) to embed ROMs from")

# src/roms hashes with libcrypto and unpacks bundles with zlib.
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)

set(_roms_manifest ${CMAKE_SOURCE_DIR}/roms/manifest.txt)
set(_roms_out ${CMAKE_BINARY_DIR}/roms)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_roms_manifest})
set(_roms_columns kind name aliases need architecture firmware package_files bundle_paths stand_in licence)

# _roms_fields(LINE): sets one variable for each column of a manifest's rom line; `-` becomes empty, and a
# field that is a list becomes a CMake list.
macro(_roms_fields line)
  string(REGEX REPLACE " *\\| *" ";" _roms_values "${line}")
  foreach(_roms_column _roms_value IN ZIP_LISTS _roms_columns _roms_values)
    string(STRIP "${_roms_value}" _roms_value)
    string(REGEX REPLACE "^-$" "" _roms_value "${_roms_value}")
    if(NOT _roms_column STREQUAL "licence")
      string(REPLACE "," ";" _roms_value "${_roms_value}")
    endif()
    set(${_roms_column} "${_roms_value}")
  endforeach()
endmacro()

# _roms_find(OUT FOLDERS NAMES): the first existing file, folder by folder; empty if there is none.
function(_roms_find out folders names)
  set(${out} "" PARENT_SCOPE)
  foreach(folder IN LISTS folders)
    foreach(name IN LISTS names)
      if(EXISTS "${folder}/${name}" AND NOT IS_DIRECTORY "${folder}/${name}")
        set(${out} "${folder}/${name}" PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
endfunction()

# _roms_cache_folder(OUT): where the package's ROMs are kept between builds, by the manifest's content.
function(_roms_cache_folder out)
  if("$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(cache "$ENV{HOME}/.cache")
  else()
    set(cache "$ENV{XDG_CACHE_HOME}")
  endif()
  file(SHA256 ${_roms_manifest} key)
  string(SUBSTRING ${key} 0 16 key)
  set(${out} "${cache}/pixie/roms/${key}" PARENT_SCOPE)
endfunction()

# _roms_version(OUT FILE): iPXE's version as the EFI ROM's SBAT line tells it (`ipxe,1,iPXE,NAME,VERSION,…`);
# empty for a BIOS ROM, whose text is compressed.
function(_roms_version out file)
  file(STRINGS "${file}" line REGEX "ipxe,[0-9]+,iPXE,[^,]*,[^,]+," LIMIT_COUNT 1)
  string(REGEX REPLACE ".*ipxe,[0-9]+,iPXE,[^,]*,([^,]+),.*" "\\1" version "${line}")
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

# The folders that the builder gave, with the text that says so. The bundle's files have one version.
set(_roms_given "")
set(_roms_bundle_version "")
if(PIXIE_ROMS_DIR)
  if(NOT IS_DIRECTORY "${PIXIE_ROMS_DIR}")
    message(FATAL_ERROR "PIXIE_ROMS_DIR: there is no folder ${PIXIE_ROMS_DIR}")
  endif()
  list(APPEND _roms_given "${PIXIE_ROMS_DIR}" "${PIXIE_ROMS_DIR}/ipxeboot")
endif()
file(REMOVE_RECURSE ${_roms_out}/bundle)
if(PIXIE_IPXE_BUNDLE)
  if(NOT EXISTS "${PIXIE_IPXE_BUNDLE}")
    message(FATAL_ERROR "PIXIE_IPXE_BUNDLE: there is no file ${PIXIE_IPXE_BUNDLE}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PIXIE_IPXE_BUNDLE}")
  file(ARCHIVE_EXTRACT INPUT "${PIXIE_IPXE_BUNDLE}" DESTINATION ${_roms_out}/bundle)
  list(APPEND _roms_given ${_roms_out}/bundle ${_roms_out}/bundle/ipxeboot)
  file(GLOB_RECURSE _roms_bundle_files ${_roms_out}/bundle/*.efi)
  foreach(_roms_file IN LISTS _roms_bundle_files)
    if(NOT _roms_bundle_version)
      _roms_version(_roms_bundle_version "${_roms_file}")
    endif()
  endforeach()
endif()

file(STRINGS ${_roms_manifest} _roms_lines REGEX "^rom \\|")
file(STRINGS ${_roms_manifest} _roms_pins REGEX "^package \\|")

# The package is needed for whatever the builder didn't give and a package has.
set(_roms_package_folder "")
set(_roms_wanted "")
foreach(_roms_line IN LISTS _roms_lines)
  _roms_fields("${_roms_line}")
  _roms_find(_roms_file "${_roms_given}" "${name};${aliases};${bundle_paths}")
  if(package_files AND NOT _roms_file)
    list(APPEND _roms_wanted ${name})
    if(need STREQUAL "contract")
      set(_roms_package_required TRUE)
    endif()
  endif()
endforeach()
if(_roms_wanted)
  _roms_cache_folder(_roms_package_folder)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/cmake/fetch-roms.sh ${_roms_manifest} ${_roms_package_folder}
    RESULT_VARIABLE _roms_result)
  if(NOT _roms_result EQUAL 0)
    list(JOIN _roms_wanted ", " _roms_text)
    if(_roms_package_required)
      message(FATAL_ERROR "These ROMs are not at hand: ${_roms_text}. The lines above say what to do.")
    endif()
    message(WARNING "This build goes without ${_roms_text}: they were not given, and no package can be had.")
    set(_roms_package_folder "")
  endif()
endif()
if(_roms_package_folder)
  file(READ ${_roms_package_folder}/origin _roms_package)
  string(STRIP "${_roms_package}" _roms_package)
  string(REPLACE " " ";" _roms_package "${_roms_package}")
  list(GET _roms_package 1 _roms_package_version)
  list(GET _roms_package 2 _roms_package_kind)
endif()

# The generated assembly and the generated table, entry by entry.
set(_roms_assembly "")
set(_roms_symbols "")
set(_roms_aliases "")
set(_roms_table "")
set(_roms_files "")
set(_roms_taken "")
set(_roms_index 0)

# _roms_strings(OUT LIST): the elements as C++ string literals.
function(_roms_strings out)
  set(text "")
  foreach(element IN LISTS ARGN)
    string(APPEND text "\"${element}\", ")
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# _roms_describe(FILE): sets origin, source and version for a ROM that was found as FILE.
macro(_roms_describe file)
  _roms_version(version "${file}")
  set(source "https://ipxe.org")
  cmake_path(IS_PREFIX _roms_package_folder "${file}" _roms_is_package)
  cmake_path(SET _roms_bundle_folder "${_roms_out}/bundle")
  cmake_path(IS_PREFIX _roms_bundle_folder "${file}" _roms_is_bundle)
  if(_roms_package_folder AND _roms_is_package)
    set(origin "Debian package ipxe ${_roms_package_version}")
    if(_roms_package_kind STREQUAL "installed")
      string(APPEND origin ", as installed where this was built")
    endif()
    set(source "Debian source package ipxe ${_roms_package_version} (apt-get source ipxe), https://ipxe.org")
    if(NOT version)
      set(version "${_roms_package_version}")
    endif()
  elseif(_roms_is_bundle)
    cmake_path(GET PIXIE_IPXE_BUNDLE FILENAME origin)
    set(origin "release bundle ${origin}, given to the build")
    if(NOT version)
      set(version "${_roms_bundle_version}")
    endif()
  else()
    cmake_path(GET PIXIE_ROMS_DIR FILENAME origin)
    set(origin "folder ${origin}, given to the build")
    set(source "ask whoever made this build; iPXE itself: https://ipxe.org")
  endif()
  if(NOT version)
    set(version "unknown")
  endif()
endmacro()

foreach(_roms_line IN LISTS _roms_lines)
  _roms_fields("${_roms_line}")
  _roms_find(_roms_file "${_roms_given}" "${name};${aliases};${bundle_paths}")
  if(NOT _roms_file AND _roms_package_folder)
    _roms_find(_roms_file "${_roms_package_folder}" "${package_files}")
  endif()
  set(bytes "{}")
  set(origin "")
  set(source "")
  set(version "")
  set(sha256 "")
  if(_roms_file)
    _roms_describe("${_roms_file}")
    file(SHA256 "${_roms_file}" sha256)
    file(SIZE "${_roms_file}" size)
    set(symbol pixie_rom_${_roms_index})
    set(bytes "{${symbol}, ${size}}")
    string(APPEND _roms_symbols "extern \"C\" const std::byte ${symbol}[];\n")
    string(APPEND _roms_assembly "  .globl ${symbol}\n  .balign 64\n${symbol}:  /* SHA-256 ${sha256} */\n"
      "  .incbin \"${_roms_file}\"\n")
    list(APPEND _roms_files "${_roms_file}")
    list(APPEND _roms_taken "${name}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_roms_file}")
  endif()
  _roms_strings(_roms_alias_text ${aliases} ${bundle_paths})
  string(SUBSTRING ${firmware} 1 -1 _roms_tail)
  string(SUBSTRING ${firmware} 0 1 _roms_head)
  string(TOUPPER ${_roms_head} _roms_head)
  string(SUBSTRING ${architecture} 0 1 _roms_architecture_head)
  string(TOUPPER ${_roms_architecture_head} _roms_architecture_head)
  string(SUBSTRING ${architecture} 1 -1 _roms_architecture_tail)
  set(_roms_contract false)
  if(need STREQUAL "contract")
    set(_roms_contract true)
  endif()
  string(APPEND _roms_aliases
    "constexpr std::array aliases_${_roms_index} = std::to_array<std::string_view>({${_roms_alias_text}});\n")
  string(APPEND _roms_table
    "    {.name = \"${name}\",\n"
    "     .aliases = aliases_${_roms_index},\n"
    "     .architecture = Architecture::k${_roms_architecture_head}${_roms_architecture_tail},\n"
    "     .firmware = Firmware::k${_roms_head}${_roms_tail},\n"
    "     .contract = ${_roms_contract},\n"
    "     .stand_in = \"${stand_in}\",\n"
    "     .bytes = ${bytes},\n"
    "     .sha256 = \"${sha256}\",\n"
    "     .version = \"${version}\",\n"
    "     .origin = \"${origin}\",\n"
    "     .licence = \"${licence}\",\n"
    "     .source = \"${source}\"},\n")
  math(EXPR _roms_index "${_roms_index} + 1")
endforeach()

file(CONFIGURE OUTPUT ${_roms_out}/embedded.S @ONLY CONTENT
"/* Generated by cmake/Roms.cmake: the bytes of the embedded ROMs. */
  .section .rodata.pixie_roms,\"a\",%progbits
@_roms_assembly@
  .section .note.GNU-stack,\"\",%progbits
")
file(CONFIGURE OUTPUT ${_roms_out}/embedded.cc @ONLY CONTENT
"// Generated by cmake/Roms.cmake from roms/manifest.txt.
#include <array>

#include \"roms/rom.h\"

@_roms_symbols@
namespace pixie::roms {

namespace {
@_roms_aliases@}  // namespace

std::span<const Rom> known_roms() {
  static constexpr auto kRoms = std::to_array<Rom>({
@_roms_table@  });
  return kRoms;
}

}  // namespace pixie::roms
")
set_source_files_properties(${_roms_out}/embedded.S PROPERTIES OBJECT_DEPENDS "${_roms_files}")
add_library(embedded_roms STATIC ${_roms_out}/embedded.S ${_roms_out}/embedded.cc)
target_include_directories(embedded_roms PRIVATE ${CMAKE_SOURCE_DIR}/src)

list(JOIN _roms_taken ", " _roms_text)
message(STATUS "ROMs: embedding ${_roms_text}")
if(_roms_package_folder)
  message(STATUS "ROMs: from package ipxe ${_roms_package_version} (${_roms_package_kind}) unless given")
endif()
