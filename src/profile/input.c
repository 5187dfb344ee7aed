/* SPDX-License-Identifier: MIT
 *
 * input.c - reading and unpacking.  Context: tools.
 */
#include "profile/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/message.h"
#include "profile/read_common.h"

#define RAW_BYTES ((size_t)64 * 1024)

struct np_input {
	const char *name;
	int fd;			/* -1: memory */
	const unsigned char *at;	/* what was read and not yet handed out */
	size_t left;
	unsigned char *raw;	/* RAW_BYTES of it, for a descriptor */
	bool started;		/* the first bytes were looked at */
	bool is_gzip;
	bool in_member;		/* inside one of the members of a gzip file */
	uint64_t unpacked, bytes;	/* of gzip, handed out; of the descriptor, read */
	z_stream stream;
};

static struct np_input *create(const char *name, int fd)
{
	struct np_input *input = np_xcalloc(1, sizeof(*input));

	input->name = name;
	input->fd = fd;
	return input;
}

int np_input_open(const char *path, struct np_input **ret_input, struct np_read_report *report)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct stat info;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return np_read_fail(report, -errno, "'%s': cannot open it: %s", path,
				    strerror(errno));
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
		if (!is_stdin)
			close(fd);
		return np_read_fail(report, -EISDIR,
				    "'%s' is a directory; name a profile in it (*.folded, *.pb.gz)",
				    path);
	}
	*ret_input = create(is_stdin ? "standard input" : path, fd);
	(*ret_input)->raw = np_xcalloc(1, RAW_BYTES);
	return 0;
}

struct np_input *np_input_memory(const char *name, const void *bytes, size_t size)
{
	struct np_input *input = create(name, -1);

	input->at = size ? bytes : (const void *)"";
	input->left = size;
	return input;
}

void np_input_close(struct np_input *input)
{
	if (!input)
		return;
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	if (input->is_gzip)
		inflateEnd(&input->stream);
	free(input->raw);
	free(input);
}

const char *np_input_name(const struct np_input *input)
{
	return input->name;
}

uint64_t np_input_bytes(const struct np_input *input)
{
	return input->bytes;
}

/* read() until SIZE bytes or the end. */
static int64_t read_all(struct np_input *input, void *buffer, size_t size,
			struct np_read_report *report)
{
	size_t done = 0;

	while (done < size && input->fd >= 0) {
		ssize_t n = read(input->fd, (char *)buffer + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return np_read_fail(report, -errno, "'%s': cannot read it: %s",
					    input->name, strerror(errno));
		if (n == 0)
			break;
		done += (size_t)n;
	}
	input->bytes += done;
	return (int64_t)done;
}

/* Have at least WANT bytes at hand, if there are so many. */
static int refill(struct np_input *input, size_t want, struct np_read_report *report)
{
	int64_t n;

	if (input->left >= want || input->fd < 0)
		return 0;
	if (input->left > 0)
		memmove(input->raw, input->at, input->left);
	input->at = input->raw;
	n = read_all(input, input->raw + input->left, RAW_BYTES - input->left, report);
	if (n < 0)
		return (int)n;
	input->left += (size_t)n;
	return 0;
}

static bool at_gzip(const struct np_input *input)
{
	return input->left >= 3 && input->at[0] == 0x1f && input->at[1] == 0x8b &&
	       input->at[2] == 8;
}

static int start(struct np_input *input, struct np_read_report *report)
{
	int rc = refill(input, 3, report);

	input->started = true;
	if (rc < 0 || !at_gzip(input))
		return rc;
	if (inflateInit2(&input->stream, 15 + 16) != Z_OK)
		return np_read_fail(report, -ENOMEM, "'%s': out of memory for unpacking",
				    input->name);
	input->is_gzip = input->in_member = true;
	return 0;
}

/* Between two members.  Returns 1 when another one follows, 0 at the end, or a negative errno. */
static int next_member(struct np_input *input, struct np_read_report *report)
{
	for (;;) {
		int rc = refill(input, 3, report);

		if (rc < 0 || input->left == 0)
			return rc;
		if (*input->at != 0)
			break;
		input->at++;	/* padding with zeros, as tapes and block devices leave it */
		input->left--;
	}
	if (!at_gzip(input))
		return np_read_fail(report, -EBADMSG,
				    "'%s': bytes that are not gzip follow its gzip data; damaged",
				    input->name);
	inflateReset(&input->stream);
	input->in_member = true;
	return 1;
}

static int64_t bad_gzip(struct np_input *input, int code, struct np_read_report *report)
{
	if (code == Z_BUF_ERROR)
		return np_read_fail(report, -EBADMSG,
				    "'%s': its gzip data is cut short; copy or write it again",
				    input->name);
	return np_read_fail(report, -EBADMSG, "'%s': its gzip data is damaged (%s)", input->name,
			    input->stream.msg ? input->stream.msg : "no reason given");
}

static int64_t unpack(struct np_input *input, void *buffer, size_t size,
		      struct np_read_report *report)
{
	z_stream *stream = &input->stream;
	size_t done = 0;

	while (done < size) {
		size_t room = size - done < UINT32_MAX ? size - done : UINT32_MAX;
		int rc = input->in_member ? refill(input, 1, report) : next_member(input, report);

		if (rc < 0)
			return rc;
		if (!input->in_member)
			break;
		stream->next_in = (unsigned char *)(uintptr_t)input->at;
		stream->avail_in = input->left < UINT32_MAX ? (uInt)input->left : UINT32_MAX;
		stream->next_out = (unsigned char *)buffer + done;
		stream->avail_out = (uInt)room;
		rc = inflate(stream, Z_NO_FLUSH);
		input->left -= (size_t)(stream->next_in - input->at);
		input->at = stream->next_in;
		done += room - stream->avail_out;
		if (rc != Z_OK && rc != Z_STREAM_END)
			return bad_gzip(input, rc, report);
		input->in_member = rc != Z_STREAM_END;
	}
	input->unpacked += done;
	if (input->unpacked > NP_INPUT_UNPACKED_MAX)
		return np_read_fail(report, -EBADMSG,
				    "'%s': unpacks to more than 4 GiB; unpack and look at it first",
				    input->name);
	return (int64_t)done;
}

int64_t np_input_read(struct np_input *input, void *buffer, size_t size,
		      struct np_read_report *report)
{
	size_t at_hand;
	int64_t n;

	if (!input->started) {
		int rc = start(input, report);

		if (rc < 0)
			return rc;
	}
	if (input->is_gzip)
		return unpack(input, buffer, size, report);
	at_hand = input->left < size ? input->left : size;
	if (at_hand > 0)
		memcpy(buffer, input->at, at_hand);
	input->at += at_hand;
	input->left -= at_hand;
	n = read_all(input, (char *)buffer + at_hand, size - at_hand, report);
	return n < 0 ? n : (int64_t)at_hand + n;
}
