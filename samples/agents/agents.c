/* SPDX-License-Identifier: MIT
 *
 * agents.c - tasks at random times for a collective of agents: agents --help.
 *
 * Latency counts from when a task was due, not from when the producer got round to it.  Every task
 * and every message is counted when it is done; one that is missing or done twice fails the run.
 */
#include "agents.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/sample.h"
#include "neuroprof/neuroprof.h"

#define BATCH_MAX  64u
#define CONVOY_NS  40000u
#define POLL_NS	   10000000u
#define STALL_NS   80000000u
#define STALL_EVERY 400u

struct agent {
	struct collective *all;
	uint32_t number;
	pthread_t thread;
	struct queue inbox;
	struct sample_latency tasks, messages;
	uint64_t busy_ns, checksum, sent, received, done;
	volatile uint64_t thought;	/* keeps think() from being left out */
} __attribute__((aligned(64)));

struct collective {
	const struct agents_settings *settings;
	struct queue queue;
	struct parking parking;
	struct agent *agents;
	uint8_t *seen;			/* per task: how often it was done */
	uint64_t outstanding;		/* tasks and messages not done yet */
	bool over, is_convoy, is_poll, is_stall;
	pthread_mutex_t log_lock;
	struct neuroprof_metric *task_span, *message_span, *depth, *wait;
	uint64_t depth_sum, depth_max, depth_looks;
};

SAMPLE_FUNCTION static uint64_t think(uint64_t seed, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++)
		seed = sample_hash(seed + i);
	return seed;
}

/* Rounds of think() that take a microsecond here, so that the load fits the machine. */
static double rounds_per_us(void)
{
	uint64_t best = UINT64_MAX;
	volatile uint64_t sink;

	for (int i = 0; i < 9; i++) {
		uint64_t begun = sample_thread_cpu_ns();

		sink = think((uint64_t)i, 400000);
		if (sample_thread_cpu_ns() - begun < best)
			best = sample_thread_cpu_ns() - begun;
	}
	(void)sink;
	return 400000.0 / ((double)best / 1000);
}

static void send_message(struct agent *self, uint64_t id)
{
	struct collective *all = self->all;
	uint32_t to = (uint32_t)(sample_hash(id) % all->settings->agents);
	struct task message = { .id = id | MESSAGE_BIT, .due_ns = sample_now_ns(), .from = self->number };

	if (all->settings->agents > 1 && to == self->number)
		to = (to + 1) % (uint32_t)all->settings->agents;
	__atomic_fetch_add(&all->outstanding, 1, __ATOMIC_RELAXED);
	if (!queue_push(&all->agents[to].inbox, &message))
		sample_fail("the inbox of agent %u is full", to);
	self->sent++;
	parking_wake(&all->parking, to);
}

static void do_message(struct agent *self, const struct task *message)
{
	uint64_t span = neuroprof_span_begin(self->all->message_span);

	sample_latency_add(&self->messages, sample_now_ns() - message->due_ns);
	self->checksum += sample_hash(message->id);
	self->received++;
	neuroprof_span_end(span);
}

static void do_task(struct agent *self, const struct task *task)
{
	struct collective *all = self->all;
	uint64_t span = neuroprof_span_begin(all->task_span);

	if (all->is_stall && task->id % STALL_EVERY == STALL_EVERY - 1)
		sample_sleep_until(sample_now_ns() + STALL_NS);
	if (all->is_convoy) {		/* all log at once, under one lock */
		pthread_mutex_lock(&all->log_lock);
		sample_spin(CONVOY_NS);
		sample_sleep_until(sample_now_ns() + CONVOY_NS);
		pthread_mutex_unlock(&all->log_lock);
	}
	self->thought = think(task->id, task->work);
	self->checksum += sample_hash(task->id);
	if (__atomic_fetch_add(&all->seen[task->id], 1, __ATOMIC_RELAXED))
		sample_fail("task %llu was done twice", (unsigned long long)task->id);
	if (sample_hash(task->id ^ 77) % 100 < all->settings->messages_percent)
		send_message(self, task->id);
	sample_latency_add(&self->tasks, sample_now_ns() - task->due_ns);
	self->done++;
	neuroprof_span_end(span);
}

/* Returns how much there was to do. */
static size_t work_once(struct agent *self)
{
	struct collective *all = self->all;
	struct task tasks[BATCH_MAX];
	uint64_t begun = sample_now_ns();
	size_t messages = queue_pop(&self->inbox, tasks, BATCH_MAX), got;

	for (size_t i = 0; i < messages; i++)
		do_message(self, &tasks[i]);
	got = queue_pop(&all->queue, tasks, all->settings->batch);
	for (size_t i = 0; i < got; i++)
		do_task(self, &tasks[i]);
	if (got + messages) {
		self->busy_ns += sample_now_ns() - begun;
		__atomic_fetch_sub(&all->outstanding, got + messages, __ATOMIC_RELEASE);
	}
	return got + messages;
}

static bool has_work(const struct agent *self)
{
	return queue_depth(&self->inbox) || queue_depth(&self->all->queue) ||
		__atomic_load_n(&self->all->over, __ATOMIC_ACQUIRE);
}

static void *live(void *argument)
{
	struct agent *self = argument;
	struct collective *all = self->all;
	cpu_set_t cores;

	prctl(PR_SET_TIMERSLACK, 1);
	if (sample_is(all->settings->affinity, "on")) {
		CPU_ZERO(&cores);
		CPU_SET(self->number % (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), &cores);
		pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
	}
	for (;;) {
		uint32_t bell;

		if (work_once(self))
			continue;
		if (__atomic_load_n(&all->over, __ATOMIC_ACQUIRE))
			return NULL;
		if (all->is_poll) {
			sample_sleep_until(sample_now_ns() + POLL_NS);
			continue;
		}
		bell = parking_prepare(&all->parking, self->number);
		if (has_work(self))
			parking_cancel(&all->parking, self->number);
		else
			parking_sleep(&all->parking, self->number, bell);
	}
}

/* Poisson arrivals, drawn beforehand; each look at the queue's depth is then one of an observer who
 * comes at random, so the mean of the looks is the mean over time. */
static uint64_t produce(struct collective *all, double rate, double rounds)
{
	const struct agents_settings *settings = all->settings;
	struct sample_random random = { settings->seed };
	uint64_t start = sample_now_ns() + 1000000, due = start;

	prctl(PR_SET_TIMERSLACK, 1);
	for (uint64_t id = 0; id < settings->tasks; id++) {
		double length = -log(1 - sample_random_unit(&random)) * (double)settings->work_us;
		struct task task = { .id = id, .due_ns = due };
		uint64_t depth;

		if (length > 5 * (double)settings->work_us)
			length = 5 * (double)settings->work_us;
		task.work = (uint32_t)(length * rounds);
		if (sample_now_ns() < due)
			sample_sleep_until(due);
		depth = queue_depth(&all->queue);
		all->depth_sum += depth;
		all->depth_max = depth > all->depth_max ? depth : all->depth_max;
		neuroprof_gauge_set(all->depth, (double)depth);
		__atomic_fetch_add(&all->outstanding, 1, __ATOMIC_RELAXED);
		if (!queue_push(&all->queue, &task))
			sample_fail("the queue is full: ask for a lower --utilisation");
		parking_wake_any(&all->parking);
		due += (uint64_t)(-log(1 - sample_random_unit(&random)) / rate * 1e9);
	}
	while (__atomic_load_n(&all->outstanding, __ATOMIC_ACQUIRE))
		sample_sleep_until(sample_now_ns() + 100000);
	return sample_now_ns() - start;
}

static void collect(struct collective *all, uint64_t elapsed_ns)
{
	struct agent *first = &all->agents[0];
	uint64_t busy = 0, sent = 0, received = 0, done = 0, checksum = 0;

	for (uint64_t i = 0; i < all->settings->agents; i++) {
		struct agent *agent = &all->agents[i];

		busy += agent->busy_ns;
		sent += agent->sent;
		received += agent->received;
		done += agent->done;
		checksum += agent->checksum;
		if (i) {
			sample_latency_merge(&first->tasks, &agent->tasks);
			sample_latency_merge(&first->messages, &agent->messages);
		}
	}
	if (done != all->settings->tasks || sent != received)
		sample_fail("%llu of %llu tasks done, %llu of %llu messages received",
			(unsigned long long)done, (unsigned long long)all->settings->tasks,
			(unsigned long long)received, (unsigned long long)sent);
	sample_print("tasks_per_s", (double)done / ((double)elapsed_ns / 1e9));
	sample_latency_print("task", &first->tasks);
	sample_latency_print("message", &first->messages);
	sample_print("utilisation_percent",
		100.0 * (double)busy / (double)(all->settings->agents * elapsed_ns));
	sample_print("queue_depth_mean", (double)all->depth_sum / (double)all->settings->tasks);
	sample_print_whole("queue_depth_max", all->depth_max);
	sample_print_checksum("checksum", checksum);
}

static void run(const struct agents_settings *settings)
{
	struct collective *all = sample_allocate(sizeof(*all));
	bool is_mutex = sample_is(settings->queue, "mutex");
	double rounds = rounds_per_us(), rate;
	uint64_t elapsed;

	all->settings = settings;
	all->is_convoy = sample_is(settings->defect, "convoy");
	all->is_poll = sample_is(settings->defect, "poll");
	all->is_stall = sample_is(settings->defect, "stall");
	pthread_mutex_init(&all->log_lock, NULL);
	all->task_span = neuroprof_span("agents.task");
	all->message_span = neuroprof_span("agents.message");
	all->depth = neuroprof_gauge("agents.queue_depth", "{task}", NULL);
	all->seen = sample_allocate(settings->tasks);
	queue_init(&all->queue, QUEUE_SLOTS, is_mutex, sample_is(settings->defect, "scan"));
	if (posix_memalign((void **)&all->agents, 64, settings->agents * sizeof(*all->agents)))
		sample_fail("out of memory for %u agents", (unsigned)settings->agents);
	memset(all->agents, 0, settings->agents * sizeof(*all->agents));
	for (uint32_t i = 0; i < settings->agents; i++) {
		all->agents[i].all = all;
		all->agents[i].number = i;
		queue_init(&all->agents[i].inbox, INBOX_SLOTS, is_mutex, false);
	}
	for (uint32_t i = 0; i < settings->agents; i++) {
		if (pthread_create(&all->agents[i].thread, NULL, live, &all->agents[i]))
			sample_fail("no thread to be had: ask for fewer --agents");
	}
	rate = (double)settings->utilisation / 100 * (double)settings->agents /
		((double)settings->work_us * 0.9932 /* the mean of the cut distribution */) * 1e6;
	elapsed = produce(all, rate, rounds);
	__atomic_store_n(&all->over, true, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < settings->agents; i++)
		parking_wake(&all->parking, i);
	for (uint32_t i = 0; i < settings->agents; i++)
		pthread_join(all->agents[i].thread, NULL);
	collect(all, elapsed);
	for (uint32_t i = 0; i < settings->agents; i++)
		queue_free(&all->agents[i].inbox);
	queue_free(&all->queue);
	free(all->agents);
	free(all->seen);
	free(all);
}

int main(int argc, char **argv)
{
	static const char *const queues[] = { "lockfree", "mutex", NULL };
	static const char *const switches[] = { "off", "on", NULL };
	static const char *const defects[] = { "none", "convoy", "poll", "scan", "stall", NULL };
	struct agents_settings settings = { .agents = 2, .tasks = 10000, .work_us = 200,
		.utilisation = 75, .messages_percent = 20, .batch = 1, .seed = 1, .queue = queues[0],
		.affinity = switches[0], .defect = defects[0] };
	const struct sample_option table[] = {
		{ "agents", "worker threads", &settings.agents, 1, AGENTS_MAX, NULL, NULL, NULL },
		{ "tasks", "in all", &settings.tasks, 100, 100000000, NULL, NULL, NULL },
		{ "work", "us of a task, mean", &settings.work_us, 1, 1000000, NULL, NULL, NULL },
		{ "utilisation", "percent, by the rate of tasks", &settings.utilisation, 1, 99, NULL,
			NULL, NULL },
		{ "messages", "percent of tasks that send one", &settings.messages_percent, 0, 100, NULL,
			NULL, NULL },
		{ "batch", "tasks taken at once", &settings.batch, 1, BATCH_MAX, NULL, NULL, NULL },
		{ "seed", "of times and lengths", &settings.seed, 0, UINT32_MAX, NULL, NULL, NULL },
		{ "queue", "kind", NULL, 0, 0, &settings.queue, queues, NULL },
		{ "affinity", "a core for each agent", NULL, 0, 0, &settings.affinity, switches, NULL },
		{ "defect", "plant one", NULL, 0, 0, &settings.defect, defects, NULL },
		{ 0 },
	};

	sample_options(argc, argv, "Tasks at random times for agents that also write to each other.",
		table);
	run(&settings);
	sample_print("peak_rss_mb", (double)sample_peak_rss_bytes() / 1e6);
	return 0;
}
