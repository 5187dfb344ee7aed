/* SPDX-License-Identifier: MIT
 *
 * host_waits.c - waiting calls right after CPU time was used: the kernel finds a tick on the way to
 * sleep.  Prints what came back, which must be the same with and without the profiler.
 * usage: host_waits time-outs | hand-overs
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 60
#define WAIT_S 0.002

static volatile unsigned long sink;
static const struct timespec wait_time = { 0, 2000000 };

struct message {
	long type;
	char text[64];
};

static int idle_socket, full_address_bytes, listener, semaphores, messages, epoll;
static struct sockaddr_un full_address;
static sem_t never;

static double clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void burn(double seconds)
{
	double until = clock_now(CLOCK_THREAD_CPUTIME_ID) + seconds;

	do
		for (int i = 0; i < 200; i++)
			sink += (unsigned long)i;
	while (clock_now(CLOCK_THREAD_CPUTIME_ID) < until);
}

static struct timespec in_a_while(clockid_t clock)
{
	struct timespec when;

	clock_gettime(clock, &when);
	when.tv_nsec += wait_time.tv_nsec;
	when.tv_sec += when.tv_nsec / 1000000000;
	when.tv_nsec %= 1000000000;
	return when;
}

/* ---- calls that end by their time-out: the answer, or -errno ---- */

static int answer(long r)
{
	return r == -1 ? -errno : (int)r;
}

static int do_poll(void) { return answer(poll(NULL, 0, 2)); }
static int do_ppoll(void) { return answer(ppoll(NULL, 0, &wait_time, NULL)); }
static int do_pselect(void) { return answer(pselect(0, NULL, NULL, NULL, &wait_time, NULL)); }
static int do_nanosleep(void) { return answer(nanosleep(&wait_time, NULL)); }
static int do_usleep(void) { return answer(usleep(2000)); }
static int do_recv(void) { char c; return answer(recv(idle_socket, &c, 1, 0)); }
static int do_recvfrom(void) { char c; return answer(recvfrom(idle_socket, &c, 1, 0, NULL, NULL)); }
static int do_accept(void) { return answer(accept(listener, NULL, NULL)); }
static int do_accept4(void) { return answer(accept4(listener, NULL, NULL, SOCK_CLOEXEC)); }

static int do_select(void)
{
	struct timeval time = { 0, 2000 };

	return answer(select(0, NULL, NULL, NULL, &time));
}

static int do_epoll_wait(void)
{
	struct epoll_event event;

	return answer(epoll_wait(epoll, &event, 1, 2));
}

static int do_epoll_pwait(void)
{
	struct epoll_event event;

	return answer(epoll_pwait(epoll, &event, 1, 2, NULL));
}

static int do_epoll_pwait2(void)
{
	struct epoll_event event;

	return answer(epoll_pwait2(epoll, &event, 1, &wait_time, NULL));
}

static int do_clock_nanosleep(void) { return -clock_nanosleep(CLOCK_MONOTONIC, 0, &wait_time, NULL); }

static int do_absolute(void)
{
	struct timespec when = in_a_while(CLOCK_MONOTONIC);

	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

static int do_sem_timedwait(void)
{
	struct timespec when = in_a_while(CLOCK_REALTIME);

	return answer(sem_timedwait(&never, &when));
}

static int do_sem_clockwait(void)
{
	struct timespec when = in_a_while(CLOCK_MONOTONIC);

	return answer(sem_clockwait(&never, CLOCK_MONOTONIC, &when));
}

static int do_semtimedop(void)
{
	struct sembuf take = { 0, -1, 0 };

	return answer(semtimedop(semaphores, &take, 1, &wait_time));
}

static int do_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return answer(sigtimedwait(&set, NULL, &wait_time));
}

static int do_recvmsg(void)
{
	char c;
	struct iovec part = { &c, 1 };
	struct msghdr message;

	memset(&message, 0, sizeof(message));
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	return answer(recvmsg(idle_socket, &message, 0));
}

static int do_cond_timedwait(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
	struct timespec when = in_a_while(CLOCK_REALTIME);
	int r;

	pthread_mutex_lock(&mutex);
	r = pthread_cond_timedwait(&condition, &mutex, &when);
	pthread_mutex_unlock(&mutex);
	return -r;
}

/* Its backlog is full, so this waits until SO_SNDTIMEO. */
static int do_connect(void)
{
	struct timeval limit = { 0, 2000 };
	int r, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	burn(0.0002);
	r = answer(connect(fd, (struct sockaddr *)&full_address, (socklen_t)full_address_bytes));
	close(fd);
	return r;
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = {
	{ "poll", do_poll }, { "ppoll", do_ppoll }, { "select", do_select }, { "pselect", do_pselect },
	{ "epoll_wait", do_epoll_wait }, { "epoll_pwait", do_epoll_pwait }, { "epoll_pwait2", do_epoll_pwait2 },
	{ "nanosleep", do_nanosleep }, { "clock_nanosleep", do_clock_nanosleep }, { "absolute", do_absolute },
	{ "usleep", do_usleep }, { "sem_timedwait", do_sem_timedwait }, { "sem_clockwait", do_sem_clockwait },
	{ "semtimedop", do_semtimedop }, { "sigtimedwait", do_sigtimedwait }, { "recv", do_recv },
	{ "recvfrom", do_recvfrom }, { "recvmsg", do_recvmsg }, { "accept", do_accept },
	{ "accept4", do_accept4 }, { "connect", do_connect }, { "pthread_cond_timedwait", do_cond_timedwait },
};
#define CALLS (sizeof(calls) / sizeof(*calls))

static int make_listener(int backlog)
{
	struct timeval limit = { 0, 2000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* A name that the kernel chooses, in no file system. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0 || listen(fd, backlog) < 0)
		exit(77);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	getsockname(fd, (struct sockaddr *)&full_address, &bytes);
	full_address_bytes = (int)bytes;
	return fd;
}

static void time_outs(void)
{
	struct timeval limit = { 0, 2000 };
	int pair[2];
	double longest = 0;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	sem_init(&never, 0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || semaphores < 0)
		exit(77);
	idle_socket = pair[0];
	setsockopt(idle_socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	listener = make_listener(5);
	make_listener(0);
	/* One waits to be accepted: there is no room for another. */
	if (connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&full_address,
		    (socklen_t)full_address_bytes) < 0)
		exit(77);
	for (size_t k = 0; k < CALLS; k++) {
		int first = 0, others = 0, interrupted = 0, early = 0;

		for (int i = 0; i < ROUNDS; i++) {
			double start, took;
			int r;

			burn(0.00005 * (i % 7));
			errno = 4711;
			start = clock_now(CLOCK_MONOTONIC);
			r = calls[k].call();
			took = clock_now(CLOCK_MONOTONIC) - start;
			first = i ? first : r;
			others += r != first;
			interrupted += r == -EINTR;
			early += took < WAIT_S;
			longest = took > longest ? took : longest;
			if (r == 0 && errno != 4711)
				printf("%s: errno changed\n", calls[k].name);
		}
		printf("%s: %s, %d others, %d interrupted, %d early\n", calls[k].name,
		       first < 0 ? strerror(-first) : "time is over", others, interrupted, early);
	}
	semctl(semaphores, 0, IPC_RMID);
	fprintf(stderr, "longest %.4f s\n", longest);
}

/* ---- calls that end when another thread does its part ---- */

static void *give(void *unused)
{
	struct sembuf add = { 0, 1, 0 };
	struct message message = { .type = 1 };

	for (int i = 0; i < ROUNDS; i++) {
		usleep(1500);
		semop(semaphores, &add, 1);
		usleep(1500);
		if (msgsnd(messages, &message, sizeof(message.text), 0) < 0)
			perror("msgsnd");
	}
	return unused;
}

static void *drain(void *unused)
{
	struct message message;

	for (int i = 0; i < ROUNDS; i++) {
		usleep(2000);
		if (msgrcv(messages, &message, sizeof(message.text), 2, 0) < 0)
			perror("msgrcv");
	}
	return unused;
}

static void hand_overs(void)
{
	struct sembuf take = { 0, -1, 0 };
	struct message message = { .type = 2 };
	struct msqid_ds limits;
	int taken = 0, received = 0, sent = 0, filled = 0;
	pthread_t other;

	semaphores = semget(IPC_PRIVATE, 1, 0600);
	messages = msgget(IPC_PRIVATE, 0600);
	if (semaphores < 0 || messages < 0)
		exit(77);
	pthread_create(&other, NULL, give, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		burn(0.00005 * (i % 7));
		taken += semop(semaphores, &take, 1) == 0;
		burn(0.00005 * (i % 7));
		received += msgrcv(messages, &message, sizeof(message.text), 1, 0) == sizeof(message.text);
	}
	pthread_join(other, NULL);
	printf("semop: %d of %d, msgrcv: %d of %d\n", taken, ROUNDS, received, ROUNDS);

	/* A queue that is full: each message has to wait for one to be taken. */
	msgctl(messages, IPC_STAT, &limits);
	limits.msg_qbytes = 4 * sizeof(message.text);
	msgctl(messages, IPC_SET, &limits);
	message.type = 2;
	while (msgsnd(messages, &message, sizeof(message.text), IPC_NOWAIT) == 0)
		filled++;
	pthread_create(&other, NULL, drain, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		burn(0.00005 * (i % 7));
		sent += msgsnd(messages, &message, sizeof(message.text), 0) == 0;
	}
	pthread_join(other, NULL);
	printf("msgsnd into %d: %d of %d\n", filled, sent, ROUNDS);
	semctl(semaphores, 0, IPC_RMID);
	msgctl(messages, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	burn(0.1);
	if (argc > 1 && !strcmp(argv[1], "time-outs"))
		time_outs();
	else if (argc > 1 && !strcmp(argv[1], "hand-overs"))
		hand_overs();
	else
		return 99;
	return 0;
}
