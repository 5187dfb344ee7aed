/* SPDX-License-Identifier: MIT
 *
 * attach.c - the library's first and last moment in the host.  Context: host.
 */
#include "agent/agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/real.h"
#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/governor.h"
#include "signal/modules.h"
#ifdef NP_HAVE_LIBUNWIND
#include "signal/unwind_libunwind.h"
#endif

struct np_agent np_agent;

/* A directory that only this user can enter: a spool tells what a program does. */
static int private_directory(const char *path)
{
	struct stat st;
	long r = np_syscall(SYS_mkdir, path, 0700);

	if (r < 0 && r != -EEXIST)
		return (int)r;
	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (st.st_uid != geteuid() || (st.st_mode & 077))
		return -EACCES;
	return access(path, W_OK | X_OK) < 0 ? -errno : 0;
}

static bool join(char *to, size_t bytes, const char *a, const char *b)
{
	if (strlen(a) + strlen(b) + 1 > bytes)
		return false;
	memcpy(to, a, strlen(a));
	memcpy(to + strlen(a), b, strlen(b) + 1);
	return true;
}

static bool choose_spool_dir(void)
{
	const char *asked = np_agent.config.spool_dir, *runtime = np_config_env("XDG_RUNTIME_DIR");
	char uid[24], name[64] = "/neuroprof-";
	char *dir = np_sampler.spool_dir;
	size_t bytes = sizeof(np_sampler.spool_dir);
	int r = -ENAMETOOLONG;

	if (*asked) {
		if (join(dir, bytes, asked, "") && (r = private_directory(dir)) == 0)
			return true;
		np_say("NEUROPROF_SPOOL_DIR=", asked, " cannot be used (", np_say_errno(-r),
		       "): it must be a directory of yours with mode 0700; "
		       "the program runs without profiling", NULL);
		return false;
	}
	strcat(name, np_say_number(geteuid(), uid));
	if (runtime && *runtime == '/' && join(dir, bytes, runtime, "/neuroprof") &&
	    private_directory(dir) == 0)
		return true;
	if (join(dir, bytes, "/dev/shm", name) && private_directory(dir) == 0)
		return true;
	if (join(dir, bytes, np_agent.config.out, "/" NP_SPOOL_DIR_BESIDE) &&
	    (r = private_directory(dir)) == 0)
		return true;
	np_say("no place for the samples: neither $XDG_RUNTIME_DIR, /dev/shm nor ", dir,
	       " can be written (", np_say_errno(-r),
	       "); set NEUROPROF_SPOOL_DIR; the program runs without profiling", NULL);
	return false;
}

/* The library may have been given by a path relative to where the host started. */
static void find_library_dir(void)
{
	Dl_info info;
	char *dir = np_agent.library_dir, *slash;
	size_t n = 0, bytes = sizeof(np_agent.library_dir);

	if (!dladdr(&np_agent, &info) || !info.dli_fname)
		return;
	if (info.dli_fname[0] != '/') {
		if (!getcwd(dir, bytes - 1))
			return;
		n = strlen(dir);
		dir[n++] = '/';
	}
	if (n + strlen(info.dli_fname) + 1 > bytes) {
		*dir = '\0';
		return;
	}
	strcpy(dir + n, info.dli_fname);
	slash = strrchr(dir, '/');
	*slash = '\0';
}

static void read_identity(void)
{
	struct np_spool_header *id = &np_sampler.identity;
	ssize_t n = readlink("/proc/self/exe", id->exe, sizeof(id->exe) - 1);

	id->exe[n < 0 ? 0 : n] = '\0';
	np_syscall(SYS_prctl, 16 /* PR_GET_NAME */, id->comm);
	memcpy(id->fold_out, np_agent.config.out, sizeof(id->fold_out));
	id->start_ticks = np_sampler_start_ticks();
	id->hz = id->hz_wanted = np_agent.config.hz;
	id->control = np_agent.config.start;
	id->period_ns = np_sampler.period_ns;
}

#ifdef NP_HAVE_LIBUNWIND
/* Into no scope but its own: its _Unwind_* and backtrace must not be bound by the host. */
static int load_libunwind(void)
{
	void *library = dlopen("libunwind-x86_64.so.8", RTLD_NOW | RTLD_LOCAL);
	struct np_libunwind *api = &np_libunwind;

	if (!library)
		return -ENOENT;
	*(void **)&api->create_addr_space = dlsym(library, "_Ux86_64_create_addr_space");
	*(void **)&api->set_caching_policy = dlsym(library, "_Ux86_64_set_caching_policy");
	*(void **)&api->init_remote = dlsym(library, "_Ux86_64_init_remote");
	*(void **)&api->step = dlsym(library, "_Ux86_64_step");
	*(void **)&api->get_reg = dlsym(library, "_Ux86_64_get_reg");
	*(void **)&api->is_signal_frame = dlsym(library, "_Ux86_64_is_signal_frame");
	*(void **)&api->search_unwind_table = dlsym(library, "_Ux86_64_dwarf_search_unwind_table");
	if (!api->create_addr_space || !api->set_caching_policy || !api->init_remote ||
	    !api->step || !api->get_reg || !api->is_signal_frame || !api->search_unwind_table)
		return -ENOSYS;
	return np_unwind_libunwind_ready();
}
#else
static int load_libunwind(void)
{
	return -ENOSYS;
}
#endif

static bool choose_unwinder(void)
{
	switch (np_agent.config.unwinder) {
	case NP_UNWINDER_LIBUNWIND:
		if (load_libunwind() < 0) {
			np_say("NEUROPROF_UNWINDER=libunwind: libunwind-x86_64.so.8 cannot be used "
			       "(install libunwind8, or choose cfi); "
			       "the program runs without profiling", NULL);
			return false;
		}
#ifdef NP_HAVE_LIBUNWIND
		np_sampler.unwinder = &np_unwinder_libunwind;
#endif
		break;
	case NP_UNWINDER_FP:
		np_sampler.unwinder = &np_unwinder_fp;
		break;
	default:
		np_sampler.unwinder = &np_unwinder_cfi;
	}
	np_sampler.identity.unwinder = np_sampler.unwinder->kind;
	return true;
}

/* Is the parent profiled too?  Only then are we a child that NEUROPROF_CHILDREN=off means. */
static bool parent_is_profiled(void)
{
	char path[64] = "/proc/", number[24], buffer[4096];
	const char needle[] = "libneuroprof.so";
	size_t kept = 0;
	ssize_t n;
	int fd;
	bool found = false;

	strcat(path, np_say_number((uint64_t)getppid(), number));
	strcat(path, "/maps");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (!found && (n = read(fd, buffer + kept, sizeof(buffer) - kept)) > 0) {
		size_t have = kept + (size_t)n;

		found = memmem(buffer, have, needle, sizeof(needle) - 1) != NULL;
		kept = have < sizeof(needle) ? have : sizeof(needle) - 1;
		memmove(buffer, buffer + have - kept, kept);
	}
	close(fd);
	return found;
}

/* What the loader and other constructors used before us, in whole periods: kept on a node of its
 * own.  A large value means that another program ran in this process before its exec. */
void np_attach_account_startup(struct np_thread *self)
{
	const int64_t most_ns = 100000000;
	int64_t used = (int64_t)self->cpu_last_ns, period = (int64_t)np_sampler.period_ns;

	np_agent.had_others = used >= period;
	if (used > most_ns)
		return;
	self->carry_ns += used;
	np_sampler.startup_periods = (uint64_t)(self->carry_ns / period);
	self->carry_ns %= period;
}

static void finish_at_quick_exit(void)
{
	np_finish(NP_END_EXIT);
}

__attribute__((constructor)) static void attach(void)
{
	struct np_thread *self;
	const char *unknown;
	uint64_t mask;

	np_reals_find();
	if (!np_config_read(&np_agent.config))
		return;
	if (!np_agent.config.children && parent_is_profiled())
		return;
	unknown = np_config_unknown();
	if (unknown && !parent_is_profiled())	/* once for a tree of processes */
		np_config_say_unknown(unknown);
	np_sampler.period_ns = 1000000000u / np_agent.config.hz;
	np_sampler.image = 1;		/* 0 is a record that has never been sampled */
	np_sampler.overhead_max = np_agent.config.overhead_max;
	np_governor_start();
	np_sampler.spool_bytes_max = np_agent.config.spool_max;
	np_agent.pid = np_agent.top_pid = getpid();
	if (!np_confine_survives() || !choose_unwinder() || !choose_spool_dir())
		return;
	find_library_dir();
	read_identity();
	np_unseen_start();
	np_sampler.look = np_unseen_look_now;
	np_modules_snapshot();		/* only where the loader has no index of its own */
	np_process_install();
	at_quick_exit(finish_at_quick_exit);

	/* Handler first, then hooks (`attached`), then clocks: no tick finds things half made. */
	np_signals_block(&mask);
	np_signals_install();
	self = np_thread_main_record();
	self->host.blocks = (mask & np_signals_ours()) != 0;
	np_sampler_prepare(self);
	np_agent.attached = true;
	if (np_thread_attach(self)) {
		np_unseen_look(NP_LOOK_FIRST);
		if (np_agent.config.start)
			np_attach_account_startup(self);
		else
			np_sampler_spool();	/* now, for `neuroprof start` must find it */
	} else {
		np_agent.attached = false;
	}
	np_store_relaxed(&np_sampler.enabled, np_agent.attached);
	np_signals_restore(mask & ~np_signals_ours());
}

__attribute__((destructor)) static void detach(void)
{
	np_finish(NP_END_EXIT);
}
