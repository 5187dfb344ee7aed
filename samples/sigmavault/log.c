/* SPDX-License-Identifier: MIT
 *
 * log.c - the append log: one buffer, one sync for all who wait; see sigmavault.h.
 */
#include "sigmavault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/sample.h"

#define BUFFER_BYTES ((size_t)256 << 10)

static uint32_t crc_of(const struct log_record *record)
{
	return (uint32_t)crc32(0, (const Bytef *)&record->bytes, sizeof(*record) - sizeof(record->crc));
}

void log_open(struct vault_log *log, const char *path, const struct vault_settings *settings)
{
	*log = (struct vault_log){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.synced = PTHREAD_COND_INITIALIZER, .flush_at = BUFFER_BYTES };
	log->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (log->fd < 0)
		sample_fail("%s: %s", path, strerror(errno));
	log->written = (uint64_t)lseek(log->fd, 0, SEEK_END);
	log->durable = log->written;
	log->buffer = sample_allocate(BUFFER_BYTES);
	if (sample_is(settings->defect, "small-writes"))
		log->flush_at = sizeof(struct log_record);
	log->sync_each = sample_is(settings->defect, "sync-each");
}

void log_close(struct vault_log *log)
{
	log_flush(log);
	close(log->fd);
	free(log->buffer);
}

static void flush_locked(struct vault_log *log)
{
	for (size_t at = 0; at < log->filled;) {
		ssize_t r = pwrite(log->fd, log->buffer + at, log->filled - at, (off_t)log->written);

		if (r < 0 && errno != EINTR)
			sample_fail("the log cannot be written: %s", strerror(errno));
		if (r > 0) {
			at += (size_t)r;
			__atomic_store_n(&log->written, log->written + (uint64_t)r, __ATOMIC_RELEASE);
		}
	}
	log->filled = 0;
}

void log_flush(struct vault_log *log)
{
	pthread_mutex_lock(&log->lock);
	flush_locked(log);
	pthread_mutex_unlock(&log->lock);
}

static void sync_file(struct vault_log *log)
{
	if (fdatasync(log->fd))
		sample_fail("the log cannot be synced: %s", strerror(errno));
	log->syncs++;
}

uint64_t log_append(struct vault_log *log, const struct vault_value *value)
{
	struct log_record record = { .bytes = sizeof(*value), .value = *value };
	uint64_t offset;

	record.crc = crc_of(&record);
	pthread_mutex_lock(&log->lock);
	if (log->filled + sizeof(record) > BUFFER_BYTES)
		flush_locked(log);
	offset = log->written + log->filled;
	memcpy(log->buffer + log->filled, &record, sizeof(record));
	log->filled += sizeof(record);
	if (log->filled >= log->flush_at)
		flush_locked(log);
	if (log->sync_each) {
		flush_locked(log);
		sync_file(log);
		log->durable = log->written;
	}
	pthread_mutex_unlock(&log->lock);
	return offset;
}

/* Whoever comes first writes and syncs for all that have appended by then; the others wait. */
void log_wait_durable(struct vault_log *log, uint64_t offset)
{
	pthread_mutex_lock(&log->lock);
	while (log->durable <= offset) {
		uint64_t end;

		if (log->syncing) {
			pthread_cond_wait(&log->synced, &log->lock);
			continue;
		}
		log->syncing = true;
		flush_locked(log);
		end = log->written;
		pthread_mutex_unlock(&log->lock);
		sync_file(log);
		pthread_mutex_lock(&log->lock);
		log->syncing = false;
		log->durable = end;
		pthread_cond_broadcast(&log->synced);
	}
	pthread_mutex_unlock(&log->lock);
}

static void check(const struct log_record *record, uint64_t offset)
{
	if (record->bytes != sizeof(record->value) || record->crc != crc_of(record))
		sample_fail("the log is damaged at byte %llu", (unsigned long long)offset);
}

void log_read(struct vault_log *log, uint64_t offset, struct vault_value *value)
{
	struct log_record record;

	if (offset + sizeof(record) > __atomic_load_n(&log->written, __ATOMIC_ACQUIRE)) {
		pthread_mutex_lock(&log->lock);
		if (offset >= log->written) {
			memcpy(&record, log->buffer + (offset - log->written), sizeof(record));
			pthread_mutex_unlock(&log->lock);
			check(&record, offset);
			*value = record.value;
			return;
		}
		pthread_mutex_unlock(&log->lock);
	}
	if (pread(log->fd, &record, sizeof(record), (off_t)offset) != (ssize_t)sizeof(record))
		sample_fail("the log ends before byte %llu", (unsigned long long)offset);
	check(&record, offset);
	*value = record.value;
}

uint64_t log_recover(const char *path,
	void (*found)(void *user, const struct vault_value *value, uint64_t offset), void *user)
{
	struct log_record record;
	uint64_t offset = 0, records = 0;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		sample_fail("%s: %s", path, strerror(errno));
	while (pread(fd, &record, sizeof(record), (off_t)offset) == (ssize_t)sizeof(record) &&
		record.bytes == sizeof(record.value) && record.crc == crc_of(&record)) {
		found(user, &record.value, offset);
		offset += sizeof(record);
		records++;
	}
	if (ftruncate(fd, (off_t)offset))
		sample_fail("%s: the damaged tail cannot be cut: %s", path, strerror(errno));
	close(fd);
	return records;
}
