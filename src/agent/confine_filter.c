/* SPDX-License-Identifier: MIT
 *
 * confine_filter.c - an interpreter for the classic BPF that seccomp takes.
 *
 * Context: host, signal-safe.  Jumps lead forward only, so every run ends.
 */
#include "agent/confine_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

struct machine {
	struct seccomp_data data;
	uint32_t a, x, memory[BPF_MEMWORDS];
	bool damaged;
};

static uint32_t load(struct machine *m, const struct sock_filter *at, uint32_t otherwise)
{
	uint32_t value = 0;

	switch (BPF_MODE(at->code)) {
	case BPF_IMM:
		return at->k;
	case BPF_LEN:
		return sizeof(m->data);
	case BPF_MEM:
		if (at->k < BPF_MEMWORDS)
			return m->memory[at->k];
		break;
	case BPF_ABS:
		if (at->k % 4 == 0 && at->k < sizeof(m->data)) {
			memcpy(&value, (const char *)&m->data + at->k, sizeof(value));
			return value;
		}
		break;
	}
	m->damaged = true;
	return otherwise;
}

static void compute(struct machine *m, const struct sock_filter *at)
{
	uint32_t by = BPF_SRC(at->code) == BPF_X ? m->x : at->k;

	switch (BPF_OP(at->code)) {
	case BPF_ADD: m->a += by; break;
	case BPF_SUB: m->a -= by; break;
	case BPF_MUL: m->a *= by; break;
	case BPF_DIV:
		m->damaged |= by == 0;	/* the kernel kills */
		m->a = by ? m->a / by : 0;
		break;
	case BPF_AND: m->a &= by; break;
	case BPF_OR: m->a |= by; break;
	case BPF_XOR: m->a ^= by; break;
	case BPF_LSH: m->a = by < 32 ? m->a << by : 0; break;
	case BPF_RSH: m->a = by < 32 ? m->a >> by : 0; break;
	case BPF_NEG: m->a = -m->a; break;
	default: m->damaged = true;
	}
}

/* How many instructions to leave out. */
static uint32_t jump(struct machine *m, const struct sock_filter *at)
{
	uint32_t with = BPF_SRC(at->code) == BPF_X ? m->x : at->k;

	switch (BPF_OP(at->code)) {
	case BPF_JA: return at->k;
	case BPF_JEQ: return m->a == with ? at->jt : at->jf;
	case BPF_JGT: return m->a > with ? at->jt : at->jf;
	case BPF_JGE: return m->a >= with ? at->jt : at->jf;
	case BPF_JSET: return m->a & with ? at->jt : at->jf;
	}
	m->damaged = true;
	return 0;
}

static void store(struct machine *m, const struct sock_filter *at, uint32_t value)
{
	if (at->k < BPF_MEMWORDS)
		m->memory[at->k] = value;
	else
		m->damaged = true;
}

static uint32_t run(struct machine *m, const struct sock_filter *filter, size_t length)
{
	for (uint64_t i = 0; i < length && !m->damaged; i++) {
		const struct sock_filter *at = &filter[i];

		switch (BPF_CLASS(at->code)) {
		case BPF_LD: m->a = load(m, at, m->a); break;
		case BPF_LDX: m->x = load(m, at, m->x); break;
		case BPF_ST: store(m, at, m->a); break;
		case BPF_STX: store(m, at, m->x); break;
		case BPF_ALU: compute(m, at); break;
		case BPF_JMP: i += jump(m, at); break;
		case BPF_RET: return BPF_RVAL(at->code) == BPF_A ? m->a : at->k;
		case BPF_MISC:
			if (BPF_MISCOP(at->code) == BPF_TAX)
				m->x = m->a;
			else
				m->a = m->x;
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;	/* the kernel would not take it */
}

uint32_t np_confine_answer(const struct sock_filter *filter, size_t length,
			   const struct np_confine_call *call)
{
	struct machine m;

	memset(&m, 0, sizeof(m));
	m.data.nr = call->number;
	m.data.arch = AUDIT_ARCH_X86_64;
	memcpy(m.data.args, call->args, sizeof(call->args));
	return run(&m, filter, length);
}

static bool lets_live(uint32_t answer, bool needed)
{
	uint32_t action = answer & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
	       (action == SECCOMP_RET_ERRNO && !needed);
}

const struct np_confine_call *np_confine_refused(const struct sock_filter *filter, size_t length,
						 const struct np_confine_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!lets_live(np_confine_answer(filter, length, &calls[i]), calls[i].needed))
			return &calls[i];
	return NULL;
}
