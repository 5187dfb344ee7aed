/* SPDX-License-Identifier: MIT
 *
 * real.h - the functions that ours stand in front of.
 *
 * Context: host; NP_REAL() is signal-safe once np_reals_find() has run.  All are looked up in the
 * constructor, for dlsym() takes the loader's lock and a host may call any of them from a signal
 * handler or in a fork child.  A call that comes earlier still (another library's constructor)
 * looks them up itself.
 */
#ifndef NP_AGENT_REAL_H
#define NP_AGENT_REAL_H

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define NP_REAL_LIST(X)                                                                            \
	X(pthread_create) X(thrd_create) X(clone) X(dlclose) X(syscall) X(close) X(dup2)           \
	X(dup3) X(sigaction) X(signal) X(sigprocmask) X(pthread_sigmask) X(sigsuspend)             \
	X(sigtimedwait) X(sigpending) X(signalfd) X(raise) X(kill) X(pthread_kill) X(sigaltstack)          \
	X(getitimer) X(setitimer) X(execve) X(execvpe) X(fexecve) X(execveat) X(setuid)            \
	X(seteuid) X(setreuid) X(setresuid) X(poll) X(ppoll) X(select) X(pselect)                  \
	X(epoll_wait) X(epoll_pwait) X(nanosleep) X(clock_nanosleep) X(pause) X(sem_timedwait)     \
	X(semop) X(semtimedop) X(msgrcv) X(msgsnd) X(recv) X(recvfrom) X(recvmsg) X(accept)        \
	X(accept4) X(connect) X(prctl) X(chroot)

struct np_reals {
#define NP_REAL_FIELD(name) __typeof__(name) *name;
	NP_REAL_LIST(NP_REAL_FIELD)
#undef NP_REAL_FIELD
	/* Younger than the oldest libc that we run on. */
	int (*sem_clockwait)(sem_t *, clockid_t, const struct timespec *);
	int (*epoll_pwait2)(int, struct epoll_event *, int, const struct timespec *,
			    const sigset_t *);
	int (*libc_sigaction)(int, const struct sigaction *, struct sigaction *);
	int (*close_range)(unsigned int, unsigned int, int);
	void (*closefrom)(int);
	int (*poll_chk)(struct pollfd *, nfds_t, int, size_t);
	int (*ppoll_chk)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);
};
extern struct np_reals np_reals;

void np_reals_find(void);

#define NP_REAL(name) (np_reals.name ? np_reals.name : (np_reals_find(), np_reals.name))

#endif
