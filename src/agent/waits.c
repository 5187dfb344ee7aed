/* SPDX-License-Identifier: MIT
 *
 * waits.c - waiting calls that the kernel does not resume by itself after a signal handler.
 *
 * Context: host, signal-safe as far as the functions are.
 *
 * A tick belongs to CPU time, and a waiting call uses some on its way to sleep.  A tick that falls
 * there ends poll(), nanosleep() and their like with EINTR although the host sent no signal.  The
 * handler knows when that happens (np_sampler_broke_wait) and the call is then made again here, for
 * the time that is left.  When a signal of the host's is there as well, EINTR is its due and stays.
 * A call that is not broken costs a store, and a clock reading where it has a relative time-out.
 */
#include "agent/agent.h"

#include <errno.h>
#include <limits.h>

#include "agent/real.h"
#include "signal/sampler.h"

#define NS_PER_S  1000000000ll
#define NS_PER_MS 1000000ll

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* When a relative wait of TIMEOUT is over; INT64_MAX: never. */
static int64_t deadline_of(const struct timespec *timeout)
{
	if (!timeout || timeout->tv_sec > INT32_MAX || !np_agent.attached)	/* no tick, no clock */
		return INT64_MAX;
	return now_ns() + timeout->tv_sec * NS_PER_S + timeout->tv_nsec;
}

static struct timespec time_left(int64_t deadline)
{
	int64_t left = deadline - now_ns();

	if (left < 0)
		left = 0;
	return (struct timespec){ (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };
}

/* Only our tick ended it: errno is what it was before. */
static bool broken_by_tick(bool failed, int saved_errno)
{
	if (!failed || errno != EINTR || !np_sampler_broke_wait)
		return false;
	errno = saved_errno;
	return true;
}

/* Make CALL until it was not our tick that ended it; AGAIN prepares the next one. */
#define UNBROKEN(result, call, again)                                                              \
	do {                                                                                       \
		int saved_errno_ = errno;                                                          \
		for (;;) {                                                                         \
			np_sampler_broke_wait = 0;                                                 \
			(result) = (call);                                                         \
			if (!broken_by_tick((result) == -1, saved_errno_))                         \
				break;                                                             \
			again;                                                                     \
		}                                                                                  \
	} while (0)

/* ---- milliseconds ---- */

static int64_t deadline_of_ms(int timeout)
{
	return timeout > 0 && np_agent.attached ? now_ns() + timeout * NS_PER_MS : 0;
}

static int ms_left(int timeout, int64_t deadline)
{
	int64_t left;

	if (timeout <= 0)
		return timeout;
	left = deadline - now_ns();
	return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

NP_EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int64_t deadline = deadline_of_ms(timeout);
	int r;

	UNBROKEN(r, NP_REAL(poll)(fds, count, timeout), timeout = ms_left(timeout, deadline));
	return r;
}

/* What poll() is with -D_FORTIFY_SOURCE. */
NP_EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t bytes);
NP_EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t bytes)
{
	if (bytes / sizeof(*fds) < count)
		return NP_REAL(poll_chk)(fds, count, timeout, bytes);	/* aborts */
	return poll(fds, count, timeout);
}

NP_EXPORT int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	int64_t deadline = deadline_of_ms(timeout);
	int r;

	UNBROKEN(r, NP_REAL(epoll_wait)(epoll, events, most, timeout),
		 timeout = ms_left(timeout, deadline));
	return r;
}

NP_EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout,
			  const sigset_t *mask)
{
	int64_t deadline = deadline_of_ms(timeout);
	struct np_wait_mask wait;
	int r;

	mask = np_signals_wait_begin(&wait, mask);
	UNBROKEN(r, NP_REAL(epoll_pwait)(epoll, events, most, timeout, mask),
		 timeout = ms_left(timeout, deadline));
	np_signals_wait_end(&wait);
	return r;
}

/* ---- timespec ---- */

NP_EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		    const sigset_t *mask)
{
	int64_t deadline = deadline_of(timeout);
	struct np_wait_mask wait;
	struct timespec left;
	int r;

	mask = np_signals_wait_begin(&wait, mask);
	UNBROKEN(r, NP_REAL(ppoll)(fds, count, timeout, mask), {
		left = time_left(deadline);
		timeout = timeout ? &left : NULL;
	});
	np_signals_wait_end(&wait);
	return r;
}

NP_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
			  const sigset_t *mask, size_t bytes);
NP_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
			  const sigset_t *mask, size_t bytes)
{
	if (bytes / sizeof(*fds) < count)
		return NP_REAL(ppoll_chk)(fds, count, timeout, mask, bytes);	/* aborts */
	return ppoll(fds, count, timeout, mask);
}

NP_EXPORT int epoll_pwait2(int epoll, struct epoll_event *events, int most,
			   const struct timespec *timeout, const sigset_t *mask)
{
	int64_t deadline = deadline_of(timeout);
	struct np_wait_mask wait;
	struct timespec left;
	int r;

	if (!NP_REAL(epoll_pwait2)) {
		errno = ENOSYS;
		return -1;
	}
	mask = np_signals_wait_begin(&wait, mask);
	UNBROKEN(r, NP_REAL(epoll_pwait2)(epoll, events, most, timeout, mask), {
		left = time_left(deadline);
		timeout = timeout ? &left : NULL;
	});
	np_signals_wait_end(&wait);
	return r;
}

/* The kernel writes the time that is left into TIMEOUT. */
NP_EXPORT int select(int count, fd_set *restrict reads, fd_set *restrict writes,
		     fd_set *restrict others, struct timeval *restrict timeout)
{
	int r;

	UNBROKEN(r, NP_REAL(select)(count, reads, writes, others, timeout), {});
	return r;
}

NP_EXPORT int pselect(int count, fd_set *restrict reads, fd_set *restrict writes,
		      fd_set *restrict others, const struct timespec *restrict timeout,
		      const sigset_t *restrict mask)
{
	int64_t deadline = deadline_of(timeout);
	struct np_wait_mask wait;
	struct timespec left;
	int r;

	mask = np_signals_wait_begin(&wait, mask);
	UNBROKEN(r, NP_REAL(pselect)(count, reads, writes, others, timeout, mask), {
		left = time_left(deadline);
		timeout = timeout ? &left : NULL;
	});
	np_signals_wait_end(&wait);
	return r;
}

/* ---- sleeping: what is left is told by the kernel ---- */

NP_EXPORT int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	struct timespec rest = { 0, 0 };
	int r;

	UNBROKEN(r, NP_REAL(nanosleep)(wanted, &rest), wanted = &rest);
	if (r == -1 && errno == EINTR && left)
		*left = rest;
	return r;
}

NP_EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted,
			      struct timespec *left)
{
	struct timespec rest = { 0, 0 };
	int r;

	for (;;) {
		np_sampler_broke_wait = 0;
		r = NP_REAL(clock_nanosleep)(clock, flags, wanted, &rest);
		if (r != EINTR || !np_sampler_broke_wait)
			break;
		if (!(flags & TIMER_ABSTIME))
			wanted = &rest;
	}
	if (r == EINTR && left && !(flags & TIMER_ABSTIME))
		*left = rest;
	return r;
}

NP_EXPORT int usleep(useconds_t us)
{
	struct timespec wanted = { us / 1000000, (long)(us % 1000000) * 1000 };

	return nanosleep(&wanted, NULL);
}

/* libc drops the fraction of a second that is left, too. */
NP_EXPORT unsigned int sleep(unsigned int seconds)
{
	struct timespec wanted = { seconds, 0 };
	int saved_errno = errno;

	if (nanosleep(&wanted, &wanted) == -1)
		return (unsigned int)wanted.tv_sec;
	errno = saved_errno;
	return 0;
}

NP_EXPORT int pause(void)
{
	int r;

	UNBROKEN(r, NP_REAL(pause)(), {});
	return r;
}

/* ---- semaphores and messages ---- */

NP_EXPORT int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
	int r;

	UNBROKEN(r, NP_REAL(sem_timedwait)(sem, until), {});
	return r;
}

NP_EXPORT int sem_clockwait(sem_t *restrict sem, clockid_t clock,
			    const struct timespec *restrict until)
{
	int r;

	if (!NP_REAL(sem_clockwait)) {
		errno = ENOSYS;
		return -1;
	}
	UNBROKEN(r, NP_REAL(sem_clockwait)(sem, clock, until), {});
	return r;
}

NP_EXPORT int semop(int set, struct sembuf *operations, size_t count)
{
	int r;

	UNBROKEN(r, NP_REAL(semop)(set, operations, count), {});
	return r;
}

NP_EXPORT int semtimedop(int set, struct sembuf *operations, size_t count,
			 const struct timespec *timeout)
{
	int64_t deadline = deadline_of(timeout);
	struct timespec left;
	int r;

	UNBROKEN(r, NP_REAL(semtimedop)(set, operations, count, timeout), {
		left = time_left(deadline);
		timeout = timeout ? &left : NULL;
	});
	return r;
}

NP_EXPORT ssize_t msgrcv(int queue, void *message, size_t bytes, long type, int flags)
{
	ssize_t r;

	UNBROKEN(r, NP_REAL(msgrcv)(queue, message, bytes, type, flags), {});
	return r;
}

NP_EXPORT int msgsnd(int queue, const void *message, size_t bytes, int flags)
{
	int r;

	UNBROKEN(r, NP_REAL(msgsnd)(queue, message, bytes, flags), {});
	return r;
}

/* ---- sockets with SO_RCVTIMEO or SO_SNDTIMEO: others are resumed by the kernel.  Such a call is
 * broken before it sleeps, for what comes after is looked at before signals are; so the whole
 * time-out is what is left. */

NP_EXPORT ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
	ssize_t r;

	UNBROKEN(r, NP_REAL(recv)(fd, buffer, bytes, flags), {});
	return r;
}

NP_EXPORT ssize_t recvfrom(int fd, void *restrict buffer, size_t bytes, int flags,
			   struct sockaddr *restrict from, socklen_t *restrict from_bytes)
{
	ssize_t r;

	UNBROKEN(r, NP_REAL(recvfrom)(fd, buffer, bytes, flags, from, from_bytes), {});
	return r;
}

NP_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t r;

	UNBROKEN(r, NP_REAL(recvmsg)(fd, message, flags), {});
	return r;
}

NP_EXPORT int accept(int fd, struct sockaddr *restrict peer, socklen_t *restrict peer_bytes)
{
	int r;

	UNBROKEN(r, NP_REAL(accept)(fd, peer, peer_bytes), {});
	return r;
}

NP_EXPORT int accept4(int fd, struct sockaddr *restrict peer, socklen_t *restrict peer_bytes,
		      int flags)
{
	int r;

	UNBROKEN(r, NP_REAL(accept4)(fd, peer, peer_bytes, flags), {});
	return r;
}

NP_EXPORT int connect(int fd, const struct sockaddr *peer, socklen_t peer_bytes)
{
	int r;

	UNBROKEN(r, NP_REAL(connect)(fd, peer, peer_bytes), {});
	return r;
}
