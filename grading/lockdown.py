"""What a student's process may do: namespaces, mounts, limits, privileges, system calls. Linux only; loaded inside the sandbox.

Order matters: `new_namespaces` in a forked process, then one more fork, whose child is process 1 of its own world and calls `enter`.
"""

import ctypes
import os
import resource
import signal
import struct

libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30)
NEW = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 1, 2, 4, 8, 1 << 12, 1 << 14, 1 << 18, 2
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20     # of mmap(2)
SET_PDEATHSIG, SET_DUMPABLE, CAPBSET_DROP, SET_NO_NEW_PRIVS, CAP_AMBIENT = 1, 4, 24, 38, 47    # of prctl(2)
NOBODY = 65534

# System calls that no lab needs and that reach beyond the process, or hold memory that no limit counts (what lies in a socket is the
# kernel's). Each gives EPERM.
REFUSED = """
ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise
add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
open_by_handle_at name_to_handle_at personality unshare setns pivot_root chroot
mount umount umount2 mount_setattr open_tree move_mount fsopen fsconfig fsmount fspick swapon swapoff quotactl quotactl_fd
reboot kexec_load kexec_file_load init_module finit_module delete_module acct syslog
settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname iopl ioperm modify_ldt
memfd_create memfd_secret shmget shmat shmctl msgget msgsnd semget semop mq_open
socket socketpair
vmsplice tee lookup_dcookie nfsservctl vhangup sched_setscheduler sched_setattr ioprio_set fanotify_init landlock_create_ruleset
""".split()


def check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def mount(kind, target, flags, options=None):
    check(libc.mount(kind, target, kind, ctypes.c_ulong(flags), options), f"mounting {target.decode()}")


def drop_root():
    """In the template, when the grader was started by root: become nobody.

    bwrap covers parts of /proc then, and a covered /proc forbids mounting a new one in a child namespace: uncover it while that is allowed.
    setuid() clears the dumpable flag, without which /proc/self/uid_map cannot be written.
    """
    if os.geteuid() == 0 and os.getuid() == 0 and mapped_root():
        for name in (b"sys", b"sysrq-trigger", b"irq", b"bus"):
            libc.umount2(b"/proc/" + name, MNT_DETACH)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)


def mapped_root():
    """Whether our root is the machine's root, not that of a user namespace with one user."""
    with open("/proc/self/uid_map") as file:
        return int(file.read().split()[2]) > 1


def new_namespaces():
    """In a forked process with one thread; the next fork is process 1 of the new process namespace."""
    user, group = os.geteuid(), os.getegid()
    check(libc.unshare(NEW), "making namespaces")
    for name, text in (("setgroups", "deny"), ("gid_map", f"1000 {group} 1"), ("uid_map", f"1000 {user} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def enter(limits, filters, hidden):
    """As process 1 of the new namespaces: private mounts, limits, no privileges left. `hidden` are folders to cover."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")      # where memory runs out, students' processes go first
    check(libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "making mounts private")
    size = f"size={limits['tmp_mb']}m,nr_inodes=4096,mode=0700".encode()
    mount(b"tmpfs", b"/tmp", MS_NOSUID | MS_NODEV, size)
    mount(b"tmpfs", b"/dev/shm", MS_NOSUID | MS_NODEV, size)
    mount(b"devpts", b"/dev/pts", MS_NOSUID | MS_NOEXEC, b"newinstance,ptmxmode=0666,mode=620,max=4")
    mount(b"proc", b"/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    # Mapped, /dev/zero gives memory that stays when nothing of it is mapped any more, and that no limit of a process counts.
    check(libc.mount(b"/dev/null", b"/dev/zero", None, ctypes.c_ulong(MS_BIND), None), "covering /dev/zero")
    for folder in hidden:
        mount(b"tmpfs", folder.encode(), MS_RDONLY | MS_NOSUID | MS_NODEV, b"size=4k,mode=0755")
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    os.chdir("/tmp")
    for name, value in (("AS", limits["address_mb"] << 20), ("CPU", limits["cpu_seconds"]), ("NPROC", limits["processes"]),
                        ("FSIZE", limits["tmp_mb"] << 20), ("NOFILE", limits["files"]), ("CORE", 0), ("MEMLOCK", 0), ("MSGQUEUE", 0)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        if not 32 <= number < 34:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)       # a file that grows too large is an OSError, as Python has it
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    drop_privileges()
    filters.load()


def drop_privileges():
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for capability in range(last + 1):
        check(libc.prctl(CAPBSET_DROP, capability, 0, 0, 0), "dropping a capability")
    check(libc.prctl(CAP_AMBIENT, 4, 0, 0, 0), "dropping ambient capabilities")
    check(libc.capset(struct.pack("<Ii", 0x20080522, 0), bytes(24)), "dropping capabilities")
    check(libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "forbidding new privileges")


class Comparison(ctypes.Structure):
    """libseccomp's scmp_arg_cmp."""

    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """The system-call filter, made by libseccomp: calls for another processor kind end the process, REFUSED ones give EPERM."""

    ALLOW, ERRNO, MASKED_EQUAL = 0x7FFF0000, 0x00050000, 7
    EPERM, ENOSYS = 1, 38

    def __init__(self):
        try:
            self.lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        except OSError:
            raise OSError("libseccomp is missing") from None
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.lib.seccomp_init(ctypes.c_uint32(self.ALLOW)))
        for name in REFUSED:
            self.refuse(name, self.EPERM)
        self.refuse("clone3", self.ENOSYS)      # its flags lie in memory, where no filter can look; the C library falls back to clone
        for flag in (NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET):
            self.refuse("clone", self.EPERM, Comparison(0, self.MASKED_EQUAL, flag, flag))
        self.refuse("ioctl", self.EPERM, Comparison(1, self.MASKED_EQUAL, 0xFFFFFFFF, 0x5412))     # TIOCSTI types into a terminal
        shared = MAP_SHARED | MAP_ANONYMOUS     # stays when nothing of it is mapped, like /dev/zero
        self.refuse("mmap", self.EPERM, Comparison(3, self.MASKED_EQUAL, shared, shared))
        self.refuse("setsid", 0)        # says yes and does nothing: the kernel shares processors out by session, and this is one

    def refuse(self, name, errno, *comparisons):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:      # not on this processor, or newer than this libseccomp
            return
        rules = (Comparison * len(comparisons))(*comparisons)
        result = self.lib.seccomp_rule_add_array(self.context, ctypes.c_uint32(self.ERRNO | errno), number, len(comparisons), rules)
        if result:
            raise OSError(-result, f"the system-call filter refuses a rule for {name}")

    def load(self):
        result = self.lib.seccomp_load(self.context)
        if result:
            raise OSError(-result, "loading the system-call filter")
