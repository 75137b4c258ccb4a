#include "dhcp/assign6.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dhcp/option6.h"

namespace pixie::dhcp {
namespace {

/// One message's dealings with the lease table.
class Assignment {
 public:
  Assignment(const std::vector<std::byte>& duid, Leases6& leases, Leases6::Time now)
      : duid_(duid), leases_(leases), now_(now) {}

  Ia offer(const Ia& wanted) {
    return given(wanted, leases_.offer(key(wanted), first_address(wanted), now_));
  }

  Ia request(const Ia& wanted) {
    if (!all_on_link({wanted}, leases_.settings().range)) {
      return refused(wanted, status6::not_on_link, "the address is not of this link");
    }
    return assign(wanted);
  }

  Ia renew(const Ia& wanted) {
    if (leases_.find(key(wanted), now_)) return extend(wanted);
    return refused(wanted, status6::no_binding, "no lease");
  }

  /// A rebind comes from a client whose server is silent: a free address of our range was given by
  /// a server of the same range, or by this one before it lost its journal.
  Ia rebind(const Ia& wanted) {
    if (leases_.find(key(wanted), now_)) return extend(wanted);
    if (wanted.addresses.empty()) return refused(wanted, status6::no_binding, "no lease");
    const auto choice = leases_.offer(key(wanted), first_address(wanted), now_);
    if (choice == first_address(wanted)) return extend(wanted);
    return ending(wanted, std::nullopt);
  }

  /// Nothing but what was not the client's is worth a word (RFC 8415 sections 18.3.7 and 18.3.8).
  std::optional<Ia> give_up(const Ia& wanted, bool declined) {
    bool any = false;
    for (const auto& address : wanted.addresses) {
      const auto line = declined ? leases_.decline(key(wanted), address.address, now_)
                                 : leases_.release(key(wanted), address.address, now_);
      if (line) journal_ += *line;
      any |= line.has_value();
    }
    if (any) return std::nullopt;
    return refused(wanted, status6::no_binding, "no lease");
  }

  std::string take_journal() { return std::move(journal_); }

 private:
  static Ia answer_to(const Ia& wanted) {
    return {
        .kind = wanted.kind, .iaid = wanted.iaid, .t1 = 0, .t2 = 0, .addresses = {}, .status = {}};
  }

  static Ia refused(const Ia& wanted, std::uint16_t code, const char* message) {
    auto ia = answer_to(wanted);
    ia.status = Status6{code, message};
    return ia;
  }

  /// Tells the client that its addresses end, all but `kept` (RFC 8415 sections 18.3.4 and 18.3.5).
  static Ia ending(const Ia& wanted, std::optional<wire::IpAddress> kept) {
    auto ia = answer_to(wanted);
    for (const auto& address : wanted.addresses) {
      if (address.address != kept) ia.addresses.push_back({address.address, 0, 0});
    }
    return ia;
  }

  static std::optional<wire::IpAddress> first_address(const Ia& ia) {
    if (ia.addresses.empty()) return std::nullopt;
    return ia.addresses.front().address;
  }

  LeaseKey6 key(const Ia& ia) const { return {duid_, ia.iaid}; }

  Ia assign(const Ia& wanted) {
    const auto grant = leases_.assign(key(wanted), first_address(wanted), now_);
    if (!grant) return given(wanted, std::nullopt);
    journal_ += grant->journal;
    return given(wanted, grant->address);
  }

  Ia extend(const Ia& wanted) {
    auto ia = assign(wanted);
    const auto kept = first_address(ia);
    for (const auto& old : ending(wanted, kept).addresses) ia.addresses.push_back(old);
    return ia;
  }

  /// T1 and T2 are half and four fifths of the preferred lifetime (RFC 8415 section 21.4).
  Ia given(const Ia& wanted, std::optional<wire::IpAddress> address) const {
    if (!address) return refused(wanted, status6::no_addresses_available, "no address is free");
    const auto seconds = [](std::chrono::seconds span) {
      return static_cast<std::uint32_t>(std::clamp<std::int64_t>(span.count(), 0, infinity6));
    };
    const auto preferred = leases_.settings().preferred;
    auto ia = answer_to(wanted);
    ia.t1 = seconds(preferred / 2);
    ia.t2 = seconds(preferred * 4 / 5);
    ia.addresses.push_back({*address, seconds(preferred), seconds(leases_.settings().valid)});
    return ia;
  }

  const std::vector<std::byte>& duid_;
  Leases6& leases_;
  Leases6::Time now_;
  std::string journal_;
};

Ia refuse_kind(const Ia& wanted) {
  Ia ia{.kind = wanted.kind, .iaid = wanted.iaid, .t1 = 0, .t2 = 0, .addresses = {}, .status = {}};
  ia.status = wanted.kind == Ia::prefixes
                  ? Status6{status6::no_prefix_available, "prefixes are not given"}
                  : Status6{status6::no_addresses_available, "temporary addresses are not given"};
  return ia;
}

}  // namespace

Associations6 associate(MessageType6 type, bool commit, const std::vector<std::byte>& duid,
                        const std::vector<Ia>& wanted, Leases6& leases, Leases6::Time now) {
  Assignment assignment(duid, leases, now);
  const auto answer = [&](const Ia& ia) -> std::optional<Ia> {
    if (ia.kind != Ia::addresses_na) return refuse_kind(ia);
    switch (type) {
      case MessageType6::solicit:
        return commit ? assignment.request(ia) : assignment.offer(ia);
      case MessageType6::request:
        return assignment.request(ia);
      case MessageType6::renew:
        return assignment.renew(ia);
      case MessageType6::rebind:
        return assignment.rebind(ia);
      case MessageType6::release:
        return assignment.give_up(ia, false);
      case MessageType6::decline:
        return assignment.give_up(ia, true);
      default:
        return std::nullopt;
    }
  };
  Associations6 result;
  for (const auto& ia : wanted) {
    if (auto answered = answer(ia)) result.ias.push_back(std::move(*answered));
  }
  result.journal = assignment.take_journal();
  return result;
}

bool all_on_link(const std::vector<Ia>& ias, const Range6& range) {
  return std::ranges::all_of(ias, [&](const Ia& ia) {
    return std::ranges::all_of(ia.addresses,
                               [&](const IaAddress& a) { return range.link.contains(a.address); });
  });
}

}  // namespace pixie::dhcp
