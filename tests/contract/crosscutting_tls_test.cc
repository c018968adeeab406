// A8 of crosscutting.md, the TLS part: the real binary with a certificate, and a new one while it runs.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>

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

}  // namespace
}  // namespace tenantry::contract
