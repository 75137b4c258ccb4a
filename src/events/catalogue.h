// The catalogue: every kind of event that pixie knows, with its severity and a sentence for the
// operator.
#pragma once

#include <array>

#include "events/event.h"

namespace pixie::events {

using enum Severity;

inline constexpr Kind ready{"pixie.ready", info, "Serving; the fields say where."};
inline constexpr Kind stopping{"pixie.stopping", info,
                               "Asked to stop; running transfers may end (see --drain)."};
inline constexpr Kind reloaded{"pixie.reloaded", info,
                               "The settings were read again and are in force."};
inline constexpr Kind reload_failed{"pixie.reload_failed", error,
                                    "The settings have an error; the earlier ones stay in force."};
inline constexpr Kind advice{
    "pixie.advice", warning,
    "Something in the set-up that may surprise; the text says what to do."};
inline constexpr Kind sandboxed{
    "pixie.sandboxed", info,
    "Which protections are in force from now on; 'off' comes with the reason (docs/security.md)."};
inline constexpr Kind descriptors_exhausted{
    "pixie.descriptors_exhausted", error,
    "No file descriptor is left: raise the limit (LimitNOFILE=).", true};

inline constexpr Kind events_dropped{
    "pixie.events_dropped", warning,
    "More happened at once than could be written down; so many events are missing.", true};

inline constexpr Kind tftp_started{"tftp.started", debug, "A read request was accepted."};
inline constexpr Kind tftp_progress{
    "tftp.progress", debug,
    "A known machine loads something big; told four times a second at most."};
inline constexpr Kind tftp_done{"tftp.done", info, "A transfer finished, every byte acknowledged."};
inline constexpr Kind tftp_done_unconfirmed{
    "tftp.done_unconfirmed", info,
    "Everything was sent and the client went on without the last acknowledgement; some always do."};
inline constexpr Kind tftp_size_probe{
    "tftp.size_probe", debug, "The client asked for the size only, as UEFI firmware does first."};
inline constexpr Kind tftp_client_aborted{
    "tftp.client_aborted", warning, "The client ended the transfer; the text is its own.", true};
inline constexpr Kind tftp_replaced{
    "tftp.replaced", debug,
    "The client began anew from the same port before the transfer had ended."};
inline constexpr Kind tftp_crowded{
    "tftp.crowded", warning,
    "As many transfers as memory and descriptors allow, or as many "
    "answers to the address as it may leave unconfirmed; the request "
    "was left unanswered, and the client asks again.",
    true};
inline constexpr Kind tftp_timeout{
    "tftp.timeout", warning,
    "The client fell silent in the middle; it was switched off, or packets are lost.", true};
inline constexpr Kind tftp_failed{"tftp.failed", error,
                                  "The transfer ended on our side; the text says why.", true};
inline constexpr Kind tftp_not_found{"tftp.not_found", info,
                                     "No file of that name; the client was told.", true};
inline constexpr Kind tftp_probe_not_found{
    "tftp.probe_not_found", debug, "A boot loader looked for an optional file that is not here.",
    true};
inline constexpr Kind tftp_refused{"tftp.refused", warning,
                                   "The request was refused; the text says why.", true};
inline constexpr Kind tftp_malformed{
    "tftp.malformed", warning, "A packet that is no TFTP request came to the TFTP port.", true};
inline constexpr Kind tftp_stray{
    "tftp.stray", debug, "A packet of a transfer that does not exist (RFC 1350 section 4).", true};

inline constexpr Kind http_progress{
    "http.progress", debug,
    "A known machine loads something big; told four times a second at most."};
inline constexpr Kind http_done{"http.done", info, "A request was answered in full."};
inline constexpr Kind http_refused{"http.refused", info,
                                   "A request was answered with a client error, or put off "
                                   "until later (503).",
                                   true};
inline constexpr Kind http_failed{"http.failed", error,
                                  "A request failed on our side; the text says why.", true};
inline constexpr Kind http_aborted{"http.aborted", warning,
                                   "The connection ended before the whole answer was sent.", true};
inline constexpr Kind http_malformed{"http.malformed", info,
                                     "What came is not HTTP; the connection was closed.", true};
inline constexpr Kind http_timeout{"http.timeout", info,
                                   "The client was too slow; the connection was closed.", true};
inline constexpr Kind http_crowded{
    "http.crowded", warning,
    "As many connections as the descriptors allow; the one that waits "
    "longest for a request, or listens to events, is closed, or new ones wait (raise "
    "LimitNOFILE=).",
    true};
inline constexpr Kind http_deferred{
    "http.deferred", info, "The client was told to come again later (503 with Retry-After).", true};
inline constexpr Kind http_connected{"http.connected", debug, "A connection was accepted."};

inline constexpr Kind https_connected{
    "https.connected", debug,
    "A client's TLS handshake is done; kernel=yes: the kernel encrypts what is sent."};
inline constexpr Kind https_handshake_failed{
    "https.handshake_failed", warning, "A client's TLS handshake failed; the text says why.", true};
inline constexpr Kind https_certificate{"https.certificate", info,
                                        "HTTPS is served with this certificate from now on."};
inline constexpr Kind https_certificate_refused{
    "https.certificate_refused", error,
    "The changed certificate or key can't be used; the earlier pair stays in force."};

inline constexpr Kind dhcp_received{"dhcp.received", debug,
                                    "A DHCP message came in; the packet is decoded."};
inline constexpr Kind dhcp_offered{
    "dhcp.offered", info, "A machine was offered an address, and its boot file if it boots.", true};
inline constexpr Kind dhcp_proxy_offered{
    "dhcp.proxy_offered", info,
    "A machine was told its boot file, beside the network's own DHCP server.", true};
inline constexpr Kind dhcp_acknowledged{"dhcp.acknowledged", info, "A machine has its address.",
                                        true};
inline constexpr Kind dhcp_boot_acknowledged{
    "dhcp.boot_acknowledged", info,
    "A machine that has its address was told its boot file (port 4011).", true};
inline constexpr Kind dhcp_informed{"dhcp.informed", info,
                                    "A machine with an address was told about the network.", true};
inline constexpr Kind dhcp_refused{
    "dhcp.refused", info,
    "A machine can't have the address that it asked for (DHCPNAK); it will ask for another.", true};
inline constexpr Kind dhcp_released{"dhcp.released", info, "A machine gave its address back.",
                                    true};
inline constexpr Kind dhcp_declined{
    "dhcp.declined", warning,
    "A machine found that another one uses its address; it is put aside for ten minutes.", true};
inline constexpr Kind dhcp_conflict{"dhcp.conflict", warning,
                                    "An address of the range is used by somebody who did not get "
                                    "it here; it is put aside for ten minutes.",
                                    true};
inline constexpr Kind dhcp_pool_empty{
    "dhcp.pool_empty", error,
    "No address is left to give: enlarge --dhcp-range, or shorten the lease.", true};
inline constexpr Kind dhcp_no_rom{
    "dhcp.no_rom", warning,
    "A machine of an architecture that there is no ROM for; told once for each machine.", true};
inline constexpr Kind dhcp_held{
    "dhcp.held", error,
    "A machine loads its ROM again and again, and gets no answer for two minutes: its iPXE does "
    "not say that it is iPXE, or fails before its script."};
inline constexpr Kind dhcp_ignored{
    "dhcp.ignored", debug, "A DHCP message that needs no answer from here; the reason says why."};
inline constexpr Kind dhcp_malformed{"dhcp.malformed", warning,
                                     "A packet that is no DHCP message came to a DHCP port.", true};
inline constexpr Kind dhcp_failed{"dhcp.failed", error,
                                  "An answer could not be sent; the reason says why.", true};
inline constexpr Kind dhcp_not_kept{
    "dhcp.not_kept", error,
    "The file of leases can't be written: no address is given until it can.", true};

inline constexpr Kind rom_missing{
    "rom.missing", warning,
    "A client asked for an iPXE ROM that this pixie lacks; the text says how to add it.", true};
inline constexpr Kind script_missing{"script.missing", warning,
                                     "A machine asked for its own script and has none; its screen "
                                     "says so, and its menu comes again.",
                                     true};

inline constexpr Kind upstream_failed{
    "upstream.failed", warning,
    "The server of --api could not be asked, or its answer can't be used; the reason says why.",
    true};
inline constexpr Kind upstream_stale{
    "upstream.stale", info,
    "The server of --api failed; the machine got what it had answered before.", true};
inline constexpr Kind webhook_failed{
    "webhook.failed", warning,
    "A step of a boot could not be told to the URL of --webhook; the reason says why.", true};

inline constexpr Kind mirror_fetching{"mirror.fetching", info,
                                      "A file is being fetched from its upstream.", true};
inline constexpr Kind mirror_fetched{"mirror.fetched", info,
                                     "A file was fetched from its upstream, whole.", true};
inline constexpr Kind mirror_refused{"mirror.refused", info,
                                     "An upstream has no such file, or does not give it.", true};
inline constexpr Kind mirror_failed{
    "mirror.failed", warning,
    "An upstream could not be asked, or its answer can't be used; the reason says why.", true};
inline constexpr Kind mirror_stale{
    "mirror.stale", warning, "A file was served that may be outdated: its upstream can't be asked.",
    true};
inline constexpr Kind mirror_evicted{"mirror.evicted", info,
                                     "A file that was not used for long went to make room.", true};
inline constexpr Kind mirror_mismatch{
    "mirror.mismatch", error,
    "What an upstream sent has not the SHA-256 that a profile wants; it is not served.", true};

inline constexpr Kind fleet_loaded{
    "fleet.loaded", info, "pixie.toml was read; from now on it decides what machines boot."};
inline constexpr Kind fleet_mistake{
    "fleet.mistake", error,
    "A mistake in pixie.toml or what it names: what was in force before stays (see pixie check)."};
inline constexpr Kind images_loaded{
    "images.loaded", info, "The images folder was read; what is not indexed yet will be soon."};
inline constexpr Kind images_unreadable{
    "images.unreadable", error,
    "The images folder can't be read; what was known of it stays (the reason says why)."};
inline constexpr Kind images_found{
    "images.found", info, "A disk image, a program or an unpacked image is served as it is."};
inline constexpr Kind images_growing{
    "images.growing", info,
    "An image is being copied into the images folder; it is read when it stops growing."};
inline constexpr Kind images_indexed{"images.indexed", info,
                                     "An ISO image was read; the files in it are served."};
inline constexpr Kind images_recognised{"images.recognised", info,
                                        "A recipe knows what an image is; its profiles boot it."};
inline constexpr Kind images_unknown{
    "images.unknown", warning,
    "No recipe knows what boots this image; write one (docs/images.md)."};
inline constexpr Kind images_failed{
    "images.failed", warning,
    "An image can't be used; the reason says why. It is read again when it changes."};
inline constexpr Kind images_removed{"images.removed", info, "An image is no longer there."};
inline constexpr Kind images_crowded{
    "images.crowded", warning,
    "There are more images in the folder than pixie deals with (10,000)."};
inline constexpr Kind images_not_kept{
    "images.not_kept", warning,
    "An image's index can't be kept: the image will be read again after a restart.", true};
inline constexpr Kind images_uploaded{"images.uploaded", info,
                                      "An image came whole by the API and is in its place."};
inline constexpr Kind images_upload_ended{
    "images.upload_ended", warning,
    "An upload ended before the image was whole; the rest can be sent within a day."};
inline constexpr Kind images_upload_expired{
    "images.upload_expired", info, "The rest of an upload did not come for a day; it was removed."};
inline constexpr Kind images_deleted{"images.deleted", info, "An image was deleted by the API."};

inline constexpr Kind boot_script{
    "boot.script", info, "A machine was given its script; the fields say which, and why.", true};
inline constexpr Kind boot_started{"boot.started", info, "A machine began to boot.", true};
inline constexpr Kind boot_ended{"boot.ended", info,
                                 "A boot came to its end, or nowhere; the cause says why.", true};
inline constexpr Kind script_mistake{
    "script.mistake", error,
    "A machine's script or a template can't be rendered; the reason says where and why.", true};

inline constexpr Kind machine_assigned{"machine.assigned", info,
                                       "What a machine boots was set by the API."};
inline constexpr Kind machine_claimed{"machine.claimed", info,
                                      "A machine took what was assigned to it for one boot."};
inline constexpr Kind machine_given_back{
    "machine.given_back", warning,
    "What a machine took for one boot did not reach it; its next boot gets it."};
inline constexpr Kind machine_done{"machine.done", info,
                                   "A machine called back: its installation is done."};
inline constexpr Kind machine_failed{
    "machine.failed", warning,
    "A machine called back: its installation failed; the reason is its own."};
inline constexpr Kind machine_forgotten{"machine.forgotten", info,
                                        "A machine and its history were deleted by the API."};

inline constexpr Kind registry_store_failed{
    "registry.store_failed", error,
    "What is known of machines can't be written; it is kept in memory and tried again.", true};
inline constexpr Kind registry_store_works{"registry.store_works", info,
                                           "What is known of machines is written again."};
inline constexpr Kind registry_crowded{
    "registry.crowded", warning,
    "More happens than can be written down; boots are shown with gaps.", true};

inline constexpr std::array all{
    &ready,
    &stopping,
    &reloaded,
    &reload_failed,
    &advice,
    &sandboxed,
    &descriptors_exhausted,
    &events_dropped,
    &tftp_started,
    &tftp_progress,
    &tftp_done,
    &tftp_done_unconfirmed,
    &tftp_size_probe,
    &tftp_client_aborted,
    &tftp_replaced,
    &tftp_crowded,
    &tftp_timeout,
    &tftp_failed,
    &tftp_not_found,
    &tftp_probe_not_found,
    &tftp_refused,
    &tftp_malformed,
    &tftp_stray,
    &http_progress,
    &http_done,
    &http_refused,
    &http_failed,
    &http_aborted,
    &http_malformed,
    &http_timeout,
    &http_crowded,
    &http_deferred,
    &http_connected,
    &https_connected,
    &https_handshake_failed,
    &https_certificate,
    &https_certificate_refused,
    &dhcp_received,
    &dhcp_offered,
    &dhcp_proxy_offered,
    &dhcp_acknowledged,
    &dhcp_boot_acknowledged,
    &dhcp_informed,
    &dhcp_refused,
    &dhcp_released,
    &dhcp_declined,
    &dhcp_conflict,
    &dhcp_pool_empty,
    &dhcp_no_rom,
    &dhcp_held,
    &dhcp_ignored,
    &dhcp_malformed,
    &dhcp_failed,
    &dhcp_not_kept,
    &rom_missing,
    &script_missing,
    &upstream_failed,
    &upstream_stale,
    &webhook_failed,
    &mirror_fetching,
    &mirror_fetched,
    &mirror_refused,
    &mirror_failed,
    &mirror_stale,
    &mirror_evicted,
    &mirror_mismatch,
    &fleet_loaded,
    &fleet_mistake,
    &images_loaded,
    &images_unreadable,
    &images_found,
    &images_growing,
    &images_indexed,
    &images_recognised,
    &images_unknown,
    &images_failed,
    &images_removed,
    &images_crowded,
    &images_not_kept,
    &images_uploaded,
    &images_upload_ended,
    &images_upload_expired,
    &images_deleted,
    &boot_script,
    &boot_started,
    &boot_ended,
    &script_mistake,
    &machine_assigned,
    &machine_claimed,
    &machine_given_back,
    &machine_done,
    &machine_failed,
    &machine_forgotten,
    &registry_store_failed,
    &registry_store_works,
    &registry_crowded,
};

}  // namespace pixie::events
