// A8 of crosscutting.md, the TLS part: the real binary with a certificate, and a new one while it runs.

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/ssl.h>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/raw_connection.h"

namespace tenantry::contract {
namespace {

class CrosscuttingTlsTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  // NAME.crt and NAME.key, for 127.0.0.1 and signed by itself.
  void MakeCertificate(const std::string& name) const {
    const auto made = load::RunTool(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", Path(name + ".key"), "-out", Path(name + ".crt")},
        folder_.path(), 60);
    ASSERT_TRUE(made.ok()) << made.status().message();
  }
  void Use(const std::string& certificate, const std::string& key) const {
    constexpr auto kReplace = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(Path(certificate + ".crt"), Path("server.crt"), kReplace);
    std::filesystem::copy_file(Path(key + ".key"), Path("server.key"), kReplace);
  }
  std::vector<std::string> Arguments() const {
    return {"--tls-cert", Path("server.crt"), "--tls-key", Path("server.key")};
  }
  // A new connection that believes this certificate only.
  httplib::Result Get(const std::string& url, const std::string& believed,
                      const std::string& path = "/health") const {
    httplib::Client client(url);
    client.set_ca_cert_path(Path(believed + ".crt").c_str());
    client.enable_server_certificate_verification(true);
    return client.Get(path.c_str());
  }
  bool LogShows(const std::string& text) const {
    for (int i = 0; i < 1000; ++i) {
      if (load::ReadText(Path("server.err")).find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  TemporaryFolder folder_;
};

TEST_F(CrosscuttingTlsTest, A8RequestsAndAnswersOfEverySizePassEncrypted) {
  MakeCertificate("a");
  Use("a", "a");
  auto server = load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), Arguments());
  ASSERT_TRUE(server.ok()) << server.status().message();
  const std::string url = server->url();
  EXPECT_TRUE(url.starts_with("https://127.0.0.1:")) << url;
  httplib::Client client(url);
  client.set_ca_cert_path(Path("a.crt").c_str());
  client.set_keep_alive(true);
  for (const size_t bytes : {1u, 4000u, 16'384u, 40'000u, 100'000u}) {
    const auto answer = client.Post(
        "/auth/login", "{\"email\":\"" + std::string(bytes, 'x') + "\"}", "application/json");
    ASSERT_TRUE(answer) << bytes << ": " << httplib::to_string(answer.error());
    EXPECT_EQ(answer->status, 400) << bytes;
  }
  const auto script = client.Get("/scripts/popup.js?shopId=x");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->status, 200);
  EXPECT_GT(script->body.size(), 1000u);
  // A body beyond the limit is answered before it was read, and then the connection ends in order.
  const auto large = client.Post("/popups", std::string(300'000, 'x'), "application/json");
  EXPECT_EQ(large ? large->status : 413, 413);
  // Plain text on the same port gets no answer, and harms nobody.
  RawConnection plain(std::stoi(url.substr(url.rfind(':') + 1)));
  ASSERT_TRUE(plain.Write("GET /health HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_TRUE(plain.ReadAnswer().status == 0);
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const httplib::Result health = Get(url, "a");
        if (health && health->status == 200) ++answered;
      }
    });
  }
  for (std::thread& thread : clients) thread.join();
  EXPECT_EQ(answered, 80);
  EXPECT_EQ(server->Stop(), 0);
}

// Goal: requests that were decrypted together are all answered, however little the server reads ahead.
// Method: a thousand of them in records of 16 KiB, to a server whose input buffer is smaller than a record.
TEST_F(CrosscuttingTlsTest, A8PipelinedRequestsBeyondTheInputBufferAreAnswered) {
  constexpr size_t kRequests = 1000;
  MakeCertificate("a");
  Use("a", "a");
  std::vector<std::string> arguments = Arguments();
  arguments.insert(arguments.end(), {"--http-head-bytes", "1024", "--http-target-bytes", "512",
                                     "--http-body-bytes", "1024", "--http-pipeline-bytes", "1024"});
  auto server = load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), arguments);
  ASSERT_TRUE(server.ok()) << server.status().message();
  const std::string address = server->url().substr(std::string("https://").size());
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                             SSL_CTX_free);
  const std::unique_ptr<BIO, void (*)(BIO*)> client(BIO_new_ssl_connect(context.get()),
                                                    BIO_free_all);
  BIO_set_conn_hostname(client.get(), address.c_str());
  ASSERT_EQ(BIO_do_connect(client.get()), 1);
  std::string requests;
  for (size_t i = 0; i < kRequests; ++i) requests += "GET /health HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_EQ(BIO_write(client.get(), requests.data(), static_cast<int>(requests.size())),
            static_cast<int>(requests.size()));
  std::string answers;
  size_t answered = 0;
  const std::string status = "HTTP/1.1 200 ";
  for (std::array<char, 16'384> block{}; answered < kRequests;) {
    const int got = BIO_read(client.get(), block.data(), static_cast<int>(block.size()));
    ASSERT_GT(got, 0) << answered << " answers";
    answers.append(block.data(), static_cast<size_t>(got));
    size_t at = 0;
    for (size_t found; (found = answers.find(status, at)) != std::string::npos; ++answered) {
      at = found + status.size();
    }
    answers.erase(0, std::max(at, answers.size() - std::min(answers.size(), status.size())));
  }
  EXPECT_EQ(answered, kRequests);
  EXPECT_EQ(server->Stop(), 0);
}

TEST_F(CrosscuttingTlsTest, A8ANewCertificateIsTakenOnSighupAndABadOneIsNot) {
  MakeCertificate("a");
  MakeCertificate("b");
  Use("a", "a");
  auto server = load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), Arguments());
  ASSERT_TRUE(server.ok()) << server.status().message();
  EXPECT_TRUE(Get(server->url(), "a"));
  EXPECT_FALSE(Get(server->url(), "b"));
  httplib::Client open(server->url());
  open.set_ca_cert_path(Path("a.crt").c_str());
  open.set_keep_alive(true);
  ASSERT_TRUE(open.Get("/health"));

  Use("b", "b");
  server->Signal(SIGHUP);
  ASSERT_TRUE(LogShows("reloaded: 0 settings changed"));
  EXPECT_TRUE(Get(server->url(), "b"));
  EXPECT_FALSE(Get(server->url(), "a"));
  EXPECT_TRUE(open.Get("/health")) << "connections that were open go on";

  Use("a", "b");
  server->Signal(SIGHUP);
  ASSERT_TRUE(LogShows("reload refused"));
  EXPECT_TRUE(Get(server->url(), "b"));
  EXPECT_EQ(server->Stop(), 0);
}

TEST_F(CrosscuttingTlsTest, A8WrongFilesEndTheStart) {
  MakeCertificate("a");
  MakeCertificate("b");
  Use("a", "b");
  EXPECT_FALSE(load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), Arguments()).ok());
  EXPECT_FALSE(
      load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), {"--tls-cert", Path("a.crt")})
          .ok());
  EXPECT_NE(load::ReadText(Path("server.err")).find("one is of no use without the other"),
            std::string::npos);
}

// The load generator speaks https: to whom it believes, or to anybody when told so.
TEST_F(CrosscuttingTlsTest, LoadIsSentEncrypted) {
  MakeCertificate("a");
  MakeCertificate("other");
  Use("a", "a");
  std::vector<std::string> arguments = Arguments();
  arguments.insert(arguments.end(), {"--rate-limit-exempt", "127.0.0.0/8"});
  auto server = load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), arguments);
  ASSERT_TRUE(server.ok()) << server.status().message();
  const std::string url = server->url();
  const auto load = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {TENANTRY_BINARY, "load"});
    auto tool = load::ChildProcess::Start(options, Path("load.out"), Path("load.err"));
    return tool.ok() ? tool->Wait(60) : -1;
  };
  const std::string health = url + "/health";
  EXPECT_EQ(load({health, "-c", "8", "-t", "1", "--ca-file", Path("a.crt")}), 0)
      << load::ReadText(Path("load.out")) << load::ReadText(Path("load.err"));
  EXPECT_EQ(load({health, "-t", "1", "--rate", "200", "--insecure"}), 0)
      << load::ReadText(Path("load.out"));
  EXPECT_EQ(load({url, "--scenario", "race", "--ca-file", Path("a.crt")}), 0)
      << load::ReadText(Path("load.out"));
  EXPECT_EQ(load({health, "-t", "1", "--ca-file", Path("other.crt")}), 7);
  EXPECT_NE(load::ReadText(Path("load.err")).find("certificate: "), std::string::npos)
      << load::ReadText(Path("load.err"));
  EXPECT_EQ(load({health, "-t", "1", "--ca-file", Path("missing.crt")}), 2);
  EXPECT_EQ(server->Stop(), 0);
}

}  // namespace
}  // namespace tenantry::contract
