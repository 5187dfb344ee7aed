/* SPDX-License-Identifier: MIT
 *
 * host_storm.c - much of everything that makes processes, threads and modules come and go.  Prints
 * what a test compares with and without the profiler.  usage: host_storm CASE SECONDS [PLUGIN]
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static volatile unsigned long sink;
static volatile int stop, failed;
static double seconds;

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void burn(double time)
{
	double until = now(CLOCK_THREAD_CPUTIME_ID) + time;

	do
		for (int i = 0; i < 1000; i++)
			sink += (unsigned long)i;
	while (now(CLOCK_THREAD_CPUTIME_ID) < until);
}

static void *burner(void *unused)
{
	while (!stop)
		burn(0.001);
	return unused;
}

static int over(void)
{
	static double until;

	if (until == 0)
		until = now(CLOCK_MONOTONIC) + seconds;
	return now(CLOCK_MONOTONIC) > until;
}

static void expect(int status, int want, const char *what)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == want)
		return;
	failed = 1;
	printf("%s: status %x\n", what, (unsigned)status);
}

/* ---- processes ---- */

static void fork_one(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		burn(0.0002);
		_exit(3);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		status = -1;
	expect(status, 3, "fork");
}

static void vfork_one(void)
{
	int status = -1;
	pid_t child = vfork();

	if (child == 0)
		_exit(4);
	if (waitpid(child, &status, 0) != child)
		status = -1;
	expect(status, 4, "vfork");
}

/* As language runtimes do: handlers and mask are changed in the vfork child. */
static void vfork_like_python(void)
{
	struct sigaction action;
	sigset_t all, old;
	int status = -1;
	pid_t child;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	child = vfork();
	if (child == 0) {
		for (int i = 1; i < 32; i++) {
			if (i == SIGKILL || i == SIGSTOP || sigaction(i, NULL, &action) < 0)
				continue;
			if (action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)
				signal(i, SIG_DFL);
		}
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (waitpid(child, &status, 0) != child)
		status = -1;
	expect(status, 0, "vfork and exec");
}

static void spawn_one(void)
{
	char name[] = "true";
	char *arguments[] = { name, NULL };
	int status = -1;
	pid_t child;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) != 0 ||
	    waitpid(child, &status, 0) != child)
		status = -1;
	expect(status, 0, "posix_spawn");
}

static void raw_clone_one(void)
{
	int status = -1;
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (child == 0) {
		burn(0.0002);
		syscall(SYS_exit, 5);
	}
	if (waitpid(child, &status, 0) != child)
		status = -1;
	expect(status, 5, "clone");
}

static void popen_one(void)
{
	char line[16] = "";
	FILE *pipe = popen("echo yes; exit 6", "r");

	if (!pipe || !fgets(line, sizeof(line), pipe) || strcmp(line, "yes\n"))
		failed = printf("popen\n");
	expect(pipe ? pclose(pipe) : -1, 6, "popen");
	expect(system("exit 7"), 7, "system");
}

static volatile sig_atomic_t forked_in_handler;

static void fork_in_handler(int number)
{
	pid_t child = fork();

	(void)number;
	if (child == 0)
		_exit(0);
	forked_in_handler += child > 0 && waitpid(child, NULL, 0) == child;
}

static void processes(void)
{
	pthread_t busy;
	int rounds = 0, usr1 = 0;
	struct sigaction kept;

	signal(SIGINT, fork_in_handler);	/* a handler of its own, for vfork_like_python() to reset */
	signal(SIGUSR1, fork_in_handler);
	pthread_create(&busy, NULL, burner, NULL);
	for (; !over(); rounds++) {
		for (int i = 0; i < 8; i++)
			fork_one();
		vfork_one();
		vfork_like_python();
		spawn_one();
		raw_clone_one();
		popen_one();
		raise(SIGUSR1);
		usr1++;
	}
	sigaction(SIGINT, NULL, &kept);
	printf("handler kept %d, forked in a handler %d\n", kept.sa_handler == fork_in_handler,
	       forked_in_handler == usr1);
	signal(SIGINT, SIG_DFL);
	stop = 1;
	pthread_join(busy, NULL);
	fprintf(stderr, "%d rounds\n", rounds);
}

static void *fork_from_thread(void *unused)
{
	while (!over())
		fork_one();
	return unused;
}

static void forks_from_threads(void)
{
	pthread_t threads[3];

	over();
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, fork_from_thread, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* The parent's memory is large, so that a clone() takes longer than a period. */
static void large_forks(void)
{
	size_t bytes = 400u << 20;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(memory, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = 1;
	for (int i = 0; i < 10; i++) {
		fork_one();
		raw_clone_one();
	}
}

/* ---- threads ---- */

static pthread_key_t key;

static void burn_in_destructor(void *value)
{
	burn(0.00005);
	free(value);
}

static void *short_life(void *how)
{
	pthread_setspecific(key, malloc(10));
	burn(0.00005);
	if (how)
		pthread_exit(NULL);
	return NULL;
}

static void *to_be_cancelled(void *how)
{
	int old;

	pthread_setcanceltype(how ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, &old);
	for (;;) {
		burn(0.0001);
		if (!how)
			usleep(50);
	}
	return NULL;
}

static int raw_thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 200000; i++)
		sink += (unsigned long)i;
	return 0;
}

static void threads(void)
{
	static char raw_stack[65536] __attribute__((aligned(16)));
	pthread_attr_t detached;
	pthread_t thread;
	long made = 0, cancelled = 0;
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	pthread_key_create(&key, burn_in_destructor);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	while (!over()) {
		void *result = NULL;

		for (int i = 0; i < 40; i++, made++) {
			int r = pthread_create(&thread, i % 4 == 3 ? &detached : NULL, short_life, (void *)(long)(i & 1));

			if (r == 0 && i % 4 != 3)
				r = pthread_join(thread, NULL);
			if (r != 0 && r != EAGAIN)
				failed = printf("pthread_create: %d\n", r);
		}
		for (long i = 0; i < 2; i++, cancelled++) {
			pthread_create(&thread, NULL, to_be_cancelled, (void *)i);
			usleep(300);
			pthread_cancel(thread);
			pthread_join(thread, &result);
			if (result != PTHREAD_CANCELED)
				failed = printf("not cancelled\n");
		}
	}
	clone(raw_thread, raw_stack + sizeof(raw_stack), flags, NULL);
	burn(0.1);
	usleep(50000);
	fprintf(stderr, "%ld threads, %ld cancelled\n", made, cancelled);
}

/* As many as can be made, by both ways, in two threads; they end while they are sampled. */
static long churned;

static int tiny_thrd(void *argument)
{
	for (int i = 0; i < 2000; i++)
		sink += (unsigned long)i;
	return argument ? 7 : 8;
}

static void *tiny_thread(void *argument)
{
	return (void *)(long)tiny_thrd(argument);
}

static void *churn_on(void *makers_argument)
{
	while (!over()) {
		for (int i = 0; i < 20; i++) {
			void *result = NULL;
			pthread_t thread;
			thrd_t thrd;
			int code = 0;

			if (pthread_create(&thread, NULL, tiny_thread, makers_argument) != 0 ||
			    pthread_join(thread, &result) != 0 || result != (void *)7)
				failed = printf("pthread_create\n");
			if (thrd_create(&thrd, tiny_thrd, NULL) != thrd_success ||
			    thrd_join(thrd, &code) != thrd_success || code != 8)
				failed = printf("thrd_create\n");
		}
		__atomic_fetch_add(&churned, 40, __ATOMIC_RELAXED);
	}
	return makers_argument;
}

static void churn(void)
{
	double begun = now(CLOCK_MONOTONIC);
	pthread_t makers[2];

	over();
	for (int i = 0; i < 2; i++)
		pthread_create(&makers[i], NULL, churn_on, makers);
	for (int i = 0; i < 2; i++)
		pthread_join(makers[i], NULL);
	fprintf(stderr, "%.0f threads a second\n", (double)churned / (now(CLOCK_MONOTONIC) - begun));
}

/* ---- modules, exceptions, heap ---- */

static const char *plugin;
static volatile long calls;

static void *load_and_unload(void *unused)
{
	while (!over()) {
		void *handle = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
		int (*work)(int) = handle ? (int (*)(int))(uintptr_t)dlsym(handle, "storm_work") : NULL;

		if (!work || work(7) != 7 * 20 + 1)
			failed = printf("plugin: %s\n", work ? "wrong result" : dlerror());
		if (handle)
			dlclose(handle);
		calls++;
	}
	return unused;
}

static void *use_the_heap(void *unused)
{
	unsigned long sum = 0;

	while (!over()) {
		char *block[50];

		for (int i = 0; i < 50; i++) {
			block[i] = malloc((size_t)(i * 97 % 3000 + 1));
			block[i][0] = (char)i;
		}
		for (int i = 0; i < 50; i++) {
			sum += (unsigned long)block[i][0];
			free(block[i]);
		}
		if (sum != 1225)
			failed = printf("heap: %lu\n", sum);
		sum = 0;
	}
	return unused;
}

static void modules(void)
{
	pthread_t made[4];

	over();
	for (int i = 0; i < 4; i++)
		pthread_create(&made[i], NULL, i < 2 ? load_and_unload : use_the_heap, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(made[i], NULL);
	fprintf(stderr, "%ld loads\n", (long)calls);
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";

	seconds = argc > 2 ? atof(argv[2]) : 0;
	plugin = argc > 3 ? argv[3] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(how, "processes"))
		processes();
	else if (!strcmp(how, "forks-from-threads"))
		forks_from_threads();
	else if (!strcmp(how, "large-forks"))
		large_forks();
	else if (!strcmp(how, "threads"))
		threads();
	else if (!strcmp(how, "churn"))
		churn();
	else if (!strcmp(how, "modules"))
		modules();
	else
		return 99;
	printf("%s: failed %d\n", how, !!failed);
	return failed ? 1 : 5;
}
