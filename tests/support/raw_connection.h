#pragma once
// RawConnection: a socket that writes whatever bytes a test wants and reads whole responses. For races, where all requests
// must be written before any answer is read, and for bytes that no HTTP library would send.
//
// Units    waits in seconds; a read that takes longer counts as no answer.
// Threads  one at a time.
// Owns     its socket.

#include <string>
#include <string_view>

namespace tenantry {

class RawConnection {
 public:
  explicit RawConnection(int port, int read_limit_seconds = 30);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // False once the other side has closed.
  bool Write(std::string_view bytes);
  // No more from us; the other side may still answer.
  void FinishWriting();

  struct Answer {
    int status = 0;  // 0: the connection was closed, or nothing came in time.
    std::string head;
    std::string body;
  };
  Answer ReadAnswer();
  int ReadStatus() { return ReadAnswer().status; }
  // True when the other side closes without saying more.
  bool IsClosed();

 private:
  bool ReadMore();
  const int fd_;
  std::string buffer_;
};

}  // namespace tenantry
