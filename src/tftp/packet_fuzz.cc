// Any datagram: parsing it, cleaning its name, negotiating its options and reading the answer back.
#include <cstdlib>

#include "tftp/name.h"
#include "tftp/packet.h"
#include "tftp/transfer.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

void answer(const tftp::Request& request) {
  if (const auto name = tftp::clean_name(request.filename)) {
    const auto framed = '/' + *name + '/';
    check(name->size() <= tftp::max_name_size && !name->contains('\n'));
    check(!framed.contains("//") && !framed.contains("/./") && !framed.contains("/../"));
  }
  const auto terms = tftp::negotiate(request, tftp::Limits{}, 1'000'000);
  std::byte buffer[tftp::max_oack_size];
  const auto oack = tftp::parse(tftp::write_oack(buffer, terms.accepted));
  check(oack && std::get<tftp::Oack>(*oack).options == terms.accepted);
}

/// Two acknowledgments and the input, as a client's packets within a transfer.
void receive(wire::Bytes datagram) {
  const tftp::Limits limits;
  tftp::Terms terms;
  terms.windowsize = 4;
  terms.accepted.windowsize = terms.windowsize;
  const tftp::TimePoint now{};
  tftp::Transfer transfer(terms, 100'000, limits, datagram.size(), now);
  for (int turn = 0; turn < 3; ++turn) {
    while (const auto pending = transfer.pending()) {
      check(pending->first_block + pending->count <= 197);
      transfer.sent(pending->count, now);
    }
    transfer.receive(turn == 0 ? wire::as_bytes({"\0\4\0\0", 4}) : datagram, now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto datagram = std::as_bytes(std::span(data, size));
  const auto packet = tftp::parse(datagram);
  if (packet && std::holds_alternative<tftp::Request>(*packet)) {
    answer(std::get<tftp::Request>(*packet));
  }
  receive(datagram);
  return 0;
}
