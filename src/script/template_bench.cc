// What it costs to parse and to render a machine's script.
#include <string>

#include <benchmark/benchmark.h>

#include "script/template.h"

namespace pixie::script {
namespace {

/// Twenty lines with fifteen names, as a profile's script is.
constexpr std::string_view content = R"(#!ipxe
# {{hostname}}: {{profile}}
echo Booting {{hostname}} ({{mac}}, serial {{serial}})
set base {{server}}/extra/debian
set console console=tty0 console=ttyS0,115200n8
imgfree
:try
kernel ${base}/linux initrd=initrd.gz initrd=firmware.cpio.gz auto=true priority=critical ${console} || goto failed
imgargs linux url={{server}}/t/preseed.cfg?mac={{mac}} hostname={{hostname}} domain={{domain}} mirror={{mirror}}
initrd --name initrd.gz ${base}/initrd.gz || goto failed
initrd --name firmware.cpio.gz ${base}/firmware.cpio.gz || goto failed
param --params done mac {{mac_hyphens}}
param --params done url {{callback}}
boot || goto failed
:failed
echo {{hostname}} could not boot from {{server}}
prompt --timeout 15000 Press a key for the menu || exit 0
exit 0
# written by pixie
# end
)";

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Template::parse(std::string(content), "script"));
}
BENCHMARK(parse);

void render(benchmark::State& state) {
  const Table facts{{"arch", {"x86_64", true}},
                    {"asset", {"", true}},
                    {"callback", {"http://192.0.2.1/api/v1/machines/52-54-00-ab-cd-ef/done"}},
                    {"firmware", {"uefi", true}},
                    {"hostname", {"web1"}},
                    {"ip", {"192.0.2.77"}},
                    {"mac", {"52:54:00:ab:cd:ef"}},
                    {"mac_hyphens", {"52-54-00-ab-cd-ef"}},
                    {"manufacturer", {"QEMU", true}},
                    {"product", {"Standard PC", true}},
                    {"profile", {"debian12"}},
                    {"relay", {""}},
                    {"serial", {"VM 12345", true}},
                    {"server", {"http://192.0.2.1"}},
                    {"uuid", {"", true}}};
  const Table assignment;
  const Table machine{{"disk", {"/dev/vda"}}, {"domain", {"example.org"}}};
  const Table group{{"role", {"web"}}};
  const Table profile{{"mirror", {"mirror.example.org"}}};
  const Scope scope{&facts, &assignment, &machine, &group, &profile};
  const auto text = Template::parse(std::string(content), "script").value();
  for (auto _ : state) benchmark::DoNotOptimize(text.render(scope, Reader::ipxe).value());
}
BENCHMARK(render);

}  // namespace
}  // namespace pixie::script
