// The lines for dnsmasq that the empty page shows.

/** Stands for the server where the browser does not tell its address. */
export const exampleAddress = "192.0.2.1";

/** The address by which machines reach the server, if the browser came by one. */
export function serverAddress(host: string): string {
  const ipv4 = /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
  return ipv4 && !host.startsWith("127.") ? host : exampleAddress;
}

export function dnsmasqLines(address: string): string {
  return [
    "dhcp-match=set:ipxe,175",
    "dhcp-vendorclass=set:bios,PXEClient:Arch:00000",
    `dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,pixie,${address}`,
    `dhcp-boot=tag:!ipxe,tag:!bios,snponly.efi,pixie,${address}`,
    `dhcp-boot=tag:ipxe,chain.ipxe,pixie,${address}`,
  ].join("\n");
}
