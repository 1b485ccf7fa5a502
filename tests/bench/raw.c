/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/bench/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, KEEPALIVE_OFF = 0 };

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- Bytes out ------------------------------------------------------------------------------------ */

static void put(struct raw *raw, const void *bytes, size_t length)
{
	if (raw->out_length + length > raw->out_room) {
		raw->out_room = 2 * (raw->out_length + length) + ROOM;
		raw->out = realloc(raw->out, raw->out_room);
		if (!raw->out)
			die("no memory");
	}
	if (length > 0)
		memcpy(raw->out + raw->out_length, bytes, length);
	raw->out_length += length;
}

static void put8(struct raw *raw, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	put(raw, &byte, 1);
}

static void put16(struct raw *raw, unsigned value)
{
	put8(raw, value >> 8);
	put8(raw, value & 255);
}

static void put_text(struct raw *raw, const char *text)
{
	put16(raw, (unsigned)strlen(text));
	put(raw, text, strlen(text));
}

static void put_header(struct raw *raw, unsigned first, size_t length)
{
	put8(raw, first);
	do {
		put8(raw, (unsigned)(length & 127) | (length > 127 ? 128 : 0));
		length >>= 7;
	} while (length > 0);
}

static unsigned next_id(struct raw *raw)
{
	raw->packet_id = (uint16_t)(raw->packet_id % 65535 + 1);
	return raw->packet_id;
}

void raw_flush(struct raw *raw)
{
	for (size_t sent = 0; sent < raw->out_length;) {
		ssize_t n = send(raw->fd, raw->out + sent, raw->out_length - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("send to the broker: %s", strerror(errno));
		sent += (size_t)n;
	}
	raw->out_length = 0;
}

void raw_publish(struct raw *raw, const char *topic, const uint8_t *payload, size_t length, int qos)
{
	put_header(raw, 0x30u | (unsigned)qos << 1, 2 + strlen(topic) + (qos ? 2u : 0u) + length);
	put_text(raw, topic);
	if (qos)
		put16(raw, next_id(raw));
	put(raw, payload, length);
}

/* ---- Bytes in ------------------------------------------------------------------------------------- */

/* Whether a whole packet is there: its body's place and length. */
static bool whole(const struct raw *raw, size_t *body, size_t *length)
{
	size_t at = raw->in_at + 1, shift = 0;

	for (*length = 0; at < raw->in_end; shift += 7) {
		uint8_t byte = raw->in[at++];

		*length |= (size_t)(byte & 127) << shift;
		if (byte & 128)
			continue;
		*body = at;
		return raw->in_end - at >= *length;
	}
	return false;
}

static bool receive(struct raw *raw, int timeout_ms)
{
	struct pollfd fd = {.fd = raw->fd, .events = POLLIN};
	ssize_t n;

	if (poll(&fd, 1, timeout_ms) <= 0)
		return false;
	if (raw->in_at > 0) {
		memmove(raw->in, raw->in + raw->in_at, raw->in_end - raw->in_at);
		raw->in_end -= raw->in_at;
		raw->in_at = 0;
	}
	if (raw->in_end == raw->in_room) {
		raw->in_room = 2 * raw->in_room + ROOM;
		raw->in = realloc(raw->in, raw->in_room);
		if (!raw->in)
			die("no memory");
	}
	n = recv(raw->fd, raw->in + raw->in_end, raw->in_room - raw->in_end, 0);
	if (n <= 0)
		die("the broker ended the connection");
	raw->in_end += (size_t)n;
	return true;
}

static void take_publish(struct raw *raw, unsigned flags, const uint8_t *body, size_t length, struct raw_packet *packet)
{
	size_t topic = (size_t)body[0] << 8 | body[1], at = 2 + topic;

	packet->topic = (const char *)body + 2;
	packet->topic_length = topic;
	packet->retained = flags & 1;
	if (flags & 6) {
		put_header(raw, 0x40, 2);
		put(raw, body + at, 2);
		at += 2;
	}
	packet->payload = body + at;
	packet->length = length - at;
}

bool raw_next(struct raw *raw, struct raw_packet *packet, int timeout_ms)
{
	size_t body, length;
	uint8_t first;

	while (raw->in_end - raw->in_at < 2 || !whole(raw, &body, &length)) {
		raw_flush(raw);
		if (!receive(raw, timeout_ms))
			return false;
	}
	first = raw->in[raw->in_at];
	raw->in_at = body + length;
	*packet = (struct raw_packet){.type = (enum raw_type)(first >> 4), .payload = raw->in + body, .length = length};
	if (packet->type == RAW_PUBLISH)
		take_publish(raw, first & 15, raw->in + body, length, packet);
	return true;
}

/* ---- Connection ----------------------------------------------------------------------------------- */

static void expect(struct raw *raw, enum raw_type type)
{
	struct raw_packet packet;

	do {
		if (!raw_next(raw, &packet, 10000))
			die("the broker does not answer");
	} while (packet.type != type);
	if (type == RAW_CONNACK && packet.payload[1] != 0)
		die("the broker refuses the connection: code %d", packet.payload[1]);
}

void raw_connect(struct raw *raw, uint16_t port, const struct raw_login *login)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	size_t length = 10 + 2 + strlen(login->client_id);
	unsigned flags = login->keep_session ? 0 : 2;
	int one = 1;

	*raw = (struct raw){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (raw->fd < 0 || connect(raw->fd, (struct sockaddr *)&address, sizeof address) < 0)
		die("connect to port %u: %s", port, strerror(errno));
	(void)setsockopt(raw->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (login->user) {
		flags |= 0xc0;
		length += 4 + strlen(login->user) + strlen(login->password);
	}
	put_header(raw, 0x10, length);
	put_text(raw, "MQTT");
	put8(raw, 4);
	put8(raw, flags);
	put16(raw, KEEPALIVE_OFF);
	put_text(raw, login->client_id);
	if (login->user) {
		put_text(raw, login->user);
		put_text(raw, login->password);
	}
	expect(raw, RAW_CONNACK);
}

void raw_subscribe(struct raw *raw, const char *filter, int qos)
{
	put_header(raw, 0x82, 2 + 2 + strlen(filter) + 1);
	put16(raw, next_id(raw));
	put_text(raw, filter);
	put8(raw, (unsigned)qos);
	expect(raw, RAW_SUBACK);
}

void raw_close(struct raw *raw)
{
	put_header(raw, 0xe0, 0);
	raw_flush(raw);
	(void)close(raw->fd);
	free(raw->in);
	free(raw->out);
}
