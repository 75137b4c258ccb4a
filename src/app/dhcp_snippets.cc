#include "app/dhcp_snippets.h"

namespace pixie::app {
namespace {

// In all of them: the numbers are those of option 93 (RFC 4578 section 2.1, IANA's "Processor
// Architecture Types"), 7 and 9 are both x64. A machine that runs iPXE still sends the architecture
// and vendor class of its firmware, so iPXE is asked for first. UEFI HTTP Boot takes an answer only
// if its option 60 is HTTPClient (UEFI 2.10 section 24.7).

constexpr std::string_view dnsmasq = R"snippet(# Network boot from pixie at @ADDRESS@, for dnsmasq.
# Paste this into /etc/dnsmasq.d/pixie.conf (or at the end of dnsmasq.conf), then
#   dnsmasq --test && systemctl restart dnsmasq
# Remove other dhcp-boot and pxe-service lines. `pixie roms` tells which of the files are there.

# Machines that run iPXE already.
dhcp-match=set:pixie-ipxe,175
dhcp-userclass=set:pixie-ipxe,iPXE
dhcp-boot=tag:pixie-ipxe,@URL@/chain.ipxe,pixie,@ADDRESS@

# Firmware, over TFTP: BIOS, then UEFI by its architecture.
dhcp-match=set:pixie-bios,option:client-arch,0
dhcp-match=set:pixie-ia32,option:client-arch,6
dhcp-match=set:pixie-x64,option:client-arch,7
dhcp-match=set:pixie-x64,option:client-arch,9
dhcp-match=set:pixie-arm32,option:client-arch,10
dhcp-match=set:pixie-arm64,option:client-arch,11
dhcp-match=set:pixie-riscv64,option:client-arch,27
dhcp-match=set:pixie-loong64,option:client-arch,39
dhcp-boot=tag:!pixie-ipxe,tag:pixie-bios,undionly.kpxe,pixie,@ADDRESS@
dhcp-boot=tag:!pixie-ipxe,tag:pixie-ia32,snponly32.efi,pixie,@ADDRESS@
dhcp-boot=tag:!pixie-ipxe,tag:pixie-x64,snponly.efi,pixie,@ADDRESS@
dhcp-boot=tag:!pixie-ipxe,tag:pixie-arm32,snponly-arm32.efi,pixie,@ADDRESS@
dhcp-boot=tag:!pixie-ipxe,tag:pixie-arm64,snponly-arm64.efi,pixie,@ADDRESS@
dhcp-boot=tag:!pixie-ipxe,tag:pixie-riscv64,ipxe-riscv64.efi,pixie,@ADDRESS@
dhcp-boot=tag:!pixie-ipxe,tag:pixie-loong64,ipxe-loong64.efi,pixie,@ADDRESS@

# UEFI HTTP Boot: the file is a URL, and the answer must call itself HTTPClient.
dhcp-vendorclass=set:pixie-http,HTTPClient
dhcp-option-force=tag:pixie-http,option:vendor-class,HTTPClient
dhcp-match=set:pixie-http-ia32,option:client-arch,15
dhcp-match=set:pixie-http-x64,option:client-arch,16
dhcp-match=set:pixie-http-arm32,option:client-arch,18
dhcp-match=set:pixie-http-arm64,option:client-arch,19
dhcp-boot=tag:!pixie-ipxe,tag:pixie-http-ia32,@URL@/snponly32.efi
dhcp-boot=tag:!pixie-ipxe,tag:pixie-http-x64,@URL@/snponly.efi
dhcp-boot=tag:!pixie-ipxe,tag:pixie-http-arm32,@URL@/snponly-arm32.efi
dhcp-boot=tag:!pixie-ipxe,tag:pixie-http-arm64,@URL@/snponly-arm64.efi
)snippet";

constexpr std::string_view isc = R"snippet(# Network boot from pixie at @ADDRESS@, for ISC dhcpd.
# Paste this at the top of /etc/dhcp/dhcpd.conf, outside of every subnet, then
#   dhcpd -t && systemctl restart isc-dhcp-server
# Remove other filename and next-server lines. `pixie roms` tells which of the files are there.

option pixie-arch code 93 = unsigned integer 16;

# Machines that run iPXE already, and firmware by its architecture.
class "pixie-pxe" {
  match if substring(option vendor-class-identifier, 0, 9) = "PXEClient";
  next-server @ADDRESS@;
  if exists user-class and option user-class = "iPXE" {
    filename "@URL@/chain.ipxe";
  } elsif option pixie-arch = 00:06 {
    filename "snponly32.efi";
  } elsif option pixie-arch = 00:07 or option pixie-arch = 00:09 {
    filename "snponly.efi";
  } elsif option pixie-arch = 00:0a {
    filename "snponly-arm32.efi";
  } elsif option pixie-arch = 00:0b {
    filename "snponly-arm64.efi";
  } elsif option pixie-arch = 00:1b {
    filename "ipxe-riscv64.efi";
  } elsif option pixie-arch = 00:27 {
    filename "ipxe-loong64.efi";
  } else {
    filename "undionly.kpxe";
  }
}

# UEFI HTTP Boot: the file is a URL, and the answer must call itself HTTPClient.
class "pixie-http" {
  match if substring(option vendor-class-identifier, 0, 10) = "HTTPClient";
  option vendor-class-identifier "HTTPClient";
  if option pixie-arch = 00:0f {
    filename "@URL@/snponly32.efi";
  } elsif option pixie-arch = 00:10 {
    filename "@URL@/snponly.efi";
  } elsif option pixie-arch = 00:12 {
    filename "@URL@/snponly-arm32.efi";
  } elsif option pixie-arch = 00:13 {
    filename "@URL@/snponly-arm64.efi";
  }
}
)snippet";

constexpr std::string_view kea = R"snippet(// Network boot from pixie at @ADDRESS@, for Kea.
// Paste this into /etc/kea/kea-dhcp4.conf, inside "Dhcp4": { ... }, with a comma to what follows,
// or put the classes before those of a "client-classes" that is there already. Then
//   kea-dhcp4 -t /etc/kea/kea-dhcp4.conf && systemctl restart kea-dhcp4-server
// Remove other boot-file-name and next-server. `pixie roms` tells which of the files are there.
"client-classes": [
  {
    // Machines that run iPXE already.
    "name": "pixie-ipxe",
    "test": "option[77].hex == 'iPXE' or option[175].exists",
    "next-server": "@ADDRESS@",
    "boot-file-name": "@URL@/chain.ipxe"
  },
  {
    "name": "pixie-bios",
    "test": "not member('pixie-ipxe') and option[93].hex == 0x0000",
    "next-server": "@ADDRESS@",
    "boot-file-name": "undionly.kpxe"
  },
  {
    "name": "pixie-ia32",
    "test": "not member('pixie-ipxe') and option[93].hex == 0x0006",
    "next-server": "@ADDRESS@",
    "boot-file-name": "snponly32.efi"
  },
  {
    "name": "pixie-x64",
    "test": "not member('pixie-ipxe') and (option[93].hex == 0x0007 or option[93].hex == 0x0009)",
    "next-server": "@ADDRESS@",
    "boot-file-name": "snponly.efi"
  },
  {
    "name": "pixie-arm32",
    "test": "not member('pixie-ipxe') and option[93].hex == 0x000a",
    "next-server": "@ADDRESS@",
    "boot-file-name": "snponly-arm32.efi"
  },
  {
    "name": "pixie-arm64",
    "test": "not member('pixie-ipxe') and option[93].hex == 0x000b",
    "next-server": "@ADDRESS@",
    "boot-file-name": "snponly-arm64.efi"
  },
  {
    "name": "pixie-riscv64",
    "test": "not member('pixie-ipxe') and option[93].hex == 0x001b",
    "next-server": "@ADDRESS@",
    "boot-file-name": "ipxe-riscv64.efi"
  },
  {
    "name": "pixie-loong64",
    "test": "not member('pixie-ipxe') and option[93].hex == 0x0027",
    "next-server": "@ADDRESS@",
    "boot-file-name": "ipxe-loong64.efi"
  },
  {
    // UEFI HTTP Boot: the file is a URL, and the answer must call itself HTTPClient.
    "name": "pixie-http",
    "test": "not member('pixie-ipxe') and substring(option[60].hex,0,10) == 'HTTPClient'",
    "option-data": [
      { "name": "vendor-class-identifier", "data": "HTTPClient", "always-send": true }
    ]
  },
  {
    "name": "pixie-http-ia32",
    "test": "member('pixie-http') and option[93].hex == 0x000f",
    "boot-file-name": "@URL@/snponly32.efi"
  },
  {
    "name": "pixie-http-x64",
    "test": "member('pixie-http') and option[93].hex == 0x0010",
    "boot-file-name": "@URL@/snponly.efi"
  },
  {
    "name": "pixie-http-arm32",
    "test": "member('pixie-http') and option[93].hex == 0x0012",
    "boot-file-name": "@URL@/snponly-arm32.efi"
  },
  {
    "name": "pixie-http-arm64",
    "test": "member('pixie-http') and option[93].hex == 0x0013",
    "boot-file-name": "@URL@/snponly-arm64.efi"
  }
]
)snippet";

constexpr std::string_view mikrotik =
    R"snippet(# Network boot from pixie at @ADDRESS@, for MikroTik RouterOS 7.4 or later.
# Write your DHCP server's name (/ip dhcp-server print) in the place of defconf, then paste all,
# braces included, into a terminal. It is in force at once. To take it back:
#   /ip dhcp-server matcher remove [find where name~"^pixie-"]
#   /ip dhcp-server option sets remove [find where name~"^pixie-"]
#   /ip dhcp-server option remove [find where name~"^pixie-"]
# `pixie roms` tells which of the files are there.
{
:local dhcp "defconf"
:local pool [/ip dhcp-server get [/ip dhcp-server find where name=$dhcp] address-pool]

# The boot files. UEFI HTTP Boot takes a URL, from an answer that calls itself HTTPClient (option 60).
/ip dhcp-server option add name=pixie-ipxe code=67 force=yes value="s'@URL@/chain.ipxe'"
/ip dhcp-server option add name=pixie-bios code=67 force=yes value="s'undionly.kpxe'"
/ip dhcp-server option add name=pixie-ia32 code=67 force=yes value="s'snponly32.efi'"
/ip dhcp-server option add name=pixie-x64 code=67 force=yes value="s'snponly.efi'"
/ip dhcp-server option add name=pixie-arm32 code=67 force=yes value="s'snponly-arm32.efi'"
/ip dhcp-server option add name=pixie-arm64 code=67 force=yes value="s'snponly-arm64.efi'"
/ip dhcp-server option add name=pixie-http code=60 force=yes value="s'HTTPClient'"
/ip dhcp-server option add name=pixie-http-x64 code=67 force=yes value="s'@URL@/snponly.efi'"
/ip dhcp-server option add name=pixie-http-arm64 code=67 force=yes value="s'@URL@/snponly-arm64.efi'"
/ip dhcp-server option sets add name=pixie-ipxe options=pixie-ipxe
/ip dhcp-server option sets add name=pixie-bios options=pixie-bios
/ip dhcp-server option sets add name=pixie-ia32 options=pixie-ia32
/ip dhcp-server option sets add name=pixie-x64 options=pixie-x64
/ip dhcp-server option sets add name=pixie-arm32 options=pixie-arm32
/ip dhcp-server option sets add name=pixie-arm64 options=pixie-arm64
/ip dhcp-server option sets add name=pixie-http-x64 options=pixie-http,pixie-http-x64
/ip dhcp-server option sets add name=pixie-http-arm64 options=pixie-http,pixie-http-arm64

# Who gets which: iPXE by its user class (77), first; the others by their architecture (93).
/ip dhcp-server matcher add name=pixie-ipxe server=$dhcp address-pool=$pool code=77 value="iPXE" option-set=pixie-ipxe
/ip dhcp-server matcher add name=pixie-bios server=$dhcp address-pool=$pool code=93 value=0x0000 option-set=pixie-bios
/ip dhcp-server matcher add name=pixie-ia32 server=$dhcp address-pool=$pool code=93 value=0x0006 option-set=pixie-ia32
/ip dhcp-server matcher add name=pixie-x64 server=$dhcp address-pool=$pool code=93 value=0x0007 option-set=pixie-x64
/ip dhcp-server matcher add name=pixie-x64-9 server=$dhcp address-pool=$pool code=93 value=0x0009 option-set=pixie-x64
/ip dhcp-server matcher add name=pixie-arm32 server=$dhcp address-pool=$pool code=93 value=0x000a option-set=pixie-arm32
/ip dhcp-server matcher add name=pixie-arm64 server=$dhcp address-pool=$pool code=93 value=0x000b option-set=pixie-arm64
/ip dhcp-server matcher add name=pixie-http-x64 server=$dhcp address-pool=$pool code=93 value=0x0010 option-set=pixie-http-x64
/ip dhcp-server matcher add name=pixie-http-arm64 server=$dhcp address-pool=$pool code=93 value=0x0013 option-set=pixie-http-arm64

# The TFTP server, in every network that the router serves; machines that don't boot ignore it.
/ip dhcp-server network set [/ip dhcp-server network find] next-server=@ADDRESS@
}
)snippet";

constexpr std::string_view opnsense =
    R"snippet(# Network boot from pixie at @ADDRESS@, for OPNsense: where to click.
# Which of the three servers is in use shows under Services. `pixie roms` tells which files are there.

Dnsmasq (Services: Dnsmasq DNS & DHCP)
  The short way: on the firewall's shell, write what `pixie dhcp-config dnsmasq --address @ADDRESS@`
  prints into /usr/local/etc/dnsmasq.conf.d/pixie.conf, then restart Dnsmasq on its page.
  Or by hand:
  1. DHCP tags: add pixieipxe, pixiebios, pixieia32, pixiex64, pixiearm64.
  2. DHCP options: add with Type "Match", Option and Value, and the tag in "Tag [set]":
       user-class [77]    iPXE       pixieipxe
       client-arch [93]   0          pixiebios
       client-arch [93]   6          pixieia32
       client-arch [93]   7          pixiex64
       client-arch [93]   9          pixiex64       (a second entry)
       client-arch [93]   11         pixiearm64
  3. DHCP options, DHCP boot: add for each tag, with Servername and Server address @ADDRESS@:
       pixiebios    undionly.kpxe
       pixieia32    snponly32.efi
       pixiex64     snponly.efi
       pixiearm64   snponly-arm64.efi
       pixieipxe    @URL@/chain.ipxe     (last: of several that fit, the last one counts)
  4. Apply.

ISC DHCPv4 (Services: ISC DHCPv4: [your interface], Network booting: Advanced)
  1. Tick "Enable network booting".
  2. Set next-server IP                       @ADDRESS@
     Set default bios filename                undionly.kpxe
     Set x86 UEFI (32-bit) filename           snponly32.efi
     Set x64 UEFI/EBC (64-bit) filename       snponly.efi
     Set ARM UEFI (32-bit) filename           snponly-arm32.efi
     Set ARM UEFI (64-bit) filename           snponly-arm64.efi
     Set iPXE boot filename                   @URL@/chain.ipxe
     (older versions have fewer of these fields; leave "TFTP server" empty)
  3. Save; the service restarts by itself.

Kea (Services: Kea DHCP: Kea DHCPv4)
  1. Subnets, your subnet: Next server @ADDRESS@, "TFTP bootfile name" empty. Save.
  2. DHCP options (newer versions, which can give an option to those who send another one): for each
     line, add option 67 (boot-file-name) of type string, to be sent to clients whose option has the
     value that is named first, and choose them all in the subnet:
       option 77 is  iPXE      @URL@/chain.ipxe
       option 93 is  0x0000    undionly.kpxe
       option 93 is  0x0006    snponly32.efi
       option 93 is  0x0007    snponly.efi
       option 93 is  0x0009    snponly.efi
       option 93 is  0x000b    snponly-arm64.efi
     iPXE's comes first in the list.
  3. Apply. Older versions know one boot file per subnet only: use one of the other two servers.
)snippet";

constexpr std::string_view windows =
    R"snippet(# Network boot from pixie at @ADDRESS@, for the DHCP server of Windows Server 2012 or later.
# Paste this into an elevated PowerShell on that server. It is in force at once, in all IPv4 scopes.
# Where a scope sets options 60, 66 or 67 itself, remove them. To take it all back:
#   Get-DhcpServerv4Policy | Where-Object Name -like 'pixie *' | Remove-DhcpServerv4Policy
#   Get-DhcpServerv4Class | Where-Object Name -like 'pixie *' | Remove-DhcpServerv4Class
# `pixie roms` tells which of the files are there.

if (-not (Get-DhcpServerv4OptionDefinition -OptionId 60 -ErrorAction SilentlyContinue)) {
  Add-DhcpServerv4OptionDefinition -OptionId 60 -Name 'Vendor class' -Type String
}

# The first policy that fits decides. A machine that runs iPXE fits its firmware's policy, too.
Add-DhcpServerv4Class -Name 'pixie iPXE' -Type User -Data 'iPXE'
Add-DhcpServerv4Policy -Name 'pixie iPXE' -Condition OR -UserClass EQ,'pixie iPXE' -ProcessingOrder 1
Set-DhcpServerv4OptionValue -PolicyName 'pixie iPXE' -OptionId 66 -Value '@ADDRESS@'
Set-DhcpServerv4OptionValue -PolicyName 'pixie iPXE' -OptionId 67 -Value '@URL@/chain.ipxe'

# Firmware, by the beginning of its vendor class: PXE over TFTP, and UEFI HTTP Boot, for which the
# file is a URL and the answer must call itself HTTPClient.
$machines = @(
  @('pixie BIOS',       'PXEClient:Arch:00000',  'undionly.kpxe'),
  @('pixie ia32',       'PXEClient:Arch:00006',  'snponly32.efi'),
  @('pixie x64',        'PXEClient:Arch:00007',  'snponly.efi'),
  @('pixie x64 (9)',    'PXEClient:Arch:00009',  'snponly.efi'),
  @('pixie arm32',      'PXEClient:Arch:00010',  'snponly-arm32.efi'),
  @('pixie arm64',      'PXEClient:Arch:00011',  'snponly-arm64.efi'),
  @('pixie HTTP ia32',  'HTTPClient:Arch:00015', '@URL@/snponly32.efi'),
  @('pixie HTTP x64',   'HTTPClient:Arch:00016', '@URL@/snponly.efi'),
  @('pixie HTTP arm32', 'HTTPClient:Arch:00018', '@URL@/snponly-arm32.efi'),
  @('pixie HTTP arm64', 'HTTPClient:Arch:00019', '@URL@/snponly-arm64.efi')
)
foreach ($machine in $machines) {
  $name, $class, $file = $machine
  Add-DhcpServerv4Class -Name $name -Type Vendor -Data $class
  Add-DhcpServerv4Policy -Name $name -Condition OR -VendorClass EQ,"$name*"
  Set-DhcpServerv4OptionValue -PolicyName $name -OptionId 67 -Value $file
  if ($class -like 'HTTPClient*') {
    Set-DhcpServerv4OptionValue -PolicyName $name -OptionId 60 -Value 'HTTPClient'
  } else {
    Set-DhcpServerv4OptionValue -PolicyName $name -OptionId 66 -Value '@ADDRESS@'
  }
}
)snippet";

constexpr DhcpSnippet snippets[] = {
    {"dnsmasq", dnsmasq},   {"isc", isc},           {"kea", kea},
    {"mikrotik", mikrotik}, {"opnsense", opnsense}, {"windows", windows},
};

}  // namespace

std::span<const DhcpSnippet> dhcp_snippets() { return snippets; }

}  // namespace pixie::app
