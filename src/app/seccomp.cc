#include "app/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace pixie::app {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "list the system calls of this architecture, too"
#endif

// clang-format off
/// Whatever their arguments are; nothing that changes a file's mode or owner by its name, which Landlock would let pass.
/// Those that no file of src/ makes are the C library's, OpenSSL's, SQLite's and c-ares'.
constexpr int allowed[] = {
    // what is open
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_sendfile,
    SYS_close, SYS_lseek, SYS_fcntl, SYS_dup, SYS_dup3, SYS_flock, SYS_fstat, SYS_fsync, SYS_fdatasync, SYS_ftruncate,
    SYS_fallocate, SYS_fadvise64, SYS_getdents64,
    // files, as far as Landlock shows them
    SYS_openat, SYS_openat2, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getcwd,
    SYS_statfs, SYS_fstatfs, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_utimensat, SYS_fchmod,
    SYS_fchown, SYS_umask, SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch,
    // sockets
    SYS_connect, SYS_bind, SYS_accept4, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_shutdown,
    SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt,
    // waiting
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_ppoll, SYS_pselect6, SYS_eventfd2,
    SYS_futex, SYS_nanosleep, SYS_clock_nanosleep, SYS_restart_syscall, SYS_rt_sigtimedwait,
    // memory, threads, signals
    SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_set_robust_list, SYS_rseq, SYS_sigaltstack, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigreturn, SYS_sched_yield, SYS_sched_getaffinity, SYS_membarrier,
    SYS_exit, SYS_exit_group,
    // who and what we are
    SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname, SYS_sysinfo, SYS_getrusage,
    SYS_getrandom, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
#if defined(__x86_64__)
    // the older forms, which arm64 has not
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename, SYS_dup2,
    SYS_poll, SYS_select, SYS_epoll_wait, SYS_time, SYS_getrlimit,
#endif
};
// clang-format on

/// The filter: a classic BPF program (the kernel's Documentation/userspace-api/seccomp_filter.rst) that is run before
/// each system call, on a little-endian machine.
class Filter {
 public:
  explicit Filter(std::uint32_t forbidden) : forbidden_(forbidden) {
    load(offsetof(seccomp_data, arch));
    add(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
    give(forbidden_);
    load(offsetof(seccomp_data, nr));
  }

  void answer(int call, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    give(verdict);
  }
  /// If the lower half of an argument is one of `values`.
  void allow_if_among(int call, int argument, std::initializer_list<std::uint32_t> values) {
    const auto count = static_cast<std::uint8_t>(values.size());
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0,
        static_cast<std::uint8_t>(2 * count + 2));
    load(argument_at(argument));
    for (const auto value : values) {
      add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
      give(SECCOMP_RET_ALLOW);
    }
    give(forbidden_);
  }
  /// If the lower half of an argument has all of `wanted`, and nothing of `unwanted`.
  void allow_if_bits(int call, int argument, std::uint32_t wanted, std::uint32_t unwanted) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 5);
    load(argument_at(argument));
    add(BPF_ALU | BPF_AND | BPF_K, wanted | unwanted);
    add(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, 1);
    give(SECCOMP_RET_ALLOW);
    give(forbidden_);
  }
  /// If the lower half of an argument is beyond `most`. Else what follows decides.
  void refuse_above(int call, int argument, std::uint32_t most) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4);
    load(argument_at(argument));
    add(BPF_JMP | BPF_JGT | BPF_K, most, 0, 1);
    give(forbidden_);
    load(offsetof(seccomp_data, nr));
  }
  std::vector<sock_filter> finish() {
    give(forbidden_);
    return std::move(program_);
  }

 private:
  static std::uint32_t argument_at(int argument) {
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                      sizeof(std::uint64_t) * static_cast<std::size_t>(argument));
  }
  void add(int code, std::uint32_t value, std::uint8_t if_true = 0, std::uint8_t if_false = 0) {
    program_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
  }
  void load(std::size_t at) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at)); }
  void give(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }

  const std::uint32_t forbidden_;
  std::vector<sock_filter> program_;
};

std::vector<sock_filter> make_filter(bool strict) {
  Filter filter(strict ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM);
  // Landlock sees only connect(2) of ordinary TCP: no TCP Fast Open, and below, no Multipath TCP.
  filter.allow_if_bits(SYS_sendmsg, 2, 0, MSG_FASTOPEN);
  filter.allow_if_bits(SYS_sendmmsg, 3, 0, MSG_FASTOPEN);
  filter.allow_if_bits(SYS_sendto, 3, 0, MSG_FASTOPEN);
  filter.allow_if_bits(SYS_mmap, 2, 0, PROT_EXEC);
  filter.allow_if_bits(SYS_mprotect, 2, 0, PROT_EXEC);
  // Threads, no processes. The C library falls back on clone() where there is no clone3(), whose flags can't be seen.
  filter.allow_if_bits(SYS_clone, 0, CLONE_VM | CLONE_THREAD, CLONE_NEWUSER | CLONE_NEWNET);
  filter.answer(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  filter.refuse_above(SYS_socket, 2, IPPROTO_UDP);
  filter.allow_if_among(SYS_socket, 0, {AF_INET, AF_INET6, AF_NETLINK});
  filter.allow_if_among(SYS_prctl, 0, {PR_SET_NAME, PR_SET_VMA});
  filter.allow_if_among(SYS_ioctl, 1,
                        {SIOCGIFMTU, SIOCGIFNAME, SIOCGIFINDEX, TCGETS, FIONREAD, FIONBIO});
  // Of its own, and of no other process of the same user.
  filter.allow_if_among(SYS_prlimit64, 0, {0});
  // abort()
  filter.allow_if_among(SYS_tgkill, 0, {static_cast<std::uint32_t>(getpid())});
  for (const int call : allowed) filter.answer(call, SECCOMP_RET_ALLOW);
  return filter.finish();
}

}  // namespace

Expected<void> limit_system_calls(bool strict) {
  auto filter = make_filter(strict);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  // Nobody else's code runs in pixie: no defence against speculation of its own, which costs time, is asked for.
  constexpr auto flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  const auto refused = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (refused == 0) return {};
  return fail(refused > 0 ? fmt::format("thread {} has another filter", refused)
                          : fmt::format("the kernel gives none: {}", std::strerror(errno)));
}

}  // namespace pixie::app
