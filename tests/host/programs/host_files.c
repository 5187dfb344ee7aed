/* SPDX-License-Identifier: MIT
 *
 * host_files.c - a host that uses up or closes all of its descriptors.  Prints what it sees; a test
 * compares that with and without the profiler.  The case is the first argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;
static volatile int stop, started;

static void burn(double seconds)
{
	struct timespec now;
	double until;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	until = (double)now.tv_sec + (double)now.tv_nsec * 1e-9 + seconds;
	do {
		for (int i = 0; i < 5000; i++)
			sink += (unsigned long)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((double)now.tv_sec + (double)now.tv_nsec * 1e-9 < until);
}

__attribute__((noinline)) static void burn_before(void)
{
	burn(0.2);
	sink++;
}

__attribute__((noinline)) static void burn_after(void)
{
	burn(0.3);
	sink++;
}

__attribute__((noinline)) static void burn_in_thread(void)
{
	burn(0.002);
	sink++;
}

static void *stand_by(void *unused)
{
	burn_in_thread();
	__atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
	while (!stop)
		usleep(20000);
	return unused;
}

static int open_all(void)
{
	int n = 0, fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	printf("opened %d, then %s\n", n, strerror(errno));
	return n;
}

/* As many threads as descriptors and more, then every descriptor: as many as without us. */
static void many_threads(int threads)
{
	struct rlimit limit;
	pthread_attr_t attr;
	pthread_t thread;
	int made = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (int i = 0; i < threads; i++)
		made += pthread_create(&thread, &attr, stand_by, NULL) == 0;
	while (started < made)
		usleep(1000);
	getrlimit(RLIMIT_NOFILE, &limit);
	printf("%d threads, limit %lu\n", made, (unsigned long)limit.rlim_cur);
	open_all();
	stop = 1;
}

static void close_loop(void)
{
	struct rlimit limit;
	int closed = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
		closed += close(fd) == 0;
	printf("closed %d\n", closed);
}

static void take_every_number(int from)
{
	int taken = 0;

	for (int fd = 3; fd < 1500; fd++)
		taken += dup2(from, fd) == fd;
	printf("taken %d\n", taken);
}

/* With an instruction of its own, which no library can see. */
static void close_raw(void)
{
	for (long fd = 3; fd < 20000; fd++) {
		long number = SYS_close;

		__asm__ volatile("syscall" : "+a"(number) : "D"(fd) : "rcx", "r11", "memory");
	}
}

/* Nothing of ours may be done to what now has our number. */
static void fill_raw(void)
{
	char path[] = "/tmp/neuroprof-host-XXXXXX";
	int fd = mkstemp(path), same = 0, all = 0;
	struct stat st;

	unlink(path);
	if (write(fd, "kept", 4) != 4)
		exit(98);
	for (int i = 0; i < 1400; i++)
		syscall(SYS_fcntl, fd, F_DUPFD, 3);
	burn_after();
	for (int i = 3; i < 1400; i++) {
		all += fcntl(i, F_GETFD) >= 0;
		same += fstat(i, &st) == 0 && st.st_size == 4 && (fcntl(i, F_GETFL) & (O_ASYNC | O_NONBLOCK)) == 0;
	}
	printf("open %d, untouched %d\n", all, same);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t thread;
	int status = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	burn_before();
	if (!strcmp(how, "threads")) {
		many_threads(atoi(argv[2]));
	} else if (!strcmp(how, "close")) {
		close_loop();
	} else if (!strcmp(how, "closefrom")) {
		closefrom(3);
	} else if (!strcmp(how, "close_range")) {
		printf("close_range %d\n", close_range(3, ~0u, 0));
		printf("wrong range %d", close_range(9, 3, 0));
		printf(" %s\n", strerror(errno));
	} else if (!strcmp(how, "dup2")) {
		take_every_number(1);
	} else if (!strcmp(how, "daemon")) {
		if (fork() > 0) {
			wait(&status);
			printf("daemon %d\n", WEXITSTATUS(status));
			return 0;
		}
		setsid();
		closefrom(3);
		burn_after();
		pthread_create(&thread, NULL, stand_by, NULL);
		stop = 1;
		pthread_join(thread, NULL);
		return 5;
	} else if (!strcmp(how, "raw")) {
		close_raw();
		fill_raw();
	}
	if (strcmp(how, "threads"))
		printf("next %d\n", open("/dev/null", O_RDONLY) > 2);
	burn_after();
	return 0;
}
