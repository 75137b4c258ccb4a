#include "net/tls_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "net/testing_tls.h"
#include "tree/descriptor.h"

namespace pixie::net {
namespace {

const TlsFiles files{.certificate = "server.crt", .key = "server.key", .clients = ""};

TlsServer::Contents contents_of(const TestAuthority::Pem& pem) {
  return {pem.certificate, pem.key, ""};
}

/// A client and a session of the server, at the two ends of a socket pair; both are non-blocking.
class Meeting {
 public:
  explicit Meeting(const TlsServer& server, int most_version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
      std::abort();
    near_ = tree::Descriptor(ends[0]);
    far_ = tree::Descriptor(ends[1]);
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), most_version);
    SSL_CTX_set_cipher_list(context_.get(), "DEFAULT:@SECLEVEL=0");
    client_.reset(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(client_.get(), far_.number());
    session = server.accept(near_.number());
  }

  /// How the server's handshake ended.
  TlsSession::Handshake shake_hands(const char* name = nullptr) {
    if (name) SSL_set_tlsext_host_name(client_.get(), name);
    for (int round = 0; round < 100; ++round) {
      ERR_clear_error();
      SSL_connect(client_.get());
      const auto step = session->shake_hands();
      if (step == TlsSession::Handshake::failed) return step;
      if (step == TlsSession::Handshake::done && SSL_is_init_finished(client_.get())) return step;
    }
    return TlsSession::Handshake::wants_to_read;
  }

  /// What the client can read by now.
  std::string read() {
    std::string all;
    std::array<char, 32 * 1024> buffer;
    for (std::size_t count = 0;
         SSL_read_ex(client_.get(), buffer.data(), buffer.size(), &count) == 1;)
      all.append(buffer.data(), count);
    return all;
  }
  void write(const std::string& text) {
    SSL_write(client_.get(), text.data(), static_cast<int>(text.size()));
  }
  void say(const std::string& bytes) {
    EXPECT_EQ(::write(far_.number(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  void leave() { shutdown(far_.number(), SHUT_WR); }
  void take_nothing() { shutdown(far_.number(), SHUT_RD); }
  /// Nothing but new keys of the client's, over and over (RFC 8446 section 4.6.3).
  void renew_keys() {
    constexpr int size = 100'000;
    BIO* records = BIO_new(BIO_s_mem());
    SSL_set0_wbio(client_.get(), records);
    char* bytes = nullptr;
    while (BIO_get_mem_data(records, &bytes) < size) {
      SSL_key_update(client_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
      ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
    }
    say({bytes, size});
  }
  void say_goodbye() { SSL_shutdown(client_.get()); }
  bool was_told_of_the_end() {
    return (SSL_get_shutdown(client_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  std::unique_ptr<TlsSession> session;

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> client_;
  tree::Descriptor near_;
  tree::Descriptor far_;
};

class TlsServerTest : public testing::Test {
 protected:
  TlsServerTest() {
    EXPECT_TRUE(server.load(contents_of(authority.pem("DNS:boot.example,IP:192.0.2.1")), files));
  }
  TestAuthority authority;
  TlsServer server;
};

TEST_F(TlsServerTest, TellsForWhomTheCertificateIs) {
  EXPECT_EQ(server.certificate().names, "boot.example, 192.0.2.1");
  EXPECT_TRUE(server.certificate().until.ends_with(" UTC"));
}

TEST_F(TlsServerTest, ABadPairChangesNothingAndIsNamed) {
  const auto other = authority.pem("DNS:other.example");
  const auto good = authority.pem("DNS:boot.example");
  const auto text = [&](const TlsServer::Contents& contents) {
    const auto loaded = server.load(contents, files);
    return loaded ? std::string() : loaded.error().text;
  };
  EXPECT_EQ(text({other.certificate, good.key, ""}),
            "server.key is not the key of the certificate server.crt");
  EXPECT_EQ(text({"nothing", good.key, ""}), "server.crt holds no certificate in PEM form");
  EXPECT_EQ(text({other.certificate, other.certificate, ""}),
            "server.key holds no private key in PEM form without a password");
  EXPECT_EQ(server.certificate().names, "boot.example, 192.0.2.1");
  EXPECT_EQ(text(contents_of(other)), "");
  EXPECT_EQ(server.certificate().names, "other.example");
}

TEST_F(TlsServerTest, SpeaksBothVersionsAndLearnsTheName) {
  for (const auto& [version, name] :
       {std::pair(TLS1_2_VERSION, "TLSv1.2"), {TLS1_3_VERSION, "TLSv1.3"}}) {
    Meeting meeting(server, version);
    ASSERT_EQ(meeting.shake_hands("boot.example"), TlsSession::Handshake::done);
    EXPECT_EQ(meeting.session->version(), name);
    EXPECT_EQ(meeting.session->server_name(), "boot.example");
  }
}

TEST_F(TlsServerTest, TakesNoNameThatIsNone) {
  for (const auto* name : {"192.0.2.1", "a b", "a\nb", "{{x}}"}) {
    Meeting meeting(server);
    ASSERT_EQ(meeting.shake_hands(name), TlsSession::Handshake::done) << name;
    EXPECT_EQ(meeting.session->server_name(), "") << name;
  }
}

TEST_F(TlsServerTest, SaysWhyAHandshakeFails) {
  Meeting old(server, TLS1_1_VERSION);
  EXPECT_EQ(old.shake_hands(), TlsSession::Handshake::failed);
  EXPECT_EQ(old.session->failure(), "the client knows no TLS 1.2 or 1.3");
  for (const auto& [bytes, why] :
       {std::pair("GET / HTTP/1.1\r\n\r\n", "plain HTTP came to the port of HTTPS"),
        {"garbage garbage garbage", "what came is not TLS (wrong version number)"}}) {
    Meeting meeting(server);
    meeting.say(bytes);
    EXPECT_EQ(meeting.session->shake_hands(), TlsSession::Handshake::failed);
    EXPECT_EQ(meeting.session->failure(), why);
  }
  Meeting gone(server);
  EXPECT_EQ(gone.session->shake_hands(), TlsSession::Handshake::wants_to_read);
  gone.leave();
  EXPECT_EQ(gone.session->shake_hands(), TlsSession::Handshake::failed);
  EXPECT_EQ(gone.session->failure(), "the client closed the connection");
}

TEST_F(TlsServerTest, WantsACertificateOfWhomItShouldKnow) {
  auto contents = contents_of(authority.pem("DNS:boot.example"));
  contents.clients = contents.certificate;
  ASSERT_TRUE(server.load(contents, {"server.crt", "server.key", "clients.crt"}));
  Meeting meeting(server);
  EXPECT_EQ(meeting.shake_hands(), TlsSession::Handshake::failed);
  EXPECT_EQ(meeting.session->failure(), "the client has no certificate (--tls-clients)");
  contents.clients = "none";
  const auto loaded = server.load(contents, {"server.crt", "server.key", "clients.crt"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().text, "clients.crt holds no certificates in PEM form");
}

TEST_F(TlsServerTest, SendsAFileThroughASocketThatIsFull) {
  std::string content(3'000'001, '\0');
  for (std::size_t i = 0; i < content.size(); ++i)
    content[i] = static_cast<char>(i * 2654435761U >> 13);
  std::array<char, 32> name{"/tmp/pixie-tls-XXXXXX"};
  const tree::Descriptor file(mkstemp(name.data()));
  unlink(name.data());
  ASSERT_EQ(write(file.number(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  Meeting meeting(server);
  ASSERT_EQ(meeting.shake_hands(), TlsSession::Handshake::done);
  std::string got;
  bool was_full = false;
  for (std::size_t done = 0; done < content.size();) {
    const auto sent =
        meeting.session->send_file(file.number(), static_cast<off_t>(done), content.size() - done);
    if (sent > 0) done += static_cast<std::size_t>(sent);
    if (sent > 0) continue;
    ASSERT_EQ(std::pair(sent, errno), std::pair(ssize_t{-1}, EAGAIN));
    was_full = true;
    got += meeting.read();
  }
  got += meeting.read();
  EXPECT_TRUE(was_full);
  EXPECT_TRUE(got == content);
  EXPECT_EQ(meeting.session->send_file(file.number(), static_cast<off_t>(content.size()), 1), 0);
}

TEST_F(TlsServerTest, GathersPartsIntoARecordAndReceives) {
  Meeting meeting(server);
  ASSERT_EQ(meeting.shake_hands(), TlsSession::Handshake::done);
  std::string head = "head", body(20'000, 'b');
  std::array<iovec, 3> parts{
      iovec{head.data(), head.size()}, {body.data(), 0}, {body.data(), body.size()}};
  EXPECT_EQ(meeting.session->send(parts), 16 * 1024);
  EXPECT_EQ(meeting.read(), head + body.substr(0, 16 * 1024 - head.size()));
  std::array<char, 16> room;
  EXPECT_EQ(meeting.session->receive(room), -1);
  EXPECT_EQ(errno, EAGAIN);
  meeting.write("request");
  EXPECT_EQ(meeting.session->receive(room), 7);
  EXPECT_EQ(std::string(room.data(), 7), "request");
}

TEST_F(TlsServerTest, ToAClientThatHasLeftNothingIsSent) {
  std::signal(SIGPIPE, SIG_IGN);
  Meeting meeting(server);
  ASSERT_EQ(meeting.shake_hands(), TlsSession::Handshake::done);
  meeting.say_goodbye();
  std::array<char, 16> room;
  EXPECT_EQ(meeting.session->receive(room), 0);
  meeting.take_nothing();
  const std::array<iovec, 1> parts{iovec{room.data(), room.size()}};
  EXPECT_EQ(meeting.session->send(parts), -1);
  EXPECT_NE(errno, EAGAIN);
}

TEST_F(TlsServerTest, ClientsThatRenewTheirKeysLetOthersHaveTheirTurn) {
  Meeting meeting(server, TLS1_3_VERSION);
  ASSERT_EQ(meeting.shake_hands(), TlsSession::Handshake::done);
  meeting.renew_keys();
  std::array<char, 16> room;
  EXPECT_EQ(meeting.session->receive(room), -1);
  EXPECT_EQ(errno, EINTR);
  for (int turn = 0; turn < 100 && errno == EINTR; ++turn)
    EXPECT_EQ(meeting.session->receive(room), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(TlsServerTest, EndsAreTold) {
  Meeting meeting(server);
  ASSERT_EQ(meeting.shake_hands(), TlsSession::Handshake::done);
  meeting.session->end();
  EXPECT_EQ(meeting.read(), "");
  EXPECT_TRUE(meeting.was_told_of_the_end());
  std::array<char, 16> room;
  meeting.say_goodbye();
  EXPECT_EQ(meeting.session->receive(room), 0);
  Meeting broken(server);
  ASSERT_EQ(broken.shake_hands(), TlsSession::Handshake::done);
  broken.say(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  EXPECT_EQ(broken.session->receive(room), -1);
  EXPECT_NE(errno, EAGAIN);
}

}  // namespace
}  // namespace pixie::net
