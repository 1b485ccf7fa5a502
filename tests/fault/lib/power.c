/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fault/lib/power.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/dice.h"
#include "tests/fault/lib/record.h"
#include "tests/fault/lib/seam_impl.h"

enum { SECTOR = 512, SECTORS_A_PAGE = 8, OBJECTS_MAX = 512, NAMES_MAX = 512 };

/* A write's part in one sector, not synced. */
struct piece {
	uint64_t sector;
	unsigned from, length; /* in the sector */
	const uint8_t *bytes;  /* the recording's */
	size_t write;          /* the entry's number */
	bool limbo;            /* no sync settles it any more */
};

struct file {
	uint8_t *bytes; /* what is durable */
	size_t length, room;
	struct piece *pieces; /* in the order of the writes */
	size_t n_pieces, pieces_room;
};

struct name {
	unsigned parent;
	char text[RECORD_NAME_BYTES];
	unsigned object; /* 0: none */
	bool folder;
};

struct power {
	size_t at;
	struct file files[OBJECTS_MAX];
	struct name names[NAMES_MAX]; /* durable ones */
	size_t n_names;
	size_t *changes; /* entries that change names and are not synced */
	size_t n_changes, changes_room;
};

const char *cut_name(enum cut cut)
{
	static const char *const names[CUTS] = {"none", "all", "prefix", "some", "sectors", "but one", "only one"};

	return names[cut];
}

struct power *power_new(void)
{
	struct power *power = seam_take_memory(NULL, sizeof *power);

	memset(power, 0, sizeof *power);
	return power;
}

void power_free(struct power *power)
{
	if (!power)
		return;
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		seam_give_memory(power->files[i].bytes);
		seam_give_memory(power->files[i].pieces);
	}
	seam_give_memory(power->changes);
	seam_give_memory(power);
}

size_t power_at(const struct power *power)
{
	return power->at;
}

/* ---- A file's durable bytes and what is not settled ---------------------------------------------------- */

static void stretch(struct file *file, size_t length)
{
	if (length <= file->length)
		return;
	if (length > file->room) {
		file->room = 2 * length;
		file->bytes = seam_take_memory(file->bytes, file->room);
	}
	memset(file->bytes + file->length, 0, length - file->length);
	file->length = length;
}

static void apply(struct file *file, const struct piece *piece)
{
	size_t at = (size_t)piece->sector * SECTOR + piece->from;

	stretch(file, at + piece->length);
	memcpy(file->bytes + at, piece->bytes, piece->length);
}

static void add_piece(struct file *file, const struct piece *piece)
{
	if (file->n_pieces == file->pieces_room) {
		file->pieces_room = file->pieces_room ? 2 * file->pieces_room : 64;
		file->pieces = seam_take_memory(file->pieces, file->pieces_room * sizeof *file->pieces);
	}
	file->pieces[file->n_pieces++] = *piece;
}

static void add_write(struct file *file, const struct record_entry *entry, size_t number)
{
	size_t at = (size_t)entry->offset, end = at + entry->length;

	while (at < end) {
		unsigned from = (unsigned)(at % SECTOR);
		size_t length = end - at < SECTOR - from ? end - at : SECTOR - from;
		struct piece piece = {
			.sector = at / SECTOR,
			.from = from,
			.length = (unsigned)length,
			.bytes = entry->bytes + (at - (size_t)entry->offset),
			.write = number,
			.limbo = entry->failed,
		};

		add_piece(file, &piece);
		at += length;
	}
}

/* Whether the last write to this sector is one that a sync writes out. */
static bool sector_settles(const struct file *file, uint64_t sector)
{
	size_t i = file->n_pieces;

	while (file->pieces[i - 1].sector != sector)
		i--;
	return !file->pieces[i - 1].limbo;
}

/* Writes out the sectors that `write` touched (SIZE_MAX: all), except those that are in limbo. */
static void settle(struct file *file, size_t write)
{
	size_t kept = 0;

	for (size_t i = 0; i < file->n_pieces; i++) {
		uint64_t sector = file->pieces[i].sector;
		bool touched = write == SIZE_MAX;

		for (size_t j = i; !touched && j < file->n_pieces; j++)
			touched = file->pieces[j].write == write && file->pieces[j].sector == sector;
		if (touched && sector_settles(file, sector))
			apply(file, &file->pieces[i]);
		else
			file->pieces[kept++] = file->pieces[i];
	}
	file->n_pieces = kept;
}

static void lose_hold(struct file *file)
{
	for (size_t i = 0; i < file->n_pieces; i++)
		file->pieces[i].limbo = true;
}

/* ---- Names ------------------------------------------------------------------------------------------------ */

static void change_name(struct name *names, size_t *n, const struct record_entry *entry)
{
	size_t i = 0;

	while (i < *n && (names[i].parent != entry->parent || strcmp(names[i].text, entry->name) != 0))
		i++;
	assert(i < NAMES_MAX);
	*n += i == *n;
	names[i] = (struct name){.parent = entry->parent, .object = entry->object, .folder = entry->folder};
	memcpy(names[i].text, entry->name, sizeof names[i].text);
}

static void add_change(struct power *power, size_t number)
{
	if (power->n_changes == power->changes_room) {
		power->changes_room = power->changes_room ? 2 * power->changes_room : 64;
		power->changes = seam_take_memory(power->changes, power->changes_room * sizeof *power->changes);
	}
	power->changes[power->n_changes++] = number;
}

static void settle_names(struct power *power, unsigned parent)
{
	size_t kept = 0;

	for (size_t i = 0; i < power->n_changes; i++) {
		const struct record_entry *entry = record_entry(power->changes[i]);

		if (entry->parent == parent)
			change_name(power->names, &power->n_names, entry);
		else
			power->changes[kept++] = power->changes[i];
	}
	power->n_changes = kept;
}

/* ---- Along the recording ------------------------------------------------------------------------------------ */

static void cut_length(struct file *file, size_t length)
{
	settle(file, SIZE_MAX); /* no file of turf's that matters is ever cut: the order need not be modelled */
	stretch(file, length);
	file->length = length;
}

bool power_step(struct power *power)
{
	const struct record_entry *entry;
	struct file *file;

	if (power->at == record_length())
		return false;
	entry = record_entry(power->at);
	assert(entry->object < OBJECTS_MAX);
	file = &power->files[entry->object];
	switch (entry->kind) {
	case RECORD_WRITE:
		add_write(file, entry, power->at);
		if (entry->durable)
			settle(file, power->at);
		break;
	case RECORD_SIZE:
		cut_length(file, (size_t)entry->offset);
		break;
	case RECORD_NAME: /* a rename's two names change at once */
		add_change(power, power->at);
		while (power->at + 1 < record_length() && record_entry(power->at + 1)->kind == RECORD_NAME &&
		       record_entry(power->at + 1)->change == entry->change)
			add_change(power, ++power->at);
		break;
	case RECORD_SYNC:
		if (entry->failed) {
			lose_hold(file);
		} else {
			settle(file, SIZE_MAX);
			settle_names(power, entry->object);
		}
		break;
	}
	power->at++;
	return true;
}

/* ---- The cut -------------------------------------------------------------------------------------------------- */

/* The writes that are kept, of those since the last sync; the one under way is one of them. */
struct chance {
	enum cut cut;
	uint64_t *dice;
	unsigned grain; /* sectors that go together: 1, or a page's */
	size_t last;    /* CUT_PREFIX: the write that is torn; of names, the last change */
	uint64_t one;   /* CUT_BUT_ONE, CUT_ONLY_ONE: the sector */
};

static uint64_t grain_of(const struct chance *chance, const struct piece *piece)
{
	return piece->sector / chance->grain;
}

/* The same answer for all pieces of one write, or of one grain, within one cut. */
static bool coin(const struct chance *chance, uint64_t about)
{
	uint64_t dice = *chance->dice ^ about * 0x9e3779b97f4a7c15u;

	return dice_below(&dice, 2) == 0;
}

/* CUT_SECTORS: how many of the writes to this grain have got through. */
static size_t depth(const struct chance *chance, const struct file *file, const struct piece *piece, size_t *all)
{
	uint64_t dice = *chance->dice ^ grain_of(chance, piece) * 0x9e3779b97f4a7c15u;
	size_t last = SIZE_MAX;

	*all = 0;
	for (size_t i = 0; i < file->n_pieces; i++) {
		if (grain_of(chance, &file->pieces[i]) != grain_of(chance, piece) || file->pieces[i].write == last)
			continue;
		last = file->pieces[i].write;
		++*all;
	}
	return dice_below(&dice, (uint32_t)*all + 1);
}

static bool within_depth(const struct chance *chance, const struct file *file, const struct piece *piece)
{
	size_t all, through = depth(chance, file, piece, &all), seen = 0, last = SIZE_MAX;

	for (const struct piece *p = file->pieces; p <= piece; p++) {
		if (grain_of(chance, p) != grain_of(chance, piece) || p->write == last)
			continue;
		last = p->write;
		seen++;
	}
	return seen <= through;
}

static bool is_there(const struct chance *chance, const struct file *file, const struct piece *piece)
{
	switch (chance->cut) {
	case CUT_NONE:
		return false;
	case CUT_ALL:
		return true;
	case CUT_PREFIX:
		return piece->write < chance->last ||
		       (piece->write == chance->last && coin(chance, grain_of(chance, piece)));
	case CUT_SOME:
		return coin(chance, piece->write);
	case CUT_SECTORS:
		return within_depth(chance, file, piece);
	case CUT_BUT_ONE:
		return grain_of(chance, piece) != chance->one;
	case CUT_ONLY_ONE:
		return grain_of(chance, piece) == chance->one;
	case CUTS:
		break;
	}
	return false;
}

/* The file has its new length, and where its new bytes are missing lies something else. */
static void leave_holes(struct file *file, const struct file *from, const struct chance *chance)
{
	size_t before = file->length, end = before;
	bool garbage = coin(chance, 2);
	uint64_t dice = *chance->dice; /* of its own: how much is drawn must not change what comes after */

	for (size_t i = 0; i < from->n_pieces; i++) {
		const struct piece *piece = &from->pieces[i];
		size_t reach = (size_t)piece->sector * SECTOR + piece->from + piece->length;

		end = reach > end ? reach : end;
	}
	stretch(file, end);
	for (size_t i = before; garbage && i < end; i++)
		file->bytes[i] = (uint8_t)dice_below(&dice, 256);
}

/* The file's own pieces, and those of the write that is under way. */
static struct file with_all_pieces(const struct power *power, unsigned object)
{
	const struct record_entry *entry = power->at < record_length() ? record_entry(power->at) : NULL;
	struct file all = {.length = 0};

	for (size_t i = 0; i < power->files[object].n_pieces; i++)
		add_piece(&all, &power->files[object].pieces[i]);
	if (entry && entry->kind == RECORD_WRITE && entry->object == object)
		add_write(&all, entry, power->at);
	return all;
}

static void write_out(const char *path, const struct file *file)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;

	assert(fd >= 0);
	while (done < file->length) {
		ssize_t n = write(fd, file->bytes + done, file->length - done);

		assert(n > 0);
		done += (size_t)n;
	}
	(void)close(fd);
}

static void make_file(const struct power *power, unsigned object, const struct chance *how, const char *path)
{
	struct file all = with_all_pieces(power, object), left = {.length = 0};
	struct chance chance = *how;

	if (all.n_pieces > 0) {
		const struct piece *piece = &all.pieces[dice_below(how->dice, (uint32_t)all.n_pieces)];

		chance.last = piece->write;
		chance.one = grain_of(&chance, piece);
	}
	stretch(&left, power->files[object].length);
	if (left.length > 0)
		memcpy(left.bytes, power->files[object].bytes, left.length);
	if (how->cut != CUT_NONE && how->cut != CUT_ALL && coin(&chance, 1))
		leave_holes(&left, &all, &chance);
	for (size_t i = 0; i < all.n_pieces; i++)
		if (is_there(&chance, &all, &all.pieces[i]))
			apply(&left, &all.pieces[i]);
	write_out(path, &left);
	seam_give_memory(all.pieces);
	seam_give_memory(left.bytes);
}

/* Names by the same rule: all or none of them, those up to one, or any; a rename's two names go together. */
static bool name_is_there(const struct chance *chance, const struct record_entry *entry)
{
	switch (chance->cut) {
	case CUT_NONE:
		return false;
	case CUT_ALL:
		return true;
	case CUT_SOME:
	case CUT_SECTORS:
		return coin(chance, entry->change);
	default:
		return entry->change <= chance->last;
	}
}

static size_t names_left(const struct power *power, struct chance *chance, struct name *names)
{
	size_t n = power->n_names, under_way = power->at;

	memcpy(names, power->names, n * sizeof *names);
	if (power->n_changes > 0)
		chance->last =
			record_entry(power->changes[dice_below(chance->dice, (uint32_t)power->n_changes)])->change;
	for (size_t i = 0; i < power->n_changes; i++)
		if (name_is_there(chance, record_entry(power->changes[i])))
			change_name(names, &n, record_entry(power->changes[i]));
	for (; under_way < record_length() && record_entry(under_way)->kind == RECORD_NAME && chance->cut != CUT_NONE &&
	       record_entry(under_way)->change == record_entry(power->at)->change;
	     under_way++)
		if (coin(chance, 3))
			change_name(names, &n, record_entry(under_way));
	return n;
}

static void make_folder(const struct power *power, const struct name *names, size_t n, unsigned parent,
			const struct chance *chance, const char *folder)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < n; i++) {
		int used = snprintf(path, sizeof path, "%s/%s", folder, names[i].text);

		assert(used > 0 && (size_t)used < sizeof path);
		if (names[i].parent != parent || names[i].object == 0)
			continue;
		if (!names[i].folder) {
			make_file(power, names[i].object, chance, path);
			continue;
		}
		(void)mkdir(path, 0700);
		make_folder(power, names, n, names[i].object, chance, path);
	}
}

void power_cut(const struct power *power, enum cut cut, uint64_t *dice, const char *folder)
{
	struct chance chance = {.cut = cut, .dice = dice, .grain = dice_below(dice, 2) ? 1 : SECTORS_A_PAGE};
	struct name *names = seam_take_memory(NULL, sizeof power->names);
	size_t n = names_left(power, &chance, names);

	make_folder(power, names, n, RECORD_ROOT, &chance, folder);
	seam_give_memory(names);
}

/* ---- What is durable -------------------------------------------------------------------------------------------- */

static const struct file *find_file(const struct power *power, const char *path)
{
	unsigned object = RECORD_ROOT;

	while (*path) {
		size_t length = strcspn(path, "/"), i = 0;

		while (i < power->n_names &&
		       (power->names[i].parent != object || strlen(power->names[i].text) != length ||
			memcmp(power->names[i].text, path, length) != 0))
			i++;
		if (i == power->n_names || power->names[i].object == 0)
			return NULL;
		object = power->names[i].object;
		path += length + (path[length] == '/');
	}
	return &power->files[object];
}

bool power_unsynced(const struct power *power, const char *path)
{
	const struct file *file = find_file(power, path);

	return !file || file->n_pieces > 0;
}

bool power_holds(const struct power *power, const char *path, const void *bytes, size_t length)
{
	const struct file *file = find_file(power, path);

	return file && file->length > 0 && memmem(file->bytes, file->length, bytes, length) != NULL;
}
